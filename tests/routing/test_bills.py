"""A bill is the frozen price times what ran: exact where a promise is rounded up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from routing import pricing
from routing.catalog import PriceRule, shipped
from routing.need import Need
from routing.providers.base import Usage


def rule(unit: str, micros: int = 40_000) -> PriceRule:
    return PriceRule(micros=micros, unit=unit, start=date(2026, 11, 1), source="")


class TestBill:
    @pytest.mark.parametrize(
        ("unit", "ran", "micros", "units"),
        [
            ("output", Usage(count=3), 120_000, "3"),
            ("output", Usage(count=0), 0, "0"),
            ("megapixel", Usage(count=2, width=1024, height=1024), 83_886, "2.097152"),
            ("second", Usage(count=2, seconds=4.06), 324_800, "8.12"),
            ("second", Usage(count=1, seconds=0.1), 4_000, "0.1"),
        ],
    )
    def test_is_price_times_what_ran(self, unit: str, ran: Usage, micros: int, units: str) -> None:
        found = pricing.bill(rule(unit), ran)
        assert found == pricing.Bill(micros=micros, units=Decimal(units), unit=unit)

    def test_rounds_only_the_last_micro_unit(self) -> None:
        found = pricing.bill(rule("megapixel", 3), Usage(count=1, width=1000, height=500))
        assert found is not None
        assert found.micros == 2  # 1.5, half up

    @pytest.mark.parametrize(
        ("unit", "ran"),
        [
            ("output", Usage()),
            ("megapixel", Usage(count=1, width=1024)),
            ("second", Usage(count=1)),
            ("second", Usage(seconds=4.0)),
        ],
    )
    def test_is_unknown_when_what_the_price_counts_is(self, unit: str, ran: Usage) -> None:
        assert pricing.bill(rule(unit), ran) is None

    def test_is_never_above_the_promise_for_the_same_work(self) -> None:
        card = replace(shipped()[0], price_micros=10_001, price_unit="second")
        need = Need(stage="animate", operation="image_to_video", count=3, seconds=4.06)
        found = pricing.bill(rule("second", 10_001), Usage(count=3, seconds=4.06))
        assert found is not None
        assert found.micros < pricing.quote(card, need).maximum_micros


class TestRule:
    def test_comes_back_as_it_was_frozen(self) -> None:
        card = replace(
            shipped()[0], price_micros=7, price_unit="second", price_from=date(2026, 1, 2)
        )
        found = pricing.rule_of(pricing.as_json(card))
        assert found is not None
        assert (found.micros, found.unit, found.start) == (7, "second", date(2026, 1, 2))

    @pytest.mark.parametrize(
        "stored", [{}, {"price_micros": None, "price_unit": "output"}, {"price_micros": 4}]
    )
    def test_is_none_where_no_price_was_frozen(self, stored: dict[str, object]) -> None:
        assert pricing.rule_of(stored) is None


class TestUsage:
    def test_leaves_out_what_was_not_said(self) -> None:
        assert Usage(count=0, request_id="a").as_json() == {"count": 0, "request_id": "a"}

    def test_comes_back_from_what_is_stored(self) -> None:
        usage = Usage(model="m", seconds=4.06, cost_micros=12)
        assert Usage.from_json({**usage.as_json(), "bill": {"micros": 1}}) == usage
