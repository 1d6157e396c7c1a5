"""Bytes by hand: PNG chunks, TIFF entries, JPEG scans, MP4 boxes, as no honest program does."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    """One PNG chunk with its check sum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    width: int,
    height: int,
    *,
    extra: bytes = b"",
    depth: int = 8,
    color: int = 2,
    rows: bytes | None = None,
) -> bytes:
    """A PNG of one flat color, or with `rows` as its data; `extra` chunks stand before them."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    if rows is None:
        samples = {0: 1, 2: 3, 4: 2, 6: 4}[color] * depth // 8
        rows = zlib.compress((b"\0" + b"\x66" * (width * samples)) * height, 1)
    return PNG + head + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def hollow_png(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds almost nothing."""
    return png(width, height, rows=zlib.compress(b"\0" * 64))


def inflated(megabytes: int) -> bytes:
    """A zlib stream of a few kilobytes that becomes so many megabytes of zeros."""
    size = 1_000_000
    pack = zlib.compressobj(9)
    first = pack.compress(bytes(size)) + pack.flush(zlib.Z_FULL_FLUSH)
    again = pack.compress(bytes(size)) + pack.flush(zlib.Z_FULL_FLUSH)
    check = (megabytes * size % 65521) << 16 | 1  # Adler-32 of nothing but zeros
    return first + again * (megabytes - 1) + b"\3\0" + struct.pack(">I", check)


def with_text(kind: bytes, megabytes: int) -> bytes:
    """A small PNG whose compressed text or profile would fill the memory."""
    between = {b"zTXt": b"\0\0", b"iCCP": b"\0\0", b"iTXt": b"\0\1\0\0\0"}[kind]
    return png(200, 200, extra=chunk(kind, b"x" + between + inflated(megabytes)))


def with_many_texts(count: int) -> bytes:
    """Each text chunk is small enough, together they are not."""
    one = chunk(b"zTXt", b"x\0\0" + zlib.compress(b"\0" * 1_000_000, 9))
    return png(200, 200, extra=one * count)


def tiff(width: int, height: int, next_at: int = 0) -> bytes:
    """A gray TIFF of four bytes that claims a size; `next_at` points to the following page."""
    size = min(width * height, 2**32 - 1)
    entries = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 200), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, size),
    ]  # fmt: skip
    body = struct.pack("<H", len(entries))
    for tag, kind, count, value in entries:
        shown = struct.pack("<I", value) if kind == 4 else struct.pack("<HH", value, 0)
        body += struct.pack("<HHI", tag, kind, count) + shown
    body += struct.pack("<I", next_at)
    head = b"II*\0" + struct.pack("<I", 8) + body
    return head.ljust(200, b"\0") + bytes(min(width * height, 1_000_000))


def scans(jpeg: bytes, count: int) -> bytes:
    """A progressive JPEG followed by `count` scans that change nothing and cost a whole pass."""
    empty = b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x10" + b"\x00" * 4
    return jpeg[:-2] + empty * count + jpeg[-2:]


def sized(jpeg: bytes, width: int, height: int, marker: bytes = b"") -> bytes:
    """The JPEG with another size, and another kind of coding, in its frame header."""
    at = next(i for i in range(len(jpeg)) if jpeg[i : i + 2] in (b"\xff\xc0", b"\xff\xc2"))
    head = (marker or jpeg[at : at + 2]) + jpeg[at + 2 : at + 5]
    return jpeg[:at] + head + struct.pack(">HH", height, width) + jpeg[at + 9 :]


def box(kind: bytes, data: bytes = b"") -> bytes:
    """One MP4 box."""
    return struct.pack(">I", 8 + len(data)) + kind + data


FTYP = box(b"ftyp", b"isom\0\0\0\0isommp41")


def nested(depth: int) -> bytes:
    """Boxes in boxes in boxes."""
    inner = b""
    for _ in range(depth):
        inner = box(b"moov", inner)
    return FTYP + inner


def put(offset: int, form: str, *values: int) -> Callable[[bytearray, int], None]:
    """A change for a bent clip: numbers at an offset of the box's content."""

    def change(data: bytearray, at: int) -> None:
        struct.pack_into(form, data, at + offset, *values)

    return change
