"""One platform's limits in a version that an admin wrote, beside those that come along."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SpecVersion(models.Model):
    """A whole file of `campaigns/specs/` as data. A draft may be edited; what was ever in force
    never changes again, because files were judged by it.

    The shipped file counts while no version of its platform is in force.
    """

    platform = models.CharField(max_length=8)
    version = models.CharField(max_length=20)
    data = models.JSONField()
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, blank=True, help_text="When it first came in force.")
    is_in_force = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_spec_version_a_name", fields=["platform", "version"]),
            models.UniqueConstraint(
                name="one_spec_version_in_force_a_platform",
                fields=["platform"],
                condition=models.Q(is_in_force=True),
            ),
            models.CheckConstraint(
                name="a_spec_version_in_force_was_used",
                condition=models.Q(is_in_force=False) | models.Q(used_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.platform} {self.version}"
