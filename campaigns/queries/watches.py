"""The model versions a team watches, for their page. Only reads."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Subquery

from campaigns.models import Candidate, GoldenCheck, GoldenPrompt, StageRun, VersionWatch
from campaigns.models.choices import FileKind, RunState, Stage, Verdict
from campaigns.models.team import Team
from routing import drift, golden
from routing.drift import Evidence
from routing.golden import Memory

MOST_RUNS = 30


@dataclass(frozen=True, slots=True)
class Watched:
    """One version in one stage. `sign` is calm, hint, alarm or out (by a person's word);
    `level` 0..1 how near the evidence is to an alarm, on a scale of tenfold steps."""

    row: VersionWatch
    stage_label: str
    evidence: Evidence

    @property
    def sign(self) -> str:
        """What the evidence and people say."""
        if self.row.kept_out:
            return "out"
        if self.row.alarmed_at is not None:
            return "alarm"
        return "hint" if self.evidence.is_hint else "calm"

    @property
    def level(self) -> float:
        """Evidence against the version, 0 for none, 1 for an alarm."""
        return drift.level(self.evidence)


@dataclass(frozen=True, slots=True)
class Golden:
    """One golden prompt with its newest check; `usual` says how it is compared."""

    row: GoldenPrompt
    last: GoldenCheck | None
    usual: str

    @property
    def is_running(self) -> bool:
        """True while a check is on its way."""
        return self.last is not None and self.last.read_at is None


@dataclass(frozen=True, slots=True)
class Page:
    """`waiting` alarms wait for a person, the newest first; `rows` are all others. `runs` are kept
    ones that a golden prompt can be made of."""

    waiting: tuple[Watched, ...]
    rows: tuple[Watched, ...]
    golden: tuple[Golden, ...]
    runs: tuple[StageRun, ...]


def _golden(team: Team) -> tuple[Golden, ...]:
    newest = GoldenCheck.objects.filter(prompt=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    rows = list(
        GoldenPrompt.objects.filter(team=team, ended_at__isnull=True)
        .select_related("asset", "created_by")
        .annotate(last_check=Subquery(newest))
        .order_by("label", "pk")
    )
    checks = GoldenCheck.objects.select_related("run").in_bulk([row.last_check for row in rows])
    return tuple(
        Golden(row, checks.get(row.last_check), _usual(golden.stored_memory(row.memory)))
        for row in rows
    )


def _usual(memory: Memory) -> str:
    """What a golden prompt knows of its model, in words."""
    if memory.mode == "replay":
        return "repeats itself: every output is compared"
    if memory.mode == "spread":
        known = min(len(memory.outputs), golden.REFERENCES)
        return f"varies: {known} of {golden.REFERENCES} references"
    return "one check more tells" if memory.outputs else "no check yet"


def page(*, team: Team) -> Page:
    """Every watched version and golden prompt. Four queries."""
    found = [
        Watched(row, Stage(row.stage).label, drift.stored_evidence(row.evidence))
        for row in VersionWatch.objects.filter(team=team)
        .select_related("decided_by")
        .defer("baseline")
        .order_by("stage", "label", "version", "pk")
    ]
    waiting = [one for one in found if one.sign == "alarm"]
    waiting.sort(key=lambda one: (one.row.alarmed_at is not None, one.row.pk), reverse=True)
    rest = tuple(one for one in found if one.sign != "alarm")
    return Page(tuple(waiting), rest, _golden(team), kept_runs(team=team))


def kept_runs(*, team: Team) -> tuple[StageRun, ...]:
    """The newest runs of Generation of which a still was kept."""
    kept = Candidate.objects.filter(
        run=OuterRef("pk"), verdict=Verdict.KEPT, media__kind=FileKind.STILL
    )
    runs = StageRun.objects.filter(
        Exists(kept), team=team, stage=Stage.GENERATION, state=RunState.DONE
    )
    return tuple(runs.select_related("asset").defer("decision").order_by("-pk")[:MOST_RUNS])


def open_alarms(*, team: Team) -> int:
    """How many versions wait for a person's word."""
    return VersionWatch.objects.filter(team=team, alarmed_at__isnull=False, kept_out=False).count()
