"""Show a whole picture in a frame of another ratio: on its own plain ground, or on a blurred copy.

The way out when no crop keeps everything. Nothing is invented: a plain rim is continued in its
color, anything else becomes a soft, darker copy of the picture. It must not decide when to do so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import render
from imaging.geometry import Box
from imaging.pixels import shrink, stretch
from imaging.safezone import SafeZone
from imaging.see import Seen, SeenBox

PLAIN_WITHIN = 10  # of 255 a channel, around the middle color of a rim
PLAIN_SHARE = 0.94
DARKER = 0.8
COARSE = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a picture lies in the new frame: `box` in the picture's pixels, the rest in
    the frame's."""

    box: Box
    left: int
    top: int
    width: int
    height: int


def place(box: Box, width: int, height: int, zone: SafeZone | None = None) -> Place:
    """The part as large as it fits, in the middle of what the platform leaves clear."""
    factor = min(width / box.width, height / box.height)
    wide = min(width, max(1, round(box.width * factor)))
    tall = min(height, max(1, round(box.height * factor)))
    x, y = width / 2, height / 2
    if zone is not None:
        x, y = zone.scaled(width, height).clear_box().center
    left = min(max(round(x - wide / 2), 0), width - wide)
    top = min(max(round(y - tall / 2), 0), height - tall)
    return Place(box, left, top, wide, tall)


@dataclass(frozen=True, slots=True)
class Ground:
    """What surrounds the part: a color on either side (RGB), or a blurred copy without colors."""

    first: tuple[int, int, int] | None
    last: tuple[int, int, int] | None


def ground_of(rgb: NDArray[np.uint8], at: Place, width: int) -> Ground:
    """The ground that suits a picture; for a clip, that of its first frame, or it would flicker."""
    first, last = (_plain_color(rim) for rim in _rims(rgb, at, width))
    return Ground(first, last) if first and last else Ground(None, None)


def edges_of(rgb: NDArray[np.uint8], at: Place, width: int) -> Ground:
    """The middle color of either rim, also where the rim is not plain."""
    first, last = (_middle(rim) for rim in _rims(rgb, at, width))
    return Ground(first, last)


def middle_color(rgb: NDArray[np.uint8], at: Place) -> tuple[int, int, int]:
    """The middle color of the whole rim of the part."""
    part = rgb[at.box.top : at.box.bottom, at.box.left : at.box.right]
    rims = (part[:3], part[-3:], part[:, :3], part[:, -3:])
    return _middle(np.concatenate([rim.reshape(-1, 3) for rim in rims]))


def _rims(
    rgb: NDArray[np.uint8], at: Place, width: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    part = rgb[at.box.top : at.box.bottom, at.box.left : at.box.right]
    return (part[:, :3], part[:, -3:]) if at.width < width else (part[:3], part[-3:])


def on_ground(
    rgb: NDArray[np.uint8], at: Place, width: int, height: int, ground: Ground | None = None
) -> NDArray[np.uint8]:
    """The frame, RGB uint8: the part of the picture in its place on `ground`, or on its own."""
    part = rgb[at.box.top : at.box.bottom, at.box.left : at.box.right]
    inner = np.asarray(render.cut(rgb, at.box, at.width, at.height))
    sideways = at.width < width
    made = ground or ground_of(rgb, at, width)
    first, last = made.first, made.last
    if first is not None and last is not None:
        canvas = np.empty((height, width, 3), dtype=np.uint8)
        if sideways:
            middle = at.left + at.width // 2
            canvas[:, :middle], canvas[:, middle:] = first, last
        else:
            middle = at.top + at.height // 2
            canvas[:middle], canvas[middle:] = first, last
    else:
        canvas = _blurred(part, width, height)
    canvas[at.top : at.top + at.height, at.left : at.left + at.width] = inner
    return canvas


def _plain_color(rim: NDArray[np.uint8]) -> tuple[int, int, int] | None:
    pixels = rim.reshape(-1, 3)
    middle = np.median(pixels, axis=0)
    near = np.abs(pixels - middle).max(axis=1) <= PLAIN_WITHIN
    if float(near.mean()) < PLAIN_SHARE:
        return None
    return _middle(rim)


def _middle(rim: NDArray[np.uint8]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in np.median(rim.reshape(-1, 3), axis=0))
    return red, green, blue


def _blurred(part: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A soft, darker copy that covers the frame."""
    tall, wide = part.shape[:2]
    factor = max(width / wide, height / tall)
    cut_width, cut_height = min(wide, round(width / factor)), min(tall, round(height / factor))
    left, top = (wide - cut_width) // 2, (tall - cut_height) // 2
    middle = part[top : top + max(1, cut_height), left : left + max(1, cut_width)]
    small = shrink(np.ascontiguousarray(middle), max(2, width // COARSE), max(2, height // COARSE))
    soft = cv2.GaussianBlur(small, (0, 0), max(2.0, 0.05 * width / COARSE))
    return stretch(np.round(soft * DARKER).astype(np.uint8), width, height)


def seen_on(seen: Seen, at: Place, width: int, height: int) -> Seen:
    """What was seen, in the frame's pixels."""
    factor = at.width / at.box.width

    def moved(item: SeenBox) -> SeenBox:
        part = item.box.shift(-at.box.left, -at.box.top).scale(factor)
        return replace(item, box=part.shift(at.left, at.top).clamp(width, height))

    return replace(
        seen,
        width=width,
        height=height,
        faces=tuple(map(moved, seen.faces)),
        texts=tuple(map(moved, seen.texts)),
        labels=tuple(map(moved, seen.labels)),
        people=tuple(map(moved, seen.people)),
        products=tuple(map(moved, seen.products)),
        subject=moved(seen.subject) if seen.subject else None,
        headline=moved(seen.headline) if seen.headline else None,
    )
