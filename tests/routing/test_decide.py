"""Prices, hard rules, the ranking and its words."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import decide, explain, policy, pricing
from routing.catalog import ModelCard
from routing.decide import People
from routing.need import Need
from routing.policy import Circumstances

HERE = Circumstances(connected=frozenset({"local"}), keyless=frozenset({"fal"}))
NEED = Need(stage="edit", operation="background_replace", count=4)


def card(key: str = "m", **values: object) -> ModelCard:
    plain = ModelCard(
        key=key, label=key.upper(), provider="local", version="1",
        operations=("background_replace",), tier="low", price_micros=40_000, price_unit="output",
        price_basis="", price_from=None, approval_prior=0.5, seconds_each=3.0, source="s",
    )  # fmt: skip
    return replace(plain, **values)  # type: ignore[arg-type]


class TestPricing:
    @pytest.mark.parametrize(
        ("unit", "seconds", "megapixels", "total"),
        [("output", 0, 2.1, 160_000), ("megapixel", 0, 2.1, 480_000),
         ("megapixel", 0, 2.0, 320_000), ("second", 6, 2.1, 960_000),
         ("second", 5.01, 2.1, 960_000), ("second", 0, 2.1, 0)],
    )  # fmt: skip
    def test_counts_started_units(
        self, unit: str, seconds: float, megapixels: float, total: int
    ) -> None:
        need = replace(NEED, seconds=seconds, megapixels=megapixels)
        quote = pricing.quote(card(price_unit=unit), need)
        assert quote.expected_micros == quote.maximum_micros == total

    def test_promises_nothing_without_a_price(self) -> None:
        with pytest.raises(pricing.PriceUnknown, match="M has no price yet"):
            pricing.quote(card("m", price_micros=None), NEED)

    @given(st.integers(0, 10**9), st.integers(1, 12), st.floats(0, 60))
    def test_never_expects_more_than_it_holds(self, price: int, count: int, secs: float) -> None:
        for unit in ("output", "megapixel", "second"):
            need = replace(NEED, count=count, seconds=secs)
            quote = pricing.quote(card(price_micros=price, price_unit=unit), need)
            assert 0 <= quote.expected_micros <= quote.maximum_micros


class TestPolicy:
    @pytest.mark.parametrize(
        ("values", "need", "code"),
        [
            ({"operations": ("upscale",)}, NEED, "capability"),
            ({}, replace(NEED, has_base=False), "input"),
            ({"provider": "fal"}, NEED, "key"),
            ({"provider": "google"}, NEED, "provider"),
            ({"is_enabled": False}, NEED, "disabled"),
            ({"price_micros": None}, NEED, "price"),
        ],
    )
    def test_gives_one_reason(self, values: dict[str, object], need: Need, code: str) -> None:
        reason = policy.objection(card(**values), need, HERE)
        assert reason is not None
        assert reason.code == code
        assert reason.text

    def test_lets_a_sound_model_pass(self) -> None:
        assert policy.objection(card(), NEED, HERE) is None

    def test_needs_no_picture_where_type_is_set(self) -> None:
        need = replace(NEED, operation="compose_type", has_base=False)
        assert policy.objection(card(operations=("compose_type",)), need, HERE) is None

    @pytest.mark.parametrize(
        ("ceiling", "free"),
        [("none", ()), ("low", ("low",)), ("medium", ("low", "medium")),
         ("high", ("low", "medium", "high"))],
    )  # fmt: skip
    def test_asks_above_the_ceiling(self, ceiling: str, free: tuple[str, ...]) -> None:
        for tier in ("low", "medium", "high"):
            assert (policy.must_ask(card(tier=tier), ceiling) == "") == (tier in free)


class TestDecide:
    def test_takes_the_lowest_cost_per_approved_asset(self) -> None:
        cheap = card("cheap", price_micros=10_000, approval_prior=0.05)
        dear = card("dear", price_micros=80_000, approval_prior=0.7)
        decision = decide.decide(NEED, [cheap, dear], HERE)
        assert decision.best is not None
        assert decision.best.card.key == "dear", "people's time costs more than the picture"
        free = decide.decide(NEED, [cheap, dear], HERE, People(0, 0))
        assert free.best is not None
        assert free.best.card.key == "cheap"

    def test_computes_a_rounds_cost_over_its_chance(self) -> None:
        (choice,) = decide.decide(NEED, [card()], HERE, People(120_000, 600_000)).choices
        chance = 1 - 0.5**4
        assert choice.per_approved_micros == round((4 * (40_000 + 120_000) + 600_000) / chance)
        assert choice.money_per_approved_micros == round(4 * 40_000 / chance)
        assert choice.seconds == 12.0

    def test_does_not_depend_on_the_order_of_cards(self) -> None:
        cards = [card("b"), card("a"), card("quick", seconds_each=1.0)]
        for order in permutations(cards):
            keys = [choice.card.key for choice in decide.decide(NEED, order, HERE).choices]
            assert keys == ["quick", "a", "b"]

    def test_lists_losers_of_this_operation_only(self) -> None:
        cards = [card("a"), card("off", is_enabled=False), card("other", operations=("upscale",))]
        decision = decide.decide(NEED, cards, HERE)
        assert [(loser.key, loser.code) for loser in decision.losers] == [("off", "disabled")]

    def test_takes_a_pinned_model_first(self) -> None:
        cards = [card("a"), card("dear", price_micros=9_000_000)]
        decision = decide.decide(replace(NEED, pinned_model="dear"), cards, HERE)
        assert [choice.card.key for choice in decision.choices] == ["dear", "a"]

    @pytest.mark.parametrize(
        ("pinned", "said"), [("off", "switched off by an admin"), ("nobody", "is not known")]
    )
    def test_says_why_a_pinned_model_cannot(self, pinned: str, said: str) -> None:
        cards = [card("a"), card("off", is_enabled=False)]
        decision = decide.decide(replace(NEED, pinned_model=pinned), cards, HERE)
        assert decision.best is None
        assert said in decision.problem

    def test_says_why_nothing_can(self) -> None:
        assert decide.decide(NEED, [], HERE).problem == "No model in the catalog can do this."
        problem = decide.decide(NEED, [card("a", provider="fal")], HERE).problem
        assert problem == "No model can do this now: A no key for fal is set."

    def test_is_stored_as_plain_values(self) -> None:
        stored = decide.decide(NEED, [card("a"), card("b", is_enabled=False)], HERE).as_json()
        assert stored["choices"][0]["key"] == "a"
        assert stored["losers"][0]["code"] == "disabled"
        assert (stored["operation"], stored["count"]) == ("background_replace", 4)


class TestExplain:
    def test_names_the_reason_in_one_sentence(self) -> None:
        one, two, off = card("a"), card("b"), card("c", is_enabled=False)
        said = {
            "only": explain.sentence(decide.decide(NEED, [one], HERE)),
            "rivals": explain.sentence(decide.decide(NEED, [one, two], HERE)),
            "losers": explain.sentence(decide.decide(NEED, [one, off], HERE)),
            "pinned": explain.sentence(
                decide.decide(replace(NEED, pinned_model="b"), [one, two], HERE)
            ),
            "none": explain.sentence(decide.decide(NEED, [off], HERE)),
        }
        cost = "$1.32 per approved asset, $0.17 of it the model's price."
        assert said["only"] == f"A to replace background: the only model for it, {cost}"
        assert said["rivals"].endswith(f"lowest expected cost of 2 that can, {cost}")
        assert "the only one of 2 that can run here now" in said["losers"]
        assert said["pinned"].startswith("B was chosen by hand")
        assert "switched off" in said["none"]
