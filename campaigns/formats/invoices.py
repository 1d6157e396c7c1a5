"""A provider's invoice as CSV: what it charges for each request id.

Reads line by line within bounds and keeps one sum a request id. Decides nothing about our own
money and touches no database. What is not understood is refused with line, column and remedy,
never guessed: an invoice that is read wrongly would be booked wrongly.

Two choices. Several lines of one request id are added up, because providers bill parts of a call
apart. A negative line is a credit and lowers its request's sum; a request whose sum is below zero
is refused, because what it costs is then not in this file.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import BinaryIO

from campaigns.formats.invoice_cells import (
    CONTROL,
    MOST_WHOLE_DIGITS,
    NANOS,
    BadInvoice,
    Layout,
    check_currency,
    month_of,
    nanos_of,
    short,
)

MOST_ROWS = 100_000
MOST_BYTES = 20 * 1024 * 1024
MOST_LINE_BYTES = 64 * 1024
MOST_ID = 200  # characters, as long as the reference that we keep of a call
MICROS = 1_000_000

# the names of a column, best first; only the first group that occurs is looked at
_IDS = (
    ("request id", "requestid", "request"),
    ("prediction id", "generation id", "job id", "task id", "operation id", "call id"),
    ("id", "reference"),
)
_AMOUNTS = (("amount", "cost", "charge", "charges"), ("total", "net", "price"))
_CURRENCIES = (("currency", "currency code"),)
_DATES = (("date", "day", "created at", "created", "timestamp", "time", "started at"),)
_MODELS = (("model", "model id", "endpoint", "product"),)
# a currency behind the name; without brackets only those that are no English word
_IN_NAME = re.compile(
    r"(.+?) (?:\(([a-z]{3}|[$\u20ac\u00a3\u00a5])\)|(usd|eur|gbp|jpy|chf|cad|aud|sek|nok|dkk|pln))"
)


@dataclass(frozen=True, slots=True)
class Charge:
    """What an invoice charges for one request id, of `line_count` lines together, 0 or more.

    `model` is what the provider calls the work on its first line, "" without such a column.
    """

    request_id: str
    micros: int
    line_count: int = 1
    model: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """All charges in the order of the file; `sha256` is the file's.

    `month` is the first day of the month that most lines name, None without dates such as
    2026-11-24. `is_whole` is False when only some of the file's charges are at hand.
    """

    sha256: str
    charges: tuple[Charge, ...]
    month: date | None = None
    is_whole: bool = True


def parse(file: BinaryIO, *, currency: str) -> Invoice:
    """Read an invoice kept in `currency` (ISO 4217), in UTF-8, columns divided by `,` or `;`.

    Amounts are exact to nine decimals; each request's sum is rounded to a micro-unit, half to
    even. Raises BadInvoice.
    """
    lines = _Lines(file)
    layout, rows = _open(lines, currency)
    sums: dict[str, _Sum] = {}
    months: Counter[date] = Counter()
    row_count = 0
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        row_count += 1
        if row_count > MOST_ROWS:
            raise BadInvoice(
                f"Line {lines.number}: the file has more than {MOST_ROWS:,} rows. Split it, for "
                "instance by week, so that all lines of one request stay in one file, "
                "and check the parts one after the other."
            )
        _take(layout, row, lines.number, sums, months)
    if not sums:
        raise BadInvoice(
            "There is no row below the column names. Download the invoice again, with its details."
        )
    return Invoice(
        sha256=lines.sha256(),
        charges=tuple(_charge(layout, name, found) for name, found in sums.items()),
        month=max(months, key=lambda month: (months[month], month)) if months else None,
    )


class _Lines:
    """The lines of a file as text, each within bounds; knows the number of the last one."""

    def __init__(self, file: BinaryIO) -> None:
        self.number = 0
        self._file = file
        self._size = 0
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        raw = self._file.readline(MOST_LINE_BYTES + 1)
        if not raw:
            raise StopIteration
        self.number += 1
        self._size += len(raw)
        self._hash.update(raw)
        text = self._decoded(raw)
        if len(raw) > MOST_LINE_BYTES:
            raise BadInvoice(
                f"Line {self.number} is longer than {MOST_LINE_BYTES // 1024} KB, so this is not "
                "a table with one request a line. Export the invoice as CSV again."
            )
        if self._size > MOST_BYTES:
            raise BadInvoice(
                f"The file is larger than {MOST_BYTES // 1024**2} MB. Keep the columns request "
                "id and amount, or split it, and check the parts one after the other."
            )
        return text

    def sha256(self) -> str:
        """Of all that was read, in hexadecimal."""
        return self._hash.hexdigest()

    def _decoded(self, raw: bytes) -> str:
        try:
            # a line that was cut may end inside a letter; it is refused for its length
            errors = "replace" if len(raw) > MOST_LINE_BYTES and self.number > 1 else "strict"
            text = raw.decode("utf-8-sig" if self.number == 1 else "utf-8", errors)
        except UnicodeDecodeError:
            raise BadInvoice(_not_text(self.number, raw)) from None
        if "\0" in text:
            raise BadInvoice(_not_text(self.number, raw))
        return text


def _not_text(number: int, raw: bytes) -> str:
    if number == 1 and raw.startswith(b"PK"):
        return (
            "Line 1: this is a spreadsheet or an archive, not a CSV. Open it and save the table "
            "as “CSV UTF-8”."
        )
    if number == 1 and raw.startswith((b"\x89PNG", b"\xff\xd8", b"GIF8", b"%PDF", b"RIFF")):
        return (
            "Line 1: this is a picture or a document, not a CSV. Download the invoice's details "
            "as CSV from the provider."
        )
    return (
        f"Line {number} is not text in UTF-8. Save the table as “CSV UTF-8”; other encodings are "
        "not guessed, because letters of a request id could change."
    )


@dataclass(slots=True)
class _Sum:
    nanos: int
    line_count: int
    line: int
    model: str


def _open(lines: _Lines, currency: str) -> tuple[Layout, Iterator[list[str]]]:
    """The columns by the first line that is not blank, and the rows below it."""
    header = next((line for line in lines if line.strip(" \t\r\n,;")), None)
    if header is None:
        raise BadInvoice("The file is empty. Download the invoice again and choose that file.")
    tried = [_split(header, delimiter) for delimiter in (",", ";")]
    names, delimiter = max(
        zip(tried, (",", ";"), strict=True),
        key=lambda one: (_has_both(one[0]), len(one[0])),
    )
    layout = _layout(names, delimiter, lines.number, currency)
    return layout, _rows(lines, layout)


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _rows(lines: _Lines, layout: Layout) -> Iterator[list[str]]:
    width = len(layout.names)
    reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    try:
        for row in reader:
            if any(row[width:]) or (len(row) < width and any(row)):
                raise BadInvoice(
                    f"Line {lines.number} has {len(row)} columns, the first line {width}. An "
                    "amount with a comma needs quotes or “;” between columns; take out lines "
                    "that are not requests, such as a total."
                )
            yield row
    except csv.Error as error:
        raise BadInvoice(
            f"Line {lines.number} cannot be read as CSV ({error}). Look for a quote that is not "
            "closed, or export the invoice again."
        ) from error


def _called(name: str) -> str:
    """A column's name without case, underscores and the like: "Cost_(USD)" gives "cost (usd)"."""
    return " ".join(re.sub(r"[_\-./:#]+", " ", name).casefold().split())


def _plain(name: str) -> str:
    """The name without a currency behind it: "cost (usd)" and "cost usd" give "cost"."""
    found = _IN_NAME.fullmatch(name)
    return found[1] if found else name


def _find(names: list[str], groups: Iterable[tuple[str, ...]], *, is_money: bool) -> list[int]:
    """The places of the best group of names that occurs."""
    called = [_plain(_called(name)) if is_money else _called(name) for name in names]
    for group in groups:
        found = [place for place, name in enumerate(called) if name in group]
        if found:
            return found
    return []


def _has_both(names: list[str]) -> bool:
    return bool(_find(names, _IDS, is_money=False) and _find(names, _AMOUNTS, is_money=True))


def _layout(names: list[str], delimiter: str, number: int, currency: str) -> Layout:
    def one(groups: Iterable[tuple[str, ...]], what: str = "") -> int | None:
        found = _find(names, groups, is_money=what == "amount")
        if len(found) > 1 and what:
            listed = " and ".join(f"“{short(names[place])}”" for place in found)
            raise BadInvoice(
                f"Line {number}: {listed} could each be the {what}. Keep one of them, or rename "
                "the others."
            )
        return found[0] if found else None

    request_id = one(_IDS, "request id")
    amount = one(_AMOUNTS, "amount")
    if request_id is None or amount is None:
        missing = " and ".join(
            words
            for words, place in (("the request id", request_id), ("the amount", amount))
            if place is None
        )
        listed = ", ".join(f"“{short(name)}”" for name in names[:8] if name.strip())
        raise BadInvoice(
            f"Line {number}: no column is called like {missing}. It names {listed or 'nothing'}. "
            "Call one column request_id and one amount, divided by “,” or “;”."
        )
    layout = Layout(
        names=names,
        request_id=request_id,
        amount=amount,
        currency_at=one(_CURRENCIES, "currency"),
        date_at=one(_DATES),
        model_at=one(_MODELS),
        delimiter=delimiter,
        currency=currency,
    )
    in_name = _IN_NAME.fullmatch(_called(names[amount]))
    if in_name:
        check_currency(layout, in_name[2] or in_name[3], layout.at(number, amount))
    return layout


def _take(
    layout: Layout, row: list[str], number: int, sums: dict[str, _Sum], months: Counter[date]
) -> None:
    """Add one row to its request's sum."""
    name = row[layout.request_id].strip()
    at = layout.at(number, layout.request_id)
    if not name:
        raise BadInvoice(
            f"{at} is empty. Take out lines that are not requests, such as a total or a fee."
        )
    if len(name) > MOST_ID or CONTROL.search(name):
        raise BadInvoice(
            f"{at} “{short(name)}” is not a request id: it is longer than {MOST_ID} characters "
            "or has a line break. Look for a quote that is not closed."
        )
    written = row[layout.currency_at].strip() if layout.currency_at is not None else ""
    if written:
        check_currency(layout, written, layout.at(number, layout.currency_at))
    nanos = nanos_of(layout, row[layout.amount].strip(), number)
    if layout.date_at is not None:
        month = month_of(layout, row[layout.date_at].strip(), number)
        if month is not None:
            months[month] += 1
    found = sums.get(name)
    if found is None:
        model = short(row[layout.model_at]) if layout.model_at is not None else ""
        sums[name] = _Sum(nanos, 1, number, model)
    else:
        found.nanos += nanos
        found.line_count += 1
        found.line = number


def _charge(layout: Layout, name: str, found: _Sum) -> Charge:
    at = layout.at(found.line, layout.amount)
    if found.nanos < 0:
        credit = f"{(Decimal(found.nanos) / NANOS).normalize():f}"
        raise BadInvoice(
            f"{at} request “{short(name)}” comes to {credit}: a credit without "
            "what it is taken from. Put the line of the first invoice into this file too, so "
            "that they add up to what the request costs, or take this line out."
        )
    if found.nanos >= 10**MOST_WHOLE_DIGITS * NANOS:
        raise BadInvoice(
            f"{at} request “{short(name)}” adds up to more than 999999999.99. Look for lines "
            "that stand in the file twice."
        )
    micros = int((Decimal(found.nanos) * MICROS / NANOS).to_integral_value(ROUND_HALF_EVEN))
    return Charge(name, micros, found.line_count, found.model)
