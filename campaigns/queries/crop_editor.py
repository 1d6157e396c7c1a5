"""The crop editor of one platform file: the master, the box in it and what was seen there.

Only reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.models import Media, PlatformFile
from campaigns.queries import qa
from imaging.geometry import Box, fit_ratio, has_ratio
from imaging.see import Seen


@dataclass(frozen=True, slots=True)
class Editor:
    """The crop editor: the master, the box in it, its bounds and the zone that moves along."""

    file: qa.FileCard
    master_width: int
    master_height: int
    box: Box
    least_width: int
    most_width: int
    seen: str
    is_fit: bool
    needs_ground: bool
    things: tuple[Mapping[str, Any], ...]

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
    most, tall = fit_ratio(media.width, media.height, file.width, file.height)
    left, top = (media.width - most) // 2, (media.height - tall) // 2
    middle = [left, top, left + most, top + tall]
    placed = Box.from_list(row.wanted_box or row.box or middle)
    # the whole picture on an extended ground: no window of this ratio to start from
    is_fit = not has_ratio(placed.width, placed.height, file.width / file.height)
    box = middle if is_fit else placed.as_list()
    return Editor(
        file=file,
        master_width=media.width,
        master_height=media.height,
        box=Box.from_list(box),
        least_width=min(least_width, most),
        most_width=most,
        seen=str(row.revision),
        is_fit=is_fit,
        needs_ground=not has_ratio(media.width, media.height, file.width / file.height),
        things=_things(media),
    )


def _things(media: Media) -> tuple[Mapping[str, Any], ...]:
    """What was seen in the master, for findings while the crop moves; empty when it was not."""
    try:
        seen = Seen.from_json(media.seen or {})
    except (KeyError, ValueError):
        return ()
    named = [("face", item) for item in seen.faces]
    named += [("subject", item) for item in (seen.subject,) if item is not None]
    named += [(item.kind or "line", item) for item in seen.texts]
    return tuple({"kind": kind, "box": item.box.as_list()} for kind, item in named)
