"""What a worker does for platform files: claim one, cut, encode and check it, keep it.

The row was written by `platform_files`; a worker may die anywhere here.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from campaigns import dispatch
from campaigns.actions import cutting, events, leases, masters, platform_files, stored
from campaigns.models import Media, PlatformFile
from campaigns.models.choices import FileKind, FindingVerdict
from campaigns.queries import freshness, qa, spec_versions
from imaging import intake

log = logging.getLogger(__name__)

AWAY = timedelta(minutes=1)


def make(*, platform_file_id: int) -> None:
    """Make one file that is due, then the others of the same still that are, which share its
    decoding. A second worker finds the lease taken and does nothing.

    Each file is claimed only when its turn comes, and has its own outcome: should a worker die,
    those it had not begun are as free as before, and their own jobs make them.
    """
    with masters.kept():
        if _make_one(platform_file_id):
            for pk in _beside(platform_file_id):
                if not _make_one(pk):
                    break


def _beside(pk: int) -> list[int]:
    """The other files of the same still that wait for a worker now."""
    row = PlatformFile.objects.filter(pk=pk, kind=FileKind.STILL).values_list("source_id").first()
    if row is None:
        return []
    waiting = PlatformFile.objects.filter(
        source_id=row[0], kind=FileKind.STILL, due_at__lte=timezone.now() + platform_files.GRACE
    )
    return list(waiting.exclude(pk=pk).order_by("pk").values_list("pk", flat=True))


def _make_one(platform_file_id: int) -> bool:
    """True when the work may go on with the next one: this one was ours, and was not put off."""
    rows = PlatformFile.objects.filter(pk=platform_file_id, due_at__isnull=False)
    key = leases.claim(rows)
    if key is None:
        return False
    row = PlatformFile.objects.select_related(
        "asset__team", "asset__campaign", "source__media"
    ).get(pk=platform_file_id)
    if row.tries > leases.MOST_TRIES:
        _give_up(row, key, "The worker died on this file every time. Move the crop or replace it.")
        return True
    # made again, a file is made for the limits that count now
    row.spec_row = spec_versions.in_force(row.platform)
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
        return True
    except stored.StorageAway as error:
        log.warning("platform file %s must wait: %s", row.pk, error.text)
        _mine(row, key).update(due_at=timezone.now() + AWAY, lease_until=None, tries=0)
        return False
    except (cutting.CannotCut, intake.Unreadable) as error:
        _give_up(row, key, str(error))
        return True
    kept = _mine(row, key).update(
        media=media,
        **_made_for(row),
        made_of=freshness.made_of(row),
        box=cut.box,
        crop_findings=cut.crop_findings,
        label=cut.label,
        measured=cut.measured,
        findings=cut.findings,
        verdict=cut.verdict,
        error="",
        due_at=None,
        made_at=timezone.now(),
        tries=0,
        lease_until=None,
    )
    _after(row, key, kept)
    return True


def _mine(row: PlatformFile, key: str) -> QuerySet[PlatformFile]:
    """The row while the lease is ours and the crop is still the one that was cut."""
    return PlatformFile.objects.filter(pk=row.pk, lease_key=key, revision=row.revision)


def _made_for(row: PlatformFile) -> dict[str, Any]:
    """The limits a worker made the file for, or failed to."""
    spec = qa.spec_of_row(row)
    return {"spec_id": spec.id, "spec_version": spec.version, "spec_row_id": row.spec_row_id}


def _sub(folder: Path) -> Path:
    path = folder / "keep"
    path.mkdir()
    return path


def _give_up(row: PlatformFile, key: str, text: str) -> None:
    kept = _mine(row, key).update(
        error=text,
        verdict=FindingVerdict.FAIL,
        findings=[],
        due_at=None,
        lease_until=None,
        **_made_for(row),
    )
    _after(row, key, kept)


def _after(row: PlatformFile, key: str, kept: int) -> None:
    if kept == 0:
        # moved meanwhile: the row is still due, so let the next worker have it
        free = PlatformFile.objects.filter(pk=row.pk, lease_key=key, due_at__isnull=False)
        if free.update(lease_until=None) == 1:
            moved = PlatformFile.objects.get(pk=row.pk)
            dispatch.now("make_file", moved.pk, platform_files.wake_number(moved.revision) + 1)
        return
    if not platform_files.finish_if_done(asset_id=row.asset_id):
        events.show_progress(asset_id=row.asset_id)
