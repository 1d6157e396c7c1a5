"""How fast and how well the line runs: days, stages, what waits, and two dials.

Reads rows with a fixed number of queries, writes none.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Min, Q
from django.utils import timezone

from campaigns.models import Asset, Candidate, Gate, StageRun, Team
from campaigns.models.choices import RunState, Stage, Verdict

PERIODS = (7, 30, 90)
MOST = 10_000
COLUMNS = 14  # days that are drawn
QUALITY_GOAL, SPEED_GOAL = 0.95, 10.0  # what Switchyard is for: 95 % of the quality at 10 x speed


@dataclass(frozen=True, slots=True)
class Day:
    """Assets that became ready on one day (UTC)."""

    day: date
    ready: int


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage in the period: decided `rounds` on `assets`, outputs `made` and `kept`; and now:
    how many assets stand in it and since when the oldest of them is briefed."""

    stage: str
    label: str
    rounds: int
    assets: int
    made: int
    kept: int
    waiting: int
    oldest_at: datetime | None
    is_bottleneck: bool = False

    @property
    def yield_share(self) -> float | None:
        """Share of outputs that were kept."""
        return self.kept / self.made if self.made else None

    @property
    def rework(self) -> float | None:
        """Rounds an asset took beyond its first."""
        return self.rounds / self.assets - 1 if self.assets else None


@dataclass(frozen=True, slots=True)
class Dials:
    """`quality` is the mean share of a checklist met at the gates of assets that became ready;
    `median_hours` from brief to ready; `speed` how many times that fits into the baseline."""

    ready: int
    quality: float | None
    median_hours: float | None
    baseline_hours: float | None

    @property
    def median_s(self) -> float | None:
        """The same in seconds."""
        return None if self.median_hours is None else self.median_hours * 3600

    @property
    def speed(self) -> float | None:
        """Times as fast as the old way; None without a baseline or a ready asset."""
        if not self.baseline_hours or not self.median_hours:
            return None
        return self.baseline_hours / self.median_hours


@dataclass(frozen=True, slots=True)
class Throughput:
    """The whole page."""

    days: int
    dials: Dials
    by_day: tuple[Day, ...]
    stages: tuple[StageRow, ...]

    @property
    def per_day(self) -> float:
        """Assets that became ready a day."""
        return self.dials.ready / self.days

    @property
    def in_work(self) -> int:
        """Assets that are not ready yet."""
        return sum(row.waiting for row in self.stages)


def throughput(*, team: Team, days: int, now: datetime | None = None) -> Throughput:
    """The last `days` days up to `now` (UTC days for the columns)."""
    now = now or timezone.now()
    since = now - timedelta(days=days)
    done = list(
        Asset.objects.filter(team=team, ready_at__gte=since, ready_at__lte=now)
        .order_by("-ready_at")
        .values_list("created_at", "ready_at")[:MOST]
    )
    hours = [(ready - made).total_seconds() / 3600 for made, ready in done if ready is not None]
    gates = Gate.objects.filter(
        asset__team=team,
        asset__ready_at__gte=since,
        asset__ready_at__lte=now,
        passed=True,
        withdrawn_at__isnull=True,
    ).aggregate(mean=Avg("percent"))
    mean = gates["mean"]
    by_day = Counter(ready.astimezone(UTC).date() for _, ready in done if ready is not None)
    drawn = min(days, COLUMNS)
    today = now.astimezone(UTC).date()
    columns = [today - timedelta(days=drawn - 1 - at) for at in range(drawn)]
    return Throughput(
        days=days,
        dials=Dials(
            ready=len(done),
            quality=None if mean is None else float(mean) / 100,
            median_hours=statistics.median(hours) if hours else None,
            baseline_hours=team.baseline_hours,
        ),
        by_day=tuple(Day(day, by_day.get(day, 0)) for day in columns),
        stages=_stages(team, since, now),
    )


def _stages(team: Team, since: datetime, now: datetime) -> tuple[StageRow, ...]:
    decided = Q(state=RunState.DONE, judged_at__gte=since, judged_at__lte=now)
    rounds: dict[str, Mapping[str, Any]] = {
        row["stage"]: row
        for row in StageRun.objects.filter(decided, team=team)
        .values("stage")
        .annotate(rounds=Count("pk"), assets=Count("asset", distinct=True))
        .order_by()
    }
    outputs: dict[str, Mapping[str, Any]] = {
        row["run__stage"]: row
        for row in Candidate.objects.filter(
            team=team,
            run__state=RunState.DONE,
            run__judged_at__gte=since,
            run__judged_at__lte=now,
        )
        .values("run__stage")
        .annotate(made=Count("pk"), kept=Count("pk", filter=Q(verdict=Verdict.KEPT)))
        .order_by()
    }
    waiting: dict[str, Mapping[str, Any]] = {
        row["stage"]: row
        for row in Asset.objects.filter(team=team, archived_at__isnull=True)
        .exclude(stage=Stage.READY)
        .values("stage")
        .annotate(count=Count("pk"), oldest=Min("created_at"))
        .order_by()
    }
    most = max((row["count"] for row in waiting.values()), default=0)
    found = []
    for stage in Stage:
        if stage == Stage.READY:
            continue
        key = str(stage)
        queue = waiting.get(key, {})
        count = int(queue.get("count", 0))
        found.append(
            StageRow(
                stage=key,
                label=stage.label,
                rounds=int(rounds.get(key, {}).get("rounds", 0)),
                assets=int(rounds.get(key, {}).get("assets", 0)),
                made=int(outputs.get(key, {}).get("made", 0)),
                kept=int(outputs.get(key, {}).get("kept", 0)),
                waiting=count,
                oldest_at=queue.get("oldest"),
                is_bottleneck=count == most and most > 1,
            )
        )
    return tuple(found)
