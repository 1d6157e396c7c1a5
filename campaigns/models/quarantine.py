"""Paid files that cannot be used: their bytes as they came, never decoded, never shown."""

from __future__ import annotations

import secrets

from django.db import models

from campaigns.models.stage_run import Attempt
from campaigns.models.team import Team


def quarantine_name(row: Quarantine, filename: str) -> str:
    """A random name below the team's folder. Whatever came, it ends in .bin."""
    token = secrets.token_urlsafe(24)
    return f"teams/{row.team_id}/aside/{token[:2]}/{token}.bin"


class Quarantine(models.Model):
    """One file kept aside, as evidence toward the provider. `position` is its place in the run's
    batch. Never changed after it is written."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="kept_aside")
    position = models.PositiveSmallIntegerField()
    file = models.FileField(upload_to=quarantine_name, max_length=200)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    reason = models.CharField(max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "position"], name="one_file_kept_aside_per_attempt_and_position"
            ),
        ]

    def __str__(self) -> str:
        return f"kept aside {self.sha256[:8]}"
