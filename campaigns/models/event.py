"""The audit trail: who did what to which row, added in the same transaction."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.ledger import AppendOnlyRow
from campaigns.models.team import Team


class Event(AppendOnlyRow):
    """One thing that happened. `by` is empty when the machine did it."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="events")
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=24, help_text='Such as "asset" or "approval".')
    subject_id = models.BigIntegerField()
    asset_id = models.BigIntegerField(null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # the asset page's history
            models.Index(fields=["asset_id", "id"], name="event_of_asset"),
            models.Index(fields=["team", "-id"], name="event_of_team"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject} {self.subject_id}"
