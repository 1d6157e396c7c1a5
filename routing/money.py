"""Money as whole micro-units of a currency. Never a float.

One unit is 1_000_000 micro-units. `Decimal` appears only at the edges: reading a price, printing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal, InvalidOperation

MICROS = 1_000_000
LARGEST = 10**12 * MICROS  # fits a signed 64-bit column with room for sums

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


class BadAmount(ValueError):
    """The text is not an amount of money; the message says what to write instead."""


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`micros` of `currency` (ISO 4217). Adding two currencies raises ValueError."""

    micros: int
    currency: str = "USD"

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros + other.micros, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.micros - other.micros, self.currency)

    def times(self, count: int) -> Money:
        """This amount `count` times over."""
        return Money(self.micros * count, self.currency)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")

    def __str__(self) -> str:
        return text(self.micros, self.currency)


def whole(micros: object) -> int:
    """`micros` when a row can hold it exactly: an int of at most LARGEST either way.

    A float would be kept as one by SQLite and rounded by PostgreSQL. Raises BadAmount.
    """
    if type(micros) is not int or abs(micros) > LARGEST:
        raise BadAmount(f"An amount is a whole number of micro-units, not {micros!r}.")
    return micros


def promise(amount: Decimal) -> int:
    """Micro-units of `amount` units, rounded up: what we promise is never less than the bill."""
    return int((amount * MICROS).to_integral_value(rounding=ROUND_CEILING))


def parse(written: str) -> int:
    """Micro-units of a typed amount such as "12.50" or "$12.50".

    Raises BadAmount for anything that is not a plain, non-negative amount of at most two
    decimals below 10^9.
    """
    cleaned = written.strip().lstrip("$€£¥ ").replace(" ", "").replace("_", "")
    if "," in cleaned:
        raise BadAmount("Write the amount with a point and no grouping, for example 1250.00.")
    try:
        amount = Decimal(cleaned)
    except InvalidOperation as error:
        raise BadAmount("Write an amount such as 12.50.") from error
    if not amount.is_finite():
        raise BadAmount("Write an amount such as 12.50.")
    if amount < 0:
        raise BadAmount("An amount cannot be negative.")
    if amount >= 10**9:
        raise BadAmount("That amount is too large; the most is 999999999.99.")
    if amount != amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN):
        raise BadAmount("Use at most two decimals, for example 12.50.")
    return int(amount * MICROS)


def text(micros: int, currency: str = "USD") -> str:
    """`micros` for a person: "$0.76"; below one cent with up to four decimals: "$0.003"."""
    sign = "-" if micros < 0 else ""
    amount = Decimal(abs(micros)) / MICROS
    if amount and amount < Decimal("0.1") and amount != amount.quantize(Decimal("0.01")):
        shown = f"{amount.quantize(Decimal('0.0001'), rounding=ROUND_CEILING).normalize():f}"
    else:
        shown = f"{amount.quantize(Decimal('0.01'), rounding=ROUND_HALF_EVEN):,}"
    symbol = _SYMBOLS.get(currency)
    return f"{sign}{symbol}{shown}" if symbol else f"{sign}{shown} {currency}"


def in_units(micros: int) -> str:
    """`micros` as plain decimal text without a currency: 39000 → "0.039", 12500000 → "12.5"."""
    return f"{(Decimal(micros) / MICROS).normalize():f}"
