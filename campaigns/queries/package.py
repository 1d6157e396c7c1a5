"""What a package's page shows: the switches to set, what lies where, each file. Reads only."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import IO, Any

from campaigns.formats import readme, specs
from campaigns.models import Export
from campaigns.models.choices import FindingVerdict, Platform
from campaigns.queries.qa import AI_WORDS

# what lies beside the media, for the person who uploads
BESIDE = {
    "README.txt": "what is where, and the switches above",
    "contact_sheet.html": "every creative on one page, to show and to sign; opens offline",
    "manifest.csv": "one row a file, with columns to fill in after the upload",
    "manifest.json": "the same in full, with every step and check",
    "bulk/meta_ads_import.csv": (
        "for Meta Ads Manager: paused ads into existing campaigns and ad sets"
    ),
    "bulk/google_ads_editor.csv": (
        "for Google Ads Editor: clips only, paused ads into existing campaigns and ad groups"
    ),
}
PASTE = "to paste into the template your TikTok account exports; not an import file"
SEALS = {"signed": "signed", "off": "", "failed": "not signed"}


@dataclass(frozen=True, slots=True)
class Switch:
    """What to set on one platform for files of one kind."""

    platform: str
    ai: str
    count: int
    action: str


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of one ad set: [{"name", "media", "size", …}], a creative's side by side."""

    path: str
    files: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """The page. `left_out` counts files that only the manifest lists."""

    switches: tuple[Switch, ...]
    folders: tuple[Folder, ...]
    beside: tuple[Mapping[str, Any], ...]
    count: int
    signed: int
    left_out: int


def contents(export: Export) -> Contents:
    """What is in a finished package, as it was when it was built. No query."""
    found = export.contents
    files = found.get("files", [])
    ordered = sorted(files, key=_place)
    folders = groupby(ordered, key=lambda one: _place(one)[0])
    order = list(BESIDE)
    return Contents(
        switches=tuple(
            Switch(
                str(Platform(one["platform"]).label),
                AI_WORDS[one["ai"]],
                one["count"],
                _action(one),
            )
            for one in found.get("switches", [])
        ),
        folders=tuple(Folder(path, tuple(map(_file, inner))) for path, inner in folders),
        beside=tuple(
            {**one, "about": BESIDE.get(one["path"], PASTE)}
            for one in sorted(
                found.get("beside", []),
                key=lambda one: order.index(one["path"]) if one["path"] in BESIDE else len(order),
            )
        ),
        count=found.get("count", 0),
        signed=found.get("signed", 0),
        left_out=found.get("count", 0) - len(files),
    )


def _action(switch: Mapping[str, Any]) -> str:
    """The step as it was packed; an earlier version did not keep it with the package."""
    if "action" in switch:
        return str(switch["action"])
    steps = specs.for_platform(switch["platform"], "still").disclosure
    return readme.disclosure_action(steps, switch["ai"])


def has_part(export: Export, path: str) -> bool:
    """Does this lie beside the media of the package?"""
    return path in {one["path"] for one in export.contents.get("beside", [])}


@contextmanager
def part_of(export: Export, path: str) -> Iterator[IO[bytes]]:
    """One file out of a finished package, to be read in pieces."""
    with (
        export.file.open("rb") as stored,
        zipfile.ZipFile(stored) as package,
        package.open(path) as found,
    ):
        yield found


def _place(one: Mapping[str, Any]) -> tuple[str, str, str]:
    """Campaign and ad set first, then the creative, then the platform."""
    path = str(one["path"])
    return path.rsplit("/", 2)[0], str(one["title"]), path


def _file(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "name": one["path"].rpartition("/")[2],
        "platform_label": str(Platform(one["platform"]).label),
        "ai_words": AI_WORDS[one["ai"]],
        "seal": SEALS.get(one["c2pa"], ""),
        "let_pass": _let_pass(one),
    }


def _let_pass(one: Mapping[str, Any]) -> str:
    """Who let the file pass and why; what fails is packed only so. "" where it does not fail."""
    if one["verdict"] != FindingVerdict.FAIL:
        return ""
    if not one.get("waived_by"):
        return "Let pass by a manager; manifest.csv says who and why."
    return f"Let pass by {one['waived_by']}: {one['waived_why']}"
