"""Platform files: the rows of what one approved master becomes for each platform.

The row is written first; a worker of the media queue makes its file (`file_making`). A moved crop
asks for the same row to be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from campaigns import dispatch, permissions
from campaigns.actions import cutting, events, locks, rollups, spending
from campaigns.models import Asset, Attempt, Candidate, Media, PlatformFile, StageRun
from campaigns.models.choices import AttemptState, RunState
from campaigns.queries import access, qa, spec_versions
from campaigns.transitions import NotNow
from imaging.geometry import Box, has_ratio

GRACE = timedelta(seconds=3)


class BadBox(ValueError):
    """The wanted crop cannot be used; `text` says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def of_asset(asset: Asset) -> list[PlatformFile]:
    """The platform files of the asset's approved version, platform by platform, still first."""
    return qa.files_of([asset])[asset.pk]


def prepare(*, run: StageRun) -> None:
    """Write the rows of a QA run and wake workers. Doing it again changes nothing."""
    asset = Asset.objects.select_related("current__media", "keyframe__media", "team").get(
        pk=run.asset_id
    )
    soon = timezone.now() + GRACE
    versions = spec_versions.all_in_force()
    with transaction.atomic():
        for candidate, kind in qa.sources_of(asset):
            for platform in asset.platforms:
                version = versions.get(platform)
                spec = qa.spec_of(platform, kind, version.pk if version else None)
                row, made = PlatformFile.objects.get_or_create(
                    source=candidate,
                    platform=platform,
                    kind=kind,
                    defaults={
                        "team": run.team,
                        "asset": asset,
                        "spec_id": spec.id,
                        "spec_version": spec.version,
                        "spec_row": version,
                        "due_at": soon,
                        **_remembered(asset, candidate, platform, kind),
                    },
                )
                if not made and row.made_at is None:
                    PlatformFile.objects.filter(pk=row.pk).update(due_at=soon, tries=0, error="")
                if row.made_at is None:
                    dispatch.on_commit("make_file", row.pk, row.tries)
    finish_if_done(asset_id=asset.pk)


def _remembered(asset: Asset, candidate: Candidate, platform: str, kind: str) -> dict[str, Any]:
    """The crop a person placed on an earlier version of this asset, or on the same picture in
    another one, at the size of this version; nothing where the picture's shape changed."""
    media = candidate.media
    earlier = (
        PlatformFile.objects.filter(
            Q(asset=asset) | Q(source__media__sha256=media.sha256),
            Q(moved_by__isnull=False) | ~Q(marks=[]),
            team=asset.team, platform=platform, kind=kind,
        )
        .exclude(source=candidate)
        .select_related("source__media", "moved_by")
        .order_by("-pk")
        .first()
    )  # fmt: skip
    if earlier is None or not (earlier.is_manual or earlier.focus or earlier.marks):
        return {}  # never placed, or given back to the automatic crop since
    before = earlier.source.media
    wide, high = media.width / before.width, media.height / before.height
    if not has_ratio(wide, high, 1):
        return {}
    by = {"moved_by": earlier.moved_by, "marks": earlier.marks}
    if not earlier.is_manual:
        return {"focus": earlier.focus, **by}
    box = Box.from_list(earlier.wanted_box).scale(wide, high)
    ratio = cutting.ratio_of(earlier)
    if not has_ratio(box.width, box.height, ratio):
        wanted = cutting.whole(media.width, media.height, ratio)
    else:
        wanted = cutting.fitted(box.as_list(), media.width, media.height, ratio)
    if not wanted:
        return by
    return {"wanted_box": wanted, "is_manual": True, "filling": earlier.filling, **by}


def prepare_again(*, attempt_id: int) -> None:
    """`prepare` for the run of an attempt, if it still waits for its files."""
    run = StageRun.objects.select_related("team").filter(
        attempts__pk=attempt_id, state=RunState.RUNNING
    )
    for waiting in run:
        prepare(run=waiting)


def wake_number(revision: int) -> int:
    """A new number each time the crop moves, or the earlier wake-up would stand for it."""
    return 1000 + 2 * revision


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
        locks.asset(asset_id)  # first, as a cancel does: else the two wait for each other
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
    *,
    row: PlatformFile,
    box: Sequence[Any],
    by: User,
    seen: str = "",
    everywhere: bool = False,
    fit: bool = False,
    filling: Mapping[str, str] | None = None,
    focus: Sequence[float] = (),
) -> list[int]:
    """Ask for another crop of the master; `everywhere` moves all platforms of this source.

    `box` is [left, top, right, bottom] in the master's pixels; an empty one goes back to the
    automatic crop. `fit` shows the whole master instead, in the way and color that `filling` names.
    `focus` is a point [x, y] as shares of the master: every platform's automatic crop keeps it in
    the middle. `seen` is the revision the person looked at: a crop that somebody else moved
    meanwhile is not overwritten.
    The files are made again in the background, and an asset that was ready goes back to its QA
    gate. Returns the rows touched. Raises NotAllowed, BadBox, NotNow.
    """
    permissions.check_can_run(access.roles(by, row.team))
    with transaction.atomic():
        # approving and moving take the same lock: one of them sees the other
        asset = Asset.objects.select_for_update(of=("self",)).get(pk=row.asset_id)
        rows = PlatformFile.objects.filter(asset=asset, source=row.source).order_by("pk")
        fresh = [one for one in rows if everywhere or focus or one.pk == row.pk]
        before = next(one for one in fresh if one.pk == row.pk)
        if seen and seen != str(before.revision):
            raise NotNow("Somebody moved this crop meanwhile. Look at it again, then move it.")
        for one in fresh:
            wanted = _wanted(one, row.source.media, box, fit)
            want(
                one, wanted, by,
                filling=dict(filling or {}) if fit and wanted else {}, focus=list(focus),
            )  # fmt: skip
        reopen_gate(asset=asset, by=by)
        events.record(
            team=row.team,
            verb="crop.move",
            subject="platform_file",
            subject_id=row.pk,
            asset_id=row.asset_id,
            by=by,
            before={"box": before.box},
            after={
                "box": list(box),
                "everywhere": everywhere,
                "fit": fit,
                **({"filling": dict(filling)} if filling else {}),
                **({"focus": list(focus)} if focus else {}),
            },
        )
        events.touch(asset_ids=[row.asset_id])
    return [one.pk for one in fresh]


def make_again(*, asset: Asset, rows: Iterable[PlatformFile], by: User) -> None:
    """Have these files of `asset` made anew where they are: what they say of themselves changed.

    Must run inside the caller's transaction.
    """
    due = list(rows)
    for one in due:
        PlatformFile.objects.filter(pk=one.pk).update(
            due_at=timezone.now() + GRACE, tries=0, error="", revision=F("revision") + 1
        )
        dispatch.on_commit("make_file", one.pk, wake_number(one.revision + 1))
    if due:
        reopen_gate(asset=asset, by=by)


def _wanted(row: PlatformFile, master: Media, box: Sequence[Any], fit: bool) -> list[int]:
    if fit:
        return cutting.whole(master.width, master.height, cutting.ratio_of(row)) or []
    if not box:
        return []
    wanted = cutting.fitted(box, master.width, master.height, cutting.ratio_of(row))
    if wanted is None:
        raise BadBox(
            f"The crop must lie inside the picture of {master.width} by {master.height} pixels "
            f"and be at least {cutting.LEAST_WIDTH} pixels wide."
        )
    return wanted


def want(row: PlatformFile, wanted: list[int], by: User | None, **also: Any) -> None:
    """Write the wanted crop of one file, `also` its filling or focus, and wake a worker for it."""
    PlatformFile.objects.filter(pk=row.pk).update(
        **also,
        wanted_box=wanted,
        is_manual=bool(wanted),
        moved_by=by,
        due_at=timezone.now() + GRACE,
        tries=0,
        error="",
        revision=F("revision") + 1,
    )
    dispatch.on_commit("make_file", row.pk, wake_number(row.revision + 1))


def reopen_gate(*, asset: Asset, by: User) -> None:
    """A ready asset whose file changes must pass its gate again: approval binds to bytes.

    Must run inside the caller's transaction.
    """
    run = qa.run_of(asset)
    if run is None or run.state != RunState.DONE or asset.ready_at is None:
        return
    reopened = StageRun.objects.filter(pk=run.pk, state=RunState.DONE).update(
        state=RunState.REVIEW, judged_at=None, judged_by=None
    )
    if reopened != 1:
        raise NotNow("Somebody changed this meanwhile. Look at it again.")
    run.gates.filter(withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())
    Asset.objects.filter(pk=asset.pk).update(stage=run.stage, ready_at=None)
    events.record(
        team=run.team,
        verb="gate.reopen",
        subject="run",
        subject_id=run.pk,
        asset_id=asset.pk,
        by=by,
    )
    rollups.judged(run_id=run.pk)
