"""Moving cards along the board, one or several, guarded against two people at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from campaigns import permissions
from campaigns.actions import advancing, events, locks, runs
from campaigns.models import Asset, StageRun
from campaigns.models.choices import ATTEMPT_OPEN, RUN_OPEN, RUN_WORKING, RunState, Stage
from campaigns.queries import access
from campaigns.transitions import NotNow

ORDER = [str(stage) for stage in Stage.values]
UNDER_WAY = (RunState.WAITING_APPROVAL, *RUN_WORKING)


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of one card. `outcome`: moved, cancelled, gate (a person must pick first) or
    refused."""

    asset_id: int
    title: str
    outcome: str
    text: str
    run_id: int | None = None


def move(
    *, assets: Sequence[Asset], direction: str, by: User, revisions: dict[int, int] | None = None
) -> list[Moved]:
    """Move each card one stage on ("next") or back ("back"). Each card stands for itself.

    `revisions` holds what the person saw of each card; a card that changed since is refused.
    """
    # requests for spend that one click makes stand on one card of the managers' inbox
    batch = secrets.token_urlsafe(12) if len(assets) > 1 else ""
    return [
        _move_one(asset, direction, by, (revisions or {}).get(asset.pk), batch) for asset in assets
    ]


def _move_one(asset: Asset, direction: str, by: User, seen: int | None, batch: str) -> Moved:
    try:
        permissions.check_can_run(access.roles(by, asset.team))
        with transaction.atomic():
            fresh = _locked(asset, seen)
            waiting = fresh.runs.filter(state__in=RUN_OPEN).order_by("-pk").first()
            if waiting is not None:
                return _busy(asset, waiting.state, waiting.pk)
            onward = direction == "next"
            text = advancing.skip(asset=fresh, by=by, batch=batch) if onward else _back(fresh, by)
    except (NotNow, permissions.NotAllowed) as error:
        return Moved(asset.pk, asset.title, "refused", error.text)
    return Moved(asset.pk, asset.title, "moved", text)


def _locked(asset: Asset, seen: int | None) -> Asset:
    """The card as it is, locked: of two who move it at once the second sees the first's move."""
    fresh = locks.asset(asset.pk)
    if fresh.archived_at is not None:
        raise NotNow("This card was archived. Nothing was moved.")
    if fresh.stage != asset.stage or (seen is not None and fresh.revision != seen):
        raise NotNow("Somebody changed this card meanwhile. Look at it again.")
    return fresh


def _busy(asset: Asset, state: str, run_id: int) -> Moved:
    if state == RunState.REVIEW:
        return Moved(
            asset.pk,
            asset.title,
            "gate",
            "Its batch waits: decide on it, or drop it, first.",
            run_id,
        )
    text = {
        RunState.WAITING_APPROVAL: "It waits for a manager. Cancel the request to move it.",
    }.get(RunState(state), "Work on it is going on. Wait for it, or cancel it first.")
    return Moved(asset.pk, asset.title, "refused", text, run_id)


def _back(asset: Asset, by: User) -> str:
    at = ORDER.index(asset.stage)
    if at == 0:
        raise NotNow("It stands at the beginning of the line already.")
    to = ORDER[at - 1]
    changed = Asset.objects.filter(pk=asset.pk, stage=asset.stage).update(stage=to, ready_at=None)
    if changed != 1:
        raise NotNow("Somebody moved this card meanwhile. Look at it again.")
    events.record(
        team=asset.team,
        verb="stage.back",
        subject="asset",
        subject_id=asset.pk,
        asset_id=asset.pk,
        by=by,
        before={"stage": asset.stage},
        after={"stage": to},
    )
    events.touch(asset_ids=[asset.pk])
    return f"Back in {Stage(to).label}."


def archive_each(*, assets: Sequence[Asset], by: User) -> list[Moved]:
    """Take several cards off the board. Each card stands for itself."""
    results = []
    for asset in assets:
        try:
            archive(asset=asset, by=by)
        except (NotNow, permissions.NotAllowed) as error:
            results.append(Moved(asset.pk, asset.title, "refused", error.text))
        else:
            results.append(Moved(asset.pk, asset.title, "moved", "Archived. Everything is kept."))
    return results


def cancel_each(*, assets: Sequence[Asset], by: User) -> list[Moved]:
    """Stop what is under way on several cards. Each card stands for itself."""
    return [_cancel_one(asset, by) for asset in assets]


def _cancel_one(asset: Asset, by: User) -> Moved:
    run = asset.runs.filter(state__in=UNDER_WAY).order_by("-pk").first()
    if run is None:
        waits = asset.runs.filter(state=RunState.REVIEW).exists()
        text = "Its batch waits: decide on it, or drop it." if waits else "Nothing is under way."
        return Moved(asset.pk, asset.title, "refused", f"{text} Nothing was cancelled.")
    try:
        runs.cancel(run=run, by=by)
    except (NotNow, permissions.NotAllowed) as error:
        return Moved(asset.pk, asset.title, "refused", error.text)
    return Moved(asset.pk, asset.title, "cancelled", cancelled_text(run))


def cancelled_text(run: StageRun) -> str:
    """What became of the money of a run that was just cancelled."""
    if run.attempts.filter(state__in=ATTEMPT_OPEN, reserved_micros__gt=0).exists():
        return "Cancelled. The provider is asked to stop; what it does not bill is free again then."
    return "Cancelled. What was held and not billed is free again."


def archive(*, asset: Asset, by: User) -> None:
    """Take a card off the board; everything of it is kept. Raises NotAllowed, NotNow."""
    permissions.check_can_run(access.roles(by, asset.team))
    with transaction.atomic():
        locks.asset(asset.pk)
        if asset.runs.filter(state__in=RUN_OPEN).exists():
            raise NotNow("Work on it is going on. Cancel it first.")
        events.record(
            team=asset.team,
            verb="asset.archive",
            subject="asset",
            subject_id=asset.pk,
            asset_id=asset.pk,
            by=by,
        )
        events.archive(asset_id=asset.pk)
