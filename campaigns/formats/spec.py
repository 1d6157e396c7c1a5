"""One placement's limits as values: sizes, durations, texts, safe zone, each with its source.

Values only: `spec_file` reads them, `specs` finds them, `spec_check` measures files against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

PLATFORMS = ("tiktok", "reels", "shorts")
ALL = "all"
LEVELS = ("fail", "warn", "info")
MEDIA = ("still", "still_set", "clip")
KINDS = ("still", "clip")
OPERATORS = (">=", "<=", "between", "in", "==")
UNITS = ("px", "bytes", "kbps", "s", "fps", "Hz", "ratio", "codec", "ext", "count", "bool", "")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number was read. `url` may be empty for our own choice; `date` is the copy's."""

    key: str
    title: str
    url: str
    date: str
    kind: str


@dataclass(frozen=True, slots=True)
class Limit:
    """One rule: `key` `op` `value`, for instance `duration` `between` (5, 60) seconds.

    `value` is a number, a string, a bool, or a tuple of these or of (width, height) pairs.
    """

    key: str
    op: str
    value: Any
    unit: str
    level: str
    source: Source
    note: str = ""


@dataclass(frozen=True, slots=True)
class TextLimit:
    """Length of one ad text in characters; `max_wide` is the same limit for wide (CJK) letters."""

    name: str
    level: str
    source: Source
    max: int
    min: int = 0
    max_wide: int | None = None
    visible: int | None = None
    visible_source: Source | None = None
    count: int | None = None
    lines: int | None = None
    chars_per_line: int | None = None
    required: bool = False
    forbid: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class SafeZone:
    """What the app's own interface covers: insets in pixels on a `width` x `height` canvas.

    `rail` is (from_y, right): from `from_y` down, the inset on `rail_side` widens to `right`.
    `right_to_left` are the (left, right) insets where people read that way and the rail stands
    left, None where the interface does not turn around.
    """

    width: int
    height: int
    top: int
    bottom: int
    left: int
    right: int
    rail: tuple[int, int] | None
    level: str
    sources: tuple[Source, ...]
    basis: str = ""
    why: str = ""
    rail_side: str = "right"
    right_to_left: tuple[int, int] | None = None

    def turned(self) -> SafeZone:
        """The zone for readers from right to left."""
        if self.right_to_left is None:
            return self
        left, right = self.right_to_left
        return replace(self, left=left, right=right, rail_side="left", right_to_left=None)

    def as_dict(self) -> dict[str, Any]:
        """The numbers as `imaging.safezone.SafeZone.from_spec` reads them."""
        rail = {"from_y": self.rail[0], "right": self.rail[1]} if self.rail else None
        return {
            "canvas": [self.width, self.height],
            "top": self.top,
            "bottom": self.bottom,
            "left": self.left,
            "right": self.right,
            "rail": rail,
            "rail_side": self.rail_side,
        }


@dataclass(frozen=True, slots=True)
class Ratio:
    """An aspect ratio the placement takes, "9:16", with the sizes given for it."""

    name: str
    recommended: bool
    minimum: tuple[int, int] | None
    exact: tuple[int, int] | None

    @property
    def value(self) -> float:
        """Width divided by height."""
        return ratio_value(self.name)


FAST_FPS = 48  # from here on YouTube speaks of a high frame rate and asks for more


@dataclass(frozen=True, slots=True)
class Export:
    """What the default package makes for this placement; 0 or "" where the spec is silent.

    `fast_video_kbps` counts in place of `video_kbps` for 48 frames a second and more."""

    width: int
    height: int
    container: str
    quality: int
    video_kbps: int
    note: str = ""
    fast_video_kbps: int = 0

    def kbps_at(self, fps: float) -> int:
        """The rate of a clip's picture at so many frames a second."""
        is_fast = fps >= FAST_FPS - 0.1  # 47.952 is 48 in the old television's count
        return (self.fast_video_kbps if is_fast else 0) or self.video_kbps


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a person switches in the platform's own form when AI made or changed the picture."""

    when_ai: str
    when_not_ai: str
    source: Source


@dataclass(frozen=True, slots=True)
class Spec:
    """One placement's limits in one version."""

    id: str
    version: str
    platform: str
    platform_name: str
    placement: str
    media: str
    paid: bool
    confidence: str
    aspect_tolerance: float
    ratios: tuple[Ratio, ...]
    export: Export | None
    limits: tuple[Limit, ...]
    texts: tuple[TextLimit, ...]
    safe_zone: SafeZone
    disclosure: Disclosure | None
    note: str = ""

    @property
    def kind(self) -> str:
        """ "clip" or "still"; a carousel is a set of stills."""
        return "clip" if self.media == "clip" else "still"

    @property
    def recommended_ratio(self) -> Ratio:
        """The ratio the placement is made for."""
        return next(ratio for ratio in self.ratios if ratio.recommended)

    def limits_of(self, key: str) -> tuple[Limit, ...]:
        """All limits with this key, for instance both levels of `file_size`."""
        return tuple(limit for limit in self.limits if limit.key == key)

    def max_bytes(self, *, levels: tuple[str, ...] = ("fail", "warn")) -> int | None:
        """The strictest ceiling of the file size among `levels`, or None."""
        found = [
            int(limit.value)
            for limit in self.limits_of("file_size")
            if limit.op == "<=" and limit.level in levels
        ]
        return min(found, default=None)


@dataclass(frozen=True, slots=True)
class SpecFile:
    """One file of specs: a platform with its placements."""

    platform: str
    name: str
    version: str
    defaults: Mapping[str, str]
    specs: tuple[Spec, ...]


def ratio_value(name: str) -> float:
    """Width / height of "9:16". Raises ValueError for anything else."""
    width, _, height = name.partition(":")
    value = float(width) / float(height)
    if not 0 < value < 1000:
        raise ValueError(f"{name!r} is not a ratio.")
    return value
