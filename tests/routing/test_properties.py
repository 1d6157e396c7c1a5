"""What must hold of every decision, whatever the catalog, the need and the evidence."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import index, learning
from routing.catalog import ModelCard
from routing.decide import People, decide, propensity
from routing.learning import Belief, Labels
from routing.tasks import TaskView
from tests.routing.made import HERE, NEED, card

PEOPLE = People()

any_card = st.builds(
    lambda price, prior, seconds, tier, provider, enabled, works, width: {
        "price_micros": price, "approval_prior": prior, "seconds_each": seconds, "tier": tier,
        "provider": provider, "is_enabled": enabled, "operations": works,
        "max_width": width, "max_height": width,
    },
    st.one_of(st.none(), st.integers(0, 3_000_000)),
    st.floats(0.05, 0.95),
    st.floats(0.5, 200),
    st.sampled_from(["low", "medium", "high"]),
    st.sampled_from(["local", "local", "local", "fal", "elsewhere"]),
    st.booleans(),
    st.sampled_from([("background_replace",), ("upscale",), ("background_replace", "outpaint")]),
    st.sampled_from([0, 720, 2160]),
)  # fmt: skip
catalogs = st.lists(any_card, min_size=0, max_size=8).map(
    lambda rows: [card(f"m{place}", **row) for place, row in enumerate(rows)]
)
sound = st.lists(
    st.tuples(st.integers(0, 2_000_000), st.floats(0.05, 0.95), st.floats(0.5, 100)),
    min_size=2,
    max_size=7,
).map(
    lambda rows: [
        card(f"m{n}", price_micros=p, approval_prior=c, seconds_each=s)
        for n, (p, c, s) in enumerate(rows)
    ]
)
needs = st.builds(
    lambda fidelity, people, left, limit, width, tier: replace(
        NEED, fidelity=fidelity, people=people, money_left_micros=left,
        price_limit_micros=limit, width=width, height=width, highest_tier=tier,
    ),
    st.floats(0, 1),
    st.integers(0, 2),
    st.one_of(st.none(), st.integers(0, 8_000_000)),
    st.one_of(st.none(), st.integers(0, 3_000_000)),
    st.sampled_from([0, 1080]),
    st.sampled_from(["", "low", "medium"]),
)  # fmt: skip


@lru_cache(maxsize=8)
def taught(seed: int) -> Belief:
    """A belief after 40 rounds of some of m0 to m7."""
    random = np.random.default_rng(seed)
    belief = learning.fresh("edit")
    for number in range(40):
        one = card(f"m{random.integers(6)}")
        kept = int(random.integers(0, 4))
        belief = learning.update(
            belief, one, NEED, Labels(kept=kept, rejected=3 - kept), day=number / 2
        )
    return belief


beliefs = st.one_of(
    st.none(), st.just(learning.fresh("edit")), st.builds(taught, st.integers(0, 3))
)
histories = st.one_of(
    st.none(),
    st.builds(lambda n: TaskView().after("m0@1", mean=0.0, rejected=n), st.integers(1, 6)),
)


def keys(cards: list[ModelCard], **asked: object) -> list[str]:
    decision = decide(NEED, cards, HERE, PEOPLE, **asked)  # type: ignore[arg-type]
    return [choice.card.key for choice in decision.choices]


class TestEveryDecision:
    @settings(max_examples=150, deadline=None)
    @given(catalogs, needs, beliefs, histories, st.integers(0, 99), st.sampled_from([None, 2, 9]))
    def test_skips_no_model_silently(
        self, cards: list[ModelCard], need, belief, history, seed, rounds
    ) -> None:  # type: ignore[no-untyped-def]
        decision = decide(
            need, cards, HERE, belief=belief, history=history, seed=seed, rounds_left=rounds
        )
        named = [c.card.key for c in decision.choices] + [x.key for x in decision.losers]
        able = [one.key for one in cards if need.operation in one.operations]
        assert sorted(named) == sorted(able)
        assert all(loser.code and loser.text for loser in decision.losers)
        assert bool(decision.problem) == (not decision.choices)
        for choice in decision.choices:
            assert 0 < choice.chance_low <= choice.chance <= choice.chance_high <= 1
            assert choice.card.is_enabled
            if need.money_left_micros is not None:
                assert choice.quote.maximum_micros <= need.money_left_micros

    @settings(max_examples=80, deadline=None)
    @given(sound, st.sampled_from(["m0", "m1", "gone"]))
    def test_skips_none_when_one_is_pinned(self, cards: list[ModelCard], pinned: str) -> None:
        cards = [*cards[:-1], replace(cards[-1], key="gone", is_enabled=False)]
        decision = decide(replace(NEED, pinned_model=pinned), cards, HERE)
        named = [c.card.key for c in decision.choices] + [x.key for x in decision.losers]
        assert sorted(named) == sorted(one.key for one in cards)

    @settings(max_examples=150, deadline=None)
    @given(sound, beliefs, histories, st.integers(0, 99), st.sampled_from([None, 1, 2, 4]))
    def test_never_puts_a_dominated_model_first(
        self, cards: list[ModelCard], belief, history, seed, rounds
    ) -> None:  # type: ignore[no-untyped-def]
        decision = decide(
            NEED, cards, HERE, belief=belief, history=history, seed=seed, rounds_left=rounds
        )
        first = decision.choices[0]
        for other in decision.choices[1:]:
            dearer = (first.card.price_micros or 0) > (other.card.price_micros or 0)
            slower = first.card.seconds_each > other.card.seconds_each
            assert not (dearer and slower and first.each_chance < other.each_chance - 1e-9)

    @settings(max_examples=120, deadline=None)
    @given(sound, st.integers(0, 4_000_000), st.integers(0, 4_000_000), st.sampled_from([None, 0]))
    def test_costs_no_more_when_more_money_is_left(
        self, cards: list[ModelCard], left: int, more: int, taught_by: int | None
    ) -> None:
        belief = None if taught_by is None else taught(taught_by)
        poor, rich = (
            decide(
                replace(NEED, money_left_micros=money), cards, HERE,
                belief=belief, explore=None, sizes=index.SIZES,
            ).best
            for money in (left, left + more)
        )  # fmt: skip
        if poor is not None:
            assert rich is not None
            assert rich.per_approved_micros <= poor.per_approved_micros + 1

    @settings(max_examples=80, deadline=None)
    @given(catalogs, st.sampled_from([("low", "medium"), ("medium", "high"), ("low", "")]))
    def test_costs_no_more_under_a_higher_ceiling(
        self, cards: list[ModelCard], tiers: tuple[str, str]
    ) -> None:
        low, high = (decide(replace(NEED, highest_tier=t), cards, HERE).best for t in tiers)
        if low is not None:
            assert high is not None
            assert high.per_approved_micros <= low.per_approved_micros

    @settings(max_examples=80, deadline=None)
    @given(sound, st.integers(0, 99), st.sampled_from([(4,), index.SIZES]))
    def test_without_evidence_is_the_policy_order(
        self, cards: list[ModelCard], seed: int, sizes: tuple[int, ...]
    ) -> None:
        policy = keys(cards, sizes=sizes)
        assert keys(cards, sizes=sizes, belief=learning.fresh("edit"), seed=seed) == policy

    @settings(max_examples=60, deadline=None)
    @given(sound, beliefs, st.integers(0, 99), st.randoms())
    def test_depends_on_nothing_but_its_arguments(
        self, cards: list[ModelCard], belief, seed, shuffler
    ) -> None:  # type: ignore[no-untyped-def]
        mixed = list(cards)
        shuffler.shuffle(mixed)
        one = decide(NEED, cards, HERE, belief=belief, seed=seed).as_json()
        two = decide(NEED, mixed, HERE, belief=belief, seed=seed).as_json()
        assert one == two

    @pytest.mark.parametrize("belief", [None, taught(0)])
    def test_breaks_ties_by_time_then_name(self, belief: Belief | None) -> None:
        cards = [card("z9"), card("z1"), card("z5", seconds_each=1.0)]
        assert keys(cards, belief=belief, explore=None) == ["z5", "z1", "z9"]


class TestLearnedDecision:
    def test_leaves_the_catalog_for_what_the_team_keeps(self) -> None:
        praised, humble = card("praised", approval_prior=0.7), card("humble", approval_prior=0.4)
        belief = learning.fresh("edit")
        for _ in range(15):
            belief = learning.update(belief, praised, NEED, Labels(rejected=3))
            belief = learning.update(belief, humble, NEED, Labels(kept=2, rejected=1))
        decision = decide(NEED, [praised, humble], HERE, belief=belief, explore=None)
        assert decision.choices[0].card.key == "humble"
        assert (decision.basis, decision.plan) == ("picks", "index")
        assert decision.choices[0].evidence.seen == 45

    def test_stops_when_by_hand_is_cheaper(self) -> None:
        view = TaskView()
        for _ in range(3):
            view = view.after("a@1", mean=0.0, rejected=8)
        cheap = People(by_hand_micros=1_500_000)
        stopped = decide(NEED, [card("a")], HERE, cheap, history=view)
        assert stopped.stopped
        assert [note.code for note in stopped.notes] == ["stopped"]
        assert not decide(NEED, [card("a")], HERE, history=view).stopped

    def test_moves_on_after_failures(self) -> None:
        cards = [card("a", approval_prior=0.55), card("b", approval_prior=0.5)]
        fresh = decide(NEED, cards, HERE)
        assert fresh.choices[0].card.key == "a"
        failed = decide(NEED, cards, HERE, history=TaskView().after("a@1", mean=0, rejected=4))
        assert failed.choices[0].card.key == "b"
        assert fresh.next_step is not None
        assert fresh.next_step.key == "b"

    def test_looks_ahead_when_rounds_are_few(self) -> None:
        decision = decide(NEED, [card("a")], HERE, belief=taught(0), rounds_left=1)
        assert decision.plan == "deadline"
        assert decision.next_step is not None
        assert decision.next_step.is_by_hand
        many = decide(NEED, [card("a")], HERE, belief=taught(0), rounds_left=9, explore=None)
        assert decision.choices[0].count > many.choices[0].count

    def test_counts_rounds_from_the_deadline(self) -> None:
        people = People(turnaround_s=600)
        need = replace(NEED, deadline_s=1900.0)
        assert decide(need, [card("a")], HERE, people).rounds_left == 3

    def test_explores_within_its_cap_and_says_so(self) -> None:
        cards = [card("m0"), card("m1"), card("new", price_micros=20_000, approval_prior=0.45)]
        seen = [decide(NEED, cards, HERE, belief=taught(1), seed=s) for s in range(200)]
        explored = [d for d in seen if d.exploring is not None]
        assert explored
        for decision in explored:
            least = min(c.per_approved_micros for c in decision.choices)
            assert decision.exploring is not None
            assert 0 <= decision.exploring.premium_micros <= 0.25 * least + 1
            assert "exploring" in [note.code for note in decision.notes]
        assert not any(
            decide(NEED, cards, HERE, belief=taught(1), seed=s, explore=None).exploring
            for s in range(20)
        )

    def test_knows_how_likely_it_was_to_choose_so(self) -> None:
        cards = [card("m0"), card("m1"), card("m2")]
        belief = taught(1)
        share = propensity(NEED, cards, HERE, belief=belief, seed=3)
        assert 0 < share <= 1
        assert propensity(NEED, cards, HERE, belief=belief, seed=3, explore=None) == 1.0
        assert propensity(NEED, [], HERE, belief=belief) == 0.0

    def test_names_what_an_overrule_passed_over(self) -> None:
        cards = [card("a"), card("dear", price_micros=900_000)]
        decision = decide(replace(NEED, pinned_model="dear"), cards, HERE)
        assert (decision.overruled, decision.choices[0].card.key) == ("a", "dear")
        agreed = decide(replace(NEED, pinned_model="a"), cards, HERE)
        assert agreed.overruled == ""
