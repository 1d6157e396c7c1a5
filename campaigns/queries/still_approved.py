"""Which finished packages hold something that is not approved any more, and why. Reads only.

A package is bytes that left the line: what is withdrawn, made again or revoked afterwards changes
nothing in it, so it is said where the package is shown and handed out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models.fields.json import KT

from campaigns.models import (
    Asset,
    AssetBase,
    Candidate,
    Event,
    Export,
    ExportItem,
    FaceConsent,
    Gate,
    PlatformFile,
    StageRun,
)
from campaigns.models.choices import ExportState, Stage
from campaigns.queries import consents, freshness, qa

SAID_ANEW = "How its photo was made was said anew, so its switches and labels may be wrong."
OTHER = "Another version of it is the current one now."
WITHDRAWN = "Its approval was withdrawn."
# what a page that is asked for every few seconds need not read of every file
HEAVY = ("media__seen", "source__media__seen", "measured", "findings")
NO_FACE = "Approve a version without this face."


@dataclass(frozen=True, slots=True)
class Gone:
    """An asset of a package that is not as it was approved; `stops` the package altogether."""

    asset: Asset
    why: str
    stops: bool = False

    def __str__(self) -> str:
        return f"{self.asset.title}: {self.why}"


@dataclass(frozen=True, slots=True)
class _Now:
    """How things stand, for all assets that are asked about; each read with one query."""

    files: Mapping[int, Sequence[PlatformFile]]
    gates: Mapping[int, Gate]
    agreed: Mapping[int, FaceConsent]
    ways: Mapping[int, tuple[int | None, int]]
    said_at: Mapping[int, datetime]
    gathered: Mapping[int, datetime]


def of(exports: Sequence[Export]) -> dict[int, tuple[Gone, ...]]:
    """What is not approved any more, by package; () for one that is not finished.

    At most eight queries, however many packages and assets.
    """
    finished = {export.pk: export for export in exports if export.state == ExportState.READY}
    found: dict[int, list[Gone]] = {export.pk: [] for export in exports}
    if not finished:
        return dict.fromkeys(found, ())
    items = list(
        ExportItem.objects.filter(export_id__in=finished)
        .select_related("asset__campaign", "asset__current__media", "asset__keyframe__media")
        .defer("asset__current__media__seen", "asset__keyframe__media__seen")
        .order_by("export_id", "pk")
    )
    now = _now({item.asset_id: item.asset for item in items}, finished)
    for item in items:
        gone = _gone(item, finished[item.export_id], now)
        if gone is not None:
            found[item.export_id].append(gone)
    return {pk: tuple(several) for pk, several in found.items()}


def stopping(gone: Sequence[Gone]) -> str:
    """Why a package is not handed out at all, and what to do; "" when it may go."""
    stops = next((one for one in gone if one.stops), None)
    if stops is None:
        return ""
    return (
        f"This package is not handed out any more. {stops} {NO_FACE} "
        "Then build the package again on Exports, with that version or without this asset."
    )


def _now(assets: Mapping[int, Asset], exports: Mapping[int, Export]) -> _Now:
    gates = Gate.objects.filter(asset_id__in=assets, stage=Stage.QA, withdrawn_at__isnull=True)
    swaps = {
        run.pk: run
        for run in StageRun.objects.filter(
            asset_id__in=assets, consent__isnull=False
        ).select_related("consent")
    }
    # the way to a version is only walked where somebody's face was swapped in
    with_faces = {run.asset_id for run in swaps.values()}
    versions = Candidate.objects.filter(asset_id__in=with_faces) if with_faces else None
    return _Now(
        files=qa.files_of(assets.values(), without=HEAVY),
        gates={gate.asset_id: gate for gate in gates.order_by("pk")},
        agreed={pk: run.consent for pk, run in swaps.items() if run.consent is not None},
        ways={
            pk: (parent, run)
            for pk, parent, run in (
                versions.values_list("pk", "parent_id", "run_id") if versions is not None else ()
            )
        },
        said_at=_said_at(assets),
        gathered=_gathered(exports),
    )


def _said_at(assets: Mapping[int, Asset]) -> dict[int, datetime]:
    """When it was last said of one of an asset's photos how it was made."""
    bases = list(AssetBase.objects.filter(asset_id__in=assets).values_list("asset_id", "media_id"))
    last = dict(
        Event.objects.filter(
            verb="media.declare", subject="media", subject_id__in={media for _, media in bases}
        )
        .order_by("pk")
        .values_list("subject_id", "at")
    )
    found: dict[int, datetime] = {}
    for asset, media in bases:
        if media in last:
            found[asset] = max(last[media], found.get(asset, last[media]))
    return found


def _gone(item: ExportItem, export: Export, now: _Now) -> Gone | None:
    asset = item.asset
    problem = _consent_problem(item.candidate_id, now)
    if problem:
        return Gone(asset, problem, stops=True)
    said_at, since = now.said_at.get(asset.pk), now.gathered.get(export.pk)
    if said_at is not None and since is not None and said_at > since:
        return Gone(asset, SAID_ANEW)
    current, gate = asset.current, now.gates.get(asset.pk)
    if current is None or current.pk != item.candidate_id or current.media.sha256 != item.sha256:
        return Gone(asset, OTHER)
    if asset.stage != Stage.READY or gate is None or gate.sha256 != item.sha256:
        return Gone(asset, WITHDRAWN)
    for row in now.files[asset.pk]:
        why = _changed(row, since) if row.platform in export.platforms else ""
        if why:
            return Gone(asset, f"{row.get_platform_display()} {row.kind}: {why}")
    return None


def _consent_problem(version: int | None, now: _Now) -> str:
    """Whose consent on the way to this version is over."""
    while version is not None and version in now.ways:
        version, run = now.ways[version]
        if run in now.agreed:
            problem = consents.problem(now.agreed[run], consents.today())
            if problem:
                return problem
    return ""


def _changed(row: PlatformFile, packed_at: datetime | None) -> str:
    """What became of a file since it was packed."""
    if row.due_at is not None:
        return "It is being made again."
    changes = freshness.changes(row)
    if changes:
        return changes[0]
    if row.made_at is not None and packed_at is not None and row.made_at > packed_at:
        return "It was made again after it was packed."
    return ""


def _gathered(exports: Mapping[int, Export]) -> dict[int, datetime]:
    """Before the first file of each package was read: what changed while it was packed is not in it
    either. Packages of an earlier version know only when they were finished."""
    said = Export.objects.filter(pk__in=exports).values_list("pk", KT("contents__gathered_at"))
    known = {pk: datetime.fromisoformat(text) for pk, text in said if text}
    ends = {pk: one.finished_at for pk, one in exports.items() if one.finished_at is not None}
    return {**ends, **known}
