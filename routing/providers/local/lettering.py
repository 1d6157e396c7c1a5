"""Set headline, subline and button of an ad as one stack, legible on what lies below.

When no color reads on the picture, a soft panel is laid under the type. It must not place
pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import typeset
from imaging.composite import rounded
from imaging.geometry import Box, around
from imaging.palette import Palette, contrast, luminance, mix
from imaging.typeset import Block, Style


@dataclass(frozen=True, slots=True)
class Copy:
    """What the ad says, in which language and font."""

    headline: str
    subline: str
    cta: str
    locale: str
    font: str


@dataclass(frozen=True, slots=True)
class Lettered:
    """Where the type landed, for notes and checks."""

    boxes: tuple[dict[str, Any], ...]
    missing: tuple[str, ...]
    truncated: bool
    contrast: float


def letter(
    rgb: NDArray[np.uint8],
    copy: Copy,
    place: Box,
    palette: Palette,
    *,
    unit: float,
    headline: int,
    align: str = "start",
    grow: str = "top",
) -> Lettered:
    """Set the copy into `place` IN PLACE; nothing leaves that box."""
    weights = {"serif": 700, "display": 800}
    head_style = Style(copy.font, weights.get(copy.font, 800), 1.06, copy.locale)
    sub_style = Style("sans" if copy.font == "display" else copy.font, 450, 1.32, copy.locale)
    button_style = Style("sans" if copy.font == "serif" else copy.font, 650, 1.2, copy.locale)
    gap, button_height = round(26 * unit), round(96 * unit)
    below = (round(14 * unit) + button_height + gap) if copy.cta else 0
    head: Block | None = None
    sub: Block | None = None
    if copy.subline:
        sub = typeset.fit(
            copy.subline,
            place.width,
            round(place.height * 0.30),
            sub_style,
            largest=round(37 * unit),
            smallest=round(27 * unit),
            most_lines=3,
        )
    taken = below + (sub.height + gap if sub else 0)
    if copy.headline:
        head = typeset.fit(
            copy.headline,
            place.width,
            max(round(80 * unit), place.height - taken),
            head_style,
            largest=round(headline * unit),
            smallest=round(44 * unit),
            most_lines=_most_lines(copy.headline),
        )
    total = taken + (head.height if head else 0)
    top = place.top if grow == "top" else max(place.top, place.bottom - total)
    extent = max([block.width for block in (head, sub) if block] + [0])
    zone = _zone(place, top, total - below, extent, align, head or sub)
    whole = _zone(place, top, total, extent, align, head or sub)
    color, ratio = typeset.readable(rgb, zone, _wishes(palette))
    if ratio < 4.5 and not zone.is_empty:
        _panel(rgb, whole, palette, color, unit)
        color, ratio = typeset.readable(rgb, zone, _wishes(palette))
    boxes: list[dict[str, Any]] = []
    y = top
    if head:
        box = typeset.draw(rgb, head, place.left, y, color, align=align, width=place.width)
        boxes.append({"kind": "headline", "box": box.as_list()})
        y += head.height + gap
    if sub:
        quiet = _quiet(color, rgb, zone)
        box = typeset.draw(rgb, sub, place.left, y, quiet, align=align, width=place.width)
        boxes.append({"kind": "subline", "box": box.as_list()})
        y += sub.height + gap
    label: Block | None = None
    if copy.cta:
        y += round(14 * unit)
        spot = Box(place.left, y, place.right, y + button_height)
        fill = _button_color(rgb, spot, palette)
        box, label = typeset.button(
            rgb,
            copy.cta,
            place.left,
            y,
            place.width,
            fill,
            button_style,
            align=align,
            height=button_height,
        )
        boxes.append({"kind": "cta", "box": box.as_list()})
    blocks = [block for block in (head, sub, label) if block]
    return Lettered(
        boxes=tuple(boxes),
        missing=tuple(dict.fromkeys(char for block in blocks for char in block.missing)),
        truncated=any(block.truncated for block in blocks),
        contrast=round(ratio, 2),
    )


def extent(lettered: Lettered) -> Box:
    """The box around everything that was set."""
    return around(Box.from_list(entry["box"]) for entry in lettered.boxes)


def _most_lines(headline: str) -> int:
    """Few words stand on few lines, or a headline falls apart into a column of words."""
    words = len(headline.split())
    return 5 if words <= 1 else min(5, max(2, ceil(words * 0.67)))


def _wishes(palette: Palette) -> list[tuple[float, float, float]]:
    return [palette.paper, palette.ink] if palette.is_dark else [palette.ink, palette.paper]


def _zone(place: Box, top: int, tall: int, wide: int, align: str, block: Block | None) -> Box:
    wide = min(place.width, wide)
    left = place.left
    if align == "center":
        left = place.left + (place.width - wide) // 2
    elif block is not None and block.is_right_to_left:
        left = place.right - wide
    return Box(left, top, left + wide, max(top, top + tall))


def _quiet(
    color: tuple[float, float, float], rgb: NDArray[np.uint8], zone: Box
) -> tuple[float, float, float]:
    """The subline's color: a step back from the headline's, as far as it stays readable."""
    ends = typeset.backdrop(rgb, zone)
    back = 1.0 if sum(ends) / 2 > 0.35 else 0.0
    for share in (0.26, 0.16, 0.08):
        soft = mix(color, (back, back, back), share)
        if min(contrast(luminance(soft), end) for end in ends) >= 5.5:
            return soft
    return color


def _button_color(
    rgb: NDArray[np.uint8], spot: Box, palette: Palette
) -> tuple[float, float, float]:
    """The accent, unless it would drown in what lies behind the button."""
    ends = typeset.backdrop(rgb, spot)
    middle = sum(ends) / 2
    if contrast(luminance(palette.accent), middle) >= 1.7:
        return palette.accent
    wishes = (palette.paper, palette.ink)
    return max(wishes, key=lambda color: contrast(luminance(color), middle))


def _panel(
    rgb: NDArray[np.uint8],
    zone: Box,
    palette: Palette,
    color: tuple[float, float, float],
    unit: float,
) -> None:
    """A soft-edged panel of the ground's color under the type, dense enough for 4.5:1."""
    height, width = rgb.shape[:2]
    grown = zone.grow(round(44 * unit), round(36 * unit))
    shape = rounded(width, height, grown, 40 * unit)
    light_type = luminance(color) > 0.5
    tone = palette.ink if light_type else (1.0, 1.0, 1.0)
    soft = cv2.GaussianBlur(rgb, (0, 0), 22 * unit).astype(np.float32)
    panel = soft * 0.16 + np.asarray(tone, dtype=np.float32) * (255 * 0.84)
    share = shape[:, :, None]
    rgb[:] = np.round(rgb.astype(np.float32) * (1 - share) + panel * share).astype(np.uint8)
