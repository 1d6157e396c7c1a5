"""Packages: a ZIP of approved platform files with manifest and instructions.

Bound to bytes: an item holds the hash that was approved, and a master that changed since is
refused. The same input gives the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from django.contrib.auth.models import User
from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns import dispatch, permissions
from campaigns.actions import events, leases, packing, stored
from campaigns.formats import bundle, naming
from campaigns.models import Asset, Campaign, Export, ExportItem, Team
from campaigns.models.choices import ExportState, Platform, Stage
from campaigns.queries import access
from campaigns.transitions import NotNow

log = logging.getLogger(__name__)

MOST_ASSETS = 500


class NothingToPack(ValueError):
    """The selection gives no package; `text` says what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def request(
    *, team: Team, assets: Sequence[Asset], platforms: Sequence[str], token: str, by: User
) -> Export:
    """Ask for a package of ready assets. The same token returns the same package.

    Raises NotAllowed, NothingToPack.
    """
    permissions.check_can_export(access.roles(by, team))
    earlier = Export.objects.filter(token=token, team=team).first()
    if earlier is not None:
        return earlier
    wanted = [name for name in Platform.values if name in platforms]
    if not wanted:
        raise NothingToPack("Tick at least one platform.")
    if not assets:
        raise NothingToPack("Select at least one ready asset, then package it.")
    if len(assets) > MOST_ASSETS:
        raise NothingToPack(f"A package holds at most {MOST_ASSETS} assets. Make two.")
    _check_ready(assets, wanted)
    campaign: Campaign = assets[0].campaign
    with_one_name = len({asset.campaign_id for asset in assets}) == 1
    label = campaign.name if with_one_name else team.name
    today = timezone.now().date().isoformat()
    try:
        with transaction.atomic():
            export = Export.objects.create(
                team=team,
                campaign=campaign,
                name=f"{naming.slug(label, fallback='package')}_{today}.zip",
                platforms=wanted,
                token=token,
                requested_by=by,
            )
            ExportItem.objects.bulk_create(
                ExportItem(
                    export=export,
                    asset=asset,
                    candidate=asset.current,
                    sha256=asset.current.media.sha256 if asset.current else "",
                )
                for asset in assets
            )
            events.record(
                team=team,
                verb="export.request",
                subject="export",
                subject_id=export.pk,
                by=by,
                after={"assets": [asset.pk for asset in assets], "platforms": wanted},
            )
            dispatch.on_commit("build_export", export.pk, 0)
    except IntegrityError:
        again = Export.objects.filter(token=token, team=team).first()
        if again is None:
            raise
        return again
    return export


def _check_ready(assets: Sequence[Asset], wanted: Sequence[str]) -> None:
    unready = [asset.title for asset in assets if asset.stage != Stage.READY]
    if unready:
        raise NothingToPack(
            f"{unready[0]} is not ready yet. Approve it in QA first, or leave it out."
        )
    if not any(set(asset.platforms) & set(wanted) for asset in assets):
        raise NothingToPack(
            "None of the selected assets was made for the ticked platforms. Tick another platform."
        )


def build(*, export_id: int) -> None:
    """Build one package. A second worker finds the lease taken and does nothing."""
    rows = Export.objects.filter(pk=export_id, state__in=[ExportState.QUEUED, ExportState.BUILDING])
    key = leases.claim(rows)
    if key is None:
        return
    mine = Export.objects.filter(pk=export_id, lease_key=key)
    mine.update(state=ExportState.BUILDING)
    export = Export.objects.select_related("team", "campaign", "requested_by").get(pk=export_id)
    if export.tries > leases.MOST_TRIES:
        _fail(export, key, "The worker died on this package every time. Try fewer assets.")
        return
    keeper = leases.Keeper(Export, export_id, key)
    gathered_at = timezone.now().isoformat()
    try:
        with keeper, stored.scratch() as folder:
            packed = packing.pack(export=export, folder=_sub(folder))
            members = packed.members
            path = folder / "package.zip"
            with path.open("wb") as target:
                bundle.write(
                    members,
                    target,
                    on_progress=partial(_progress, keeper),
                )
            keeper.check()
            digest = stored.sha256_of(path)
            size = path.stat().st_size
            with path.open("rb") as source:
                export.file.save(packing.storage_name(export), File(source), save=False)
    except leases.LeaseLost:
        log.info("package %s is in other hands now", export_id)
        return
    except (packing.CannotPack, bundle.BundleError, OSError) as error:
        log.warning("package %s failed: %s", export_id, error)
        _fail(export, key, _in_words(error))
        return
    with transaction.atomic():
        finished = mine.filter(state=ExportState.BUILDING).update(
            state=ExportState.READY,
            file=export.file.name,
            sha256=digest,
            size_bytes=size,
            file_count=len(members),
            contents={**packed.contents, "gathered_at": gathered_at},
            progress=1,
            finished_at=timezone.now(),
            lease_until=None,
        )
        if finished == 1:
            events.record(
                team=export.team,
                verb="export.ready",
                subject="export",
                subject_id=export.pk,
                by=None,
                after={"sha256": digest, "size_bytes": size},
            )


def _sub(folder: Path) -> Path:
    path = folder / "parts"
    path.mkdir()
    return path


def _progress(keeper: leases.Keeper, done: int, total: int) -> None:
    share = done / total if total else 1.0
    keeper.rows().filter(progress__lt=share - 0.02).update(progress=share)


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError):
        return (
            "The package could not be written; the disk may be full. "
            "Free space, then build it again. Nothing was lost."
        )
    return str(error)


def _fail(export: Export, key: str, text: str) -> None:
    Export.objects.filter(
        pk=export.pk, lease_key=key, state__in=[ExportState.QUEUED, ExportState.BUILDING]
    ).update(
        state=ExportState.FAILED,
        error=text,
        finished_at=timezone.now(),
        lease_until=None,
    )


def retry(*, export: Export, by: User) -> None:
    """Build a failed package again. Raises NotAllowed, NotNow."""
    permissions.check_can_export(access.roles(by, export.team))
    again = Export.objects.filter(pk=export.pk, state=ExportState.FAILED).update(
        state=ExportState.QUEUED, error="", progress=0, tries=0, finished_at=None
    )
    if again != 1:
        raise NotNow("This package is being built or is ready already.")
    dispatch.now("build_export", export.pk, 1000 + int(timezone.now().timestamp()) % 100000)
