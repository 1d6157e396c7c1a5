"""Fields for money: typed in units, kept in micro-units.

Every refusal names the field and says what to write instead. No rule about budgets stands here.
"""

from __future__ import annotations

import re
from typing import Any

from django import forms

from routing import money

EXAMPLE = "such as 12.50"
SYMBOLS = {"USD": "$", "EUR": "\u20ac", "GBP": "\u00a3", "JPY": "\u00a5"}
# spaces and underscores group digits; anything else of that kind is refused, never guessed
_PLAIN = re.compile(r"(?:[0-9][0-9 _\u00a0\u202f]*)?(?:\.[0-9]*)?", re.ASCII)
_CURRENCY = re.compile(r"[A-Za-z]{3}|[$\u20ac\u00a3\u00a5]")
_NOT_A_NUMBER = {"nan", "inf"}


def typed(micros: int | None) -> str:
    """Micro-units as a person would type them: 12500000 gives "12.50", None gives ""."""
    if micros is None:
        return ""
    if micros % 10_000:
        return money.in_units(micros)
    return f"{micros // 1_000_000}.{micros % 1_000_000 // 10_000:02d}"


class AmountField(forms.CharField):
    """An amount such as 12.50; `clean` gives integer micro-units.

    With a `currency` (ISO 4217) only its own sign is taken, without one any known sign. An
    amount `above_zero` may not be 0.
    """

    def __init__(self, *, currency: str = "", above_zero: bool = False, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 24)
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        )
        super().__init__(**kwargs)
        self.currency = currency
        self.above_zero = above_zero

    def clean(self, value: Any) -> Any:
        """Micro-units, or None when it is empty and not required. Raises ValidationError."""
        written = str(value or "").strip()
        if not written:
            if self.required:
                raise self._error(f"is missing. Enter an amount {EXAMPLE}.")
            return None
        if len(written) > 24:
            raise self._error("is too long. The most is 999999999.99.")
        self._check(written)
        number = self._without_sign(written)
        try:
            micros = money.parse(number.replace("\u00a0", "").replace("\u202f", ""))
        except money.BadAmount as error:
            raise self._error(f"cannot be read. {error}") from error
        if self.above_zero and micros == 0:
            raise self._error(f"must be above 0, {EXAMPLE}.")
        return micros

    def _without_sign(self, written: str) -> str:
        sign = written[0]
        allowed = {SYMBOLS.get(self.currency)} if self.currency else set(SYMBOLS.values())
        return written[1:].strip() if sign in allowed else written

    def _check(self, written: str) -> None:
        number = self._without_sign(written)
        if any(char.isdigit() and not char.isascii() for char in number):
            raise self._error(f"has digits of another script. Type 0 to 9, {EXAMPLE}.")
        if number.startswith(("-", "\u2212")):
            raise self._error(f"cannot be negative. Enter 0 or more, {EXAMPLE}.")
        if "," in number:
            raise self._error("has a comma. Write it with a point and no grouping: 1250.00.")
        named = _CURRENCY.search(number)
        if named and named[0].lower() not in _NOT_A_NUMBER and any(map(str.isdigit, number)):
            kept = f"is kept in {self.currency}" if self.currency else "has one currency here"
            raise self._error(f"{kept}. Enter the number alone, {EXAMPLE}.")
        if not _PLAIN.fullmatch(number) or not any(map(str.isdigit, number)):
            raise self._error(f"is not an amount. Enter digits and a point, {EXAMPLE}.")
        whole, _, decimals = re.sub(r"[ _\u00a0\u202f]", "", number).partition(".")
        if len(whole.lstrip("0")) > 9:
            raise self._error("is too large. The most is 999999999.99.")
        if decimals[2:].strip("0"):
            raise self._error(f"has more than two decimals. Round it to whole cents, {EXAMPLE}.")

    def _error(self, text: str) -> forms.ValidationError:
        return forms.ValidationError(f"{self.label or 'The amount'} {text}")
