"""The crop editor of one platform file: the master, the box in it and what was seen there.

Only reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.models import Media, PlatformFile
from campaigns.queries import fillings, qa
from imaging.geometry import Box, fit_ratio, has_ratio
from imaging.see import Seen


@dataclass(frozen=True, slots=True)
class Mark:
    """A logo that somebody marked: its box in the master's pixels, and `value` for the form."""

    value: str
    box: Box

    @classmethod
    def of(cls, shares: Sequence[float], width: int, height: int) -> Mark:
        """From shares of the master."""
        left, top, right, bottom = shares
        box = Box.from_list([left * width, top * height, right * width, bottom * height])
        return cls(",".join(map(str, shares)), box)


@dataclass(frozen=True, slots=True)
class Editor:
    """The crop editor: the master, the box in it, its bounds and the zone that moves along.

    `way` is how the file is made now: "crop", "focus", or one of `choices`, the ways to show the
    whole master. `lost` is what the automatic crop does not keep.
    """

    file: qa.FileCard
    master_width: int
    master_height: int
    box: Box
    least_width: int
    most_width: int
    seen: str
    way: str
    color: str
    focus: tuple[float, float]
    choices: tuple[fillings.Choice, ...]
    colors: tuple[str, ...]
    lost: tuple[str, ...]
    things: tuple[Mapping[str, Any], ...]
    marks: tuple[Mark, ...]

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways to show the whole master."""
        return tuple(choice.way for choice in self.choices)

    @property
    def needs_ground(self) -> bool:
        """True when the whole master does not fill the frame."""
        return bool(self.choices)

    @property
    def blur_px(self) -> int:
        """How soft a blurred copy is, for the preview; as `imaging.extend` makes it."""
        return round(0.05 * self.file.width)

    @property
    def focus_percent(self) -> tuple[int, int]:
        """The point to keep in the middle, in percent of the master."""
        return round(100 * self.focus[0]), round(100 * self.focus[1])

    @property
    def data(self) -> dict[str, Any]:
        """Plain values for the page's module."""
        return {
            "master": [self.master_width, self.master_height],
            "box": self.box.as_list(),
            "ratio": [self.file.width, self.file.height],
            "least": self.least_width,
            "most": self.most_width,
            "things": list(self.things),
            "zone": {
                "size": [self.file.zone.width, self.file.zone.height],
                "covering": [box.as_list() for box in self.file.zone.covering],
            },
        }


def editor(*, row: PlatformFile, least_width: int) -> Editor:
    """The editor of one platform file; the box is the one asked for last."""
    file = qa.file_card(row)
    media = row.source.media
    ratio = file.width / file.height
    most, tall = fit_ratio(media.width, media.height, file.width, file.height)
    left, top = (media.width - most) // 2, (media.height - tall) // 2
    middle = [left, top, left + most, top + tall]
    placed = Box.from_list(row.wanted_box or row.box or middle)
    # the whole picture is shown: no window of this ratio to start from
    is_whole = not has_ratio(placed.width, placed.height, ratio)
    box = Box.from_list(middle) if is_whole else placed
    seen = seen_of(media)
    if seen is not None:
        seen = fillings.with_marks(seen, row.marks)
    choices: tuple[fillings.Choice, ...] = ()
    if not has_ratio(media.width, media.height, ratio):
        size = (file.width, file.height)
        choices = fillings.choices(row, seen, size, qa.zone_of(qa.spec_of_row(row)))
    way = str(row.filling.get("way", "auto")) if is_whole else "focus" if row.focus else "crop"
    x, y = row.focus or (box.center[0] / media.width, box.center[1] / media.height)
    colors = tuple(row.team.brand_colors)
    return Editor(
        file=file,
        master_width=media.width,
        master_height=media.height,
        box=box,
        least_width=min(least_width, most),
        most_width=most,
        seen=str(row.revision),
        way=way,
        color=str(row.filling.get("color", "") or (colors[0] if colors and not is_whole else "")),
        focus=(float(x), float(y)),
        choices=choices,
        colors=colors,
        lost=() if row.is_manual else tuple(fillings.loses(row.crop_findings)),
        things=_things(seen),
        marks=tuple(Mark.of(box, media.width, media.height) for box in row.marks),
    )


def seen_of(media: Media) -> Seen | None:
    """What was seen in the master; None when nobody looked yet."""
    try:
        return Seen.from_json(media.seen or {})
    except (KeyError, ValueError):
        return None


def _things(seen: Seen | None) -> tuple[Mapping[str, Any], ...]:
    """For findings while the crop moves."""
    if seen is None:
        return ()
    named = [("face", item) for item in seen.faces]
    named += [("subject", item) for item in (seen.subject,) if item is not None]
    named += [(item.kind or "line", item) for item in seen.texts]
    return tuple({"kind": kind, "box": item.box.as_list()} for kind, item in named)
