"""Walk the boxes of an MP4 or MOV file: where moov lies, whether there are edit lists.

Reads headers only, a bounded number of them. It must not decode or change anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
MOST_BOXES = 10_000


@dataclass(frozen=True, slots=True)
class Shape:
    """edit_lists: how many `elst` boxes; moov_first: the index stands before the data."""

    edit_lists: int
    moov_first: bool
    top_level: tuple[str, ...]


def shape_of(path: Path) -> Shape:
    """The box structure of an ISO media file; a broken file gives what was found until then."""
    with path.open("rb") as stream:
        size = path.stat().st_size
        found = list(_walk(stream, 0, size, 0, [0]))
    top = [kind for kind, depth in found if depth == 0]
    moov = top.index(b"moov") if b"moov" in top else -1
    data = top.index(b"mdat") if b"mdat" in top else len(top)
    return Shape(
        edit_lists=sum(kind == b"elst" for kind, _ in found),
        moov_first=0 <= moov < data,
        top_level=tuple(kind.decode("latin-1") for kind in top),
    )


def _walk(
    stream: BinaryIO, start: int, end: int, depth: int, seen: list[int]
) -> Iterator[tuple[bytes, int]]:
    at = start
    while at + 8 <= end and seen[0] < MOST_BOXES and depth < 8:
        seen[0] += 1
        stream.seek(at)
        head = stream.read(16)
        if len(head) < 8:
            return
        size, kind, skip = int.from_bytes(head[:4], "big"), head[4:8], 8
        if size == 1:
            size, skip = int.from_bytes(head[8:16], "big"), 16
        elif size == 0:
            size = end - at
        if size < skip:
            return
        yield kind, depth
        if kind in CONTAINERS:
            yield from _walk(stream, at + skip, min(at + size, end), depth + 1, seen)
        at += size
