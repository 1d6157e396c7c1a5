"""What stands between a click and its start: room on the budget lines, rules that say yes.

Advice for a screen: the gate is passed when the money is held. Read once for all that a page
offers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from campaigns.models import Campaign, Membership, RuleDay, StandingRule
from campaigns.models.choices import Role, Tier
from campaigns.queries.room import Lines, lines_of, room
from routing import money


@dataclass(frozen=True, slots=True)
class Before:
    """A campaign's lines, and per standing rule (tier, micro-units left today)."""

    campaign_id: int
    lines: Lines
    rules: Sequence[tuple[str, int]]
    currency: str

    def short(self, tier: str, micros: int) -> str:
        """Why `micros` cannot be held on the tier now, or nothing."""
        return room([(self.campaign_id, tier, micros)], self.lines, self.currency).short

    def has_yes(self, tier: str, micros: int) -> bool:
        """True when a standing rule lets such a run start without asking."""
        order = list(Tier.values)
        return any(
            order.index(name) >= order.index(tier) and left >= micros for name, left in self.rules
        )

    def left(self, tier: str) -> str:
        """What the tier has: "medium tier, $1.20 of $5.00 left this month"."""
        line = self.lines.get((self.campaign_id, tier))
        if line is None:
            return f"{tier} tier, without a budget this month"
        if line.left_micros is None:
            return f"{tier} tier, without a limit this month"
        has, of = max(0, line.left_micros), line.approved_micros or 0
        return (
            f"{tier} tier, {money.text(has, self.currency)} of "
            f"{money.text(of, self.currency)} left this month"
        )


def read(*, campaign: Campaign, by: User | None) -> Before:
    """For a click of `by`; without a person no rule counts. Two queries."""
    return Before(
        campaign_id=campaign.pk,
        lines=lines_of(team=campaign.team),
        rules=_rules(campaign, by) if by is not None else (),
        currency=campaign.team.currency,
    )


def _rules(campaign: Campaign, by: User) -> list[tuple[str, int]]:
    """As `standing.match` would find them; that one decides."""
    team = campaign.team
    day = RuleDay.objects.filter(
        rule=OuterRef("pk"), campaign=campaign, day=timezone.now().date()
    ).annotate(left=F("limit_micros") - F("used_micros"))
    manages = Membership.objects.filter(
        team=team, user=OuterRef("created_by"), role=Role.MANAGER, user__is_active=True
    )
    found = (
        StandingRule.objects.filter(team=team, ended_at__isnull=True, currency=team.currency)
        .filter(Q(campaign__isnull=True) | Q(campaign=campaign))
        .filter(Q(person__isnull=True) | Q(person=by))
        .filter(Exists(manages))
    )
    if not team.self_approval_allowed:
        found = found.exclude(created_by=by)
    left = Coalesce(
        Subquery(day.values("left")[:1]), F("day_micros"), output_field=BigIntegerField()
    )
    return list(found.annotate(left=left).values_list("tier", "left"))
