"""An attempt's estimate against its bill, in words. Only reads what the bill left in the row."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.models import Attempt
from campaigns.models.choices import ATTEMPT_OPEN
from routing import money

BASIS = {
    "reported": "by the provider's own figure",
    "metered": "by what the provider says it ran",
    "measured": "by the size and length of what came",
    "person": "as a manager says",
    "share": "by what was held for what came",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt with what became of its estimate. `is_priced` when money was at stake."""

    attempt: Attempt
    text: str
    is_priced: bool


def call(attempt: Attempt, *, estimated_micros: int, currency: str) -> Call:
    """The attempt of a run that was expected to cost `estimated_micros`."""
    text = "" if attempt.state in ATTEMPT_OPEN else _words(attempt, estimated_micros, currency)
    at_stake = bool(estimated_micros or attempt.reserved_micros or attempt.settled_micros)
    return Call(attempt, text, bool(text) and at_stake)


def _words(attempt: Attempt, estimated: int, currency: str) -> str:
    stored = attempt.ran.get("bill")
    bill = stored if isinstance(stored, dict) else {}
    settled = attempt.settled_micros or 0
    if not settled:
        if not estimated:
            return "Nothing was estimated and nothing was billed."
        return f"{money.text(estimated, currency)} was estimated and nothing was billed."
    billed = int(bill.get("micros", settled))
    base = int(bill.get("estimated_micros", estimated))
    if billed == base:
        basis = BASIS.get(str(bill.get("basis", "")), "")
        said = f"Estimated and billed {money.text(billed, currency)}{', ' if basis else ''}{basis}."
    else:
        told = str(bill.get("text") or _plain(base, billed, currency))
        said = f"{told[:1].upper()}{told[1:]}. {_difference(base, billed, currency)}"
    if settled != billed:
        said = f"{said} Corrected since to {money.text(settled, currency)}."
    return said


def _plain(estimated: int, billed: int, currency: str) -> str:
    return f"estimated {money.text(estimated, currency)}, billed {money.text(billed, currency)}"


def _difference(estimated: int, billed: int, currency: str) -> str:
    amount = money.text(abs(billed - estimated), currency)
    return f"That is {amount} {'more' if billed > estimated else 'less'} than estimated."
