"""Budget lines: what managers approved, by campaign and tier."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from campaigns.models.campaign import Campaign
from campaigns.models.choices import Tier
from campaigns.models.team import Team


class BudgetLine(models.Model):
    """Approved money of one campaign and tier, with what is held and settled.

    The two sums change only through `actions.spending`, by one conditional UPDATE each.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="budget_lines")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="budget_lines")
    tier = models.CharField(max_length=6, choices=Tier)
    currency = models.CharField(max_length=3)
    approved_micros = models.BigIntegerField(default=0)
    reserved_micros = models.BigIntegerField(default=0)
    settled_micros = models.BigIntegerField(default=0)
    frozen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_line_a_campaign_and_tier", fields=["campaign", "tier"]
            ),
            models.CheckConstraint(
                name="a_line_never_holds_less_than_nothing", condition=Q(reserved_micros__gte=0)
            ),
            models.CheckConstraint(
                name="a_line_never_settles_less_than_nothing", condition=Q(settled_micros__gte=0)
            ),
            models.CheckConstraint(
                name="a_line_never_exceeds_what_was_approved",
                condition=Q(approved_micros__gte=F("reserved_micros") + F("settled_micros")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign} · {self.get_tier_display()}"
