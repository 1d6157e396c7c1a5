"""The cells of a provider's invoice: amounts, currencies, days; and how a refusal names its place.

Pure, and strict where money is read: what could mean two things is refused, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

MOST_WHOLE_DIGITS = 9
MOST_DECIMALS = 9
NANOS = 1_000_000_000  # in a unit: lines are added up in billionths

SIGNS = {"$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "\u00a5": "JPY"}
_CODE = r"[A-Za-z]{3}|[$\u20ac\u00a3\u00a5]"
_AMOUNT = re.compile(
    rf"([+\-\u2212]?)\s*({_CODE})?\s*([+\-\u2212]?)([0-9.,]+)\s*({_CODE})?", re.ASCII
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?|\.[0-9]+", re.ASCII)
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ].*)?", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class BadInvoice(ValueError):
    """The file cannot be read as an invoice. `text` names line, column and remedy."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(slots=True)
class Layout:
    """Where the columns stand (from 0) and what they are called.

    `currency` is the one that every amount must be in; `mark` the decimal sign of this file, once
    one was seen.
    """

    names: list[str]
    request_id: int
    amount: int
    currency_at: int | None
    date_at: int | None
    model_at: int | None
    delimiter: str
    currency: str
    mark: str = ""

    def at(self, number: int, column: int | None) -> str:
        """How a message begins: line and column."""
        return f"Line {number}, column “{short(self.names[column or 0])}”:"


def short(text: str) -> str:
    """Text from a file as a message may quote it: one line, 40 characters."""
    shown = CONTROL.sub(" ", text).strip()
    return f"{shown[:40]}…" if len(shown) > 40 else shown


def check_currency(layout: Layout, written: str, at: str) -> None:
    """Raises BadInvoice unless a code or sign is that of the layout's currency."""
    code = SIGNS.get(written, written.upper())
    if code != layout.currency:
        raise BadInvoice(
            f"{at} is in {short(code)}, and this team's money is kept in {layout.currency}. Ask "
            f"the provider for the invoice in {layout.currency}; nothing is converted here."
        )


def nanos_of(layout: Layout, written: str, number: int) -> int:
    """An amount in billionths of a unit. Raises BadInvoice."""
    at = layout.at(number, layout.amount)
    if not written:
        raise BadInvoice(f"{at} is empty. Write what the request costs, also when it is 0.")
    found = _AMOUNT.fullmatch(written)
    if found is None:
        kind = "a formula" if written[0] in "=@" else "not an amount"
        raise BadInvoice(
            f"{at} “{short(written)}” is {kind}. Write digits and a point, such as 0.0125."
        )
    before, code, behind, figures, trailing = found.groups()
    for sign in (code, trailing):
        if sign:
            check_currency(layout, sign, at)
    digits = _pointed(layout, figures, written, at)
    if not _NUMBER.fullmatch(digits) or (before and behind):
        raise BadInvoice(
            f"{at} “{short(written)}” is not an amount. Write digits and a point, such as 0.0125."
        )
    whole, _, decimals = digits.partition(".")
    if len(whole.lstrip("0")) > MOST_WHOLE_DIGITS:
        raise BadInvoice(f"{at} “{short(written)}” is too large. The most is 999999999.99.")
    if len(decimals.rstrip("0")) > MOST_DECIMALS:
        raise BadInvoice(
            f"{at} “{short(written)}” has more than {MOST_DECIMALS} decimals. Round it to "
            f"{MOST_DECIMALS}; money is kept in millionths."
        )
    nanos = int(whole or "0") * NANOS + int(decimals.rstrip("0").ljust(MOST_DECIMALS, "0"))
    return -nanos if (before or behind) in {"-", "\u2212"} else nanos


def _pointed(layout: Layout, figures: str, written: str, at: str) -> str:
    """The figures with a point as decimal sign. One sign a file: 1.234 is never guessed."""
    marks = {mark for mark in ",." if mark in figures}
    if not marks:
        return figures
    if len(marks) > 1 or ("," in marks and layout.delimiter == ","):
        raise BadInvoice(
            f"{at} “{short(written)}” has a comma. Write it with a point and no grouping, such "
            "as 1250.00; a decimal comma needs “;” between columns."
        )
    (mark,) = marks
    layout.mark = layout.mark or mark
    if mark != layout.mark:
        raise BadInvoice(
            f"{at} “{short(written)}” has “{mark}” where lines above have “{layout.mark}”. Use "
            "one decimal sign in the whole file, and no grouping."
        )
    return figures.replace(",", ".")


def month_of(layout: Layout, written: str, number: int) -> date | None:
    """The month of a day such as 2026-11-24T10:00Z; None for other ways to write one.

    Raises BadInvoice for a day that is not in the calendar.
    """
    found = _DAY.fullmatch(written)
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3])).replace(day=1)
    except ValueError:
        raise BadInvoice(
            f"{layout.at(number, layout.date_at)} “{short(written)}” is no day. Write it like "
            "2026-11-24."
        ) from None
