"""Requests for spend and what a manager said."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models.campaign import Campaign
from campaigns.models.choices import ApprovalState, Tier
from campaigns.models.stage_run import StageRun
from campaigns.models.team import Team


class Approval(models.Model):
    """One request for one run, bound to its amount and tier."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="approvals")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="approvals")
    run = models.OneToOneField(StageRun, on_delete=models.PROTECT, related_name="approval")
    state = models.CharField(max_length=10, choices=ApprovalState, default=ApprovalState.ASKED)
    tier = models.CharField(max_length=6, choices=Tier)
    amount_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    why = models.CharField(max_length=200, help_text="Why it has to be asked.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_decided_approval_has_person_and_time",
                condition=Q(state="asked", decided_by__isnull=True, decided_at__isnull=True)
                | Q(
                    state__in=["approved", "declined", "withdrawn"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
            ),
        ]
        indexes = [
            # the inbox: what waits, oldest first
            models.Index(
                fields=["team", "asked_at", "id"],
                name="approval_inbox",
                condition=Q(state="asked"),
            ),
        ]

    def __str__(self) -> str:
        return f"approval of run {self.run_id}"
