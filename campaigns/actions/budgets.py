"""What managers allow: a campaign's total and tiers, a team's month, freezing, the next month.

Sums of money that was held or billed are changed by `campaigns.actions.spending` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import events
from campaigns.models import BudgetLine, Campaign, Team
from campaigns.models.choices import Tier
from campaigns.queries import access
from campaigns.queries.months import month, month_of
from routing import money

KEEP = "keep"
MOST = 1_000_000_000 * money.MICROS
TOO_MUCH = "Enter an amount below 1,000,000,000."


class BadBudget(ValueError):
    """A wanted amount does not fit. `field`: total, low, medium, high, month or ask_above."""

    def __init__(self, text: str, field: str = "total") -> None:
        super().__init__(text)
        self.text = text
        self.field = field


def lines_of(*, campaign: Campaign, period: date) -> list[BudgetLine]:
    """The team's, the campaign's and the three tiers' lines of a month, in the order of ids."""
    return list(
        BudgetLine.objects.filter(team_id=campaign.team_id, period=period)
        .filter(Q(campaign=campaign) | Q(campaign__isnull=True))
        .order_by("pk")
    )


def and_later(*, line: BudgetLine) -> QuerySet[BudgetLine]:
    """A line and the same line of the months after it: what a freeze has to reach."""
    rows = BudgetLine.objects.filter(team_id=line.team_id, tier=line.tier, period__gte=line.period)
    if line.campaign_id is None:
        return rows.filter(campaign__isnull=True)
    return rows.filter(campaign_id=line.campaign_id)


def open_month(*, campaign: Campaign, period: date | None = None) -> list[BudgetLine]:
    """The lines of a month; made when they are missing, from the month before.

    A first month starts at zero. A later one gets the same amounts again and, where the campaign
    carries over, what the tiers have left: it is taken out of the month before, so that it can
    never be spent twice. Doing it again changes nothing.
    """
    period = period or month()
    lines = lines_of(campaign=campaign, period=period)
    if len(lines) == 2 + len(Tier.values):
        return lines
    with transaction.atomic():
        _alone(campaign.team_id)
        fresh = Campaign.objects.get(pk=campaign.pk)
        if not BudgetLine.objects.filter(
            team_id=fresh.team_id, campaign__isnull=True, period=period
        ).exists():
            _open_team(fresh.team, period)
        if not BudgetLine.objects.filter(campaign=fresh, period=period).exists():
            _open_campaign(fresh, period)
        return lines_of(campaign=fresh, period=period)


def _alone(team_id: int) -> None:
    """Of two that open a month at once the second waits here and then finds the lines.

    NO KEY: whoever just wrote a row of this team, such as the run that is starting, shares the
    key of the team's row until the commit. A lock that excludes them too makes two first runs of
    a month wait for each other.
    """
    Team.objects.select_for_update(no_key=True).get(pk=team_id)


def _open_team(team: Team, period: date) -> None:
    last = (
        BudgetLine.objects.filter(team=team, campaign__isnull=True, period__lt=period)
        .order_by("-period")
        .first()
    )
    BudgetLine.objects.create(
        team=team,
        period=period,
        currency=team.currency,
        approved_micros=last.approved_micros if last else None,
        frozen_at=last.frozen_at if last else None,
    )


def _open_campaign(campaign: Campaign, period: date) -> None:
    before = (
        BudgetLine.objects.filter(campaign=campaign, period__lt=period)
        .order_by("-period")
        .values_list("period", flat=True)
        .first()
    )
    last = {}
    if before is not None:
        earlier = BudgetLine.objects.select_for_update().filter(campaign=campaign, period=before)
        last = {line.tier: line for line in earlier.order_by("pk")}
    carried = _carry_out(last) if campaign.carries_over and last else {}
    planned = {
        tier: (line.approved_micros or 0) - line.carried_in_micros for tier, line in last.items()
    }
    for tier in ("", *Tier.values):
        into = carried.get(tier, 0)
        given = sum(planned.get(each, 0) + carried.get(each, 0) for each in Tier.values)
        BudgetLine.objects.create(
            team=campaign.team,
            campaign=campaign,
            tier=tier,
            period=period,
            currency=campaign.team.currency,
            approved_micros=planned.get(tier, 0) + into,
            allocated_micros=0 if tier else given,
            carried_in_micros=into,
            frozen_at=last[tier].frozen_at if last else None,
        )


def _carry_out(last: Mapping[str, BudgetLine]) -> dict[str, int]:
    """Take what is left out of the month before: {tier: micros}, the campaign's under ""."""
    whole = max(0, last[""].left_micros or 0)
    carried = {"": whole}
    room = whole
    for tier in Tier.values:
        carried[tier] = min(room, max(0, last[tier].left_micros or 0))
        room -= carried[tier]
    for tier, micros in carried.items():
        BudgetLine.objects.filter(pk=last[tier].pk).update(
            carried_out_micros=F("carried_out_micros") + micros
        )
    return carried


def open_months(*, now: datetime) -> int:
    """Open this month for every campaign that is not archived. Returns how many were opened."""
    period = month_of(now)
    missing = (
        Campaign.objects.filter(archived_at__isnull=True)
        .exclude(budget_lines__period=period)
        .select_related("team")
        .order_by("pk")
    )
    return sum(bool(open_month(campaign=campaign, period=period)) for campaign in missing)


def set_campaign(
    *,
    campaign: Campaign,
    total_micros: int,
    tiers: Mapping[str, int],
    by: User,
    ask_above_micros: int | str | None = KEEP,
    carries_over: bool | None = None,
) -> None:
    """Set a campaign's total and tiers for this month and the months after it.

    What was carried into this month is added to the amounts. Tiers may not exceed the total, and
    nothing may fall below what is already settled or held. `ask_above_micros` None takes that
    threshold away; left out it stays. All of it is set, or nothing. Raises NotAllowed, BadBudget
    with the field.
    """
    permissions.check_can_set_budget(access.roles(by, campaign.team))
    amounts: dict[str, object] = {"total": total_micros, **tiers}
    if ask_above_micros not in (None, KEEP):
        amounts["ask_above"] = ask_above_micros
    for field, micros in amounts.items():
        _check(micros, field, "Enter an amount of 0 or more.")
    together = sum(tiers[tier] for tier in Tier.values)
    if together > total_micros:
        currency = campaign.team.currency
        raise BadBudget(
            f"The tiers come to {money.text(together, currency)}, more than the total of "
            f"{money.text(total_micros, currency)}. Raise the total or lower a tier. "
            "Nothing was changed.",
        )
    with transaction.atomic():
        opened = [line.pk for line in open_month(campaign=campaign) if line.campaign_id]
        # locked, so that the audit trail's "before" is what this replaced
        rows = BudgetLine.objects.select_for_update(no_key=True).filter(pk__in=opened)
        lines = {line.tier: line for line in rows.order_by("pk")}
        before = _amounts(lines, Campaign.objects.get(pk=campaign.pk))
        carried = sum(lines[tier].carried_in_micros for tier in Tier.values)
        for line in sorted(lines.values(), key=lambda line: line.pk):
            if line.tier:
                _set_line(line, tiers[line.tier], line.tier)
            else:
                _set_line(line, total_micros, "total", allocated=together + carried)
        changed: dict[str, object] = {}
        if carries_over is not None:
            changed["carries_over"] = carries_over
        threshold = before["ask_above"] if ask_above_micros == KEEP else ask_above_micros
        Campaign.objects.filter(pk=campaign.pk).update(ask_above_micros=threshold, **changed)
        after = {"total": total_micros, **tiers, "ask_above": threshold}
        events.record(
            team=campaign.team,
            verb="budget.set",
            subject="campaign",
            subject_id=campaign.pk,
            by=by,
            before=before,
            after={**after, **changed},
        )


def _check(micros: object, field: str, text: str) -> None:
    if type(micros) is not int or micros < 0:
        raise BadBudget(text, field)
    if micros >= MOST:
        raise BadBudget(TOO_MUCH, field)


def _amounts(lines: Mapping[str, BudgetLine], campaign: Campaign) -> dict[str, int | None]:
    planned = {
        tier or "total": (line.approved_micros or 0) - line.carried_in_micros
        for tier, line in lines.items()
    }
    return {**planned, "ask_above": campaign.ask_above_micros}


def _set_line(line: BudgetLine, micros: int, field: str, allocated: int = 0) -> None:
    """One conditional UPDATE; raises BadBudget when more is settled or held already."""
    changed = BudgetLine.objects.filter(
        pk=line.pk,
        carried_in_micros__gte=F("reserved_micros")
        + F("settled_micros")
        + F("overrun_micros")
        + F("carried_out_micros")
        - micros,
    ).update(
        approved_micros=F("carried_in_micros") + micros,
        allocated_micros=allocated,
        alerted_percent=Case(
            When(approved_micros=F("carried_in_micros") + micros, then=F("alerted_percent")),
            default=0,
        ),
    )
    if changed != 1:
        fresh = BudgetLine.objects.get(pk=line.pk)
        least = (
            fresh.reserved_micros
            + fresh.settled_micros
            + fresh.overrun_micros
            + fresh.carried_out_micros
            - fresh.carried_in_micros
        )
        raise BadBudget(
            f"{money.text(least, fresh.currency)} is already spent or held; enter at least that. "
            "Nothing was changed.",
            field,
        )


def set_team_month(*, team: Team, limit_micros: int | None, by: User) -> None:
    """Limit what all campaigns of a team may spend in a month; None takes the limit away.

    Raises NotAllowed, BadBudget.
    """
    permissions.check_can_set_budget(access.roles(by, team))
    if limit_micros is not None:
        _check(limit_micros, "month", "Enter an amount of 0 or more, or leave it empty for none.")
    period = month()
    with transaction.atomic():
        _alone(team.pk)
        rows = BudgetLine.objects.filter(team=team, campaign__isnull=True, period=period)
        if not rows.exists():
            _open_team(team, period)
        line = rows.get()
        changes = rows
        if limit_micros is not None:
            changes = rows.filter(reserved_micros__lte=limit_micros - F("settled_micros"))
        if changes.update(approved_micros=limit_micros, alerted_percent=0) != 1:
            least = money.text(line.reserved_micros + line.settled_micros, line.currency)
            raise BadBudget(
                f"{least} is already spent or held this month; enter at least that. "
                "Nothing was changed.",
                "month",
            )
        events.record(
            team=team,
            verb="budget.month",
            subject="budget_line",
            subject_id=line.pk,
            by=by,
            before={"approved_micros": line.approved_micros},
            after={"approved_micros": limit_micros},
        )


def set_frozen(*, line: BudgetLine, frozen: bool, by: User) -> None:
    """Stop or allow new spending on a line. What runs goes on. Raises NotAllowed.

    A month that was opened while the manager looked at the one before follows.
    """
    permissions.check_can_set_budget(access.roles(by, line.team))
    with transaction.atomic():
        rows = and_later(line=line)
        was_frozen = rows.filter(pk=line.pk, frozen_at__isnull=False).exists()
        rows.filter(frozen_at__isnull=frozen).update(frozen_at=timezone.now() if frozen else None)
        events.record(
            team=line.team,
            verb="budget.freeze" if frozen else "budget.thaw",
            subject="budget_line",
            subject_id=line.pk,
            by=by,
            before={"frozen": was_frozen},
            after={"frozen": frozen, "tier": line.tier},
        )
