"""The flat ground of a composed picture: plain areas that reach its rim, and panels among them.

Panels (one half in another color) stand out, but nobody means them; text on flat ground is copy,
not a label. Photographs have little flat ground, and then this says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_AREA = 0.04
STRIDE = 7
NEAR = (7, 4, 4)  # of 255 in L, a, b around the color of the rim


@dataclass(frozen=True, slots=True)
class Ground:
    """Both uint8 0/1 at side x side: `flat` is all plain ground, `panels` its straight panels."""

    flat: NDArray[np.uint8]
    panels: NDArray[np.uint8]


def find(rgb: NDArray[np.uint8], side: int) -> Ground:
    """The plain areas of an RGB picture, seen at side x side. Deterministic."""
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    flat = np.zeros((side, side), dtype=np.uint8)
    panels = np.zeros((side, side), dtype=np.uint8)
    flags = 8 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    for x, y in _rim(side):
        if flat[y, x]:
            continue
        mask = np.zeros((side + 2, side + 2), dtype=np.uint8)
        area, _, _, _ = cv2.floodFill(lab, mask, (x, y), 0, NEAR, NEAR, flags)
        if area < LEAST_AREA * side * side:
            continue
        region = mask[1:-1, 1:-1]
        flat |= region
        if _is_panel(region):
            panels |= region
    return Ground(flat, panels)


def _rim(side: int) -> list[tuple[int, int]]:
    steps = range(1, side - 1, STRIDE)
    last = side - 2
    return [point for at in steps for point in ((at, 1), (at, last), (1, at), (last, at))]


def _is_panel(region: NDArray[np.uint8]) -> bool:
    """Spans the picture one way, ends short of it the other way, and ends in a straight line."""
    for turned in (region, region.T):
        rows = np.nonzero(turned.any(axis=1))[0]
        columns = np.nonzero(turned.any(axis=0))[0]
        side = len(turned)
        if columns[-1] - columns[0] < 0.96 * side or len(rows) > 0.9 * side:
            continue
        from_top = rows[0] <= 2
        if from_top == (rows[-1] >= side - 3):
            continue
        ordered = turned[::-1] if from_top else turned
        filled = turned.any(axis=0)
        ends = ordered.argmax(axis=0)[filled]
        usual = np.median(ends)
        if float((np.abs(ends - usual) <= 2).mean()) > 0.45:
            return True
    return False
