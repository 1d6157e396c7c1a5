"""The review queue, one batch side by side, and what a sitting came to.

Reads rows and prepares what templates show: who has a batch, what the meters say, the likeness
curve as points. A person decides; nothing here does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Prefetch, Q, QuerySet, Sum
from django.utils import timezone

from campaigns.models import Attempt, Candidate, Finding, Media, StageRun, Team
from campaigns.models.choices import FindingVerdict, RunState, Stage, Verdict
from campaigns.queries import lineage, overlays

PAUSE = timedelta(minutes=30)
LONGEST = timedelta(minutes=10)
CURVE_WIDTH, CURVE_HEIGHT, CURVE_PAD = 200, 44, 4


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the queue. `held_by` names somebody else who has it open."""

    run: StageRun
    operation_label: str
    count: int
    held_by: str


@dataclass(frozen=True, slots=True)
class Curve:
    """Likeness over a clip as SVG points in a 200 x 44 box; `holds_x` is where it ends to hold."""

    line: str
    area: str
    holds_x: str
    text: str
    table: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tile:
    """One candidate with its meters. `warned` holds the criteria that a meter doubts."""

    candidate: Candidate
    number: int
    is_clip: bool
    findings: tuple[Finding, ...]
    warned: frozenset[str]
    curve: Curve | None
    overlay: overlays.Overlay | None
    is_measured: bool

    @property
    def warnings(self) -> int:
        """How many meters warn or fail."""
        return sum(f.verdict in (FindingVerdict.WARN, FindingVerdict.FAIL) for f in self.findings)

    @property
    def is_wide(self) -> bool:
        """True for a picture wider than high."""
        return self.candidate.media.width > self.candidate.media.height * 1.1


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the checklist as it stands at first."""

    key: str
    label: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything on the review screen."""

    run: StageRun
    operation_label: str
    tiles: tuple[Tile, ...]
    picked: Tile | None
    before: Media | None
    criteria: tuple[Criterion, ...]
    threshold: int
    told: Mapping[str, Any]
    sentence: str
    lineage: tuple[str, ...]
    place: int
    total: int
    held_by: str

    @property
    def is_open(self) -> bool:
        """True while it can be judged."""
        return self.run.state == RunState.REVIEW

    @property
    def percent(self) -> int:
        """Share of the checklist that is ticked at first."""
        return round(100 * sum(c.ticked for c in self.criteria) / max(1, len(self.criteria)))

    @property
    def version(self) -> str:
        """Changes with everything on the screen."""
        return f"{self.run.asset.touched_at.timestamp():.6f}-{self.run.state}"

    @property
    def has_overlays(self) -> bool:
        """True when a meter has something to show on a picture."""
        return any(tile.overlay for tile in self.tiles)

    @property
    def is_measuring(self) -> bool:
        """True while meters are still being read."""
        return any(not tile.is_measured for tile in self.tiles)


@dataclass(frozen=True, slots=True)
class Sitting:
    """What somebody judged without a long pause: the line at the end of the queue."""

    seen: int
    kept: int
    batches: int
    spent_micros: int
    per_kept_micros: int | None
    seconds: float
    currency: str
    last: StageRun | None


def waiting(*, team: Team) -> QuerySet[StageRun]:
    """Finished batches of a team, oldest first."""
    return StageRun.objects.filter(
        team=team, state=RunState.REVIEW, asset__archived_at__isnull=True
    ).order_by("finished_at", "pk")


def _held_by(run: StageRun, user: User, now: datetime) -> str:
    holder = run.claimed_by
    if holder is None or holder.pk == user.pk or run.claimed_until is None:
        return ""
    if run.claimed_until < now:
        return ""
    return holder.get_full_name() or holder.get_username()


def queue(*, team: Team, user: User) -> list[Waiting]:
    """The queue as `user` sees it."""
    now = timezone.now()
    rows = (
        waiting(team=team)
        .select_related("asset__ad_set", "asset__campaign", "claimed_by", "source__media")
        .prefetch_related(
            Prefetch("candidates", Candidate.objects.select_related("media").order_by("position"))
        )[:200]
    )
    return [
        Waiting(
            run,
            lineage.operation_label(run.operation),
            len(run.candidates.all()),
            _held_by(run, user, now),
        )
        for run in rows
    ]


def next_batch(*, team: Team, user: User, after: int | None = None) -> StageRun | None:
    """The oldest batch that nobody else has open; `after` leaves one batch out."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lt=timezone.now()) | Q(claimed_by=user)
    return waiting(team=team).filter(free).exclude(pk=after or 0).first()


def is_waiting(run: StageRun) -> bool:
    """True for a batch that is to be judged."""
    return run.state == RunState.REVIEW


def holder(*, run: StageRun, user: User) -> str:
    """The name of somebody else who has this batch open now, or nothing."""
    fresh = StageRun.objects.select_related("claimed_by").get(pk=run.pk)
    return _held_by(fresh, user, timezone.now())


def batch(
    *,
    run: StageRun,
    user: User,
    criteria: Sequence[Mapping[str, str]],
    meters: Mapping[str, Sequence[str]],
) -> Batch:
    """The screen of one batch. `criteria` and `meters` come from its stage."""
    rows = Candidate.objects.filter(run=run).select_related("media", "judged_by")
    found = list(rows.prefetch_related("findings").order_by("position", "pk"))
    tiles = tuple(_tile(row, meters) for row in found)
    picked = _first_pick(tiles)
    order = list(waiting(team=run.team).values_list("pk", flat=True))
    older = {
        row.pk: row
        for row in Candidate.objects.filter(
            asset_id=run.asset_id, pk__lt=found[0].pk if found else 0
        ).select_related("run", "media")
    }
    bases = list(run.asset.bases.select_related("media").order_by("position")[:1])
    return Batch(
        run=run,
        operation_label=lineage.operation_label(run.operation),
        tiles=tiles,
        picked=picked,
        before=run.source.media if run.source else (bases[0].media if bases else None),
        criteria=tuple(
            Criterion(c["key"], c["label"], not (picked and c["key"] in picked.warned))
            for c in criteria
        ),
        threshold=run.team.gate_threshold_percent,
        told=run.decision.get("told", {}),
        sentence=str(run.decision.get("sentence", "")),
        lineage=lineage.line(
            source=older.get(run.source_id or 0), candidates=older, has_base=bool(bases)
        ),
        place=order.index(run.pk) + 1 if run.pk in order else 0,
        total=len(order),
        held_by=_held_by(run, user, timezone.now()),
    )


def _tile(row: Candidate, meters: Mapping[str, Sequence[str]]) -> Tile:
    findings = tuple(sorted(row.findings.all(), key=lambda finding: finding.pk))
    doubted = {f.name for f in findings if f.verdict in (FindingVerdict.WARN, FindingVerdict.FAIL)}
    return Tile(
        candidate=row,
        number=row.position + 1,
        is_clip=lineage.is_clip(row.media),
        findings=findings,
        warned=frozenset(key for key, names in meters.items() if doubted.intersection(names)),
        curve=next((curve for f in findings if (curve := _curve(f)) is not None), None),
        overlay=overlays.overlay(findings, width=row.media.width, height=row.media.height),
        is_measured=row.measured_at is not None,
    )


def _first_pick(tiles: Sequence[Tile]) -> Tile | None:
    """What is picked when the batch opens: the keeper, else the one with the fewest warnings."""
    kept = next((tile for tile in tiles if tile.candidate.verdict == Verdict.KEPT), None)
    left = [tile for tile in tiles if tile.candidate.verdict != Verdict.REJECTED]
    return kept or min(left, key=lambda tile: (tile.warnings, tile.number), default=None)


def _height_of(likeness: float) -> float:
    room = CURVE_HEIGHT - 2 * CURVE_PAD
    return CURVE_PAD + room * (1 - min(max(likeness, 0.0), 1.0))


def _curve(finding: Finding) -> Curve | None:
    values = finding.detail.get("likeness")
    length = finding.detail.get("duration_s")
    if not isinstance(values, list) or len(values) < 2 or not length:
        return None
    step = CURVE_WIDTH / (len(values) - 1)
    points = [(at * step, _height_of(float(value))) for at, value in enumerate(values)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    holds = min(float(finding.value or 0), float(length))
    seconds = [float(length) * at / (len(values) - 1) for at in range(len(values))]
    return Curve(
        line=line,
        area=f"{CURVE_WIDTH * holds / float(length):.1f}",
        holds_x=f"{min(CURVE_WIDTH * holds / float(length), CURVE_WIDTH - 1):.1f}",
        text=f"Likeness to the keyframe over {float(length):.1f} s: {finding.value_text}.",
        table=tuple(
            (f"{at:.1f} s", f"{float(value):.2f}")
            for at, value in zip(seconds, values, strict=True)
        ),
    )


def _seconds(run: StageRun) -> float:
    """How long somebody looked at a batch; a forgotten window counts for ten minutes."""
    if run.judged_at is None or run.review_opened_at is None:
        return 0.0
    return min(run.judged_at - run.review_opened_at, LONGEST).total_seconds()


def sitting(*, team: Team, user: User) -> Sitting:
    """What `user` has judged in this team up to now, back to the last pause of half an hour."""
    recent = list(
        StageRun.objects.filter(
            team=team, judged_by=user, judged_at__isnull=False, review_opened_at__isnull=False
        )
        .exclude(stage=Stage.QA)
        .select_related("asset")
        .order_by("-judged_at")[:200]
    )
    until = timezone.now()
    rows: list[StageRun] = []
    for run in recent:
        judged = run.judged_at or until
        if until - judged > PAUSE:
            break
        rows.append(run)
        until = judged
    ids = [run.pk for run in rows]
    counts = Candidate.objects.filter(run_id__in=ids).aggregate(
        seen=Count("pk"), kept=Count("pk", filter=Q(verdict=Verdict.KEPT))
    )
    spent = Attempt.objects.filter(run_id__in=ids).aggregate(sum=Sum("settled_micros"))["sum"] or 0
    kept = int(counts["kept"])
    return Sitting(
        seen=int(counts["seen"]),
        kept=kept,
        batches=len(rows),
        spent_micros=spent,
        per_kept_micros=spent // kept if kept else None,
        seconds=sum(_seconds(run) for run in rows),
        currency=team.currency,
        last=rows[0] if rows else None,
    )
