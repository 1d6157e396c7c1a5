"""What the Exports page shows: ready assets, the names their files will have, packages.

Reads only, each with a fixed number of queries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from campaigns.formats import manifest, naming
from campaigns.formats.media import extension_of
from campaigns.models import Asset, Campaign, Candidate, Export, PlatformFile, Team
from campaigns.models.choices import ExportState, FindingVerdict, Platform, Stage
from campaigns.queries import qa, still_approved, waivers
from campaigns.queries.still_approved import Gone

MOST_READY = 200
MOST_PACKAGES = 50
MOST_LOOKED_AT = 2_000  # assets of packages, newest first, that are compared with what stands now
WORKING = (ExportState.QUEUED, ExportState.BUILDING)


@dataclass(frozen=True, slots=True)
class ReadyAsset:
    """One asset that may be packaged. `files`: [{"platform", "name", "size"}] as in the package."""

    asset: Asset
    files: tuple[Mapping[str, Any], ...]
    verdicts: tuple[Mapping[str, str], ...]
    let_pass: tuple[str, ...]
    is_selected: bool

    @property
    def is_clip(self) -> bool:
        """True when a clip is packaged beside the still."""
        return any(found["kind"] == "clip" for found in self.files)


@dataclass(frozen=True, slots=True)
class Ready:
    """The ready assets on the page; `total` counts all of the team."""

    rows: tuple[ReadyAsset, ...]
    total: int
    not_ready: tuple[Asset, ...]

    @property
    def data(self) -> dict[str, Any]:
        """Plain values for the page's module: what each asset adds to a package."""
        return {str(row.asset.pk): list(row.files) for row in self.rows}

    @property
    def tree(self) -> tuple[TreeRow, ...]:
        """The package of what is selected, or of the first asset."""
        chosen = [row for row in self.rows if row.is_selected] or list(self.rows[:1])
        return tree([file for row in chosen for file in row.files])


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One line of the package's tree: `mark` are its branches."""

    mark: str
    name: str


@dataclass(frozen=True, slots=True)
class PackageRow:
    """A package, and what in it is not approved any more; None where that was not looked at."""

    export: Export
    gone: tuple[Gone, ...] | None

    @property
    def is_stopped(self) -> bool:
        """True when it is not handed out at all."""
        return any(one.stops for one in self.gone or ())


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages of a team, newest first. `version` tells live updates apart."""

    rows: tuple[PackageRow, ...]
    version: str
    is_working: bool


def ready(*, team: Team, selected: Sequence[int] = (), campaign: Campaign | None = None) -> Ready:
    """The assets that may be packaged, newest first; `selected` ones are ticked and never cut off.

    Selected ids that are not ready, archived or of another team are not ticked; those of the team
    are named in `not_ready`.
    """
    mine = Asset.objects.filter(team=team, archived_at__isnull=True).select_related(
        "campaign", "ad_set", "team", "current__media", "keyframe"
    )
    rows = mine.filter(stage=Stage.READY, ready_at__isnull=False)
    if campaign is not None:
        rows = rows.filter(campaign=campaign)
    total = rows.count()
    shown = list(rows.order_by("-ready_at", "-pk")[:MOST_READY])
    wanted = set(selected)
    missing = wanted - {asset.pk for asset in shown}
    others = list(mine.filter(pk__in=missing).order_by("pk")) if missing else []
    shown += [asset for asset in others if asset.stage == Stage.READY]
    files = qa.files_of(shown)
    versions = versions_of(shown)
    waived = waivers.of([row for rows_ in files.values() for row in rows_])
    return Ready(
        rows=tuple(
            ReadyAsset(
                asset=asset,
                files=tuple(_file(row, versions[asset.pk]) for row in files[asset.pk]),
                verdicts=tuple(_verdicts(asset, files[asset.pk], waived)),
                let_pass=tuple(waivers.sentences(files[asset.pk], waived)),
                is_selected=asset.pk in wanted,
            )
            for asset in shown
        ),
        total=total,
        not_ready=tuple(asset for asset in others if asset.stage != Stage.READY),
    )


def _file(row: PlatformFile, version: int) -> dict[str, Any]:
    return {
        "platform": row.platform,
        "kind": row.kind,
        "folder": folder_of(row.asset),
        "name": file_name(row, version),
        "size": row.media.size_bytes if row.media else 0,
    }


VERDICTS = {
    "ok": {"tone": "ok", "icon": "check", "words": "passes"},
    "warn": {"tone": "warn", "icon": "warn", "words": "has warnings"},
    "let": {"tone": "warn", "icon": "flag", "words": "let pass"},
    "bad": {"tone": "bad", "icon": "bad", "words": "fails"},
}


def _verdicts(
    asset: Asset, rows: Sequence[PlatformFile], waived: waivers.Waived
) -> Iterable[dict[str, str]]:
    """One pill a platform: the worst verdict of its files, as far as nobody let it pass."""
    order = list(VERDICTS)
    for platform in asset.platforms:
        found = [_verdict(row, waived) for row in rows if row.platform == platform]
        worst = max(found, key=order.index, default="warn")
        yield {"label": str(Platform(platform).label), **VERDICTS[worst]}


def _verdict(row: PlatformFile, waived: waivers.Waived) -> str:
    if row.verdict == FindingVerdict.FAIL:
        return "bad" if waivers.is_blocked(row, waived) else "let"
    return "ok" if row.verdict in {FindingVerdict.PASS, FindingVerdict.INFO} else "warn"


def versions_of(assets: Iterable[Asset]) -> dict[int, int]:
    """How many versions led to each asset's approved one. One query."""
    wanted = {asset.pk: asset.current_id for asset in assets}
    parents = dict(Candidate.objects.filter(asset_id__in=wanted).values_list("pk", "parent_id"))
    found = {}
    for pk, candidate in wanted.items():
        count = 0
        while candidate is not None:
            count += 1
            candidate = parents.get(candidate)
        found[pk] = max(1, count)
    return found


def file_name(row: PlatformFile, version: int) -> str:
    """The name of a platform file in a package, by the team's pattern. `row.asset` must be there
    with campaign and team."""
    media, asset = row.media, row.asset
    width, height = (media.width, media.height) if media else qa.size_of(qa.spec_of_row(row))
    return naming.build(
        naming.NameParts(
            brand=asset.campaign.brand,
            campaign=asset.campaign.name,
            concept=asset.title,
            platform=row.platform,
            ratio=manifest.ratio_text(width, height),
            language=asset.locale,
            version=version,
            code=asset.creative_code or "",
            length_s=media.duration_s if media else None,
        ),
        extension=extension_of(media.content_type if media else "image/jpeg"),
        pattern=naming.parse_pattern(asset.team.name_pattern),
    )


def folder_of(asset: Asset) -> str:
    """The folder of its files in a package, "campaign/ad-set". `asset` must be there with both."""
    campaign = naming.folder(asset.campaign.name, fallback="campaign")
    return f"{campaign}/{naming.folder(asset.ad_set.name, fallback='ad-set')}"


def tree_of(asset: Asset) -> tuple[TreeRow, ...]:
    """The package of one asset alone. `asset` needs campaign and team."""
    version = versions_of([asset])[asset.pk]
    return tree([_file(row, version) for row in qa.files_of([asset])[asset.pk]])


def tree(files: Sequence[Mapping[str, Any]]) -> tuple[TreeRow, ...]:
    """The package's content as lines of a tree: campaign, ad set, platform, files."""
    paths = [f"{file['folder']}/{file['platform']}/{file['name']}" for file in files]
    root: dict[str, Any] = {}
    for path in (*sorted(paths), *beside(files)):
        at = root
        for name in path.split("/"):
            at = at.setdefault(name, {})
    return tuple(_branches(root, ""))


def beside(files: Sequence[Mapping[str, Any]]) -> list[str]:
    """What lies beside the media of a package."""
    has = {(file["platform"], file["kind"]) for file in files}
    platforms = {platform for platform, _ in has}
    return [
        *(["bulk/google_ads_editor.csv"] if ("shorts", "clip") in has else []),
        *(["bulk/meta_ads_import.csv"] if "reels" in platforms else []),
        *(["bulk/tiktok_paste_sheet_1.csv"] if "tiktok" in platforms else []),
        "contact_sheet.html",
        "manifest.csv",
        "manifest.json",
        "README.txt",
    ]


def _branches(at: Mapping[str, Any], indent: str) -> Iterator[TreeRow]:
    for position, (name, inner) in enumerate(at.items(), 1):
        is_last = position == len(at)
        yield TreeRow(f"{indent}{'└ ' if is_last else '├ '}", f"{name}/" if inner else name)
        yield from _branches(inner, f"{indent}{'   ' if is_last else '│  '}")


def packages(*, team: Team) -> Packages:
    """The newest packages with who asked for them and how many assets they hold."""
    rows = tuple(
        Export.objects.filter(team=team)
        .select_related("requested_by")
        .defer("contents")
        .annotate(asset_count=Count("items"))
        .order_by("-pk")[:MOST_PACKAGES]
    )
    gone = still_approved.of(_looked_at(rows))
    text = repr(
        [
            (
                row.pk,
                row.state,
                round(row.progress, 2),
                row.tries,
                list(map(str, gone.get(row.pk, ()))),
            )
            for row in rows
        ]
    )
    return Packages(
        rows=tuple(PackageRow(row, gone.get(row.pk)) for row in rows),
        version=hashlib.sha256(text.encode()).hexdigest()[:16],
        is_working=any(row.state in WORKING for row in rows),
    )


def _looked_at(rows: Sequence[Any]) -> list[Export]:
    """The newest of these packages that together hold few enough assets."""
    total, found = 0, []
    for row in rows:
        total += row.asset_count
        if total <= MOST_LOOKED_AT:
            found.append(row)
    return found
