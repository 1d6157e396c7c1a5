"""A text file of a package that grows file by file, so that no package has to fit into memory.

What the files say is the business of manifest, sheets, contact and readme.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from campaigns.formats import csv_rows, manifest
from campaigns.formats.manifest import Entry

Thumb = Callable[[], bytes]


def no_thumb() -> bytes:
    """A file that has no thumbnail."""
    return b""


class Part(Protocol):
    """Gets every file of a package in its order, and is closed once at the end."""

    def add(self, entry: Entry, thumb: Thumb = no_thumb) -> None:
        """Take one file in."""

    def close(self) -> list[tuple[str, Path]]:
        """Finish; the path in the package and the file on disk of everything written."""


class CsvPart(ABC):
    """A CSV of one row a file, begun with the first row; more than `most` rows begin another.

    `path` holds `{n}` where several may be needed. `guarded` counts cells that got an apostrophe.
    """

    def __init__(
        self, folder: Path, path: str, header: Sequence[str], *, most: int = 1_000_000
    ) -> None:
        self._folder, self._path, self._header, self._most = folder, path, header, most
        self._target: BinaryIO | None = None
        self._rows = 0
        self._made: list[tuple[str, Path]] = []
        self.guarded = 0

    @abstractmethod
    def add(self, entry: Entry, thumb: Thumb = no_thumb) -> None:
        """Take one file in, or leave it out."""

    def write(self, row: Sequence[csv_rows.Cell]) -> None:
        """Add a row. Raises ValueError when it is not as wide as the header."""
        target = self._target
        if target is None or self._rows == self._most:
            target = self._begin()
        target.write(csv_rows.line(self._header, row))
        self._rows += 1
        self.guarded += sum(
            isinstance(value, str) and csv_rows.guard(value) != value for value in row
        )

    def close(self) -> list[tuple[str, Path]]:
        """Finish; nothing is written where there was no row."""
        if self._target is not None:
            self._target.close()
        return self._made

    def _begin(self) -> BinaryIO:
        if self._target is not None:
            self._target.close()
        path = self._path.format(n=len(self._made) + 1)
        file = self._folder / path.replace("/", "-")
        self._target = file.open("wb")
        self._target.write(csv_rows.head(self._header))
        self._made.append((path, file))
        self._rows = 0
        return self._target


class ManifestCsv(CsvPart):
    """manifest.csv: one row a file, to sort and to fill back."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "manifest.csv", manifest.COLUMNS)

    def add(self, entry: Entry, thumb: Thumb = no_thumb) -> None:
        """The file's row."""
        self.write(manifest.csv_row(entry))


class ManifestJson:
    """manifest.json: the same in full."""

    def __init__(self, folder: Path, package: Mapping[str, Any]) -> None:
        self._file = folder / "manifest.json"
        self._target = self._file.open("wb")
        self._target.write(manifest.json_head(package))
        self._is_first = True

    def add(self, entry: Entry, thumb: Thumb = no_thumb) -> None:
        """The file in full."""
        self._target.write(manifest.json_entry(entry, is_first=self._is_first))
        self._is_first = False

    def close(self) -> list[tuple[str, Path]]:
        """Finish."""
        self._target.write(manifest.json_tail())
        self._target.close()
        return [("manifest.json", self._file)]
