"""Signs of life of workers and scheduler, and who leads. Nothing depends on them but screens."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """One process. `kind` is "scheduler", "worker:models" or "worker:media"."""

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20)
    seen_at = models.DateTimeField()
    detail = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [
            # the readiness page and the rail
            models.Index(fields=["kind", "seen_at"], name="heartbeat_of_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Lease(models.Model):
    """A named right that one process holds until a time, such as leading the scheduler."""

    name = models.CharField(max_length=40, unique=True)
    holder = models.CharField(max_length=80)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} held by {self.holder}"
