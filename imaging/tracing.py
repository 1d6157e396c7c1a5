"""Where faces, words and logos of one picture lie in another, and whether they are still the same.

Normalized correlation around the old place, to a fraction of a pixel. It measures; it must not
judge. Pictures are RGB uint8 HxWx3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import untouched
from imaging.geometry import Box
from imaging.untouched import Gray, Placement

TRACE_SIDE = 96


@dataclass(frozen=True, slots=True)
class Traced:
    """Where a box of the picture before is found after: its way in pixels, and the likeness of
    its structure there (normalized correlation, -1..1): that of its least alike part, so that
    one letter of a word or one eye of a face counts."""

    box: Box
    dx: float
    dy: float
    likeness: float

    @property
    def distance(self) -> float:
        """How far it went, in pixels of the picture before."""
        return float(np.hypot(self.dx, self.dy))


def trace(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    boxes: Sequence[Box],
    placement: Placement | None = None,
) -> list[Traced]:
    """Where each box of `before` lies in `after`, which is brought to `before`'s size first.

    Looks within 6 % of the long side around the old place, to a fraction of a pixel. With the
    `placement` of the whole picture, structure is compared where the picture is laid in place.
    """
    height, width = before.shape[:2]
    after = untouched.resized(after, width, height)
    one, other = untouched.gray(before), untouched.gray(after)
    found = [_traced(one, other, box.clamp(width, height)) for box in boxes]
    if placement is None or not placement.is_found or placement.most_px < untouched.IN_PLACE_PX:
        return found
    laid = untouched.gray(untouched.laid_in_place(after, placement)[0])
    again = [_traced(one, laid, box.clamp(width, height)) for box in boxes]
    return [
        replace(way, likeness=max(way.likeness, other_way.likeness))
        for way, other_way in zip(found, again, strict=True)
    ]


def _traced(one: Gray, other: Gray, box: Box) -> Traced:
    height, width = one.shape
    lost = Traced(box, 0.0, 0.0, 0.0)
    if min(box.width, box.height) < 6:
        return lost
    # A patch with a rim, so that a word on plain ground has its own edges to hold on to.
    patch = box.grow(max(2, box.width * 0.08), max(2, box.height * 0.08)).clamp(width, height)
    reach = max(8, round(0.06 * max(width, height)))
    area = patch.grow(reach).clamp(width, height)
    factor = min(1.0, 2 * TRACE_SIDE / max(patch.width, patch.height))
    known = one[patch.top : patch.bottom, patch.left : patch.right]
    seen = other[area.top : area.bottom, area.left : area.right]
    if factor < 1:
        known = _sized(known, factor)
        seen = _sized(seen, factor)
    if float(known.std()) < 1.5:
        return lost
    scores = np.asarray(cv2.matchTemplate(seen, known, cv2.TM_CCOEFF_NORMED), dtype=np.float32)
    _, _, _, (x, y) = cv2.minMaxLoc(scores)
    found = seen[y : y + known.shape[0], x : x + known.shape[1]]
    fine_x, fine_y = x + _peak(scores[y], x), y + _peak(scores[:, x], y)
    return Traced(
        box=box,
        dx=round(fine_x / factor - (patch.left - area.left), 2),
        dy=round(fine_y / factor - (patch.top - area.top), 2),
        likeness=round(_least_alike(known, found), 3),
    )


def _least_alike(known: Gray, found: Gray) -> float:
    """The correlation of the part of a patch that fits worst; parts are about square."""
    height, width = known.shape
    across = max(1, min(12, round(width / height * 1.5)))
    down = max(1, min(12, round(height / width * 1.5)))
    if max(width, height) < 2 * min(width, height):  # a face, a logo; not a line of text
        across, down = across + 1, down + 1
    flat = 0.25 * float(known.std())
    worst = 1.0
    for row in range(down):
        for column in range(across):
            rows = slice(row * height // down, (row + 1) * height // down)
            columns = slice(column * width // across, (column + 1) * width // across)
            one, other = known[rows, columns], found[rows, columns]
            if float(one.std()) < flat or one.size < 25:
                continue
            score = cv2.matchTemplate(other, one, cv2.TM_CCOEFF_NORMED)
            worst = min(worst, float(score[0, 0]))
    return worst


def _peak(values: Gray, at: int) -> float:
    """The top of a parabola through three neighbors, as an offset from `at`."""
    if not 0 < at < len(values) - 1:
        return 0.0
    left, middle, right = (float(value) for value in values[at - 1 : at + 2])
    bend = left - 2 * middle + right
    return 0.0 if bend >= -1e-9 else max(-0.5, min(0.5, 0.5 * (left - right) / bend))


def _sized(values: Gray, factor: float) -> Gray:
    small = cv2.resize(values, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32)
