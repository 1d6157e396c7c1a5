"""What the QA page shows: one card a platform with its files, crops, zones and checks; and which
platform files belong to an asset, for everybody who asks. Reads only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from campaigns.formats import house_checks, mends, readme
from campaigns.formats.spec import Spec
from campaigns.models import Asset, Candidate, Gate, Media, PlatformFile, StageRun, Waiver
from campaigns.models.choices import FileKind, FindingVerdict, Platform, RunState, Stage
from campaigns.queries import (
    declarations,
    fillings,
    freshness,
    placements,
    spec_versions,
    waivers,
)
from campaigns.queries.declarations import Declaration
from imaging.fonts import reads_right_to_left
from imaging.geometry import Box
from imaging.safezone import SafeZone

DEFAULT_SIZE = (1080, 1920)
NOTES = {FindingVerdict.PASS: "ok", FindingVerdict.WARN: "warn", FindingVerdict.FAIL: "bad"}
RANK = {"fail": 0, "warn": 1, "pass": 2, "info": 3}
AI_WORDS = {
    "none": "No AI",
    "ai_modified": "Modified with AI",
    "ai_generated": "Generated with AI",
    "unknown": "Not declared",
}


def spec_of(platform: str, kind: str, version: int | None = None) -> Spec:
    """The placement that the default package targets, as shipped or in an admin's version."""
    return spec_versions.target(spec_versions.file_of(platform, version), kind)


def spec_of_row(row: PlatformFile) -> Spec:
    """The limits that a file was, or is being, made for; the interface as its readers see it."""
    spec = spec_of(row.platform, row.kind, row.spec_row_id)
    if reads_right_to_left(row.asset.locale):
        return replace(spec, safe_zone=spec.safe_zone.turned())
    return spec


def size_of(spec: Spec) -> tuple[int, int]:
    """Pixels of the exported file."""
    return (spec.export.width, spec.export.height) if spec.export else DEFAULT_SIZE


def zone_of(spec: Spec) -> SafeZone:
    """The safe zone in the exported file's pixels."""
    width, height = size_of(spec)
    return SafeZone.from_spec(spec.safe_zone.as_dict()).scaled(width, height)


def sources_of(asset: Asset) -> list[tuple[Candidate, str]]:
    """What is packaged: always the approved still, and the clip where there is one."""
    found: list[tuple[Candidate, str]] = []
    if asset.keyframe is not None:
        found.append((asset.keyframe, str(FileKind.STILL)))
    current = asset.current
    if current is not None and current.media.kind == FileKind.CLIP:
        found.append((current, str(FileKind.CLIP)))
    return found


def files_of(
    assets: Iterable[Asset], *, without: Sequence[str] = ()
) -> dict[int, list[PlatformFile]]:
    """The platform files of each asset's approved version, platform by platform, still first, the
    fields `without` unread. One query. The assets need `current__media` and `keyframe`."""
    by_id = {asset.pk: asset for asset in assets}
    wanted = {
        (candidate.pk, kind) for asset in by_id.values() for candidate, kind in sources_of(asset)
    }
    known = PlatformFile.objects.select_related("media", "source__media", "moved_by")
    rows = known.filter(asset_id__in=by_id, source_id__in={pk for pk, _ in wanted}).defer(*without)
    found: dict[int, list[PlatformFile]] = {pk: [] for pk in by_id}
    for row in rows:
        asset = by_id[row.asset_id]
        if (row.source_id, row.kind) in wanted and row.platform in asset.platforms:
            row.asset = asset
            found[asset.pk].append(row)
    for pk, of_asset in found.items():
        order = by_id[pk].platforms
        of_asset.sort(key=lambda row: (order.index(row.platform), row.kind != FileKind.STILL))
    return found


def seen_by(rows: Sequence[PlatformFile]) -> str:
    """What a person who approves has looked at: changes when any crop is moved."""
    text = ",".join(f"{row.pk}:{row.revision}" for row in sorted(rows, key=lambda row: row.pk))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def run_of(asset: Asset) -> StageRun | None:
    """The asset's newest QA run, with who judged it."""
    return (
        StageRun.objects.filter(asset=asset, stage=Stage.QA)
        .exclude(state__in=[RunState.CANCELLED])
        .select_related("judged_by")
        .order_by("-pk")
        .first()
    )


def gate_of(run: StageRun | None) -> Gate | None:
    """The gate that stands for this run."""
    gates = Gate.objects.filter(run=run, withdrawn_at__isnull=True)
    return gates.select_related("decided_by").order_by("-pk").first() if run else None


@dataclass(frozen=True, slots=True)
class Zone:
    """What the app covers, in pixels of a width x height file."""

    width: int
    height: int
    covering: tuple[Box, ...]
    clear: Box


@dataclass(frozen=True, slots=True)
class FileCard:
    """One file of a platform: what to show, what was found, what it weighs."""

    row: PlatformFile
    label: str
    width: int
    height: int
    zone: Zone
    checks: tuple[Mapping[str, Any], ...]
    mended: tuple[Mapping[str, Any], ...]
    crop_notes: tuple[Mapping[str, str], ...]
    outdated: tuple[str, ...]  # what changed since it was made
    others: placements.Placements

    @property
    def is_making(self) -> bool:
        """True while a worker makes it."""
        return self.row.due_at is not None

    @property
    def media(self) -> Media | None:
        """The finished file, if there is one."""
        return self.row.media

    @property
    def failing(self) -> tuple[Mapping[str, Any], ...]:
        """Checks that keep it from being packaged."""
        return tuple(check for check in self.checks if check["is_blocking"])

    @property
    def to_look_at(self) -> tuple[Mapping[str, Any], ...]:
        """Checks that fail or warn, also those let pass."""
        return tuple(c for c in self.checks if c["verdict"] in {"fail", "warn"})

    @property
    def kept(self) -> tuple[Mapping[str, Any], ...]:
        """The other checks: limits that are kept, and remarks."""
        return tuple(c for c in self.checks if c["verdict"] not in {"fail", "warn"})

    @property
    def kept_words(self) -> str:
        """What the folded list holds: "12 limits kept, 1 remark"."""
        passed = sum(c["verdict"] == FindingVerdict.PASS for c in self.kept)
        remarks = len(self.kept) - passed
        limits = f"{passed} limit{'' if passed == 1 else 's'} kept"
        return f"{limits}, {remarks} remark{'' if remarks == 1 else 's'}" if remarks else limits

    @property
    def loses(self) -> bool:
        """True when the automatic crop does not keep everything whole."""
        return not self.row.is_manual and bool(fillings.loses(self.row.crop_findings))

    @property
    def placed(self) -> str:
        """How a person had it cut, "" for the automatic crop."""
        if self.row.is_manual:
            return "Shown whole" if fillings.is_whole(self.row) else "Placed by hand"
        return "Focus point set" if self.row.focus else ""

    @property
    def warnings(self) -> int:
        """Checks and crop notes that a person should look at."""
        checks = sum(check["verdict"] == FindingVerdict.WARN for check in self.checks)
        return checks + sum(note["tone"] in {"warn", "bad"} for note in self.crop_notes)


@dataclass(frozen=True, slots=True)
class PlatformCard:
    """One platform with its files and what its own form asks about AI."""

    key: str
    label: str
    files: tuple[FileCard, ...]
    ai_words: str
    disclosure: str

    @property
    def verdict(self) -> tuple[str, str]:
        """The pill of the whole card: (text, tone)."""
        if any(file.is_making for file in self.files):
            return "Making", "run"
        failing = sum(len(file.failing) or int(bool(file.row.error)) for file in self.files)
        if failing:
            return f"{failing} failing", "bad"
        warnings = sum(file.warnings for file in self.files)
        if warnings:
            return f"{warnings} warning" + ("s" if warnings > 1 else ""), "warn"
        return "Pass", "ok"


@dataclass(frozen=True, slots=True)
class Overview:
    """The QA page. `seen` goes back with an approval; `version` tells live updates apart."""

    asset: Asset
    cards: tuple[PlatformCard, ...]
    run: StageRun | None
    gate: Gate | None
    seen: str
    version: str
    made: int
    total: int
    declaration: Declaration
    waived: waivers.Waived

    @property
    def is_making(self) -> bool:
        """True while files are made or the run has not handed them over."""
        working = self.run is not None and self.run.state in {RunState.QUEUED, RunState.RUNNING}
        return working or self.made < self.total

    @property
    def failing(self) -> list[str]:
        """What keeps the asset from being approved, each with what to do."""
        return waivers.why_not(
            (file.row for card in self.cards for file in card.files),
            self.waived,
            is_undeclared=self.declaration.is_open,
        )

    @property
    def is_open(self) -> bool:
        """True when a person may decide now."""
        return self.run is not None and self.run.state == RunState.REVIEW

    @property
    def is_ready(self) -> bool:
        """True when the gate was passed and stands."""
        return self.asset.stage == Stage.READY

    @property
    def can_start(self) -> bool:
        """True when the asset stands in QA and nothing runs or waits there."""
        at_rest = self.run is None or self.run.state in {
            RunState.DONE,
            RunState.FAILED,
            RunState.DECLINED,
        }
        return self.asset.stage == Stage.QA and at_rest


def overview(*, asset: Asset) -> Overview:
    """Everything the QA page of one asset shows."""
    rows = files_of([asset])[asset.pk]
    run = run_of(asset)
    made = sum(row.due_at is None for row in rows)
    state = [(row.pk, row.revision, str(row.due_at), str(row.made_at), row.error) for row in rows]
    gate = gate_of(run)
    waived = waivers.of(rows)
    in_force = {key: row.pk for key, row in spec_versions.all_in_force().items()}
    let_pass = [(pk, sorted(keys)) for pk, keys in sorted(waived.items())]
    version = repr(
        (asset.revision, asset.stage, run and (run.pk, run.state, run.progress), state, let_pass)
    )
    return Overview(
        asset=asset,
        cards=tuple(_card(platform, rows, waived, in_force) for platform in asset.platforms),
        run=run,
        gate=gate,
        seen=seen_by(rows),
        version=hashlib.sha256(version.encode()).hexdigest()[:16],
        made=made,
        total=len(rows),
        declaration=declarations.of_asset(asset),
        waived=waived,
    )


def _card(
    platform: str,
    rows: Sequence[PlatformFile],
    waived: waivers.Waived,
    in_force: Mapping[str, int],
) -> PlatformCard:
    own = [row for row in rows if row.platform == platform]
    ai_status = own[-1].source.media.ai_status if own else "unknown"
    # by what its files were made for, as in the package
    spec = spec_of_row(own[-1]) if own else spec_of(platform, FileKind.STILL)
    # the clip first: where there is one it is what runs
    own.sort(key=lambda row: row.kind != FileKind.CLIP)
    files = tuple(file_card(row, waived, in_force) for row in own)
    return PlatformCard(
        key=platform,
        label=str(Platform(platform).label),
        files=files,
        ai_words=AI_WORDS[ai_status],
        disclosure=readme.disclosure_action(spec.disclosure, ai_status),
    )


def file_card(
    row: PlatformFile,
    waived: waivers.Waived | None = None,
    in_force: Mapping[str, int] | None = None,
) -> FileCard:
    """One file as the page shows it."""
    spec = spec_of_row(row)
    let_pass = (waived or {}).get(row.pk, {})
    checked = {found.get("key") for found in row.findings}
    width, height = size_of(spec)
    return FileCard(
        row=row,
        label=str(FileKind(row.kind).label),
        width=width,
        height=height,
        zone=_zone(spec),
        # what a person must look at stands first, the rest in the order of the spec
        checks=tuple(
            sorted(
                (_check(found, row, spec, let_pass) for found in row.findings),
                key=lambda found: RANK[found["verdict"]],
            )
        ),
        mended=tuple(_mended(entry, row) for entry in row.mended),
        crop_notes=tuple(
            _note(found)
            for found in row.crop_findings
            if f"{house_checks.CROP}{found['code']}" not in checked
        ),
        outdated=tuple(freshness.outdated(row, in_force)) if in_force is not None else (),
        others=placements.of_file(row, spec),
    )


def _zone(spec: Spec) -> Zone:
    at = zone_of(spec)
    return Zone(at.width, at.height, at.covering(), at.clear_box())


def _check(
    found: Mapping[str, str], row: PlatformFile, spec: Spec, let_pass: Mapping[str, Waiver]
) -> dict[str, Any]:
    words = {"pass": "ok", "warn": "check", "fail": "fails", "info": "note"}
    tone = NOTES.get(FindingVerdict(found["verdict"]), "")
    waiver = let_pass.get(found["key"]) if found["verdict"] == FindingVerdict.FAIL else None
    return {
        **found,
        "word": "let pass" if waiver else words[found["verdict"]],
        "tone": "warn" if waiver else tone,
        "waiver": waiver,
        "is_blocking": found["verdict"] == FindingVerdict.FAIL and waiver is None,
        "may_be_let": found["verdict"] == FindingVerdict.FAIL
        and waiver is None
        and found["key"] != waivers.DISCLOSURE,
        "way": way_of(found, row, spec),
    }


def way_of(found: Mapping[str, str], row: PlatformFile, spec: Spec) -> mends.Way | None:
    """How this finding of this file can be mended; None when there is nothing to mend."""
    digest = row.media.sha256 if row.media else ""
    return mends.way(
        found, spec, measured=row.measured, mends=row.mends, is_manual=row.is_manual,
        is_tried=any(e["key"] == found["key"] and e["sha256"] == digest for e in row.mended),
    )  # fmt: skip


def _mended(entry: Mapping[str, Any], row: PlatformFile) -> dict[str, Any]:
    """What a mend changed: the value before and the value now."""
    now = next((f["value_text"] for f in row.findings if f["key"] == entry["key"]), "gone")
    return {**entry, "now": now}


def _note(found: Mapping[str, str]) -> dict[str, str]:
    icons = {"pass": "check", "info": "info"}
    tone = NOTES.get(FindingVerdict(found["verdict"]), "")
    return {**found, "icon": icons.get(found["verdict"], "warn"), "tone": tone}
