"""What is stored of a decision in words: every model, every figure, plain values."""

from __future__ import annotations

import json

from routing import learning
from routing.decide import decide
from routing.learning import Labels
from routing.told import told
from tests.routing.made import HERE, NEED, card

DAY = 20_515.0


class TestTold:
    def test_has_every_model_and_survives_storage(self) -> None:
        belief = learning.fresh("edit", day=DAY)
        for _ in range(11):
            belief = learning.update(belief, card("a"), NEED, Labels(kept=3, rejected=1), day=DAY)
        cards = [card("a"), card("b", price_micros=400_000), card("off", is_enabled=False)]
        decision = decide(NEED, cards, HERE, belief=belief, explore=None, day=DAY + 1)
        words = told(decision)
        assert json.loads(json.dumps(words)) == words
        assert [(row["key"], row["rank"]) for row in words["rows"]] == [
            ("a", 1), ("b", 2), ("off", 0),
        ]  # fmt: skip
        first, _, out = words["rows"]
        assert (first["kept"], first["seen"]) == (33, 44)
        assert first["price_micros"] * first["count"] == decision.choices[0].quote.expected_micros
        assert first["per_approved_micros"] == decision.choices[0].per_approved_micros
        assert first["low"] <= decision.choices[0].chance <= first["high"]
        assert out["reason"] == "switched off by an admin"
        assert "chance" not in out
        assert words["evidence"].startswith("kept 33 of 44")

    def test_says_what_stands_in_the_way(self) -> None:
        words = told(decide(NEED, [card("a", provider="fal")], HERE))
        assert words["sentence"].endswith("A could with a key for fal.")
        assert (words["evidence"], words["next_best"]) == ("", "")
        assert [row["rank"] for row in words["rows"]] == [0]
