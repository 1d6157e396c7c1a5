"""The flowchart: what is counted, what it names, and the marked way of one decision."""

from __future__ import annotations

from typing import Any

from routing import decide, flow
from routing.flow import Group, Past, Step
from routing.policy import RULES
from tests.routing.made import HERE, NEED, card


def stored(*cards: Any, pinned: str = "", **more: Any) -> dict[str, Any]:
    """A decision over the cards as it is stored."""
    need = decide.replace(NEED, pinned_model=pinned)
    return {**decide.decide(need, cards, HERE).as_json(), **more}


def group(of: flow.Flow, key: str) -> Group:
    return next(one for one in of.groups if one.key == key)


def step(of: flow.Flow, in_group: str, key: str) -> Step:
    return next(one for one in group(of, in_group).steps if one.key == key)


class TestRules:
    def test_stand_in_the_order_they_are_asked(self) -> None:
        keys = [one.key for one in group(flow.flow([]), "rules").steps]
        assert keys == [rule.codes[0] for rule in RULES]

    def test_count_decisions_and_name_the_models_they_put_out(self) -> None:
        off, also = card("off", is_enabled=False), card("also", is_enabled=False)
        seen = flow.flow(
            [
                Past(stored(card("a"), off, also), "at_once"),
                Past(stored(card("a"), off), "at_once"),
                Past(stored(card("a")), "at_once"),
            ]
        )
        found = step(seen, "rules", "disabled")
        assert (seen.total, found.count) == (3, 2)
        assert found.named == (("OFF", 2), ("ALSO", 1))
        assert step(seen, "rules", "money").count == 0
        assert found in group(seen, "rules").said
        assert found not in group(seen, "rules").silent

    def test_count_both_codes_of_a_rule_under_it(self) -> None:
        keyless = card("hosted", provider="fal")
        unknown = card("far", provider="replicate")
        seen = flow.flow([Past(stored(card("a"), keyless, unknown), "at_once")])
        assert {name for name, _ in step(seen, "rules", "key").named} == {"HOSTED", "FAR"}


class TestWays:
    def test_tells_who_picked(self) -> None:
        cheap, dear = card("cheap"), card("dear", price_micros=900_000)
        seen = flow.flow(
            [
                Past(stored(cheap, dear), "at_once"),
                Past(stored(cheap, dear, pinned="cheap"), "at_once"),
                Past(stored(cheap, dear, pinned="dear", by_hand="the client asked"), "approved",
                     is_here=True),
            ]
        )  # fmt: skip
        counts = {one.key: one.count for one in group(seen, "person").steps}
        assert counts == {"free": 1, "agreed": 1, "overruled": 1}
        (said,) = step(seen, "person", "overruled").here
        assert said == "DEAR was picked instead of CHEAP: \u201cthe client asked\u201d"

    def test_follows_every_branch_of_the_gate(self) -> None:
        seen = flow.flow([Past(stored(card("a")), key) for key, _ in flow.BRANCHES])
        assert [one.count for one in group(seen, "branches").steps] == [1] * len(flow.BRANCHES)

    def test_marks_only_the_way_of_the_one(self) -> None:
        off = card("off", is_enabled=False)
        seen = flow.flow(
            [
                Past(stored(card("a"), off), "at_once"),
                Past(stored(card("a")), "waiting", is_here=True),
            ]
        )
        here = {one.key for each in seen.groups for one in each.steps if one.is_here}
        assert here == {"free", "catalog", "waiting"}
        assert step(seen, "order", "catalog").here == ("A is the only one left",)

    def test_counts_what_the_guards_said(self) -> None:
        seen = flow.flow([Past(stored(card("old", life_cycle="deprecated")), "at_once")])
        assert step(seen, "guards", "ending").count == 1

    def test_takes_decisions_of_older_releases(self) -> None:
        old = {"choices": [{"provider": "fal", "version": "1", "label": "Old"}]}
        assert flow.flow([Past(old, "at_once"), Past({}, "at_once")]).total == 2
