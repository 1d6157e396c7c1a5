"""What goes into a package: its members, their names, the manifest's entries.

Reads rows and files; writes manifests and sheets into a scratch folder, and no row.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast

from campaigns.actions import packed_files
from campaigns.actions.packed_files import CannotPack
from campaigns.formats import contact, manifest, part, readme, sheets
from campaigns.formats.bundle import Member
from campaigns.models import Export, Media

MOST_SHOWN = 400  # files that the package's page lists


@dataclass(frozen=True, slots=True)
class Packed:
    """What a package is made of: its members, and what its page shows of them (JSON values)."""

    members: list[Member]
    contents: dict[str, Any]


def storage_name(export: Export) -> str:
    """A random private name below the team's folder."""
    token = secrets.token_urlsafe(24)
    return f"teams/{export.team_id}/packages/{token}.zip"


def pack(*, export: Export, folder: Path) -> Packed:
    """Gather the package; manifests and sheets are written below `folder` as files come by, so
    memory holds names only. Raises CannotPack when something is not as it was approved."""
    title = " · ".join([export.team.name, *_campaigns(export)[:3]])
    bulk: list[part.CsvPart] = [
        sheets.MetaSheet(folder),
        sheets.GoogleSheet(folder),
        sheets.TikTokSheet(folder),
    ]
    # nothing of the package's own: the same assets must give the same bytes on another day
    about = {
        "team": export.team.name,
        "campaigns": _campaigns(export),
        "platforms": export.platforms,
    }
    notes = readme.Readme(folder, title=title)
    others: list[part.Part] = [
        part.ManifestCsv(folder),
        part.ManifestJson(folder, about),
        contact.ContactSheet(folder, title=title),
        *bulk,
    ]
    members: list[Member] = []
    shown = _Shown()
    try:
        for entry, media in packed_files.of_export(export):
            members.append(Member(entry.path, media.size_bytes, _Reader(media)))
            shown.add(entry, media)
            for one in (*others, notes):
                one.add(entry, _Thumb(media))
    finally:
        made = [file for one in others for file in one.close()]
    if not members:
        raise CannotPack("There is nothing to pack for the platforms that were ticked.")
    notes.others = [path for path, _ in made]
    notes.guarded = sum(sheet.guarded for sheet in bulk)
    beside = [Member.of_file(path, file) for path, file in (*made, *notes.close())]
    return Packed([*members, *beside], shown.contents(beside))


def _campaigns(export: Export) -> list[str]:
    names_ = export.items.values_list("asset__campaign__name", flat=True)
    return sorted(set(names_))


class _Shown:
    """The package's page: counts, switches and the first files."""

    def __init__(self) -> None:
        self._files: list[dict[str, Any]] = []
        self._count = self._signed = 0
        self._switches: Counter[tuple[str, str, str]] = Counter()

    def add(self, entry: manifest.Entry, media: Media) -> None:
        self._count += 1
        self._signed += entry.disclosure.c2pa == "signed"
        said = entry.disclosure
        self._switches[entry.platform, said.ai_status, said.action] += 1
        if len(self._files) < MOST_SHOWN:
            self._files.append(
                {
                    "path": entry.path,
                    "title": entry.title,
                    "platform": entry.platform,
                    "kind": entry.kind,
                    "media": media.pk,
                    "width": entry.width,
                    "height": entry.height,
                    "size": entry.size_bytes,
                    "sha256": entry.sha256,
                    "verdict": entry.verdict,
                    "ai": entry.disclosure.ai_status,
                    "c2pa": entry.disclosure.c2pa,
                    "waived_by": entry.waiver.by if entry.waiver else "",
                    "waived_why": entry.waiver.why if entry.waiver else "",
                }
            )

    def contents(self, beside: Iterable[Member]) -> dict[str, Any]:
        switches = sorted(self._switches.items())
        return {
            "count": self._count,
            "signed": self._signed,
            "files": self._files,
            "beside": [{"path": one.path, "size": one.size_bytes} for one in beside],
            "switches": [
                {"platform": platform, "ai": status, "count": count, "action": action}
                for (platform, status, action), count in switches
            ],
        }


class _Thumb:
    """Reads the small picture of a media row when it is asked for."""

    def __init__(self, media: Media) -> None:
        self._field = media.thumb or media.poster

    def __call__(self) -> bytes:
        if not self._field:
            return b""
        try:
            with self._field.open("rb") as source:
                content: bytes = source.read()
        except OSError:
            return b""  # a page without a picture is better than none
        return content


class _Reader:
    """Opens the stored file of a media row."""

    def __init__(self, media: Media) -> None:
        # not the row itself: a package has thousands of them
        self._storage, self._name = media.file.storage, media.file.name or ""
        self._sha256 = media.sha256

    def __call__(self) -> BinaryIO:
        try:
            source = self._storage.open(self._name, "rb")
        except OSError as error:
            raise CannotPack(
                "A stored file is missing. Move its crop in QA to make it again."
            ) from error
        return cast(BinaryIO, _Checked(source, self._sha256))


class _Checked(RawIOBase):
    """Reads a file and refuses its end when the bytes are not those that were approved."""

    def __init__(self, source: Any, sha256: str) -> None:
        self._source = source
        self._wanted = sha256
        self._digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        piece: bytes = self._source.read(size)
        self._digest.update(piece)
        if not piece and self._digest.hexdigest() != self._wanted:
            raise CannotPack(
                "A stored file is not the one that was approved: its content changed on disk. "
                "Move its crop in QA to make it again."
            )
        return piece

    def close(self) -> None:
        self._source.close()
        super().close()
