"""The replay of history: the same world changes nothing, another one what it must."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing import decide, learning
from routing.catalog import ModelCard
from routing.decision import People
from routing.learning import Belief, Labels
from routing.replay import Past, Replay, Setting, replay
from tests.routing.made import HERE, NEED, card

CHEAP = card("cheap", approval_prior=0.5)
DEAR = card("dear", tier="high", price_micros=900_000, approval_prior=0.6)
PAST = [Past(NEED, 160_000, 4, kept=True)] * 6 + [Past(NEED, 160_000, 4, kept=False)] * 2


def run(
    before: list[ModelCard], after: list[ModelCard], past: list[Past] = PAST, **limits: object
) -> Replay:
    """A replay between two catalogs."""
    found = replay(
        past,
        Setting(tuple(before), HERE),
        Setting(tuple(after), HERE, **limits),  # type: ignore[arg-type]
        People(),
        {},
    )
    assert found is not None
    return found


class TestReplay:
    def test_needs_a_history(self) -> None:
        world = Setting((CHEAP,), HERE)
        assert replay([], world, world, People(), {}) is None

    def test_of_the_same_world_differs_by_exactly_nothing(self) -> None:
        found = run([CHEAP, DEAR], [CHEAP, DEAR])
        assert (found.difference_micros, found.difference_interval, found.moved) == (0, (0, 0), 0)
        assert found.before == found.after
        assert found.before.rounds == (("CHEAP", 8),)

    def test_takes_the_model_the_decision_code_takes(self) -> None:
        found = run([CHEAP, DEAR], [DEAR])
        best = decide.decide(NEED, [DEAR], HERE, sizes=(NEED.count,), explore=None).best
        assert best is not None
        assert found.after.rounds == ((best.card.label, 8),)
        assert found.moved == 8
        assert found.difference_interval[0] < found.difference_micros < found.difference_interval[1]
        assert found.after.interval_micros[0] < found.after.mean_micros

    def test_a_dearer_price_of_the_only_model_costs_more_and_surely(self) -> None:
        found = run([CHEAP], [replace(CHEAP, price_micros=400_000)])
        assert found.moved == 0
        assert 0 < found.difference_interval[0] <= found.difference_micros

    def test_counts_what_only_a_person_could_do_at_the_cost_of_that(self) -> None:
        found = run([CHEAP], [DEAR], highest_tier="low")
        assert (found.after.by_hand, found.after.rounds) == (8, ())
        assert found.after.mean_micros == decide.BY_HAND_MICROS["edit"]
        assert found.after.paid_micros == 0
        ((reason, count),) = found.reasons
        assert count == 8
        assert "high tier" in reason

    def test_obeys_the_limit_of_one_output(self) -> None:
        assert run([CHEAP, DEAR], [CHEAP, DEAR], price_limit_micros=39_999).after.by_hand == 8
        assert run([CHEAP, DEAR], [CHEAP, DEAR], price_limit_micros=40_000).after.by_hand == 0

    def test_never_widens_what_a_need_allowed(self) -> None:
        past = [Past(replace(NEED, highest_tier="low"), 0, 4, kept=True)]
        found = run([DEAR], [DEAR], past, highest_tier="high")
        assert (found.before.by_hand, found.after.by_hand) == (1, 1)

    def test_forgets_what_people_pinned(self) -> None:
        past = [Past(replace(NEED, pinned_model="dear"), 0, 4, kept=True)]
        assert run([CHEAP, DEAR], [CHEAP, DEAR], past).before.rounds == (("CHEAP", 1),)

    def test_says_what_really_happened(self) -> None:
        actual = run([CHEAP], [CHEAP]).actual
        assert actual is not None
        people = People()
        each = 160_000 + people.handoff_micros + 4 * people.review_micros
        assert actual.mean_micros == round(8 * each / 6)
        assert actual.paid_micros == round(8 * 160_000 / 6)
        assert actual.interval_micros[0] <= actual.mean_micros <= actual.interval_micros[1]
        assert run([CHEAP], [CHEAP], [Past(NEED, 1, 4, kept=False)]).actual is None

    def test_is_the_same_every_time(self) -> None:
        assert run([CHEAP, DEAR], [DEAR]) == run([CHEAP, DEAR], [DEAR])

    def test_knows_more_after_many_picks(self) -> None:
        belief: Belief = learning.fresh("edit")
        for _ in range(60):
            belief = learning.update(belief, CHEAP, NEED, Labels(kept=3, rejected=1), day=0.0)
        world = Setting((CHEAP,), HERE)
        wide = replay(PAST, world, world, People(), {})
        narrow = replay(PAST, world, world, People(), {"edit": belief})
        assert wide is not None
        assert narrow is not None
        spread = [one.before.interval_micros[1] - one.before.interval_micros[0]
                  for one in (wide, narrow)]  # fmt: skip
        assert spread[1] < spread[0] / 2
        assert narrow.before.mean_micros < wide.before.mean_micros

    def test_weighs_needs_by_how_often_they_came(self) -> None:
        other = replace(NEED, highest_tier="low")
        past = [Past(NEED, 0, 4, kept=True)] * 3 + [Past(other, 0, 4, kept=True)]
        found = run([DEAR], [DEAR], past)
        assert found.before.rounds == (("DEAR", 3),)
        assert found.before.by_hand == 1
        alone = run([DEAR], [DEAR], past[:1]).before.mean_micros
        hand = decide.BY_HAND_MICROS["edit"]
        assert found.before.mean_micros == pytest.approx((3 * alone + hand) / 4, rel=1e-6)
