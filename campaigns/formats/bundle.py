"""Writes a package: a ZIP whose bytes depend on nothing but its members.

Members stand in the order of their paths, with one fixed time and one fixed mode; pictures and
clips are stored (they are compressed already), text is deflated. Bytes flow from readers to the
target in small pieces, so that memory stays the same for any size; above 4 GB the ZIP becomes a
zip64 by itself. What is in the package and where it goes afterwards is not known here.
"""

from __future__ import annotations

import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from campaigns.formats import media
from campaigns.formats.naming import fold, is_reserved

PIECE = 1 << 20
LONGEST_PATH = 200  # a Windows folder to unpack into needs the rest of 260
_TIME = (1980, 1, 1, 0, 0, 0)  # the oldest a ZIP can say
_MODE = 0o100644 << 16
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')

Progress = Callable[[int, int], None]


class BundleError(ValueError):
    """The package cannot be written; the message says which member is at fault and why."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a package. `open` gives a new reader; `size_bytes` is what it must deliver."""

    path: str
    size_bytes: int
    open: Callable[[], BinaryIO]

    @classmethod
    def of_bytes(cls, path: str, content: bytes) -> Member:
        """A member held in memory: manifest, README."""
        return cls(path, len(content), lambda: BytesIO(content))

    @classmethod
    def of_file(cls, path: str, source: Path) -> Member:
        """A member on disk. Raises OSError when it is not there."""
        return cls(path, source.stat().st_size, lambda: source.open("rb"))


def write(
    members: Iterable[Member], target: BinaryIO, *, on_progress: Progress | None = None
) -> int:
    """Write all members into `target` and return the size of the ZIP in bytes.

    `target` must be seekable and empty: a local file, moved to its place afterwards (a ZIP written
    without seeking needs descriptors that some readers refuse for stored files). `on_progress` gets
    (bytes done, bytes in all) about once a megabyte; an exception from it stops the work. Raises
    BundleError before the first byte for an empty package and for bad or double paths, and while
    writing when a reader delivers more or fewer bytes than were announced. After an exception the
    target is worthless.
    """
    ordered = sorted(members, key=lambda member: member.path)
    check(ordered)
    if not target.seekable():
        raise BundleError("The target of a package must be seekable; write into a file first.")
    total = sum(member.size_bytes for member in ordered)
    done = 0
    with zipfile.ZipFile(target, "w", allowZip64=True) as archive:
        for member in ordered:
            done = _add(archive, member, done, total, on_progress)
    return target.tell()


def check(members: Iterable[Member]) -> None:
    """Raise BundleError when the members cannot make a package; reads no bytes."""
    paths: dict[str, str] = {}
    folders: dict[str, str] = {}
    count = 0
    for member in members:
        count += 1
        check_path(member.path)
        if member.size_bytes < 0:
            raise BundleError(f"{member.path} has no size.")
        key = fold(member.path)
        if key in paths:
            raise BundleError(f"{member.path} and {paths[key]} are the same file on some systems.")
        paths[key] = member.path
        parts = key.split("/")
        for depth in range(1, len(parts)):
            folders.setdefault("/".join(parts[:depth]), member.path)
    if not count:
        raise BundleError("There is nothing to pack; choose at least one file.")
    for key, path in paths.items():
        if key in folders:
            raise BundleError(f"{path} is a file and, for {folders[key]}, a folder.")


def check_path(path: str) -> None:
    """Raise BundleError unless `path` is a plain relative path that every system can unpack."""
    shown = ascii(path)[:80]
    if not path or len(path) > LONGEST_PATH:
        raise BundleError(f"{shown} must have 1 to {LONGEST_PATH} characters.")
    if path != unicodedata.normalize("NFC", path) or _FORBIDDEN.search(path):
        raise BundleError(f"{shown} has characters that not every system can unpack.")
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in path):
        raise BundleError(f"{shown} has invisible characters.")
    for part in path.split("/"):
        if part in {"", ".", ".."}:
            raise BundleError(f"{shown} does not stay inside the package.")
        if part[-1] in ". " or part[0] == " " or is_reserved(part):
            raise BundleError(f"{shown} cannot be unpacked on Windows.")
        if len(part.encode()) > 255:
            raise BundleError(f"{shown} has a name that is too long.")


def _add(
    archive: zipfile.ZipFile, member: Member, done: int, total: int, on_progress: Progress | None
) -> int:
    entry = zipfile.ZipInfo(member.path, _TIME)
    deflate = media.is_text(member.path)
    entry.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    entry.create_system = 3  # Unix on every machine, or the bytes would differ
    entry.external_attr = _MODE
    entry.file_size = member.size_bytes  # decides zip64
    written = 0
    with member.open() as reader, archive.open(entry, "w") as writer:
        while piece := reader.read(PIECE):
            written += len(piece)
            if written > member.size_bytes:
                raise BundleError(f"{member.path} is larger than announced; it changed meanwhile.")
            writer.write(piece)
            if on_progress:
                on_progress(done + written, total)
    if written != member.size_bytes:
        raise BundleError(f"{member.path} is smaller than announced; it changed meanwhile.")
    return done + written
