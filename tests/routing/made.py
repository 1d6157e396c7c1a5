"""Cards, needs and circumstances that the tests of routing share."""

from __future__ import annotations

from dataclasses import replace

from routing.catalog import ModelCard
from routing.need import Need
from routing.policy import Circumstances

HERE = Circumstances(connected=frozenset({"local"}), keyless=frozenset({"fal"}))
NEED = Need(stage="edit", operation="background_replace", count=4)


def card(key: str = "m", **values: object) -> ModelCard:
    """A sound model at four cents that keeps every second output, but for `values`."""
    plain = ModelCard(
        key=key, label=key.upper(), provider="local", version="1",
        operations=("background_replace",), tier="low", price_micros=40_000, price_unit="output",
        price_basis="", price_from=None, approval_prior=0.5, seconds_each=3.0, source="s",
    )  # fmt: skip
    return replace(plain, **values)  # type: ignore[arg-type]
