"""Price rule and need -> expected and maximum cost of a run; rule and what ran -> its bill.

In micro-units. What is promised is rounded up, what is billed is exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from routing.catalog import UNITS, ModelCard, PriceRule
from routing.need import Need
from routing.providers import endpoints
from routing.providers.base import Usage

USUAL_MEGAPIXELS = 2.1  # 1080 x 1920


class PriceUnknown(ValueError):
    """The model has no price, so nothing can be promised."""


class Quote(NamedTuple):
    """`expected_micros` is what we think, `maximum_micros` what is held; for the whole run."""

    expected_micros: int
    maximum_micros: int

    def for_count(self, count: int, was: int) -> Quote:
        """The same outputs `count` times where this is for `was` of them; prices are per output,
        so both are exact."""
        return Quote(self.expected_micros * count // was, self.maximum_micros * count // was)


def quote(card: ModelCard, need: Need) -> Quote:
    """Cost of `need.count` outputs of `card`; megapixels and seconds are rounded up.

    An output whose size nobody can say counts as one of 1080 x 1920.

    Raises PriceUnknown when the card has no price.
    """
    if card.price_micros is None:
        raise PriceUnknown(f"{card.label} has no price yet.")
    match card.price_unit:
        case "output":
            units = 1
        case "megapixel":
            units = math.ceil(need.megapixels or USUAL_MEGAPIXELS)
        case _:
            units = math.ceil(endpoints.seconds_of(card.provider, card.version, need.seconds))
    total = card.price_micros * units * need.count
    return Quote(total, total)


@dataclass(frozen=True, slots=True)
class Bill:
    """What a run came to. `units` were billed (outputs, megapixels or seconds, all together)."""

    micros: int
    units: Decimal
    unit: str


def as_json(card: ModelCard) -> dict[str, Any]:
    """The card's price as it is frozen with a decision, so that later bills go by it."""
    return {
        "price_micros": card.price_micros,
        "price_unit": card.price_unit,
        "price_basis": card.price_basis,
        "price_from": card.price_from.isoformat() if card.price_from else "",
    }


def rule_of(stored: Mapping[str, Any]) -> PriceRule | None:
    """The price rule in a stored choice; None where none was frozen with it."""
    micros, unit = stored.get("price_micros"), stored.get("price_unit")
    if not isinstance(micros, int) or unit not in UNITS:
        return None
    start = stored.get("price_from") or date.min.isoformat()
    return PriceRule(
        micros=micros,
        unit=str(unit),
        start=date.fromisoformat(str(start)),
        source="",
        basis=str(stored.get("price_basis", "")),
    )


def bill(rule: PriceRule, ran: Usage) -> Bill | None:
    """What `ran` costs by `rule`: exact, but for the last micro-unit, which is rounded half up.

    price x the units the provider says it billed, else price x count x (1, megapixels or seconds
    of one output). None when what the rule counts is not known; a provider's own figure of the
    cost is not looked at here.
    """
    if ran.units_micros is not None:
        counted = Decimal(ran.units_micros) / 1_000_000
        exact = (counted * rule.micros).to_integral_value(rounding=ROUND_HALF_UP)
        return Bill(micros=int(exact), units=counted, unit=rule.unit)
    each = _units_each(rule.unit, ran)
    if each is None or ran.count is None:
        return None
    units = each * ran.count
    micros = (units * rule.micros).to_integral_value(rounding=ROUND_HALF_UP)
    return Bill(micros=int(micros), units=units, unit=rule.unit)


def _units_each(unit: str, ran: Usage) -> Decimal | None:
    match unit:
        case "output":
            return Decimal(1)
        case "megapixel" if ran.width and ran.height:
            return Decimal(ran.width * ran.height) / 1_000_000
        case "second" if ran.seconds is not None:
            return Decimal(str(ran.seconds))
        case _:
            return None
