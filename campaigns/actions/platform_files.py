"""Platform files: one approved master cut, encoded and checked for each platform.

The row is written first; a worker of the media queue claims it and may die anywhere. A moved crop
asks for the same row to be made again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from campaigns import dispatch, permissions
from campaigns.actions import cutting, events, leases, spending, stored
from campaigns.models import Asset, Attempt, Candidate, Media, PlatformFile, StageRun
from campaigns.models.choices import AttemptState, FileKind, FindingVerdict, RunState
from campaigns.queries import access
from campaigns.transitions import NotNow
from imaging import intake

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BadBox(ValueError):
    """The wanted crop cannot be used; `text` says why."""

    text: str


def _sources(asset: Asset) -> list[tuple[Candidate, str]]:
    """What is packaged: the clip where there is one, and always the approved still."""
    found: list[tuple[Candidate, str]] = []
    if asset.keyframe is not None:
        found.append((asset.keyframe, FileKind.STILL))
    current = asset.current
    if current is not None and current.media.kind == FileKind.CLIP:
        found.append((current, FileKind.CLIP))
    return found


def of_asset(asset: Asset) -> list[PlatformFile]:
    """The platform files of the asset's approved version, platform by platform, still first."""
    wanted = [(candidate.pk, str(kind)) for candidate, kind in _sources(asset)]
    rows = PlatformFile.objects.filter(
        asset=asset, source_id__in=[pk for pk, _ in wanted], platform__in=asset.platforms
    ).select_related("media", "source__media", "moved_by")
    order = {name: at for at, name in enumerate(asset.platforms)}
    return sorted(
        (row for row in rows if (row.source_id, row.kind) in wanted),
        key=lambda row: (order[row.platform], row.kind != FileKind.STILL),
    )


def prepare(*, run: StageRun) -> None:
    """Write the rows of a QA run and wake workers. Doing it again changes nothing."""
    asset = Asset.objects.select_related("current__media", "keyframe__media", "team").get(
        pk=run.asset_id
    )
    soon = timezone.now() + timedelta(seconds=3)
    with transaction.atomic():
        for candidate, kind in _sources(asset):
            for platform in asset.platforms:
                spec = cutting.spec_of(platform, kind)
                row, made = PlatformFile.objects.get_or_create(
                    source=candidate,
                    platform=platform,
                    kind=kind,
                    defaults={
                        "team": run.team,
                        "asset": asset,
                        "spec_id": spec.id,
                        "spec_version": spec.version,
                        "due_at": soon,
                    },
                )
                if not made and row.made_at is None:
                    PlatformFile.objects.filter(pk=row.pk).update(due_at=soon, tries=0, error="")
                if row.made_at is None:
                    dispatch.on_commit("make_file", row.pk, row.tries)
    finish_if_done(asset_id=asset.pk)


def prepare_again(*, attempt_id: int) -> None:
    """`prepare` for the run of an attempt, if it still waits for its files."""
    run = StageRun.objects.select_related("team").filter(
        attempts__pk=attempt_id, state=RunState.RUNNING
    )
    for waiting in run:
        prepare(run=waiting)


def make(*, platform_file_id: int) -> None:
    """Make one file that is due. A second worker finds the lease taken and does nothing."""
    rows = PlatformFile.objects.filter(pk=platform_file_id, due_at__isnull=False)
    key = leases.claim(rows)
    if key is None:
        return
    row = PlatformFile.objects.select_related(
        "asset__team", "asset__campaign", "source__media"
    ).get(pk=platform_file_id)
    if row.tries > leases.MOST_TRIES:
        _give_up(row, key, "The worker died on this file every time. Move the crop or replace it.")
        return
    keeper = leases.Keeper(PlatformFile, row.pk, key)
    try:
        with keeper, stored.scratch() as folder:
            cut = cutting.cut(row=row, folder=folder)
            keeper.check()
            media = stored.store(
                team=row.team,
                path=cut.path,
                origin=Media.Origin.PLATFORM,
                folder=_sub(folder),
                ai_status=row.source.media.ai_status,
            )
    except leases.LeaseLost:
        log.info("platform file %s is in other hands now", row.pk)
        return
    except (cutting.CannotCut, intake.Unreadable) as error:
        _give_up(row, key, str(error))
        return
    PlatformFile.objects.filter(pk=row.pk, lease_key=key, wanted_box=row.wanted_box).update(
        media=media,
        box=cut.box,
        crop_findings=cut.crop_findings,
        findings=cut.findings,
        verdict=cut.verdict,
        error="",
        due_at=None,
        made_at=timezone.now(),
        tries=0,
        lease_until=None,
        revision=F("revision") + 1,
    )
    # moved meanwhile: the row is still due, so let the next worker have it
    PlatformFile.objects.filter(pk=row.pk, lease_key=key, due_at__isnull=False).update(
        lease_until=None
    )
    _after(row)


def _sub(folder: Path) -> Path:
    path = folder / "keep"
    path.mkdir()
    return path


def _give_up(row: PlatformFile, key: str, text: str) -> None:
    PlatformFile.objects.filter(pk=row.pk, lease_key=key).update(
        error=text,
        verdict=FindingVerdict.FAIL,
        due_at=None,
        lease_until=None,
        revision=F("revision") + 1,
    )
    _after(row)


def _after(row: PlatformFile) -> None:
    done = finish_if_done(asset_id=row.asset_id)
    if not done:
        events.show_progress(asset_id=row.asset_id)


def finish_if_done(*, asset_id: int) -> bool:
    """Hand a QA run to people once every file of its asset is made. True when it was this call."""
    asset = Asset.objects.select_related("current__media", "keyframe__media").get(pk=asset_id)
    rows = of_asset(asset)
    run = StageRun.objects.filter(
        asset_id=asset_id, operation="check", state=RunState.RUNNING
    ).first()
    if run is None:
        return False
    made = sum(1 for row in rows if row.due_at is None)
    share = made / len(rows) if rows else 1.0
    StageRun.objects.filter(pk=run.pk).update(progress=share)
    if made < len(rows):
        return False
    with transaction.atomic():
        ended = Attempt.objects.filter(run=run, state=AttemptState.SUBMITTED).update(
            state=AttemptState.FETCHING
        )
        if ended != 1:
            return False
        attempt = Attempt.objects.select_related("run__asset").get(run=run, state="fetching")
        Attempt.objects.filter(pk=attempt.pk).update(
            state=AttemptState.SETTLED, settled_micros=0, finished_at=timezone.now(), progress=1
        )
        spending.settle(attempt=attempt, billed_micros=attempt.reserved_micros)
        StageRun.objects.filter(pk=run.pk, state=RunState.RUNNING).update(
            state=RunState.REVIEW, progress=1, finished_at=timezone.now()
        )
        events.record(
            team=run.team,
            verb="run.finish",
            subject="run",
            subject_id=run.pk,
            asset_id=asset_id,
            by=None,
            after={"files": len(rows)},
        )
        events.touch(asset_ids=[asset_id])
    return True


def move_crop(
    *, row: PlatformFile, box: Sequence[Any], by: User, everywhere: bool = False
) -> list[int]:
    """Ask for another crop of the master; `everywhere` moves all platforms of this source.

    `box` is [left, top, right, bottom] in the master's pixels. The file is made again in the
    background, and an asset that was ready goes back to its QA gate. Returns the rows touched.
    Raises NotAllowed, BadBox, NotNow.
    """
    permissions.check("run", access.roles(by, row.team))
    media = row.source.media
    wanted = cutting.fitted(box, media.width, media.height, cutting.ratio_of(row))
    if wanted is None:
        raise BadBox(
            f"The crop must lie inside the picture of {media.width} by {media.height} pixels "
            "and be at least 64 pixels wide."
        )
    with transaction.atomic():
        rows = PlatformFile.objects.filter(asset=row.asset, source=row.source)
        if not everywhere:
            rows = rows.filter(pk=row.pk)
        ids = list(rows.values_list("pk", flat=True))
        rows.update(
            wanted_box=wanted,
            is_manual=True,
            moved_by=by,
            due_at=timezone.now() + timedelta(seconds=3),
            tries=0,
            revision=F("revision") + 1,
        )
        cutting_reopens(asset=row.asset, by=by)
        events.record(
            team=row.team,
            verb="crop.move",
            subject="platform_file",
            subject_id=row.pk,
            asset_id=row.asset_id,
            by=by,
            before={"box": row.box},
            after={"box": wanted, "everywhere": everywhere},
        )
        events.touch(asset_ids=[row.asset_id])
        fresh = PlatformFile.objects.filter(pk__in=ids)
        for pk, revision in fresh.values_list("pk", "revision"):
            # a new number each time the crop moves, or the earlier wake-up would stand for it
            dispatch.on_commit("make_file", pk, 1000 + revision)
    return ids


def cutting_reopens(*, asset: Asset, by: User) -> None:
    """A ready asset whose file changes must pass its gate again: approval binds to bytes."""
    run = (
        StageRun.objects.filter(asset=asset, operation="check", state=RunState.DONE)
        .order_by("-pk")
        .first()
    )
    if run is None or asset.ready_at is None:
        return
    reopened = StageRun.objects.filter(pk=run.pk, state=RunState.DONE).update(
        state=RunState.REVIEW, judged_at=None, judged_by=None
    )
    if reopened != 1:
        raise NotNow("Somebody changed this meanwhile. Look at it again.")
    run.gates.filter(withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())
    Asset.objects.filter(pk=asset.pk).update(stage=run.stage, ready_at=None)


def still_to_do(rows: Sequence[PlatformFile]) -> Mapping[str, int]:
    """How many files pass, warn, fail or are being made."""
    counts = {"pass": 0, "warn": 0, "fail": 0, "making": 0}
    for row in rows:
        key = "making" if row.due_at is not None else (row.verdict or "fail")
        counts["pass" if key == "info" else key] += 1
    return counts
