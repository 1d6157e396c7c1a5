"""The candidate windows of a crop, as arrays, and what lies inside each of them.

Only geometry in bulk: what a share is worth is crop's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.geometry import Box, around
from imaging.see import Seen

STEPS = 25
SCALE_STEP = 0.05
MOST_TEXTS = 16


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows in picture pixels; `scale` is 1 for the largest of the ratio."""

    left: NDArray[np.float64]
    top: NDArray[np.float64]
    width: NDArray[np.float64]
    height: NDArray[np.float64]
    scale: NDArray[np.float64]

    def box(self, index: int) -> Box:
        left, top = int(self.left[index]), int(self.top[index])
        return Box(left, top, left + int(self.width[index]), top + int(self.height[index]))

    def share_of(self, box: Box) -> NDArray[np.float64]:
        """The share of the box's area inside each window."""
        wide = _overlap(self.left, self.left + self.width, box.left, box.right)
        tall = _overlap(self.top, self.top + self.height, box.top, box.bottom)
        return np.asarray(wide * tall / max(1, box.area))

    def covered(self, box: Box, parts: Sequence[Box], canvas_width: int) -> NDArray[np.float64]:
        """The share of the box that lies under these parts of the canvas, per window."""
        factor = self.width / canvas_width
        total = np.zeros(len(self.left))
        for part in parts:
            left, right = self.left + part.left * factor, self.left + part.right * factor
            top, bottom = self.top + part.top * factor, self.top + part.bottom * factor
            wide = _overlap(left, right, box.left, box.right)
            total += wide * _overlap(top, bottom, box.top, box.bottom)
        return np.asarray(np.minimum(1.0, total / max(1, box.area)))

    def field_share(
        self, field: Sequence[Sequence[float]], width: int, height: int
    ) -> NDArray[np.float64]:
        """The share of the whole field's weight inside each window."""
        grid = np.asarray(field, dtype=np.float64)
        if grid.size == 0 or grid.sum() <= 0:
            return np.zeros(len(self.left))
        rows, columns = grid.shape
        sums = np.zeros((rows + 1, columns + 1))
        sums[1:, 1:] = grid.cumsum(0).cumsum(1)
        left, right = self.left * columns / width, (self.left + self.width) * columns / width
        top, bottom = self.top * rows / height, (self.top + self.height) * rows / height
        inside = (
            _at(sums, bottom, right)
            - _at(sums, top, right)
            - _at(sums, bottom, left)
            + _at(sums, top, left)
        )
        return np.asarray(inside / grid.sum())


def candidates(seen: Seen, full: tuple[int, int], least_scale: float) -> Windows:
    """Windows over scale and position, the largest first, the middle before the edges; the
    smallest is `full` times `least_scale`."""
    held = [item.box for item in (*seen.faces[:6], *seen.people[:4], *seen.products[:4])]
    held += [item.box for item in (seen.subject, seen.headline) if item is not None]
    held += [item.box for item in seen.labels[:4]]
    held.append(around(item.box for item in seen.faces))
    held.append(around(item.box for item in (seen.subject, seen.headline) if item is not None))
    held = [box for box in held if not box.is_empty]
    avoided = [item.box for item in seen.texts[:MOST_TEXTS]]
    pieces = []
    scale = 1.0
    while scale >= least_scale - 1e-9:
        wide, tall = max(1, round(full[0] * scale)), max(1, round(full[1] * scale))
        lefts = _positions(
            seen.width - wide,
            wide,
            [(b.left, b.right) for b in held],
            [(b.left, b.right) for b in avoided],
        )
        tops = _positions(
            seen.height - tall,
            tall,
            [(b.top, b.bottom) for b in held],
            [(b.top, b.bottom) for b in avoided],
        )
        x, y = (grid.ravel() for grid in np.meshgrid(lefts, tops))
        order = np.lexsort(
            (x, y, np.hypot(x - (seen.width - wide) / 2, y - (seen.height - tall) / 2))
        )
        count = len(order)
        pieces.append(
            np.stack(
                [
                    x[order],
                    y[order],
                    np.full(count, float(wide)),
                    np.full(count, float(tall)),
                    np.full(count, scale),
                ]
            )
        )
        scale -= SCALE_STEP
    return Windows(*np.concatenate(pieces, axis=1))


def _positions(
    room: int, size: int, held: list[tuple[int, int]], avoided: list[tuple[int, int]]
) -> NDArray[np.float64]:
    """Even steps over the free room, and the places where a thing just fits or sits centered, or
    where a line of text is just left out."""
    wanted = set(np.round(np.linspace(0, room, min(STEPS, room + 1))).tolist())
    air = round(0.015 * size)
    for start, end in held:
        wanted |= {start - air, end + air - size, (start + end - size) // 2}
    for start, end in avoided:
        gap = max(2, round(0.006 * size))
        wanted |= {start - gap - size, end + gap, start - gap, end + gap - size}
    return np.array(sorted(float(at) for at in wanted if 0 <= at <= room))


def _overlap(
    start: NDArray[np.float64], end: NDArray[np.float64], low: float, high: float
) -> NDArray[np.float64]:
    return np.asarray(np.maximum(0.0, np.minimum(end, high) - np.maximum(start, low)))


def _at(
    sums: NDArray[np.float64], row: NDArray[np.float64], column: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The running sum at fractional grid positions, linear in between."""
    row = np.clip(row, 0, sums.shape[0] - 1)
    column = np.clip(column, 0, sums.shape[1] - 1)
    r = np.minimum(row.astype(np.intp), sums.shape[0] - 2)
    c = np.minimum(column.astype(np.intp), sums.shape[1] - 2)
    dr, dc = row - r, column - c
    return np.asarray(
        sums[r, c] * (1 - dr) * (1 - dc)
        + sums[r + 1, c] * dr * (1 - dc)
        + sums[r, c + 1] * (1 - dr) * dc
        + sums[r + 1, c + 1] * dr * dc
    )
