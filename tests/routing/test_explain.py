"""Every sentence about a decision, with the decision's own numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing import explain, learning
from routing.decide import decide
from routing.decision import Decision
from routing.learning import Labels, Tally
from tests.routing.made import HERE, NEED, card

THIRD_OF_MARCH = 20_515.0  # 2026-03-03, in days since 1970-01-01


@pytest.fixture
def learned() -> Decision:
    belief = learning.fresh("edit", day=THIRD_OF_MARCH)
    for _ in range(11):
        belief = learning.update(
            belief, card("a"), NEED, Labels(kept=3, rejected=1), day=THIRD_OF_MARCH
        )
    cards = [card("a"), card("b", price_micros=400_000), card("off", is_enabled=False)]
    return decide(NEED, cards, HERE, belief=belief, explore=None, day=THIRD_OF_MARCH + 1)


class TestSentence:
    def test_says_chance_cost_and_its_parts(self, learned: Decision) -> None:
        best = learned.choices[0]
        said = explain.sentence(learned)
        assert said.startswith(f"A, {best.count} outputs: ")
        assert f"{round(100 * best.chance)} % chance of at least one keeper" in said
        assert f"${best.per_approved_micros / 1e6:.2f} per approved asset" in said

    def test_sums_the_parts_to_the_whole(self, learned: Decision) -> None:
        stored = learned.as_json()["choices"][0]
        parts = ("money_per_approved", "review_per_approved", "handoff_per_approved")
        total = sum(stored[f"{part}_micros"] for part in parts)
        assert total == pytest.approx(stored["per_approved_micros"], abs=2)

    def test_says_what_would_change_a_refusal(self) -> None:
        decision = decide(NEED, [card("a", provider="fal")], HERE)
        assert explain.sentence(decision).endswith("A could with a key for fal.")


class TestEvidence:
    def test_counts_since_a_day(self, learned: Decision) -> None:
        text = explain.evidence(learned.choices[0])
        assert text == "kept 33 of 44 since 3 March; the catalog alone says 50 %"
        assert explain.evidence(learned.choices[1]) == "the catalog says 50 %"
        assert explain.tally(Tally()) == ""

    def test_gives_the_interval(self, learned: Decision) -> None:
        best = learned.choices[0]
        low, high = round(100 * best.chance_low), round(100 * best.chance_high)
        assert explain.interval(best) == f"{low} to {high} % (80 % interval)"

    @pytest.mark.parametrize(
        ("share", "said"),
        [(0.742, "74 %"), (0.999, "over 99 %"), (0.001, "under 1 %"), (1, "100 %")],
    )  # fmt: skip
    def test_promises_nothing_certain(self, share: float, said: str) -> None:
        assert explain.percent(share) == said


class TestTable:
    def test_has_every_model_with_its_reason(self, learned: Decision) -> None:
        rows = explain.table(learned)
        assert [(row.rank, row.key) for row in rows] == [(1, "a"), (2, "b"), (0, "off")]
        assert rows[0].reason == "taken"
        assert rows[1].reason.endswith("more per approved asset")
        assert rows[2].reason == "switched off by an admin"

    def test_says_why_a_cheaper_model_is_second(self) -> None:
        cards = [card("a"), card("b", price_micros=400_000)]
        decision = decide(replace(NEED, pinned_model="b"), cards, HERE)
        assert "less on averages" in explain.table(decision)[1].reason


class TestParagraph:
    def test_tells_the_whole_story(self, learned: Decision) -> None:
        said = explain.paragraph(learned)
        for part in (
            "Your team kept 33 of 44",
            "Next best: B",
            "If none is kept:",
            "Left out: OFF",
        ):
            assert part in said

    def test_names_next_best_with_its_distance(self, learned: Decision) -> None:
        first, second = learned.choices
        more = round(100 * (second.per_approved_micros / first.per_approved_micros - 1))
        assert explain.next_best(learned).endswith(f"({more:+d} %)")

    def test_ends_by_hand_in_the_last_round(self) -> None:
        decision = decide(NEED, [card("a")], HERE, rounds_left=1)
        assert explain.if_none_kept(decision) == "by hand, $15.00"

    def test_is_stored_unchanged_by_later_edits(self, learned: Decision) -> None:
        stored = learned.as_json()
        assert stored["basis"] == "picks"
        assert stored["choices"][0]["evidence"] == {
            "kept": 33, "seen": 44, "since_day": THIRD_OF_MARCH,
        }  # fmt: skip
        assert [loser["code"] for loser in stored["losers"]] == ["disabled"]
        for key in ("operation", "count", "problem", "choices", "losers", "next_step", "notes"):
            assert key in stored
