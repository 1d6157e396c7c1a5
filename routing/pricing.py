"""Price rule and need -> expected and maximum cost of a run, in micro-units."""

from __future__ import annotations

import math
from dataclasses import dataclass

from routing.catalog import ModelCard
from routing.need import Need


class PriceUnknown(ValueError):
    """The model has no price, so nothing can be promised."""


@dataclass(frozen=True, slots=True)
class Quote:
    """`expected_micros` is what we think, `maximum_micros` what is held; for the whole run."""

    expected_micros: int
    maximum_micros: int


def quote(card: ModelCard, need: Need, megapixels: float = 2.1) -> Quote:
    """Cost of `need.count` outputs of `card`; megapixels and seconds are rounded up.

    Raises PriceUnknown when the card has no price.
    """
    if card.price_micros is None:
        raise PriceUnknown(f"{card.label} has no price yet.")
    units = {
        "output": 1,
        "megapixel": math.ceil(megapixels),
        "second": math.ceil(need.seconds),
    }[card.price_unit]
    total = card.price_micros * units * need.count
    return Quote(expected_micros=total, maximum_micros=total)
