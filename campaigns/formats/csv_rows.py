"""CSV that a spreadsheet cannot be tricked by, and that stays numbers where it is numbers.

A cell that begins with `= + - @` or a control character is read as a formula, quoted or not; such
text gets an apostrophe in front. Numbers are written as numbers, negative ones included.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

BOM = "\ufeff"  # without it Excel reads UTF-8 as the local 8-bit code
Cell = str | int | float | Decimal | bool | None

# also the full-width forms, which East Asian spreadsheets take for the narrow ones
_TRIGGERS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_START = re.compile(rf"^\s*[{_TRIGGERS}]|^[\t\r\n]")
# where `;` divides columns, a `;` inside a quoted cell starts a new one
_INSIDE = re.compile(rf"([;\t\r\n]\s*)(?=[{_TRIGGERS}])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def guard(text: str) -> str:
    """Text that no spreadsheet takes for a formula; harmless text comes back as it is."""
    safe = _INSIDE.sub(r"\1'", _CONTROL.sub("", text))
    return f"'{safe}" if _START.search(safe) else safe


def cell(value: Cell) -> str:
    """One value as text: numbers plainly (never with an exponent), text guarded, None empty."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return str(value)
        case float():
            return f"{Decimal(repr(value)):f}" if abs(value) < float("inf") else ""
        case Decimal():
            return f"{value:f}" if value.is_finite() else ""
        case _:
            return guard(value)


def head(header: Sequence[str]) -> bytes:
    """The beginning of a file: UTF-8 with BOM, comma, CRLF."""
    return BOM.encode() + _line([guard(name) for name in header])


def line(header: Sequence[str], row: Sequence[Cell]) -> bytes:
    """One row behind `head`. Raises ValueError when it is not as wide as the header."""
    if len(row) != len(header):
        raise ValueError(f"A row has {len(row)} cells, the header {len(header)}.")
    return _line([cell(value) for value in row])


def to_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A whole small file. Raises ValueError when a row is not as wide as the header."""
    return head(header) + b"".join(line(header, row) for row in rows)


def _line(cells: Sequence[str]) -> bytes:
    target = io.StringIO(newline="")
    csv.writer(target, lineterminator="\r\n").writerow(cells)
    return target.getvalue().encode("utf-8", "replace")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def stream(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The same as text, line by line, for downloads of any length."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield BOM + writer.writerow([guard(name) for name in header])
    for row in rows:
        yield writer.writerow([cell(value) for value in row])
