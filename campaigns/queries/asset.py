"""What the asset page shows: its way along the line, its versions, every run with its money.

A constant number of queries, however many runs there are. Plain values; decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from campaigns.models import Asset, Attempt, Candidate, Gate, Media, Quarantine, StageRun
from campaigns.models.choices import ATTEMPT_OPEN, RUN_OPEN, Platform, RunState, Stage, Verdict
from campaigns.queries import bills, history, lineage
from routing import money
from routing.stages import OPERATIONS, ORDER, PASS


@dataclass(frozen=True, slots=True)
class Step:
    """One stage in the strip. `state`: done, passed, current, ahead or nothing."""

    key: str
    label: str
    state: str
    text: str
    who: str = ""
    at: datetime | None = None
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run with everything that happened in it. Money in micro-units of `run.currency`."""

    run: StageRun
    operation_label: str
    calls: tuple[bills.Call, ...]
    outputs: tuple[Candidate, ...]
    params: tuple[tuple[str, str], ...]
    held_micros: int
    settled_micros: int
    compute_s: float
    money_text: str
    what_now: str
    kept_aside: tuple[Quarantine, ...] = ()

    @property
    def is_open(self) -> bool:
        """True while it can be cancelled."""
        return self.run.state in RUN_OPEN

    @property
    def is_files(self) -> bool:
        """True for a run whose work is platform files, judged on their own page."""
        return self.run.stage == Stage.QA

    @property
    def kept_count(self) -> int:
        """Outputs that a person kept."""
        return sum(1 for row in self.outputs if row.verdict == Verdict.KEPT)

    @property
    def waits_on(self) -> str:
        """Why it waits for a manager, or nothing."""
        approval = getattr(self.run, "approval", None)
        return approval.why if approval is not None else ""


@dataclass(frozen=True, slots=True)
class AssetPage:
    """Everything on the page but the operation forms."""

    asset: Asset
    steps: tuple[Step, ...]
    shown: Candidate | None
    base: Media | None
    tree: tuple[lineage.Node, ...]
    runs: tuple[RunRow, ...]
    rounds: Mapping[str, int]
    history: tuple[history.Happening, ...]
    held_micros: int
    settled_micros: int
    compute_s: float
    platforms: str

    @property
    def open(self) -> RunRow | None:
        """The run that is going on, waits or is to be judged."""
        return next((row for row in self.runs if row.is_open), None)

    @property
    def is_at_files(self) -> bool:
        """True once platform files are what there is to look at."""
        return self.asset.stage in (Stage.QA, Stage.READY)

    @property
    def version(self) -> str:
        """Changes with everything the page shows."""
        return f"{self.asset.touched_at.timestamp():.6f}"

    @property
    def is_running(self) -> bool:
        """True while something changes by itself."""
        return self.open is not None and self.open.run.state != RunState.REVIEW

    @property
    def shown_media(self) -> Media | None:
        """The picture or clip to show large."""
        return self.shown.media if self.shown else self.base

    @property
    def before(self) -> Media | None:
        """The still that what is shown was made from, to compare the two."""
        made_from = self.shown.parent if self.shown else None
        if made_from is None or self.shown_is_clip or lineage.is_clip(made_from.media):
            return None
        return made_from.media

    @property
    def shown_is_clip(self) -> bool:
        """True when what is shown moves."""
        return lineage.is_clip(self.shown_media)


def page(*, asset: Asset, version: int | None = None) -> AssetPage:
    """The page of `asset`; `version` names a candidate of it to be shown large."""
    bases = list(asset.bases.select_related("media").order_by("position"))
    runs = list(_runs(asset))
    candidates = [row for run in reversed(runs) for row in run.candidates.all()]
    by_pk = {row.pk: row for row in candidates}
    for run in runs:
        for row in run.candidates.all():
            row.run = run
    shown = by_pk.get(version or 0) or by_pk.get(asset.current_id or 0)
    rows = tuple(_row(run) for run in runs)
    base = bases[0].media if bases else None
    return AssetPage(
        asset=asset,
        steps=_steps(asset, rows),
        shown=shown,
        base=base,
        tree=lineage.tree(asset=asset, bases=bases, candidates=candidates, shown=shown),
        runs=rows,
        rounds=Counter(run.operation for run in runs),
        history=tuple(
            history.of_asset(asset=asset, labels={run.model: run.model_label for run in runs})
        ),
        held_micros=sum(row.held_micros for row in rows),
        settled_micros=sum(row.settled_micros for row in rows),
        platforms=", ".join(str(Platform(one).label) for one in asset.platforms),
        compute_s=sum(row.compute_s for row in rows),
    )


def _runs(asset: Asset) -> Any:
    return (
        StageRun.objects.filter(asset=asset)
        .select_related("requested_by", "judged_by", "mask", "source", "approval__decided_by")
        .prefetch_related(
            Prefetch("attempts", Attempt.objects.order_by("number", "pk")),
            Prefetch("attempts__kept_aside", Quarantine.objects.order_by("position", "pk")),
            Prefetch(
                "candidates",
                Candidate.objects.select_related("media", "parent__media").order_by(
                    "position", "pk"
                ),
            ),
        )
        .order_by("-pk")
    )


def _row(run: StageRun) -> RunRow:
    attempts = tuple(run.attempts.all())
    held = sum(a.reserved_micros for a in attempts if a.state in ATTEMPT_OPEN)
    settled = sum(attempt.settled_micros or 0 for attempt in attempts)
    return RunRow(
        run=run,
        operation_label=lineage.operation_label(run.operation),
        calls=tuple(
            bills.call(one, estimated_micros=run.expected_micros, currency=run.currency)
            for one in attempts
        ),
        outputs=tuple(run.candidates.all()),
        params=_params(run.params),
        held_micros=held,
        settled_micros=settled,
        compute_s=sum(attempt.compute_s for attempt in attempts),
        money_text=_money_text(run, held, settled),
        what_now=_what_now(run),
        kept_aside=tuple(one for attempt in attempts for one in attempt.kept_aside.all()),
    )


def _money_text(run: StageRun, held: int, settled: int) -> str:
    if settled:
        return f"{money.text(settled, run.currency)} was billed."
    if held:
        return f"{money.text(held, run.currency)} is held until it ends."
    if run.state in (RunState.FAILED, RunState.CANCELLED, RunState.DECLINED):
        return "No money was spent."
    return ""


def _what_now(run: StageRun) -> str:
    match run.state:
        case RunState.FAILED:
            return "Start it again, try another operation, or go on without it."
        case RunState.DECLINED:
            return "Choose a cheaper operation, or talk to the manager and ask again."
        case RunState.WAITING_APPROVAL:
            return "A manager decides on the approvals page. You can cancel the request here."
        case RunState.CANCELLED if run.candidates.all():
            return "It had been made already, so it was paid for and is kept here."
        case RunState.REVIEW:
            return "Pick a candidate and pass the gate."
        case _:
            return ""


def _params(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Parameters as words; nested values are joined, empty ones left out."""
    found = []
    for name, value in params.items():
        text = _text_of(value)
        if text:
            found.append((name.replace("_", " ").capitalize(), text))
    return tuple(found)


def _text_of(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(filter(None, (_text_of(one) for one in value.values())))
    if isinstance(value, list | tuple):
        return ", ".join(_text_of(one) for one in value)
    return "" if value is None else str(value)


def _steps(asset: Asset, rows: Sequence[RunRow]) -> tuple[Step, ...]:
    gates: dict[str, Gate] = {}
    valid = Gate.objects.filter(asset=asset, withdrawn_at__isnull=True, passed=True)
    for gate in valid.select_related("decided_by").order_by("pk"):
        gates[gate.stage] = gate
    here = list(Stage.values).index(asset.stage)
    planned = {entry["stage"]: entry.get("operation", PASS) for entry in asset.plan}
    steps = []
    for at, station in enumerate(ORDER):
        key = str(station)
        label = Stage(key).label
        passed = gates.get(key)
        if at < here and passed is not None:
            who = passed.decided_by.get_full_name() or passed.decided_by.get_username()
            text = f"{passed.percent} %"
            steps.append(Step(key, label, "done", text, who, passed.decided_at, passed.percent))
        elif at < here:
            steps.append(Step(key, label, "passed", "Nothing to do"))
        elif at == here:
            steps.append(Step(key, label, "current", _now(asset, rows)))
        else:
            operation = planned.get(key, PASS)
            state = "nothing" if operation == PASS else "ahead"
            text = "Nothing to do" if operation == PASS else lineage.operation_label(operation)
            steps.append(Step(key, label, state, text))
    return tuple(steps)


def _now(asset: Asset, rows: Sequence[RunRow]) -> str:
    """What goes on in the stage the asset stands in."""
    newest = next((row for row in rows if row.is_open), None)
    if newest is None:
        count = len(asset.todo)
        if count:
            return "1 point to mend" if count == 1 else f"{count} points to mend"
        return "Needs a next step"
    run = newest.run
    match run.state:
        case RunState.WAITING_APPROVAL:
            return "Waits for a manager"
        case RunState.QUEUED:
            return f"{newest.operation_label} is queued"
        case RunState.RUNNING:
            return f"{OPERATIONS[run.operation].verb}, {run.progress:.0%}"
        case _:
            count = len(newest.outputs)
            return f"Pick from {count}" if count > 1 else "Waits for your yes"
