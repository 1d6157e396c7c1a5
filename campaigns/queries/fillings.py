"""Which ways there are to show a whole master in a platform's frame, and which one a file takes.

Reads only; what each way looks like is imaging's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from campaigns.models import Asset, PlatformFile
from imaging import filling as pixels
from imaging import fonts, palette
from imaging.filling import BANDS, Filling
from imaging.findings import LOSSES, CropFinding
from imaging.geometry import Box, has_ratio
from imaging.safezone import SafeZone
from imaging.see import Seen, SeenBox

LABELS = {
    "auto": "On the ground that suits it",
    "blur": "On a blurred copy",
    "edge": "On its own edge colors",
    "brand": "On a brand color",
    "above": "Headline above it",
    "below": "Headline below it",
}
METHODS = {way: f"whole_{way}" for way in ("auto", "blur", "edge", "brand")} | {
    "above": "stack_headline_above",
    "below": "stack_headline_below",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a band, in the frame's pixels: the middle of its foot, and how wide it is set."""

    text: str
    x: int
    y: int
    width: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to show the whole master in a frame: what a preview needs, and what is to be known of
    it. Boxes in the frame's pixels; `rims` are the two parts beside the picture."""

    way: str
    label: str
    picture: Box
    rims: tuple[Box, Box]
    lines: tuple[Line, ...]
    line_px: int
    findings: tuple[CropFinding, ...]

    @property
    def is_colored(self) -> bool:
        """True when a color is asked for."""
        return self.way in {"brand", *BANDS}

    @property
    def is_blurred(self) -> bool:
        """True when the preview lays a blurred copy behind the picture."""
        return self.way in {"auto", "blur"}


def choices(
    row: PlatformFile, seen: Seen | None, size: tuple[int, int], zone: SafeZone
) -> tuple[Choice, ...]:
    """Every way this file may take. Without `seen` nothing is known of what it keeps."""
    master = row.source.media
    box = Box.whole(master.width, master.height)
    width, height = size
    found = []
    for way in ways(row.asset, kept=row.filling):
        chosen = filling(row.asset, way, "")
        laid = pixels.lay(box, width, height, zone, chosen)
        judged = pixels.judge(seen, box, width, height, zone, chosen) if seen else None
        found.append(
            Choice(
                way=way,
                label=LABELS[way],
                picture=_picture(laid),
                rims=_rims(_picture(laid), width, height),
                lines=tuple(_lines(laid)),
                line_px=laid.block.size if laid.block else 0,
                findings=judged.findings if judged else (),
            )
        )
    return tuple(found)


def _picture(laid: pixels.Layout) -> Box:
    at = laid.at
    return Box(at.left, at.top, at.left + at.width, at.top + at.height)


def _rims(picture: Box, width: int, height: int) -> tuple[Box, Box]:
    x, y = (round(value) for value in picture.center)
    if picture.width < width:
        return Box(0, 0, x, height), Box(x, 0, width, height)
    return Box(0, 0, width, y), Box(0, y, width, height)


def _lines(laid: pixels.Layout) -> Iterable[Line]:
    if laid.block is None or laid.band is None:
        return
    step = laid.block.height / max(1, len(laid.block.lines))
    x = round(laid.band.center[0])
    for at, text in enumerate(laid.block.lines):
        foot = laid.band.top + step * (at + 0.5) + 0.36 * laid.block.size
        wide = fonts.length(text, laid.block.size, laid.block.style)
        yield Line(text, x, round(foot), round(wide))


def loses(findings: Iterable[Mapping[str, str]]) -> list[str]:
    """What a crop, by its stored findings, does not keep whole; [] when it keeps everything."""
    return [f["text"] for f in findings if f["code"] in LOSSES and f["verdict"] in {"warn", "fail"}]


def of_file(row: PlatformFile) -> Filling:
    """How the frame is filled where this file shows its master whole. `row` needs asset."""
    return filling(row.asset, str(row.filling.get("way", "auto")), row.filling.get("color", ""))


def filling(asset: Asset, way: str, color: str) -> Filling:
    """A way with its color ("#rrggbb", or "" for the picture's own) and this asset's headline."""
    words = asset.headline if way in BANDS else ""
    if way in BANDS and not words.strip():
        way = "brand"  # the headline was taken away since: what is left is the colored ground
    return Filling(way, rgb(color) if color else None, words, asset.locale)


def rgb(color: str) -> tuple[int, int, int]:
    """ "#7b3f1d" as three numbers of 0..255. ValueError for anything else."""
    red, green, blue = (round(255 * value) for value in palette.parse(color))
    return red, green, blue


def ways(asset: Asset, *, kept: Mapping[str, Any]) -> list[str]:
    """The ways that can be taken for this asset: a brand color and a headline must be there."""
    found = ["blur", "edge"]
    if asset.team.brand_colors:
        found.append("brand")
    if asset.headline.strip():
        found += BANDS
    return found if kept.get("way", "blur") in found else [str(kept["way"]), *found]


def with_marks(seen: Seen, marks: Iterable[Iterable[float]]) -> Seen:
    """What was seen, and the logos that a person marked, as text that must stay whole."""
    found = []
    for mark in marks:
        left, top, right, bottom = mark
        box = Box.from_list(
            [left * seen.width, top * seen.height, right * seen.width, bottom * seen.height]
        )
        if not box.is_empty:
            found.append(SeenBox(box, 1.0, 1.0, "person", "logo"))
    # first, because only so many texts are looked at
    return replace(seen, texts=(*found, *seen.texts))


def method(row: PlatformFile) -> str:
    """How the file came to show this part of its master, for the manifest."""
    if is_whole(row):
        return METHODS[of_file(row).way]
    if row.is_manual:
        return "manual"
    return "focus" if row.focus else "smart"


def is_whole(row: PlatformFile) -> bool:
    """True for a finished file that shows its whole master in a frame of another ratio."""
    if row.media is None or not row.box:
        return False
    box = Box.from_list(row.box)
    return not has_ratio(box.width, box.height, row.media.width / row.media.height)
