"""Money in whole micro-units: exact in, exact out, and never mixed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import money
from routing.money import BadAmount, Money


class TestMoney:
    def test_adds_and_takes_away_one_currency(self) -> None:
        assert Money(3) + Money(4) - Money(5) == Money(2)
        assert Money(3).times(4) == Money(12)
        for mixed in (lambda: Money(1) + Money(1, "EUR"), lambda: Money(1) - Money(1, "EUR")):
            with pytest.raises(ValueError, match="cannot mix USD and EUR"):
                mixed()

    @given(st.lists(st.integers(-(10**15), 10**15), max_size=50))
    def test_sums_are_exact_in_any_order(self, amounts: list[int]) -> None:
        forwards, backwards = Money(0), Money(0)
        for amount in amounts:
            forwards += Money(amount)
        for amount in reversed(amounts):
            backwards += Money(amount)
        assert forwards == backwards == Money(sum(amounts))


class TestPromise:
    @pytest.mark.parametrize(
        ("amount", "micros"), [("0.04", 40_000), ("0.0000001", 1), ("1.0000001", 1_000_001)]
    )
    def test_rounds_up(self, amount: str, micros: int) -> None:
        assert money.promise(Decimal(amount)) == micros

    @given(st.decimals(min_value=0, max_value=10**6, places=9))
    def test_is_never_less_than_the_amount_nor_a_micro_more(self, amount: Decimal) -> None:
        micros = money.promise(amount)
        assert 0 <= micros - amount * money.MICROS < 1


class TestWhole:
    @pytest.mark.parametrize("micros", [0, 1, -1, money.LARGEST, -money.LARGEST])
    def test_lets_through_what_a_row_can_hold(self, micros: int) -> None:
        assert money.whole(micros) == micros

    @pytest.mark.parametrize(
        "micros",
        [1.0, 1.5, float("nan"), float("inf"), Decimal(1), "1", True, None, money.LARGEST + 1,
         -money.LARGEST - 1],
    )  # fmt: skip
    def test_refuses_everything_else(self, micros: object) -> None:
        with pytest.raises(BadAmount, match="whole number of micro-units"):
            money.whole(micros)


class TestParse:
    @pytest.mark.parametrize(
        ("written", "micros"),
        [("12.50", 12_500_000), (" $12.5 ", 12_500_000), ("1 250", 1_250_000_000), ("0", 0),
         ("999999999.99", 999_999_999_990_000), ("€3", 3_000_000)],
    )  # fmt: skip
    def test_reads_what_people_type(self, written: str, micros: int) -> None:
        assert money.parse(written) == micros

    @pytest.mark.parametrize(
        "written",
        ["", "abc", "-1", "1,5", "1.005", "1e99", "NaN", "Infinity", "1000000000", "12.50.1", "$"],
    )
    def test_says_what_to_write_instead(self, written: str) -> None:
        with pytest.raises(BadAmount, match=r"[A-Z].*\.$"):
            money.parse(written)

    @given(st.text(max_size=30))
    def test_never_fails_in_another_way(self, written: str) -> None:
        try:
            micros = money.parse(written)
        except BadAmount:
            return
        assert 0 <= micros < 10**9 * money.MICROS
        assert micros % 10_000 == 0

    @given(st.integers(0, 10**11 - 1))
    def test_reads_back_what_is_shown(self, cents: int) -> None:
        plain = money.in_units(cents * 10_000)
        assert money.parse(plain) == cents * 10_000


class TestText:
    @pytest.mark.parametrize(
        ("micros", "shown"),
        [(760_000, "$0.76"), (3_000, "$0.003"), (39_000, "$0.039"), (0, "$0.00"), (1, "$0.0001"),
         (-760_000, "-$0.76"), (1_234_567_890_000, "$1,234,567.89"), (40_000, "$0.04")],
    )  # fmt: skip
    def test_shows_an_amount(self, micros: int, shown: str) -> None:
        assert money.text(micros) == shown

    def test_names_a_currency_without_a_sign(self) -> None:
        assert money.text(2_000_000, "SEK") == "2.00 SEK"
        assert str(Money(2_000_000, "EUR")) == "€2.00"
