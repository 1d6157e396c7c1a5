"""Where a still or clip ends by its own structure, so that nothing hides behind it. Pure.

Formats: PNG (W3C), JPEG (ITU T.81), RIFF/WebP, ISO base media files.
"""

from __future__ import annotations

import mmap
from pathlib import Path

_PNG_HEAD = 8
_BOXES = frozenset(
    {
        b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"mfra", b"sidx", b"free", b"skip", b"wide",
        b"uuid", b"meta", b"udta", b"pdin", b"prft", b"emsg",
    }
)  # fmt: skip
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


def length(path: Path, kind: str) -> int | None:
    """Bytes that belong to the file of type `kind` at `path`; None when it has no proper end."""
    read = {
        "image/png": _png,
        "image/jpeg": _jpeg,
        "image/webp": _riff,
        "video/mp4": _boxes,
    }.get(kind)
    if read is None or not path.stat().st_size:
        return None
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return read(data)


def trim(path: Path, kind: str) -> int:
    """Cut off what stands behind the end of the file; how many bytes that were."""
    own = length(path, kind)
    extra = path.stat().st_size - own if own else 0
    if own is None or extra <= 0:
        return 0
    with path.open("r+b") as file:
        file.truncate(own)
    return extra


def _png(data: mmap.mmap) -> int | None:
    at = _PNG_HEAD
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        at += 12 + size
        if name == b"IEND":
            return at if at <= len(data) else None
    return None


def _jpeg(data: mmap.mmap) -> int | None:
    at = 2
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 1:
        marker = data[at + 1]
        if marker == 0xD9:
            return at + 2
        if marker in (0x00, 0xFF) or marker in _STANDALONE:
            at += 1 if marker == 0xFF else 2
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _riff(data: mmap.mmap) -> int | None:
    size = 8 + int.from_bytes(data[4:8], "little")
    size += size % 2
    return size if size <= len(data) else None


def _boxes(data: mmap.mmap) -> int | None:
    """Top-level boxes as long as they are known ones."""
    at = 0
    while at + 8 <= len(data):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        name = data[at + 4 : at + 8]
        if size == 0:
            return len(data)
        if name not in _BOXES or size < head:
            break
        if at + size > len(data):
            return None
        at += size
    return at or None
