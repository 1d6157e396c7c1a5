"""Boxes and ratios in whole pixels: the words every other part of imaging speaks.

Plain arithmetic. It must not look at pixels, files or models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor

SAME_RATIO = 0.02


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel rectangle in pixels; right and bottom are exclusive.

    An empty box (no width or no height) is allowed: it is what `intersect` returns for strangers.
    """

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def from_list(cls, values: Sequence[float]) -> Box:
        """Read `[left, top, right, bottom]`, rounded to whole pixels. ValueError on a bad list."""
        if len(values) != 4:
            raise ValueError(f"A box is [left, top, right, bottom], not {list(values)!r}.")
        left, top, right, bottom = (round(float(value)) for value in values)
        if right < left or bottom < top:
            raise ValueError(f"A box needs left <= right and top <= bottom, not {list(values)!r}.")
        return cls(left, top, right, bottom)

    @classmethod
    def whole(cls, width: int, height: int) -> Box:
        """The box of a whole picture."""
        return cls(0, 0, width, height)

    @property
    def width(self) -> int:
        return max(0, self.right - self.left)

    @property
    def height(self) -> int:
        return max(0, self.bottom - self.top)

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """The middle as (x, y)."""
        return ((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    @property
    def is_empty(self) -> bool:
        return self.width == 0 or self.height == 0

    def intersect(self, other: Box) -> Box:
        """The common part; an empty box when there is none."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box(left, top, max(left, right), max(top, bottom))

    def union(self, other: Box) -> Box:
        """The smallest box around both; an empty box adds nothing."""
        if self.is_empty:
            return other
        if other.is_empty:
            return self
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def contains(self, other: Box) -> bool:
        """True when the other box lies wholly inside this one."""
        return (
            self.left <= other.left
            and self.top <= other.top
            and self.right >= other.right
            and self.bottom >= other.bottom
        )

    def clamp(self, width: int, height: int) -> Box:
        """The part that lies inside a picture of this size."""
        return self.intersect(Box.whole(width, height))

    def grow(self, horizontal: float, vertical: float | None = None) -> Box:
        """The box with this many pixels more on each side (negative: fewer, down to empty)."""
        rise = horizontal if vertical is None else vertical
        left, top = round(self.left - horizontal), round(self.top - rise)
        return Box(
            left,
            top,
            max(left, round(self.right + horizontal)),
            max(top, round(self.bottom + rise)),
        )

    def shift(self, dx: int, dy: int) -> Box:
        """The same box elsewhere."""
        return Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def scale(self, x: float, y: float | None = None) -> Box:
        """The box in a picture resized by these factors."""
        factor = x if y is None else y
        return Box(
            round(self.left * x),
            round(self.top * factor),
            round(self.right * x),
            round(self.bottom * factor),
        )

    def share_inside(self, other: Box) -> float:
        """The share of this box's area that lies inside the other; 0 for an empty box."""
        return self.intersect(other).area / self.area if self.area else 0.0

    def as_list(self) -> list[int]:
        return [self.left, self.top, self.right, self.bottom]


def around(boxes: Iterable[Box]) -> Box:
    """The smallest box around all of them; an empty box for none."""
    result = Box(0, 0, 0, 0)
    for box in boxes:
        result = result.union(box)
    return result


def fit_ratio(width: int, height: int, ratio_width: int, ratio_height: int) -> tuple[int, int]:
    """The largest (width, height) of the wanted ratio that fits inside width x height.

    At least 1 x 1. ValueError when a figure is not positive.
    """
    if min(width, height, ratio_width, ratio_height) <= 0:
        raise ValueError("Sizes and ratios must be positive.")
    if width * ratio_height >= height * ratio_width:
        return max(1, min(width, floor(height * ratio_width / ratio_height + 0.5))), height
    return width, max(1, min(height, floor(width * ratio_height / ratio_width + 0.5)))


def has_ratio(width: float, height: float, ratio: float) -> bool:
    """True when width x height is of the ratio (width over height), give or take 2 % of it.

    The one measure of whether a picture or a window fills a frame or leaves a part of it empty.
    """
    return abs(width / height / ratio - 1) < SAME_RATIO


def limit_side(width: int, height: int, longest: int) -> tuple[int, int, float]:
    """Shrink a size so that its long side is at most `longest`; returns (width, height, factor).

    Never enlarges: the factor is at most 1.
    """
    factor = min(1.0, longest / max(width, height))
    return max(1, round(width * factor)), max(1, round(height * factor)), factor
