"""One card of the board in words: picture, money, where it stands, who is needed.

Reads only, and only for the cards that are shown; every query covers all of them at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, Sum

from campaigns import permissions
from campaigns.models import (
    Asset,
    AssetBase,
    Attempt,
    Candidate,
    ExportItem,
    PlatformFile,
    StageRun,
)
from campaigns.models.choices import (
    ATTEMPT_OPEN,
    RUN_OPEN,
    FileKind,
    FindingVerdict,
    RunState,
    Stage,
    Verdict,
)
from routing import money
from routing.stages import OPERATIONS

REASON_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: account, roles, and whether the team lets people approve their own requests."""

    user_id: int
    roles: frozenset[str]
    may_approve_own: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a card stands: tone and words of its pill, share done (0 to 1), where to act.

    `act` is "review", "qa", "approvals", "exports" or nothing (the asset page).
    """

    tone: str
    text: str
    share: float | None = None
    detail: str = ""
    needs_you: bool = False
    act: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One asset on the board. Money in micro-units; `picture_id` is a stored file or None."""

    id: int
    revision: int
    stage: str
    title: str
    ad_set: str
    campaign_id: int
    locale: str
    tier: str
    model: str
    currency: str
    spent_micros: int
    held_micros: int
    picture_id: int | None
    badge: str
    run_id: int | None
    standing: Standing
    is_ready: bool
    is_busy: bool


@dataclass(frozen=True, slots=True)
class _Batch:
    """Candidates of one run: how many there are, how many still wait, the first one's file."""

    landed: int = 0
    pending: int = 0
    first_media_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Files:
    """Platform files of one asset's approved version."""

    total: int = 0
    made: int = 0
    passed: int = 0


def cards(*, places: Sequence[tuple[int, int | None]], viewer: Viewer, now: datetime) -> list[Card]:
    """Cards of (asset, newest run) in the given order. Seven queries, also for none."""
    # 0 keeps the lists from being empty: Django would skip such a query, and the number of
    # queries would depend on what stands on the board
    ids = [0, *(asset_id for asset_id, _ in places)]
    run_ids = [0, *(run_id for _, run_id in places if run_id)]
    assets = {
        row.pk: row
        for row in Asset.objects.filter(pk__in=ids)
        .select_related("ad_set", "team", "current__media")
        .defer("goal", "current__note", "current__media__seen", "current__comment")
    }
    runs = {
        row.pk: row
        for row in StageRun.objects.filter(pk__in=run_ids)
        .select_related("approval")
        .defer("decision", "params")
    }
    batches = _batches(run_ids)
    spent = _money(ids)
    bases = dict(
        AssetBase.objects.filter(asset_id__in=ids, position=0).values_list("asset_id", "media_id")
    )
    files = _files(assets.values())
    packed = set(ExportItem.objects.filter(asset_id__in=ids).values_list("asset_id", flat=True))
    found = []
    for asset_id, run_id in places:
        asset = assets.get(asset_id)
        if asset is None:
            continue
        run = runs.get(run_id or 0)
        batch = batches.get(run_id or 0, _Batch())
        standing = _standing(
            asset, run, batch, files.get(asset_id, _Files()), asset_id in packed, viewer, now
        )
        found.append(_card(asset, run, batch, standing, spent, bases))
    return found


def _card(
    asset: Asset,
    run: StageRun | None,
    batch: _Batch,
    standing: Standing,
    spent: dict[int, tuple[int, int]],
    bases: dict[int, int],
) -> Card:
    is_open = run is not None and run.state in RUN_OPEN
    current = asset.current.media if asset.current else None
    picture = current.pk if current else bases.get(asset.pk)
    badge = ""
    if current is not None and current.kind == FileKind.CLIP:
        badge = f"{current.duration_s:.0f} s"
    if is_open and batch.first_media_id:
        picture = batch.first_media_id
        badge = str(batch.landed) if batch.landed > 1 else badge
    return Card(
        id=asset.pk,
        revision=asset.revision,
        stage=asset.stage,
        title=asset.title,
        ad_set=asset.ad_set.name,
        campaign_id=asset.campaign_id,
        locale=asset.locale,
        tier=run.tier if run else "",
        model=run.model_label if run else "",
        currency=asset.team.currency,
        spent_micros=spent.get(asset.pk, (0, 0))[0],
        held_micros=spent.get(asset.pk, (0, 0))[1],
        picture_id=picture,
        badge=badge,
        run_id=run.pk if run else None,
        standing=standing,
        is_ready=asset.stage == Stage.READY,
        is_busy=is_open and run is not None and run.state != RunState.REVIEW,
    )


def _standing(
    asset: Asset,
    run: StageRun | None,
    batch: _Batch,
    files: _Files,
    is_packed: bool,
    viewer: Viewer,
    now: datetime,
) -> Standing:
    """The pill of a card, in words."""
    if run is not None and run.state in RUN_OPEN:
        return _of_open_run(run, batch, files, viewer, now)
    if asset.stage == Stage.READY:
        if is_packed:
            return Standing("ok", "Packaged")
        return Standing(
            "ok", "Ready to package", needs_you=permissions.can_export(viewer.roles), act="exports"
        )
    return _at_rest(asset, run, permissions.can_run(viewer.roles))


def _of_open_run(
    run: StageRun, batch: _Batch, files: _Files, viewer: Viewer, now: datetime
) -> Standing:
    verb = OPERATIONS[run.operation].verb
    if run.state == RunState.WAITING_APPROVAL:
        amount = money.text(run.maximum_micros, run.currency)
        mine = permissions.can_approve_spend(viewer.roles) and (
            viewer.may_approve_own or run.requested_by_id != viewer.user_id
        )
        return Standing(
            "warn",
            f"Needs approval {amount}",
            detail=_asked(run.created_at, now),
            needs_you=mine,
            act="approvals" if mine else "",
        )
    if run.state == RunState.QUEUED:
        return Standing("", "Queued", detail=verb)
    if run.state == RunState.RUNNING and run.stage == Stage.QA:
        share = files.made / files.total if files.total else None
        at = min(files.made + 1, files.total)
        return Standing("run", f"{verb} {at} of {files.total}" if files.total else verb, share)
    if run.state == RunState.RUNNING:
        count = run.candidate_count
        done = f" {min(batch.landed + 1, count)} of {count}" if count > 1 else ""
        return Standing("run", f"{verb}{done}", run.progress)
    mine = permissions.can_judge(viewer.roles)
    if run.stage == Stage.QA:
        tone = "ok" if files.passed == files.total else "bad"
        return Standing(
            tone, f"{files.passed} of {files.total} pass", needs_you=mine, act="qa" if mine else ""
        )
    left = batch.pending or batch.landed
    words = f"Pick from {left}" if left != 1 else "Good enough?"
    return Standing("warn", words, needs_you=mine, act="review" if mine else "")


def _at_rest(asset: Asset, run: StageRun | None, needed: bool) -> Standing:
    """Nothing runs and nothing waits: somebody has to say how it goes on."""
    here = run is not None and run.stage == asset.stage
    if run is not None and here and run.state == RunState.FAILED:
        return Standing("bad", f"Failed: {_short(run.reason)}", None, run.reason, needed)
    if run is not None and here and run.state == RunState.DECLINED:
        return Standing("bad", f"Declined: {_short(run.reason)}", None, run.reason, needed)
    if asset.todo:
        points = ", ".join(str(point) for point in asset.todo)
        return Standing("warn", f"{len(asset.todo)} to mend", None, points, needed)
    entry: dict[str, Any] = next((e for e in asset.plan if e.get("stage") == asset.stage), {})
    planned = OPERATIONS.get(entry.get("operation", ""))
    if planned is not None and planned.needs_mask and not here:
        return Standing("warn", "Paint what should go", needs_you=needed)
    if planned is not None and planned.needs_face and not here:
        return Standing("warn", "Choose whose face", needs_you=needed)
    if run is not None and here and run.state == RunState.CANCELLED:
        return Standing("", "Cancelled", None, "Start it again, or move it on.", needed)
    if run is not None and here and asset.current_id is None:
        return Standing("warn", "None kept: try again", needs_you=needed)
    return Standing("", "Choose a step", needs_you=needed)


def _short(reason: str) -> str:
    first = reason.strip().split("\n")[0].rstrip(".") or "no reason was given"
    return first if len(first) <= REASON_LENGTH else f"{first[: REASON_LENGTH - 1].rstrip()}…"


def _asked(moment: datetime, now: datetime) -> str:
    since = _since(moment, now)
    return f"asked {since}" if since == "just now" else f"asked {since} ago"


def _since(moment: datetime, now: datetime) -> str:
    minutes = max(0, int((now - moment).total_seconds() // 60))
    if minutes < 90:
        return f"{minutes} min" if minutes else "just now"
    return f"{minutes // 60} h" if minutes < 36 * 60 else f"{minutes // (24 * 60)} days"


def _batches(run_ids: Collection[int]) -> dict[int, _Batch]:
    rows = (
        Candidate.objects.filter(run_id__in=run_ids)
        .order_by()
        .values_list("run_id")
        .annotate(
            landed=Count("pk"),
            pending=Count("pk", filter=Q(verdict=Verdict.PENDING)),
            first=Min("media_id"),
        )
    )
    return {run_id: _Batch(landed, pending, first) for run_id, landed, pending, first in rows}


def _money(ids: Collection[int]) -> dict[int, tuple[int, int]]:
    rows = (
        Attempt.objects.filter(run__asset_id__in=ids)
        .order_by()
        .values_list("run__asset_id")
        .annotate(
            spent=Sum("settled_micros", default=0),
            held=Sum("reserved_micros", filter=Q(state__in=ATTEMPT_OPEN), default=0),
        )
    )
    return {asset_id: (spent, held) for asset_id, spent, held in rows}


def _files(assets: Iterable[Asset]) -> dict[int, _Files]:
    at_end = [row for row in assets if row.stage in (Stage.QA, Stage.READY)]
    sources = [0]
    for row in at_end:
        sources += [pk for pk in (row.keyframe_id, row.current_id) if pk]
    passing = (FindingVerdict.PASS, FindingVerdict.WARN, FindingVerdict.INFO)
    rows = (
        PlatformFile.objects.filter(
            asset_id__in=[0, *(row.pk for row in at_end)], source_id__in=sources
        )
        .order_by()
        .values_list("asset_id")
        .annotate(
            total=Count("pk"),
            made=Count("pk", filter=Q(due_at__isnull=True)),
            passed=Count("pk", filter=Q(verdict__in=passing, media__isnull=False)),
        )
    )
    return {asset_id: _Files(total, made, passed) for asset_id, total, made, passed in rows}
