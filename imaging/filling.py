"""The ways to fill a frame with a whole picture of another ratio, when no crop keeps everything.

On a blurred copy, on the picture's own rims, on a color of the brand, or with a headline in a band
above or below it. `extend` lays the plain cases; this knows the ways, where the words stand, and
what is to be known about the result. It must not decide which way is taken: a person does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imaging import extend, palette, typeset
from imaging.extend import Ground, Place
from imaging.findings import Crop, CropFinding, judge_fit
from imaging.geometry import Box
from imaging.safezone import SafeZone
from imaging.see import Seen, SeenBox

WAYS = ("auto", "blur", "edge", "brand", "above", "below")
BANDS = ("above", "below")
LEAST_BAND = 0.2  # of what the platform leaves clear, for the words
GAP = 0.03
INK = ((1.0, 1.0, 1.0), (0.07, 0.07, 0.08))
TEXTS = {
    "auto": "The whole picture on an extended ground",
    "blur": "The whole picture on a blurred copy of itself",
    "edge": "The whole picture on the color of its own edges",
    "brand": "The whole picture on the brand's color",
    "above": "The whole picture, with the headline in a band above it",
    "below": "The whole picture, with the headline in a band below it",
}


@dataclass(frozen=True, slots=True)
class Filling:
    """How the frame is filled: one of WAYS. `color` is sRGB 0..255 and None where the picture's own
    edges give it; `words` stand in the band."""

    way: str = "auto"
    color: tuple[int, int, int] | None = None
    words: str = ""
    locale: str = "en"

    @property
    def has_band(self) -> bool:
        """True when words are set beside the picture."""
        return self.way in BANDS


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the picture and the words lie in the frame, in its pixels; `band` is the words' box and
    `block` how they are set, both None without a band."""

    at: Place
    band: Box | None = None
    block: typeset.Block | None = None


def lay(
    box: Box, width: int, height: int, zone: SafeZone | None, filling: Filling | None = None
) -> Layout:
    """The picture as large as it fits, in the middle of what the platform leaves clear; with a band
    it leaves room for the words, and both stand in the middle together."""
    if filling is None or not filling.has_band or not filling.words.strip():
        return Layout(extend.place(box, width, height, zone))
    clear = zone.scaled(width, height).clear_box() if zone else Box.whole(width, height)
    gap = round(GAP * clear.height)
    most_tall = round(clear.height * (1 - LEAST_BAND)) - gap
    factor = min(width / box.width, most_tall / box.height)
    wide = min(width, max(1, round(box.width * factor)))
    tall = max(1, round(box.height * factor))
    room = clear.height - tall - gap
    words_at = clear.top if filling.way == "above" else clear.bottom - room
    area = _beside_rail(Box(clear.left, words_at, clear.right, words_at + room), width, zone)
    block = typeset.fit(
        filling.words,
        area.width,
        room,
        typeset.Style(locale=filling.locale),
        largest=round(0.11 * width),
        smallest=round(0.04 * width),
        most_lines=4,
    )
    top = clear.top + (room - block.height) // 2
    left = min(max(round(clear.center[0] - wide / 2), 0), width - wide)
    if filling.way == "above":
        picture, words = top + block.height + gap, top
    else:
        picture, words = top, top + tall + gap
    band = Box(area.left, words, area.right, words + block.height)
    return Layout(Place(box, left, picture, wide, tall), band, block)


def _beside_rail(area: Box, width: int, zone: SafeZone | None) -> Box:
    """The area without the side that the app's own buttons cover in a part of it."""
    if zone is None:
        return area
    factor = width / zone.width
    for part in zone.covering():
        rail = part.scale(factor).intersect(area)
        if rail.is_empty:
            continue
        if rail.right == area.right:
            area = Box(area.left, area.top, rail.left, area.bottom)
        else:
            area = Box(rail.right, area.top, area.right, area.bottom)
    return area


def ground_of(rgb: NDArray[np.uint8], at: Place, width: int, filling: Filling) -> Ground:
    """The surroundings of a picture; for a clip those of its first frame, or they would flicker."""
    match filling.way:
        case "blur":
            return Ground(None, None)
        case "edge":
            return extend.edges_of(rgb, at, width)
        case "brand" | "above" | "below":
            color = filling.color or extend.middle_color(rgb, at)
            return Ground(color, color)
        case _:
            return extend.ground_of(rgb, at, width)


def fill(
    rgb: NDArray[np.uint8],
    laid: Layout,
    width: int,
    height: int,
    filling: Filling,
    ground: Ground | None = None,
) -> NDArray[np.uint8]:
    """The frame, RGB uint8: the picture in its place, its surroundings, and the words."""
    made = ground or ground_of(rgb, laid.at, width, filling)
    frame = extend.on_ground(rgb, laid.at, width, height, made)
    if laid.block is not None and laid.band is not None and made.first is not None:
        red, green, blue = (value / 255 for value in made.first)
        color, _ = palette.legible([palette.luminance((red, green, blue))], INK)
        typeset.draw(
            frame, laid.block, laid.band.left, laid.band.top, color,
            align="center", width=laid.band.width,
        )  # fmt: skip
    return frame


def seen_on(seen: Seen, laid: Layout, width: int, height: int) -> Seen:
    """What was seen, in the frame's pixels, and the words of the band."""
    found = extend.seen_on(seen, laid.at, width, height)
    words = _ink(laid)
    return replace(found, texts=(*found.texts, words)) if words else found


def _ink(laid: Layout) -> SeenBox | None:
    if laid.band is None or laid.block is None:
        return None
    left = laid.band.left + (laid.band.width - laid.block.width) // 2
    ink = Box(left, laid.band.top, left + laid.block.width, laid.band.bottom)
    return SeenBox(ink, 1.5, 1.0, "typeset", "headline")


def judge(
    seen: Seen, box: Box, width: int, height: int, zone: SafeZone | None, filling: Filling
) -> Crop:
    """The findings when `box` is shown whole in this way; the first says how much it fills."""
    laid = lay(box, width, height, zone, filling)
    plain = judge_fit(seen, box, width, height, zone, at=laid.at, words=_ink(laid))
    share = laid.at.width * laid.at.height / (width * height)
    text = f"{TEXTS[filling.way]}; it fills {share:.0%} of the frame."
    found = [replace(plain.findings[0], text=text), *_words(seen, laid)]
    return replace(plain, findings=(*found, *plain.findings[1:]))


def _words(seen: Seen, laid: Layout) -> list[CropFinding]:
    if laid.block is None:
        return []
    if laid.block.truncated or laid.block.missing:
        text = "The headline does not fit into the band as it is; it is shortened."
        return [CropFinding("band_words", "warn", text)]
    if seen.headline is not None:
        text = "The picture has a headline of its own; the band sets one more beside it."
        return [CropFinding("band_words", "warn", text)]
    return [CropFinding("band_words", "pass", "The headline is set whole.")]
