"""Model versions that a team watches: has one changed since a person last trusted it?"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.choices import Stage
from campaigns.models.team import Team


class VersionWatch(models.Model):
    """One model version in one stage of a team.

    `baseline` is the stage's belief as it was when the version was trusted, `evidence` what was
    seen against it since (`routing.drift`). With `alarmed_at` the version is not used unasked until
    a person decides; `text` says why, `kept_out` that a person has said so.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="watches")
    stage = models.CharField(max_length=10, choices=Stage)
    model = models.CharField(max_length=60)
    version = models.CharField(max_length=80)
    label = models.CharField(max_length=80)
    baseline = models.TextField()
    evidence = models.JSONField(default=dict)
    trusted_at = models.DateTimeField()
    alarmed_at = models.DateTimeField(null=True, blank=True)
    text = models.CharField(max_length=300, blank=True)
    kept_out = models.BooleanField(default=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_watch_a_version_and_stage", fields=["team", "stage", "model", "version"]
            ),
            models.CheckConstraint(
                name="only_what_alarmed_is_kept_out",
                condition=models.Q(kept_out=False) | models.Q(alarmed_at__isnull=False),
            ),
        ]
        indexes = [
            # every route: what a team does not use unasked
            models.Index(
                fields=["team"],
                name="watch_alarmed",
                condition=models.Q(alarmed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.version} in {self.stage}"
