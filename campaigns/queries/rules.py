"""Standing rules in words, and how much of each is used today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils import timezone

from campaigns.models import Campaign, Membership, RuleDay, StandingRule, Team
from campaigns.models.choices import Role
from routing import money

TIERS = {"low": "Low", "medium": "Medium and below", "high": "Any tier"}


@dataclass(frozen=True, slots=True)
class Used:
    """What a rule let through today in one campaign, in micro-units."""

    campaign: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that is in force. It rests while its author is no manager."""

    pk: int
    tier: str
    words: str
    by: str
    rests: bool
    currency: str
    used: tuple[Used, ...]

    @property
    def used_text(self) -> str:
        """How much of it today: "$4.20 of $20.00 in Spring Roast"."""
        if not self.used:
            return "not used today"
        parts = (
            f"{money.text(one.used, self.currency)} of {money.text(one.limit, self.currency)}"
            f" in {one.campaign}"
            for one in self.used
        )
        return f"used today: {', '.join(parts)}"


def in_force(*, team: Team, campaign: Campaign | None = None) -> list[Rule]:
    """The rules of a team, or those that hold in one campaign, oldest first. Two queries."""
    days = RuleDay.objects.filter(day=timezone.now().date()).select_related("campaign")
    manages = Membership.objects.filter(
        team=team, user=OuterRef("created_by"), role=Role.MANAGER, user__is_active=True
    )
    holds = Q()
    if campaign:
        days = days.filter(campaign=campaign)
        holds = Q(campaign__isnull=True) | Q(campaign=campaign)
    rows = (
        StandingRule.objects.filter(holds, team=team, ended_at__isnull=True)
        .annotate(is_managed=Exists(manages))
        .select_related("campaign", "person", "created_by")
        .prefetch_related(Prefetch("days", days.order_by("campaign__name", "pk"), "today"))
        .order_by("pk")
    )
    return [
        Rule(
            pk=row.pk,
            tier=row.tier,
            words=words(row),
            by=_called(row.created_by),
            rests=not row.is_managed,
            currency=row.currency,
            used=_used(row.today),
        )
        for row in rows
    ]


def _used(days: Iterable[RuleDay]) -> tuple[Used, ...]:
    return tuple(
        Used(day.campaign.name, day.used_micros, day.limit_micros)
        for day in days
        if day.used_micros
    )


def words(rule: StandingRule) -> str:
    """ "Medium and below, up to $20.00 per campaign and day, everybody"."""
    amount = money.text(rule.day_micros, rule.currency)
    where = f"a day in {rule.campaign.name}" if rule.campaign else "per campaign and day"
    who = _called(rule.person) if rule.person else "everybody"
    return f"{TIERS[rule.tier]}, up to {amount} {where}, {who}"


def _called(person: User) -> str:
    return person.get_full_name() or person.get_username()
