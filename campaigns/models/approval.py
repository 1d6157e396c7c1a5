"""Requests for spend and what a manager said."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from campaigns.models.campaign import Campaign
from campaigns.models.choices import ApprovalState, Tier
from campaigns.models.stage_run import StageRun
from campaigns.models.standing import RuleDay, StandingRule
from campaigns.models.team import Team


class Approval(models.Model):
    """One request for one run, bound to its amount and tier.

    `amount_micros` is the most that may be held, `asked_micros` what was asked for. Requests of
    one bulk action share a `batch`. A standing rule's approval names the rule and its day.
    `used_at` is set once, when the money is held; after `expires_at` neither yes nor use counts.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="approvals")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="approvals")
    run = models.OneToOneField(StageRun, on_delete=models.PROTECT, related_name="approval")
    state = models.CharField(max_length=10, choices=ApprovalState, default=ApprovalState.ASKED)
    tier = models.CharField(max_length=6, choices=Tier)
    amount_micros = models.BigIntegerField()
    asked_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    batch = models.CharField(max_length=64, blank=True)
    why = models.TextField(help_text="Why it has to be asked.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    rule = models.ForeignKey(
        StandingRule, on_delete=models.PROTECT, null=True, blank=True, related_name="approvals"
    )
    rule_day = models.ForeignKey(
        RuleDay, on_delete=models.PROTECT, null=True, blank=True, related_name="approvals"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_decided_approval_has_person_and_time",
                condition=Q(state="asked", decided_by__isnull=True, decided_at__isnull=True)
                | Q(state="expired", decided_by__isnull=True, decided_at__isnull=False)
                | Q(
                    state__in=["approved", "declined", "withdrawn"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="only_an_approval_is_used",
                condition=Q(used_at__isnull=True) | Q(state="approved"),
            ),
            models.CheckConstraint(
                name="an_approval_covers_at_most_what_was_asked",
                condition=Q(amount_micros__gte=0, amount_micros__lte=F("asked_micros")),
            ),
        ]
        indexes = [
            # the inbox: what waits, oldest first
            models.Index(
                fields=["team", "asked_at", "id"],
                name="approval_inbox",
                condition=Q(state="asked"),
            ),
            # the scheduler: requests nobody answered in time
            models.Index(fields=["expires_at"], name="approval_expiry", condition=Q(state="asked")),
        ]

    def __str__(self) -> str:
        return f"approval of run {self.run_id}"


class Snooze(models.Model):
    """One manager put one request aside until a time; the others still see it."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="snoozes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_snooze_a_request_and_person", fields=["approval", "person"]
            ),
        ]

    def __str__(self) -> str:
        return f"approval {self.approval_id} until {self.until}"
