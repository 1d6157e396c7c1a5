"""Budget lines: what managers approved for a month, of a team, a campaign and its tiers.

A run touches three lines: its team's, its campaign's and its tier's. Their sums change only
through `actions.spending`, each by one conditional UPDATE, in the order of their ids.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from campaigns.models.campaign import Campaign
from campaigns.models.choices import Tier
from campaigns.models.team import Team


class BudgetLine(models.Model):
    """Money of one month. Without a campaign it is the team's, without a tier the campaign's.

    `period` is the month's first day (UTC). `approved_micros` includes `carried_in_micros`; None
    on a team's line means that the team has no limit of its own. `carried_out_micros` moved to
    the next month. `allocated_micros` of a campaign's line is what its tiers were given.
    `overrun_micros` is what providers billed beyond every hold; it never fits the gate, so it
    stands beside it. `alerted_percent` is the last alert that went out: 0, 50, 80 or 100.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="budget_lines")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="budget_lines"
    )
    tier = models.CharField(max_length=6, choices=Tier, blank=True)
    period = models.DateField()
    currency = models.CharField(max_length=3)
    approved_micros = models.BigIntegerField(null=True, blank=True, default=0)
    allocated_micros = models.BigIntegerField(default=0)
    reserved_micros = models.BigIntegerField(default=0)
    settled_micros = models.BigIntegerField(default=0)
    overrun_micros = models.BigIntegerField(default=0)
    carried_in_micros = models.BigIntegerField(default=0)
    carried_out_micros = models.BigIntegerField(default=0)
    alerted_percent = models.PositiveSmallIntegerField(default=0)
    frozen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_line_a_campaign_tier_and_month", fields=["campaign", "tier", "period"]
            ),
            models.UniqueConstraint(
                name="one_line_a_team_and_month",
                fields=["team", "period"],
                condition=Q(campaign__isnull=True),
            ),
            models.CheckConstraint(
                name="a_team_line_has_no_tier",
                condition=Q(campaign__isnull=False) | Q(tier=""),
            ),
            models.CheckConstraint(
                name="only_a_team_line_is_without_a_limit",
                condition=Q(campaign__isnull=True) | Q(approved_micros__isnull=False),
            ),
            models.CheckConstraint(
                name="a_line_never_holds_less_than_nothing", condition=Q(reserved_micros__gte=0)
            ),
            models.CheckConstraint(
                name="a_line_never_settles_less_than_nothing", condition=Q(settled_micros__gte=0)
            ),
            models.CheckConstraint(
                name="a_line_never_carries_less_than_nothing",
                condition=Q(
                    carried_in_micros__gte=0, carried_out_micros__gte=0, overrun_micros__gte=0
                ),
            ),
            models.CheckConstraint(
                name="a_line_never_exceeds_what_was_approved",
                condition=Q(approved_micros__isnull=True)
                | Q(
                    approved_micros__gte=F("reserved_micros")
                    + F("settled_micros")
                    + F("carried_out_micros")
                ),
            ),
            models.CheckConstraint(
                name="tiers_never_exceed_their_campaign",
                condition=Q(approved_micros__isnull=True)
                | Q(approved_micros__gte=F("allocated_micros")),
            ),
        ]
        indexes = [
            # the budget page and every reservation: a team's lines of one month
            models.Index(fields=["team", "period"], name="budget_line_month"),
        ]

    def __str__(self) -> str:
        return " · ".join(filter(None, [self.name, f"{self.period:%Y-%m}"]))

    @property
    def name(self) -> str:
        """What people call it: the team, the campaign, or the tier of a campaign."""
        if self.campaign is None:
            return f"{self.team.name}, whole team"
        tier = f", {self.get_tier_display().lower()} tier" if self.tier else ""
        return f"{self.campaign.name}{tier}"

    @property
    def used_micros(self) -> int:
        """Settled, billed beyond the holds, and held."""
        return self.settled_micros + self.overrun_micros + self.reserved_micros

    @property
    def left_micros(self) -> int | None:
        """What may still be held; negative after an overrun; None without a limit."""
        if self.approved_micros is None:
            return None
        return self.approved_micros - self.carried_out_micros - self.used_micros
