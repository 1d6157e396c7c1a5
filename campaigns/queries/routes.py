"""How work was routed: the flowchart with its counts, the ranked table, the replay of history.

Reads rows with a fixed number of queries, writes none. Whatever is counted was stored with the
decision; only the ranked table and the replay ask the decision code again.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.utils import timezone

from campaigns import wiring
from campaigns.models import Attempt, Candidate, Gate, StageRun, Team
from campaigns.models.choices import ApprovalState, RunState, Verdict
from campaigns.queries import beliefs, recent
from routing import decide, flow, replay
from routing.catalog import ModelCard
from routing.decision import Decision, People
from routing.flow import Flow
from routing.need import Need, stored_need
from routing.policy import Circumstances
from routing.stages import OPERATIONS, Stage, operations_of
from routing.told import told

PERIODS = (7, 30, 90)
MOST = 1000  # newest decisions that are counted, or replayed


@dataclass(frozen=True, slots=True)
class Desk:
    """What the decision code is asked with: the catalog of today and what people's time costs."""

    cards: tuple[ModelCard, ...]
    people: People


@dataclass(frozen=True, slots=True)
class Seen:
    """What one model really did in the period: `kept` (spares too) of `made` outputs, money paid,
    usual and slow seconds an output (median and 90th percentile, None where nothing ran)."""

    runs: int = 0
    made: int = 0
    kept: int = 0
    chosen: int = 0
    paid_micros: int = 0
    usual_s: float | None = None
    slow_s: float | None = None

    @property
    def share(self) -> float | None:
        """Share of judged outputs that were good enough."""
        return self.kept / self.made if self.made else None

    @property
    def paid_per_kept_micros(self) -> int | None:
        """Money for one that was taken, nothing else counted."""
        return round(self.paid_micros / self.chosen) if self.chosen else None


@dataclass(frozen=True, slots=True)
class Ranked:
    """One line of the ranked table: what routing expects (`told`) beside what was seen."""

    told: Mapping[str, Any]
    seconds: float | None
    seen: Seen


@dataclass(frozen=True, slots=True)
class Table:
    """The models for one operation as they stand now, for a need like `need`."""

    decision: Decision
    words: Mapping[str, Any]
    rows: tuple[Ranked, ...]
    need: Need
    is_usual: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the stage and how often it ran."""

    key: str
    label: str
    runs: int


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page. `is_cut` says that only the newest decisions are counted."""

    stage: str
    operation: str
    operations: tuple[Operation, ...]
    days: int
    flow: Flow
    table: Table
    run: StageRun | None
    is_cut: bool


def routes(
    *,
    team: Team,
    desk: Desk,
    stage: str,
    days: int,
    operation: str = "",
    run: StageRun | None = None,
) -> Page:
    """The flowchart of a stage in the last `days` days, and the table of one operation.

    Without `operation` the one that ran most often; with `run` that run's own, highlighted.
    """
    runs = StageRun.objects.filter(team=team, stage=stage, asset__is_golden=False)
    inside = Q(created_at__gte=timezone.now() - timedelta(days=days))
    counted: dict[str, int] = dict(
        runs.filter(inside)
        .values_list("operation")
        .annotate(runs=Count("pk"))
        .order_by()
        .values_list("operation", "runs")
    )
    known = [op.key for op in operations_of(Stage(stage))]
    if run is not None:
        operation = run.operation
    if operation not in known:
        operation = max(known, key=lambda key: (counted.get(key, 0), -known.index(key)))
    wanted = inside | Q(pk=run.pk) if run is not None else inside
    stored = list(
        runs.filter(wanted, operation=operation)
        .order_by("-pk")
        .values_list("pk", "decision", "approval__state", "approval__rule")[: MOST + 1]
    )
    past = [
        flow.Past(decision, _branch(state, rule), is_here=run is not None and pk == run.pk)
        for pk, decision, state, rule in stored[:MOST]
    ]
    return Page(
        stage=stage,
        operation=operation,
        operations=tuple(
            Operation(key, OPERATIONS[key].label, counted.get(key, 0)) for key in known
        ),
        days=days,
        flow=flow.flow(past),
        table=_table(team, desk, operation, [decision for _, decision, _, _ in stored], days),
        run=run,
        is_cut=len(stored) > MOST,
    )


def _branch(state: str | None, rule: int | None) -> str:
    """Which way the spend gate sent a run."""
    if state is None:
        return "at_once"
    if rule is not None:
        return "rule"
    if state == ApprovalState.APPROVED:
        return "approved"
    return "waiting" if state == ApprovalState.ASKED else "refused"


def _table(
    team: Team, desk: Desk, operation: str, decisions: Sequence[Mapping[str, Any]], days: int
) -> Table:
    """Every model for a need like the newest one's, without its deadline and without a pin."""
    found = next((need for d in decisions if (need := stored_need(d.get("need")))), None)
    spec = OPERATIONS[operation]
    usual = Need(
        stage=str(spec.stage),
        operation=operation,
        seconds=5.0 if spec.makes_clip else 0.0,
        has_base=spec.needs_base,
        wants_mask=spec.needs_mask,
    )
    need = replace(found or usual, pinned_model="", deadline_s=None)
    decision = decide.decide(
        need,
        desk.cards,
        _now(team),
        desk.people,
        belief=beliefs.of_team(team.pk).get(need.stage),
        sizes=(need.count,),
        explore=None,
    )
    words = told(decision, team.currency)
    seen = _seen(team, operation, days)
    by_key = {card.key: card for card in desk.cards}
    rows = tuple(
        Ranked(row, by_key[row["key"]].seconds_each, seen.get(row["key"], Seen()))
        for row in words["rows"]
    )
    return Table(decision, words, rows, need, is_usual=found is None)


def _seen(team: Team, operation: str, days: int) -> dict[str, Seen]:
    """By model key, what happened in the period. Three queries."""
    since = timezone.now() - timedelta(days=days)
    mine = Q(
        run__team=team,
        run__operation=operation,
        run__created_at__gte=since,
        run__asset__is_golden=False,
    )
    good = Q(verdict__in=[Verdict.KEPT, Verdict.SPARE])
    outputs: dict[str, Mapping[str, Any]] = {
        row["run__model"]: row
        for row in Candidate.objects.filter(mine)
        .exclude(verdict=Verdict.PENDING)
        .values("run__model")
        .annotate(
            made=Count("pk"),
            kept=Count("pk", filter=good),
            chosen=Count("pk", filter=Q(verdict=Verdict.KEPT)),
        )
        .order_by()
    }
    money: dict[str, Mapping[str, Any]] = {
        row["run__model"]: row
        for row in Attempt.objects.filter(mine)
        .values("run__model")
        .annotate(paid=Sum("settled_micros"), runs=Count("run", distinct=True))
        .order_by()
    }
    took: dict[str, list[float]] = defaultdict(list)
    timed = (
        Attempt.objects.filter(mine, submitted_at__isnull=False, finished_at__isnull=False)
        .exclude(error__gt="")
        .order_by("-pk")
        .values_list("run__model", "submitted_at", "finished_at", "seeds")
    )
    for model, start, end, seeds in timed[:MOST]:
        if start is None or end is None:
            continue
        took[model].append((end - start).total_seconds() / max(1, len(seeds)))
    return {
        model: Seen(
            runs=row["runs"],
            made=outputs.get(model, {}).get("made", 0),
            kept=outputs.get(model, {}).get("kept", 0),
            chosen=outputs.get(model, {}).get("chosen", 0),
            paid_micros=row["paid"] or 0,
            usual_s=statistics.median(took[model]) if model in took else None,
            slow_s=_slow(took[model]) if model in took else None,
        )
        for model, row in money.items()
    }


def _slow(seconds: Sequence[float]) -> float:
    """The 90th percentile: that of the sorted values which nine in ten do not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Change:
    """What might be otherwise: models by key that may be used (None: as they are), the highest
    tier, the most one output may cost, and new prices by model key."""

    use: frozenset[str] | None = None
    highest_tier: str = ""
    price_limit_micros: int | None = None
    prices: Mapping[str, int] | None = None


def what_if(
    *, team: Team, desk: Desk, stage: str, days: int, change: Change
) -> replay.Replay | None:
    """Replay the judged rounds of the last `days` days; None without any.

    An empty `stage` takes every stage but QA. A model that is asked for is taken as connected,
    switched on and commercial use as its card says.
    """
    before, after = _settings(desk.cards, _now(team), change)
    past = history(team=team, stage=stage, days=days)
    return replay.replay(past, before, after, desk.people, beliefs.of_team(team.pk))


def _now(team: Team) -> Circumstances:
    """What the rules look at for this team."""
    return replace(wiring.circumstances(), frozen=recent.frozen(team.pk))


def _settings(
    cards: tuple[ModelCard, ...], now: Circumstances, change: Change
) -> tuple[replay.Setting, replay.Setting]:
    """Things as they are, and as `change` would have them."""
    prices = change.prices or {}
    changed = []
    providers = set(now.connected)
    for card in cards:
        new = replace(card, price_micros=prices.get(card.key, card.price_micros))
        if change.use is not None:
            is_used = card.key in change.use
            new = replace(new, is_enabled=is_used and new.price_micros is not None)
            if is_used:
                providers.add(card.provider)
        changed.append(new)
    as_asked = replace(
        now, connected=frozenset(providers), keyless=now.keyless - frozenset(providers)
    )
    return (
        replay.Setting(cards, now),
        replay.Setting(
            tuple(changed),
            as_asked if change.use is not None else now,
            highest_tier=change.highest_tier,
            price_limit_micros=change.price_limit_micros,
        ),
    )


def usable_now(cards: Sequence[ModelCard]) -> frozenset[str]:
    """Keys of the models that may be used here as things are."""
    now = wiring.circumstances()
    return frozenset(
        card.key
        for card in cards
        if card.is_enabled
        and card.price_micros is not None
        and card.provider in now.connected
        and card.provider not in now.keyless
    )


def history(*, team: Team, stage: str, days: int) -> list[replay.Past]:
    """The newest judged rounds of the period with their stored needs. One query."""
    since = timezone.now() - timedelta(days=days)
    rounds = StageRun.objects.filter(team=team, state=RunState.DONE, judged_at__gte=since)
    rounds = rounds.filter(stage=stage) if stage else rounds.exclude(stage=Stage.QA)
    kept = Gate.objects.filter(run=OuterRef("pk"), candidate__run=OuterRef("pk"))
    spent = (
        rounds.annotate(
            made=Count("candidates", distinct=True),
            has_keeper=Exists(kept.filter(withdrawn_at__isnull=True)),
        )
        .order_by("-judged_at", "-pk")
        .values_list("pk", "decision__need", "made", "has_keeper")[:MOST]
    )
    found = list(spent)
    paid: dict[int, int] = dict(
        Attempt.objects.filter(run__in=[pk for pk, *_ in found])
        .values_list("run")
        .annotate(paid=Sum("settled_micros", default=0))
        .order_by()
        .values_list("run", "paid")
    )
    return [
        replay.Past(need, paid.get(pk, 0), made, bool(has_keeper))
        for pk, stored, made, has_keeper in found
        if (need := stored_need(stored)) is not None
    ]
