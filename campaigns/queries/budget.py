"""What the top of the budget page shows: months, lines by tier, what waits.

Sums of lines and requests only; what the money bought is in `queries.spend`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Case, Count, F, Max, Min, Q, Sum, Value, When
from django.http import Http404
from django.utils import timezone

from campaigns.models import Approval, BudgetLine, Campaign, Team
from campaigns.models.choices import ApprovalState, Tier
from campaigns.queries.months import month, month_after, month_of

JOBS = {Tier.LOW: "Fast drafts", Tier.MEDIUM: "Precise edits", Tier.HIGH: "Hero and video"}
MARKS = (100, 80, 50)
MOST_MONTHS = 24
SHOWN_REQUESTS = 5


@dataclass(frozen=True, slots=True)
class Period:
    """One month (UTC). `end` is the first day after it, `last` the last day that has come."""

    start: date
    end: date
    last: date
    is_now: bool

    @property
    def key(self) -> str:
        """As it stands in an address: 2026-11."""
        return f"{self.start:%Y-%m}"

    @property
    def label(self) -> str:
        """This month, last month, or its name."""
        if self.is_now:
            return "This month"
        return "Last month" if self.end == month() else self.name

    @property
    def name(self) -> str:
        """November, with the year when it is another one."""
        return f"{self.start:%B}" if self.start.year == month().year else f"{self.start:%B %Y}"

    @property
    def days(self) -> str:
        """The days that are counted: "1 \u2013 23 November"."""
        first = "" if self.last.day == 1 else "1 \u2013 "
        return f"{first}{self.last.day} {self.name}"


def period(start: date) -> Period:
    """The month that begins on `start`."""
    end = month_after(start)
    return Period(
        start=start,
        end=end,
        last=min(end - timedelta(days=1), timezone.now().date()),
        is_now=start == month(),
    )


def read_period(written: str) -> Period:
    """The month of an address such as 2026-11; this month when empty.

    Raises Http404 for what is no month, and for one that has not come.
    """
    if not written:
        return period(month())
    year, _, number = written.partition("-")
    if not (written.isascii() and year.isdigit() and number.isdigit()) or len(written) != 7:
        raise Http404
    if not (2000 <= int(year) <= 9999 and 1 <= int(number) <= 12):
        raise Http404
    start = date(int(year), int(number), 1)
    if start > month():
        raise Http404
    return period(start)


def periods(*, team: Team) -> list[Period]:
    """The months a team has budgets for, newest first, at most 24."""
    first = BudgetLine.objects.filter(team=team).aggregate(first=Min("period"))["first"]
    found: list[Period] = []
    start = month()
    earliest = min(first or start, start)
    while start >= earliest and len(found) < MOST_MONTHS:
        found.append(period(start))
        start = month_of(start - timedelta(days=1))
    return found


@dataclass(frozen=True, slots=True)
class LineSum:
    """One budget line, or those of one tier over all campaigns, in micro-units.

    `approved` is None without a limit. `line_id` stands only where it is a single line.
    """

    tier: str = ""
    approved: int | None = 0
    settled: int = 0
    held: int = 0
    asked: int = 0
    overrun: int = 0
    carried_in: int = 0
    carried_out: int = 0
    line_count: int = 0
    frozen_count: int = 0
    frozen_at: datetime | None = None
    line_id: int | None = None

    @property
    def job(self) -> str:
        """What the tier is for."""
        return JOBS[Tier(self.tier)] if self.tier else ""

    @property
    def what(self) -> str:
        """What is frozen with it."""
        return f"the {self.tier} tier" if self.tier else "the whole"

    @property
    def words(self) -> str:
        """The bar in words."""
        name = Tier(self.tier).label if self.tier else "Together"
        if self.room is None or not self.room:
            return f"{name}: nothing to spend yet"
        parts = ((self.billed, "settled"), (self.held, "held"), (self.asked, "asked for"))
        shares = (f"{round(100 * value / self.room)} % {word}" for value, word in parts)
        return f"{name}: {', '.join(shares)}"

    @property
    def billed(self) -> int:
        """All that providers billed, within the holds or beyond them."""
        return self.settled + self.overrun

    @property
    def room(self) -> int | None:
        """What the month may spend in all; None without a limit."""
        return None if self.approved is None else self.approved - self.carried_out

    @property
    def left(self) -> int | None:
        """What may still be held; negative after an overrun; None without a limit."""
        return None if self.room is None else self.room - self.billed - self.held

    @property
    def share(self) -> float | None:
        """Billed of what may be spent."""
        return self.billed / self.room if self.room else None

    @property
    def mark(self) -> int:
        """The highest of 50, 80 and 100 percent that billed and held money has reached, or 0."""
        if not self.room:
            return 0
        used = (self.billed + self.held) * 100
        return next((mark for mark in MARKS if used >= mark * self.room), 0)

    @property
    def mark_tone(self) -> str:
        """How loud the mark is."""
        return {100: "bad", 80: "warn"}.get(self.mark, "")

    @property
    def is_frozen(self) -> bool:
        """True when nothing new starts on any of the lines."""
        return bool(self.line_count) and self.frozen_count == self.line_count

    @property
    def segments(self) -> list[dict[str, object]]:
        """The bar: billed, held, asked."""
        tone = self.tier or "accent"
        return [
            {"value": self.billed, "tone": tone, "label": "settled"},
            {"value": self.held, "tone": tone, "held": True, "label": "held"},
            {"value": self.asked, "tone": tone, "hatch": True, "label": "asked"},
        ]

    @property
    def scale(self) -> int:
        """What the whole bar stands for."""
        return max(self.room or 0, self.billed + self.held + self.asked, 1)


@dataclass(frozen=True, slots=True)
class Funds:
    """The lines of one month: the tiers, their campaign or campaigns, and the team."""

    tiers: tuple[LineSum, ...]
    whole: LineSum
    team: LineSum
    asked_count: int

    @property
    def is_limited(self) -> bool:
        """True when the team has a month of its own to keep to."""
        return self.team.approved is not None and bool(self.team.line_count)


def funds(*, team: Team, campaign: Campaign | None, period: Period) -> Funds:
    """The lines of a campaign, or of all campaigns, and the team's. Two queries.

    What is asked for stands in the current month only: it is held in the month it is granted in.
    """
    only = Q(campaign=campaign) | Q(campaign__isnull=True) if campaign else Q()
    rows = (
        BudgetLine.objects.filter(only, team=team, period=period.start)
        .annotate(
            of_team=Case(
                When(campaign__isnull=True, then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            )
        )
        .values("of_team", "tier")
        .annotate(
            approved_sum=Sum("approved_micros"),
            settled_sum=Sum("settled_micros"),
            held_sum=Sum("reserved_micros"),
            overrun_sum=Sum("overrun_micros"),
            in_sum=Sum("carried_in_micros"),
            out_sum=Sum("carried_out_micros"),
            count=Count("pk"),
            frozen=Count("frozen_at"),
            frozen_last=Max("frozen_at"),
            line=Min("pk"),
        )
        .order_by("of_team", "tier")
    )
    lines: dict[tuple[bool, str], Any] = {(row["of_team"], row["tier"]): row for row in rows}
    asked, asked_count = _asked(team, campaign) if period.is_now else ({}, 0)
    tiers = tuple(
        _line(tier, lines.get((False, tier)), asked.get(tier, 0), single=campaign is not None)
        for tier in Tier.values
    )
    together = sum(tier.asked for tier in tiers)
    return Funds(
        tiers=tiers,
        whole=_line("", lines.get((False, "")), together, single=campaign is not None),
        team=_line("", lines.get((True, "")), together if campaign is None else 0, single=True),
        asked_count=asked_count,
    )


def _line(tier: str, row: dict[str, Any] | None, asked: int, *, single: bool) -> LineSum:
    if row is None:
        return LineSum(tier=tier, asked=asked)
    return LineSum(
        tier=tier,
        approved=row["approved_sum"],
        settled=row["settled_sum"],
        held=row["held_sum"],
        asked=asked,
        overrun=row["overrun_sum"],
        carried_in=row["in_sum"],
        carried_out=row["out_sum"],
        line_count=row["count"],
        frozen_count=row["frozen"],
        frozen_at=row["frozen_last"],
        line_id=row["line"] if single else None,
    )


def _asked(team: Team, campaign: Campaign | None) -> tuple[dict[str, int], int]:
    rows = list(
        _open_requests(team, campaign)
        .values("tier")
        .annotate(amount=Sum("amount_micros"), count=Count("pk"))
        .values_list("tier", "amount", "count")
        .order_by("tier")
    )
    return {tier: amount for tier, amount, _ in rows}, sum(count for _, _, count in rows)


def _open_requests(team: Team, campaign: Campaign | None) -> Any:
    only = Q(campaign=campaign) if campaign else Q()
    return Approval.objects.filter(only, team=team, state=ApprovalState.ASKED)


def requests(*, team: Team, campaign: Campaign | None) -> list[Approval]:
    """The first requests that wait, oldest first, as the budget page lists them beside it."""
    return list(
        _open_requests(team, campaign)
        .select_related("run__asset", "asked_by")
        .order_by("asked_at", "pk")[:SHOWN_REQUESTS]
    )


def planned(*, campaign: Campaign) -> dict[str, int]:
    """What managers gave a campaign and its tiers for a month, without what was carried in.

    {"total", "low", "medium", "high"} in micro-units, of this month, else of the last one before
    it; zeros for a campaign that never had one. Opens no month.
    """
    lines = BudgetLine.objects.filter(campaign=campaign, period__lte=month()).order_by("-period")
    newest: list[BudgetLine] = list(lines[: 1 + len(Tier.values)])
    return {"total": 0, **dict.fromkeys(Tier.values, 0), **_given(newest)}


def _given(lines: Iterable[BudgetLine]) -> dict[str, int]:
    return {
        line.tier or "total": (line.approved_micros or 0) - line.carried_in_micros for line in lines
    }


def team_month(*, team: Team) -> int | None:
    """The team's own limit of this month, else of the last one before it; None: no limit."""
    lines = BudgetLine.objects.filter(team=team, campaign__isnull=True, period__lte=month())
    return lines.order_by("-period").values_list("approved_micros", flat=True).first()


def campaigns(*, team: Team) -> list[Campaign]:
    """The team's campaigns for the picker, archived ones last."""
    first = F("archived_at").asc(nulls_first=True)
    return list(Campaign.objects.filter(team=team).order_by(first, "name", "pk"))
