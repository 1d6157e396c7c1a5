"""What the money of a month bought: by stage, model, campaign, ad set or person, and by week.

Reads the day sums and the assets' dates, never the ledger, so that a page costs the same after
the hundred-thousandth run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum

from campaigns.models import Asset, Campaign, SpendDay, Team
from campaigns.models.choices import Stage
from campaigns.queries.budget import Period, period
from campaigns.queries.months import month_of
from routing import money

BY = {
    "model": "Model",
    "stage": "Stage",
    "campaign": "Campaign",
    "ad_set": "Ad set",
    "person": "Person",
}
_KEYS: dict[str, tuple[str, ...]] = {
    "model": ("stage", "model"),
    "stage": ("stage",),
    "campaign": ("campaign_id", "campaign__name"),
    "ad_set": ("ad_set_id", "ad_set__name", "campaign__name"),
    "person": ("person_id", "person__first_name", "person__last_name", "person__username"),
}
_SUMS = {
    "runs_sum": Sum("runs"),
    "made_sum": Sum("made"),
    "kept_sum": Sum("kept"),
    "compute_sum": Sum("compute_s"),
    "credits_sum": Sum("credits_micros"),
    "estimated_sum": Sum("estimated_micros"),
    "settled_sum": Sum("settled_micros"),
    "top_sum": Sum("top_micros"),
    "review_sum": Sum("review_s"),
}
WEEKS = 12
MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class Spent:
    """One row of "where it went", or all of them together. Money in micro-units, time in seconds.

    `query` is what the ledger filters by to show the row's movements.
    """

    name: str = ""
    more: str = ""
    query: str = ""
    runs: int = 0
    made: int = 0
    kept: int = 0
    compute_s: float = 0.0
    credits: int = 0
    estimated: int = 0
    settled: int = 0
    top: int = 0
    review_s: float = 0.0

    @property
    def share_kept(self) -> float | None:
        """Kept of what was made."""
        return self.kept / self.made if self.made else None

    @property
    def per_keeper(self) -> int | None:
        """Money for one kept candidate."""
        return round(self.settled / self.kept) if self.kept else None

    @property
    def over_estimate(self) -> int:
        """Settled less estimated; negative when work came cheaper than expected."""
        return self.settled - self.estimated

    @property
    def under_estimate(self) -> int:
        """The same the other way round, for the sentence that says less."""
        return -self.over_estimate

    @property
    def credits_text(self) -> str:
        """The provider's own credits as a number."""
        return money.in_units(self.credits)

    @property
    def saved(self) -> int:
        """What the dearest models would have cost on top."""
        return self.top - self.settled


@dataclass(frozen=True, slots=True)
class Where:
    """The rows of one breakdown, dearest first, and their sum. `hidden` rows are in the sum."""

    by: str
    rows: tuple[Spent, ...]
    whole: Spent
    hidden: int

    @property
    def label(self) -> str:
        """The head of the first column."""
        return BY[self.by]

    @property
    def has_credits(self) -> bool:
        """True when a provider counted in credits of its own."""
        return self.whole.credits != 0


def _days(team: Team, campaign: Campaign | None, start: date, end: date) -> QuerySet[SpendDay]:
    only = Q(campaign=campaign) if campaign else Q()
    return SpendDay.objects.filter(only, team=team, day__gte=start, day__lt=end)


def where(*, team: Team, campaign: Campaign | None, period: Period, by: str) -> Where:
    """What a month's money went into. `by` is a key of BY. One query."""
    sums: dict[str, Any] = dict(_SUMS)
    if by == "model":
        sums["label"] = Max("model_label")
    found = (
        _days(team, campaign, period.start, period.end)
        .values(*_KEYS[by])
        .annotate(**sums)
        .order_by(*_KEYS[by])
    )
    rows = [_spent(by, row) for row in found]
    if by in ("model", "stage"):
        order = list(Stage.labels)
        rows.sort(key=lambda row: order.index(row.more if by == "model" else row.name))
    else:
        rows.sort(key=lambda row: (-row.settled, -row.runs, row.name))
    return Where(by, tuple(rows[:MOST_ROWS]), _together(rows), max(0, len(rows) - MOST_ROWS))


def _spent(by: str, row: dict[str, Any]) -> Spent:
    name, more, query = _named(by, row)
    return Spent(
        name=name,
        more=more,
        query=query,
        runs=row["runs_sum"],
        made=row["made_sum"],
        kept=row["kept_sum"],
        compute_s=row["compute_sum"],
        credits=int(row["credits_sum"]),
        estimated=int(row["estimated_sum"]),
        settled=int(row["settled_sum"]),
        top=int(row["top_sum"]),
        review_s=row["review_sum"],
    )


def _named(by: str, row: dict[str, Any]) -> tuple[str, str, str]:
    """Name, what stands beside it, and the ledger's filter."""
    match by:
        case "model":
            stage = Stage(row["stage"])
            return row["label"], stage.label, f"stage={stage}&model={row['model']}"
        case "stage":
            stage = Stage(row["stage"])
            return stage.label, "", f"stage={stage}"
        case "campaign":
            return row["campaign__name"], "", f"campaign={row['campaign_id']}"
        case "ad_set":
            return row["ad_set__name"], row["campaign__name"], f"ad_set={row['ad_set_id']}"
        case _:
            full = f"{row['person__first_name']} {row['person__last_name']}".strip()
            return full or row["person__username"], "", f"person={row['person_id']}"


def _together(rows: list[Spent]) -> Spent:
    return Spent(
        runs=sum(row.runs for row in rows),
        made=sum(row.made for row in rows),
        kept=sum(row.kept for row in rows),
        compute_s=sum(row.compute_s for row in rows),
        credits=sum(row.credits for row in rows),
        estimated=sum(row.estimated for row in rows),
        settled=sum(row.settled for row in rows),
        top=sum(row.top for row in rows),
        review_s=sum(row.review_s for row in rows),
    )


@dataclass(frozen=True, slots=True)
class Week:
    """Money whose work began in a week (Monday to Sunday, UTC), and assets approved in it."""

    start: date
    settled: int
    approved: int

    @property
    def label(self) -> str:
        """The Monday."""
        return f"{self.start.day} {self.start:%b}"

    @property
    def per_approved(self) -> int | None:
        """Money for one approved asset; None in a week that approved nothing."""
        return round(self.settled / self.approved) if self.approved else None


@dataclass(frozen=True, slots=True)
class Yield:
    """What became of a month's assets, and of the money before it.

    `briefed` counts assets that were briefed in the month or approved in it. `review_micros` is
    review time at the team's rate. `before` is the cost of an approved asset in the month before.
    """

    approved: int
    briefed: int
    settled: int
    review_s: float
    review_micros: int
    before: int | None
    before_name: str
    weeks: tuple[Week, ...]

    @property
    def per_approved(self) -> int | None:
        """Money for one approved asset."""
        return round(self.settled / self.approved) if self.approved else None

    @property
    def per_approved_reviewed(self) -> int | None:
        """The same with the people's time."""
        if not self.approved:
            return None
        return round((self.settled + self.review_micros) / self.approved)

    @property
    def review_each_s(self) -> float | None:
        """Review time for one approved asset."""
        return self.review_s / self.approved if self.approved else None

    @property
    def review_each_micros(self) -> int | None:
        """What that time costs."""
        return round(self.review_micros / self.approved) if self.approved else None

    @property
    def has_weeks(self) -> bool:
        """True when some week approved an asset."""
        return any(week.approved for week in self.weeks)

    @property
    def weeks_text(self) -> str:
        """The chart in a sentence, for those who do not see it."""
        known = [week for week in self.weeks if week.approved]
        if not known:
            return "No asset was approved in these weeks."
        return (
            f"Cost of an approved asset in {len(known)} of {len(self.weeks)} weeks; "
            f"the last is the week of {known[-1].label}. The figures are in the table below."
        )

    @property
    def change(self) -> float | None:
        """Cost of an approved asset against the month before: -0.31 is 31 % less."""
        now = self.per_approved
        return now / self.before - 1 if now is not None and self.before else None

    @property
    def trend(self) -> tuple[str, str]:
        """The change as a sign and words; empty when there is nothing to compare."""
        if self.change is None:
            return "", ""
        percent = round(abs(self.change) * 100)
        if not percent:
            return "\u25ac", f"the same as in {self.before_name}"
        sign, word = ("\u25b2", "more") if self.change > 0 else ("\u25bc", "less")
        return sign, f"{percent}% {word} than in {self.before_name}"


def results(
    *, team: Team, campaign: Campaign | None, month: Period, review_s: float, settled: int
) -> Yield:
    """Approved assets of a month and the weeks up to its last day. Three queries."""
    first = _monday(month.last) - timedelta(weeks=WEEKS - 1)
    before = period(month_of(month.start - timedelta(days=1)))
    starts = [first + timedelta(weeks=at) for at in range(WEEKS)]
    counts = _approved(team, campaign, month, before, starts)
    spent = dict(
        _days(team, campaign, min(first, before.start), month.end)
        .values("day")
        .annotate(settled=Sum("settled_micros"))
        .values_list("day", "settled")
        .order_by("day")
    )
    briefed = _made(Q(campaign=campaign) if campaign else Q(), team, month).count()
    before_settled = sum(spent.get(day, 0) for day in spent if before.start <= day < before.end)
    return Yield(
        approved=counts["now"],
        briefed=briefed + counts["older"],
        settled=settled,
        review_s=review_s,
        review_micros=round(team.review_rate_micros_per_hour * review_s / 3600),
        before=round(before_settled / counts["before"]) if counts["before"] else None,
        before_name=before.name,
        weeks=tuple(
            Week(
                start=start,
                settled=int(sum(spent.get(start + timedelta(days=at), 0) for at in range(7))),
                approved=counts[f"week_{index}"],
            )
            for index, start in enumerate(starts)
        ),
    )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _at(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _made(only: Q, team: Team, month: Period) -> QuerySet[Asset]:
    return Asset.objects.filter(
        only, team=team, created_at__gte=_at(month.start), created_at__lt=_at(month.end)
    )


def _approved(
    team: Team, campaign: Campaign | None, month: Period, before: Period, weeks: list[date]
) -> dict[str, int]:
    """How many assets became ready: now, older (briefed before), before, week_0 and so on."""
    only = Q(campaign=campaign) if campaign else Q()

    def ready(start: date, end: date) -> Q:
        return Q(ready_at__gte=_at(start), ready_at__lt=_at(end))

    now = ready(month.start, month.end)
    counted = {
        f"week_{at}": Count("pk", filter=ready(start, start + timedelta(weeks=1)))
        for at, start in enumerate(weeks)
    }
    return Asset.objects.filter(
        only, ready(min(weeks[0], before.start), month.end), team=team
    ).aggregate(
        now=Count("pk", filter=now),
        older=Count("pk", filter=now & Q(created_at__lt=_at(month.start))),
        before=Count("pk", filter=ready(before.start, before.end)),
        **counted,
    )
