"""Which limits count now, which an admin wrote, and what a change would mean for ready assets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from campaigns.formats import spec_check, spec_diff, spec_edit, specs
from campaigns.formats.measured import Measured
from campaigns.formats.spec import Spec, SpecFile
from campaigns.models import Asset, PlatformFile, SpecVersion, Team
from campaigns.models.choices import FindingVerdict, Platform, Stage
from campaigns.queries import freshness

NAMES = {**{str(key): str(label) for key, label in Platform.choices}, "all": "All three at once"}
MOST_FILES = 5_000  # looked at for one change, newest first


def shipped(platform: str) -> dict[str, Any]:
    """The file that comes along, as JSON."""
    stem = "universal" if platform == specs.ALL else platform
    name = next(name for name in specs.FILES if name == f"{stem}.json")
    data: dict[str, Any] = json.loads((specs.FOLDER / name).read_text(encoding="utf-8"))
    return data


def in_force(platform: str) -> SpecVersion | None:
    """The version an admin put in force; None while the shipped file counts."""
    return SpecVersion.objects.filter(platform=platform, is_in_force=True).first()


def all_in_force() -> dict[str, SpecVersion]:
    """The admin's versions that count now, by platform. One query."""
    return {row.platform: row for row in SpecVersion.objects.filter(is_in_force=True)}


@lru_cache(maxsize=64)
def parsed(pk: int) -> SpecFile:
    """A version that was in force once, and so never changes, read and checked."""
    row = SpecVersion.objects.get(pk=pk)
    return specs.parse(row.data, str(row))


def file_of(platform: str, pk: int | None) -> SpecFile:
    """The limits of a version, or those that come along."""
    return parsed(pk) if pk else specs.file_of(platform)


def target(file: SpecFile, kind: str) -> Spec:
    """The placement that the default package targets."""
    wanted = file.defaults[str(kind)]
    return next(spec for spec in file.specs if spec.id == wanted)


@dataclass(frozen=True, slots=True)
class Row:
    """A platform on the page: what counts now, and the versions there are, newest first."""

    key: str
    name: str
    version: str
    current: SpecVersion | None
    placements: Sequence[Spec]
    versions: Sequence[SpecVersion]

    @property
    def limit_count(self) -> int:
        """How many limits its placements have together."""
        return sum(len(spec.limits) for spec in self.placements)


def rows() -> list[Row]:
    """Every platform. One query."""
    found: dict[str, list[SpecVersion]] = {key: [] for key in NAMES}
    for version in SpecVersion.objects.select_related("by").order_by("-pk"):
        found.setdefault(version.platform, []).append(version)
    return [_row(key, versions) for key, versions in found.items()]


def _row(key: str, versions: list[SpecVersion]) -> Row:
    current = next((version for version in versions if version.is_in_force), None)
    file = specs.parse(current.data, str(current)) if current else specs.file_of(key)
    return Row(key, NAMES.get(key, key), file.version, current, file.specs, versions)


@dataclass(frozen=True, slots=True)
class Form:
    """One placement of a draft as boxes to type in; `others` are (id, name) of every placement."""

    placement: str
    name: str
    others: Sequence[tuple[str, str]]
    rows: Sequence[spec_edit.Row]
    new: Sequence[spec_edit.Input]
    seen: str
    error_count: int


def form(
    *, row: SpecVersion, placement: str, given: Mapping[str, str], errors: Mapping[str, str]
) -> Form:
    """The form of the placement with this id, or of the first; `given` is what was refused."""
    spec = spec_edit.placement(row.data, placement)
    return Form(
        placement=spec["id"],
        name=spec["placement"],
        others=[(one["id"], one["placement"]) for one in row.data["specs"]],
        rows=spec_edit.rows(row.data, spec, given=given, errors=errors),
        new=spec_edit.new_source(given=given, errors=errors),
        seen=given.get("seen") or spec_edit.seen(row.data),
        error_count=len(errors),
    )


@dataclass(frozen=True, slots=True)
class Affected:
    """A ready asset whose file keeps today's limits and not the new ones, and why."""

    asset: Asset
    platform: str
    kind: str
    reasons: Sequence[spec_check.SpecFinding]


@dataclass(frozen=True, slots=True)
class Page:
    """One version: its text, how it differs from what counts now, and whom that would hit."""

    row: SpecVersion
    name: str
    text: str
    against: str
    changes: Sequence[spec_diff.Change]
    affected: Sequence[Affected]
    elsewhere: int
    unmeasured: int

    @property
    def is_draft(self) -> bool:
        """May still be edited."""
        return self.row.used_at is None


def page(*, row: SpecVersion, team: Team, against: SpecVersion | None = None) -> Page:
    """A version beside `against`, or beside what counts now."""
    new = specs.parse(row.data, str(row))
    other = against or in_force(row.platform)
    old = specs.parse(other.data, str(other)) if other else specs.file_of(row.platform)
    hit, unmeasured = _affected(row.platform, new)
    own = [one for one in hit if one.asset.team_id == team.pk]
    return Page(
        row=row,
        name=NAMES.get(row.platform, row.platform),
        text=json.dumps(row.data, ensure_ascii=False, indent=1),
        against=f"{old.version}{'' if other else ', which comes along'}",
        changes=spec_diff.changes(old, new),
        affected=own,
        elsewhere=len({one.asset.pk for one in hit} - {one.asset.pk for one in own}),
        unmeasured=unmeasured,
    )


def _affected(platform: str, new: SpecFile) -> tuple[list[Affected], int]:
    files = (
        PlatformFile.objects.filter(
            platform=platform, asset__stage=Stage.READY, asset__archived_at__isnull=True,
            media__isnull=False,
        )
        .select_related("asset__campaign")
        .order_by("-pk")[:MOST_FILES]
    )  # fmt: skip
    found, unmeasured = [], 0
    for file in files:
        if not file.measured:
            unmeasured += 1
            continue
        reasons = newly_failing(file, target(new, file.kind))
        if reasons:
            found.append(Affected(file.asset, file.get_platform_display(), file.kind, reasons))
    return found, unmeasured


def newly_failing(file: PlatformFile, spec: Spec) -> list[spec_check.SpecFinding]:
    """What a file, as it was measured, would fail under other limits and does not fail today."""
    report = spec_check.check_measured(
        Measured.from_json(file.measured), spec, texts=freshness.texts_of(file)
    )
    today = {(found["key"], found["limit_text"]) for found in failing(file.findings)}
    return [
        found
        for found in report.findings
        if found.verdict == FindingVerdict.FAIL and (found.key, found.limit_text) not in today
    ]


def failing(findings: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Those that keep a file from being packaged."""
    return [found for found in findings if found.get("verdict") == FindingVerdict.FAIL]
