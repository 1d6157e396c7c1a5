"""What is in a clip from start to end: a few of its frames are looked at and united into one Seen.

A crop stands still while the picture moves, so what is cut or covered in any frame counts. It must
not decide what to cut: that is crop's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imaging import encode, see
from imaging.formats import Limits
from imaging.geometry import Box, around
from imaging.probe import probe_clip
from imaging.see import Seen, SeenBox

FRAMES = 5
SAME = 0.5  # the share that two boxes have in common, of both together, to be one thing


def see_clip(path: Path, *, size: tuple[int, int], limits: Limits | None = None) -> Seen:
    """All that was seen in FRAMES frames of the clip, evenly from its first to its last (fewer of a
    shorter one). `size` is the (width, height) that boxes count in. Raises Unreadable."""
    return unite([see.see(rgb, size=size) for rgb in _frames(path, limits or Limits())])


def unite(parts: Sequence[Seen]) -> Seen:
    """One Seen for several of pictures of one size, in order.

    What stays in its place is one box, around its places; what moves is one for each place where it
    was seen. The subject is around all of them, the headline the largest there was, and each part
    of the field matters as much as it ever does. ValueError for none, or for different sizes.
    """
    if len({(part.width, part.height) for part in parts}) != 1:
        raise ValueError("Only what was seen in pictures of one size can be united.")
    if len(parts) == 1:
        return parts[0]
    headlines = _merged(part.headline for part in parts if part.headline)
    return Seen(
        width=parts[0].width,
        height=parts[0].height,
        faces=_merged(item for part in parts for item in part.faces),
        texts=_merged(item for part in parts for item in part.texts),
        subject=_around([part.subject for part in parts if part.subject]),
        field=_strongest([part.field for part in parts]),
        missing=tuple(dict.fromkeys(name for part in parts for name in part.missing)),
        headline=max(headlines, key=lambda item: item.box.area, default=None),
        labels=_merged(item for part in parts for item in part.labels),
        people=_merged(item for part in parts for item in part.people),
        products=_merged(item for part in parts for item in part.products),
    )


def _frames(path: Path, limits: Limits) -> Iterator[NDArray[np.uint8]]:
    info = probe_clip(path, limits)
    # from the first frame to the last but one: the last may begin a little before it should
    length = info.duration_s - 2 / info.fps if info.fps else 0.0
    step = max(length / (FRAMES - 1), 1e-3)
    for _, rgb in islice(encode.frames_of(path, limits=limits, every_s=step), FRAMES):
        yield rgb


def _merged(items: Iterable[SeenBox]) -> tuple[SeenBox, ...]:
    """Boxes that are nearly one become one around them, with the name of the surest."""
    found: list[SeenBox] = []
    for item in items:
        at = next((at for at, one in enumerate(found) if _is_same(one.box, item.box)), None)
        if at is None:
            found.append(item)
            continue
        surest = max(found[at], item, key=lambda one: one.score)
        found[at] = replace(surest, box=found[at].box.union(item.box))
    return tuple(found)


def _is_same(one: Box, other: Box) -> bool:
    common = one.intersect(other).area
    return common >= SAME * (one.area + other.area - common) > 0


def _around(items: Sequence[SeenBox]) -> SeenBox | None:
    if not items:
        return None
    largest = max(items, key=lambda item: item.box.area)
    return replace(largest, box=around(item.box for item in items))


def _strongest(fields: Sequence[tuple[tuple[float, ...], ...]]) -> tuple[tuple[float, ...], ...]:
    most = np.max(np.asarray(fields, dtype=np.float64), axis=0)
    return tuple(tuple(float(value) for value in row) for row in most)
