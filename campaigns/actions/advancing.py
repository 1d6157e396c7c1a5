"""Moving an asset on after a gate: stages with nothing to do are passed, the next run is started.

Must run inside the caller's transaction.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import events, planning, runs
from campaigns.models import Asset, Candidate
from campaigns.models.choices import FileKind, RunState, Stage
from campaigns.stages import BY_KEY
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from routing.stages import OPERATIONS, PASS, following
from routing.stages import Stage as Station


def keyframe_of(candidate: Candidate | None) -> Candidate | None:
    """The still that a candidate stands for: itself, or the still its clip was made from."""
    while candidate is not None and candidate.media.kind == FileKind.CLIP:
        candidate = candidate.parent
    return candidate


def after_gate(*, asset: Asset, stage: str, by: User, batch: str = "") -> str:
    """Send an approved asset to its next stage. Returns what happens now, as a sentence.

    `batch` joins the requests for spend of one bulk action.
    """
    Asset.objects.filter(pk=asset.pk).update(keyframe=keyframe_of(asset.current))
    station = following(Station(stage))
    must_stop = bool(asset.todo)
    while station is not None:
        entry: dict[str, Any] = next((e for e in asset.plan if e["stage"] == str(station)), {})
        operation = entry.get("operation", PASS)
        if operation == PASS and following(station) is None:  # nothing skips the last gate
            operation = BY_KEY[str(station)].default_operation(planning.brief_of(asset))
        if operation == PASS and not must_stop:
            station = following(station)
            continue
        Asset.objects.filter(pk=asset.pk).update(stage=str(station))
        asset.stage = str(station)
        if operation == PASS:
            count = len(asset.todo)
            points = "1 point" if count == 1 else f"{count} points"
            return f"Moved to {asset.get_stage_display()} with {points} to mend."
        if OPERATIONS[operation].needs_mask:
            return f"Moved to {asset.get_stage_display()}: paint what should go."
        if OPERATIONS[operation].needs_face:
            return f"Moved to {asset.get_stage_display()}: choose whose face."
        return _begin(asset, operation, entry.get("params", {}), by, batch)
    Asset.objects.filter(pk=asset.pk).update(stage=Stage.READY, ready_at=timezone.now(), todo=[])
    events.record(
        team=asset.team,
        verb="asset.ready",
        subject="asset",
        subject_id=asset.pk,
        asset_id=asset.pk,
        by=by,
    )
    return "Ready. Select it on the board or open Exports to package it."


def _begin(asset: Asset, operation: str, params: dict[str, object], by: User, batch: str) -> str:
    fresh = Asset.objects.select_related("campaign__team", "team", "current__media").get(
        pk=asset.pk
    )
    label = OPERATIONS[operation].label
    try:
        run = runs.start(
            asset=fresh,
            operation=operation,
            by=by,
            token=f"auto-{asset.pk}-{asset.current_id}-{operation}-{fresh.revision}",
            given=params,
            batch=batch,
        )
    except (runs.NoModel, BadParams, NotNow, permissions.NotAllowed) as error:
        return f"Moved to {fresh.get_stage_display()}, but {label} did not start: {error.text}"
    if run.state == RunState.WAITING_APPROVAL:
        return f"{label} waits for a manager's approval."
    return f"{label} is running with {run.model_label}."


def skip(*, asset: Asset, by: User, batch: str = "") -> str:
    """Go on from a stage where nothing runs and nothing waits. Raises NotNow."""
    if asset.current is None:
        raise NotNow("There is no approved picture yet. Pick one first.")
    if asset.stage == Stage.READY:
        raise NotNow("It is ready: it stands at the end of the line. Package it in Exports.")
    if following(Station(asset.stage)) is None:
        raise NotNow("Nothing skips QA: open the asset and approve its platform files.")
    Asset.objects.filter(pk=asset.pk).update(todo=[])
    asset.todo = []
    events.record(
        team=asset.team,
        verb="stage.skip",
        subject="asset",
        subject_id=asset.pk,
        asset_id=asset.pk,
        by=by,
        before={"stage": asset.stage},
    )
    text = after_gate(asset=asset, stage=asset.stage, by=by, batch=batch)
    events.touch(asset_ids=[asset.pk])
    return text
