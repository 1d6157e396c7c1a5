"""What is read from a brief's words, and what it says of a defect before paying."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing import complexity, explain
from routing.complexity import Demands, Record
from routing.demands import MOST, read
from routing.need import Need
from tests.routing.made import card

NEED = Need(stage="generation", operation="compose", people=2, hands=True)


class TestRead:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("", Demands()),
            ("Show the morning coffee and make people want one.", Demands()),
            ("Two women laugh", Demands(people=2)),
            ("three young men", Demands(people=3)),
            ("A barista pours coffee", Demands(people=1, hands=True, interactions=1)),
            ("a couple of shoes", Demands()),
            ("a group of four runners", Demands(people=4)),
            ("three cups on 2 plates", Demands(objects=5, counts=2)),
            ("in 10 seconds", Demands()),
            ("A WOMAN'S portrait", Demands()),
            ("Zwei Frauen lachen", Demands()),
            ("500 women", Demands(people=3)),
        ],
    )
    def test_finds_what_the_words_state(self, text: str, found: Demands) -> None:
        assert read(text) == found

    def test_is_bounded_for_any_text(self) -> None:
        found = read("20 women and two dozen 20 cups hugging " * 5000)
        assert max(found.people, found.objects, found.counts, found.interactions) == MOST


class TestOutlooks:
    def test_are_for_models_that_draw_and_needs_that_demand(self) -> None:
        draws, places = card("draws", anatomy=0.5), card("places")
        both = [(draws, 40_000), (places, 0)]
        found = complexity.outlooks(NEED, both, review_micros=100_000, records={})
        assert [one.key for one in found] == ["draws"]
        plain = replace(NEED, people=0, hands=False)
        assert complexity.outlooks(plain, both, review_micros=100_000, records={}) == ()

    def test_cost_of_a_usable_frame_is_price_and_look_over_the_chance(self) -> None:
        (found,) = complexity.outlooks(
            NEED, [(card("draws", anatomy=0.5), 40_000)], review_micros=100_000, records={}
        )
        seen = found.outlook
        assert 0.5 < seen.chance < 0.95
        assert seen.per_usable_micros == round(140_000 / (1 - seen.chance))

    def test_learn_from_the_tags_of_that_version_only(self) -> None:
        bad = Record()
        for _ in range(30):
            bad = bad.after(Demands.of(NEED), {"hands"})
        able = [(card("draws", anatomy=0.5), 40_000)]
        before, after, other = (
            complexity.outlooks(NEED, able, review_micros=0, records=records)[0].outlook
            for records in ({}, {"draws@1": bad}, {"draws@2": bad})
        )
        assert after.chance > before.chance == other.chance
        assert after.risks[0].group == "hands"
        assert (after.outputs_seen, other.outputs_seen) == (30, 0)

    def test_are_said_in_words(self) -> None:
        (found,) = complexity.outlooks(
            NEED, [(card("draws", anatomy=0.5), 40_000)], review_micros=0, records={}
        )
        said = explain.outlook(found)
        assert said.startswith(f"{explain.percent(found.outlook.chance)} chance of a defect")
        assert "hands" in said
        assert explain.demands(replace(NEED, counts=1)) == "2 people, hands, 1 exact number"
