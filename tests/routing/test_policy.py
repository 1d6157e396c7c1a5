"""Hard rules in their order, what to give up, guards, repairs, foreseen defects."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from routing import complexity, guards, learning, policy, repairs
from routing.complexity import Demands, Record
from routing.decide import Choice, decide
from routing.guards import Note
from routing.learning import Labels
from routing.need import Need
from routing.policy import Circumstances
from routing.pricing import Quote
from routing.tasks import TaskView
from tests.routing.made import HERE, NEED, card

CLIP = Need(
    stage="animate", operation="image_to_video", seconds=6, motion_profile="camera_only", count=2
)
FULL = Circumstances(
    connected=frozenset({"local"}),
    keyless=frozenset({"fal"}),
    unhealthy={"shaky": "shaky failed 6 of its last 20 calls"},
    frozen=frozenset({"m@1"}),
    barred={"banned": "is barred by the brand"},
    today=date(2026, 11, 24),
)


def clip(key: str = "m", **values: object) -> object:
    return card(key, operations=("image_to_video",), **values)


def priced(one: object, micros: int) -> Choice:
    return Choice(one, Quote(0, 0), micros, 0, 1.0)  # type: ignore[arg-type]


class TestRules:
    @pytest.mark.parametrize(
        ("values", "need", "code"),
        [
            ({"operations": ("upscale",)}, NEED, "capability"),
            ({"max_references": 1}, replace(NEED, reference_count=2), "capability"),
            ({"max_width": 720, "max_height": 1280},
             replace(NEED, width=1080, height=1920), "size"),
            ({"takes_mask": False}, replace(NEED, wants_mask=True), "mask"),
            ({"text_locales": ("en", "de")},
             replace(NEED, text_words=3, headline_locale="ar-EG"), "locale"),
            ({"key": "banned"}, NEED, "licence"),
            ({"is_commercial": False}, NEED, "licence"),
            ({"provider": "shaky"}, NEED, "health"),
            ({"provider": "fal"}, NEED, "key"),
            ({"life_cycle": "retired"}, NEED, "retired"),
            ({"retired_on": date(2026, 11, 24)}, NEED, "retired"),
            ({"version": "1"}, NEED, "frozen"),
            ({"key": "x", "life_cycle": "frozen"}, NEED, "frozen"),
            ({"key": "x", "tier": "high"}, replace(NEED, highest_tier="medium"), "tier"),
            ({"key": "x"}, replace(NEED, price_limit_micros=39_999), "ceiling"),
            ({"key": "x"}, replace(NEED, money_left_micros=39_999), "money"),
            ({"key": "x"}, replace(NEED, deadline_s=5.0), "deadline"),
        ],
    )  # fmt: skip
    def test_give_one_reason(self, values: dict[str, object], need: Need, code: str) -> None:
        one = replace(card("m"), **values)  # type: ignore[arg-type]
        reason = policy.objection(one, need, FULL)
        assert reason is not None
        assert reason.code == code
        assert reason.text

    @pytest.mark.parametrize(
        ("values", "need", "code"),
        [
            ({"motion_profiles": ("subtle_human",)}, CLIP, "motion"),
            ({"max_seconds": 5.0}, CLIP, "size"),
        ],
    )
    def test_look_at_clips(self, values: dict[str, object], need: Need, code: str) -> None:
        reason = policy.objection(clip("x", **values), need, HERE)  # type: ignore[arg-type]
        assert reason is not None
        assert reason.code == code

    @pytest.mark.parametrize(
        ("values", "need"),
        [
            ({"max_width": 1280, "max_height": 720}, replace(NEED, width=720, height=1280)),
            ({"text_locales": ("ar",)}, replace(NEED, text_words=3, headline_locale="ar-EG")),
            ({"text_locales": ()}, replace(NEED, headline_locale="ar")),
            ({"takes_mask": None}, replace(NEED, wants_mask=True)),
            ({"retired_on": date(2026, 11, 25)}, NEED),
        ],
    )
    def test_let_pass_what_fits(self, values: dict[str, object], need: Need) -> None:
        assert policy.objection(card("x", **values), need, FULL) is None

    def test_come_in_the_written_order(self) -> None:
        codes = [code for rule in policy.RULES for code in rule.codes]
        assert codes == [
            "capability", "input", "size", "mask", "motion", "locale", "licence", "health",
            "key", "provider", "disabled", "retired", "frozen", "price", "tier", "ceiling",
            "money", "deadline",
        ]  # fmt: skip
        broken = card("banned", provider="shaky", is_enabled=False, price_micros=None)
        found = [reason.code for reason in policy.objections(broken, NEED, FULL)]
        assert found == ["licence", "health", "provider", "disabled", "price"]

    def test_agree_with_the_short_list_for_a_need(self) -> None:
        need = replace(NEED, width=1080, height=1080, deadline_s=1.0)
        checks = policy.checks_for(need, FULL)
        for one in (card("m"), card("x"), card("y", max_width=512, max_height=512)):
            assert policy.objection(one, need, FULL, checks) == policy.objection(one, need, FULL)

    def test_let_a_person_take_a_frozen_version(self) -> None:
        assert policy.objection(card("m"), replace(NEED, pinned_model="m"), FULL) is None


class TestRelaxation:
    @pytest.mark.parametrize(
        ("values", "need", "text"),
        [
            ({"max_width": 720, "max_height": 1280},
             replace(NEED, width=1080, height=1920), "at 720 \u00d7 1280"),
            ({}, replace(NEED, money_left_micros=10_000), "with $0.03 more"),
            ({}, replace(NEED, price_limit_micros=10_000), "with a limit of $0.04 an output"),
            ({"tier": "high"}, replace(NEED, highest_tier="low"), "if high tier were allowed"),
            ({}, replace(NEED, deadline_s=2.0), "with 4 s more"),
            ({"provider": "fal"}, NEED, "with a key for fal"),
            ({"is_enabled": False}, NEED, "if an admin switched it on"),
        ],
    )  # fmt: skip
    def test_names_the_one_thing(self, values: dict[str, object], need: Need, text: str) -> None:
        way = policy.relaxation([card("a", **values)], need, HERE)
        assert way is not None
        assert (way.key, way.text) == ("a", text)

    def test_takes_no_model_that_breaks_two_rules(self) -> None:
        one = card("a", provider="fal", is_enabled=False)
        assert policy.relaxation([one], NEED, HERE) is None

    def test_stands_in_the_decision(self) -> None:
        decision = decide(replace(NEED, money_left_micros=0), [card("a")], HERE)
        assert decision.best is None
        assert decision.relaxation is not None
        assert decision.losers[0].code == "money"


class TestGuards:
    def test_name_the_cheap_camera_move(self) -> None:
        dear = priced(clip("veo", tier="high"), 9_000_000)
        cheap = priced(clip("local", tier="low"), 200_000)
        note = guards.waste(CLIP, dear, [dear, cheap])
        assert note is not None
        assert (note.code, note.alternative) == ("waste", "local")
        assert "only the camera moves" in note.text
        assert guards.waste(CLIP, cheap, [dear, cheap]) is None

    def test_send_a_surgical_change_to_an_editor(self) -> None:
        need = replace(NEED, surgicality=0.9)
        base = priced(card("base", surgicality=0.1), 500_000)
        sharp = priced(card("sharp", surgicality=0.9), 700_000)
        note = guards.waste(need, base, [base, sharp])
        assert note is not None
        assert note.alternative == "sharp"
        assert guards.waste(need, sharp, [base, sharp]) is None
        assert guards.waste(NEED, base, [base, sharp]) is None

    def test_name_a_usable_editor_where_only_generators_were_asked(self) -> None:
        need = Need(stage="generation", operation="compose", surgicality=0.8)
        base = card("base", operations=("compose",))
        eraser = card("eraser", operations=("object_erase",), surgicality=0.9)
        away = replace(eraser, key="away", provider="fal", price_micros=1)
        decision = decide(need, [base, eraser, away], HERE)
        assert [(note.code, note.alternative) for note in decision.notes] == [("waste", "eraser")]
        assert "for $0.04 per output" in decision.notes[0].text

    @pytest.mark.parametrize(("rolled", "said"), [(0, False), (2, False), (3, True), (5, True)])
    def test_propose_an_edit_at_the_third_re_roll(self, rolled: int, said: bool) -> None:
        note = guards.rerolls(rolled, priced(card("fix"), 300_000), "hands")
        assert (note is not None) == said
        if note is not None:
            assert note.alternative == "fix"
            assert "mend its hands" in note.text

    @pytest.mark.parametrize(
        ("runs", "said"),
        [({}, False), ({"a": 19}, False), ({"a": 14, "b": 6}, True), ({"a": 13, "b": 7}, False)],
    )
    def test_warn_of_one_model_for_everything(self, runs: dict[str, int], said: bool) -> None:
        note = guards.concentration(runs, card("a"), priced(card("b"), 800_000))
        assert (note is not None) == said

    def test_find_their_way_into_the_decision(self) -> None:
        cards = [card("a", life_cycle="deprecated", retired_on=date(2027, 3, 15)), card("b")]
        decision = decide(replace(NEED, pinned_model="a"), cards, HERE, recent={"a": 30}, rerolls=3)
        assert [note.code for note in decision.notes] == ["reroll", "concentration", "ending"]
        assert all(isinstance(note, Note) and note.text for note in decision.notes)


class TestRepairs:
    def test_compete_with_a_re_roll(self) -> None:
        editors = [card("fix", price_micros=40_000, approval_prior=0.6)]
        boxes = repairs.offers(NEED, "hands", editors, HERE)
        assert boxes[0].chance == pytest.approx(0.6)
        assert boxes[0].cost_micros == 40_000 + 120_000 + 600_000
        generator = [card("roll", approval_prior=0.2)]
        failed = TaskView().after("roll@1", mean=-1.4, rejected=6)
        fresh = decide(NEED, generator, HERE, repairs=boxes)
        late = decide(NEED, generator, HERE, history=failed, repairs=boxes)
        assert fresh.repair is not None
        assert late.repair is not None
        assert late.repair.break_even < fresh.repair.break_even < 1
        sure = decide(NEED, [card("roll", approval_prior=0.9)], HERE, repairs=boxes)
        assert sure.repair is None

    def test_are_learned_by_defect(self) -> None:
        editor = card("fix")
        belief = learning.fresh("edit")
        for _ in range(8):
            belief = repairs.learned(belief, editor, NEED, "hands", Labels(rejected=2), 0.0)
            belief = repairs.learned(belief, editor, NEED, "text", Labels(kept=2), 0.0)
        hands, text = (
            repairs.offers(NEED, tag, [editor], HERE, belief=belief)[0] for tag in ("hands", "text")
        )
        assert hands.chance < 0.4 < text.chance
        assert (hands.evidence.kept, hands.evidence.seen) == (0, 16)

    def test_offer_nothing_that_may_not_be_used(self) -> None:
        assert repairs.offers(NEED, "hands", [card("off", is_enabled=False)], HERE) == ()


class TestComplexity:
    def outlook(self, demands: Demands, record: Record | None = None, **virtues: object):  # type: ignore[no-untyped-def]
        return complexity.outlook(card(**virtues), demands, price_micros=40_000, record=record)

    def test_finds_half_of_the_pictures_of_people_with_hands_flawed(self) -> None:
        seen = self.outlook(Demands(people=1, hands=True))
        parts = {risk.group: risk.chance for risk in seen.risks}
        assert 1 - (1 - parts["hands"]) * (1 - parts["anatomy"]) == pytest.approx(0.5, abs=0.05)

    @pytest.mark.parametrize(
        "more",
        [
            Demands(people=2), Demands(people=1, hands=True), Demands(people=1, words=5),
            Demands(people=1, objects=3), Demands(people=1, counts=1),
            Demands(people=1, interactions=1),
        ],
    )  # fmt: skip
    def test_grows_with_every_demand(self, more: Demands) -> None:
        less = self.outlook(Demands(people=1))
        assert self.outlook(more).chance > less.chance
        assert self.outlook(more).per_usable_micros > less.per_usable_micros

    def test_trusts_the_profile_and_then_the_tags(self) -> None:
        demands = Demands(people=1, hands=True)
        good, poor = self.outlook(demands, anatomy=0.9), self.outlook(demands, anatomy=0.2)
        assert good.chance < poor.chance
        record = Record()
        for _ in range(40):
            record = record.after(demands, ["hands"])
        learned = self.outlook(demands, record, anatomy=0.9)
        assert learned.risks[0].chance > 0.7 > poor.risks[0].chance
        assert (learned.risks[0].group, learned.outputs_seen) == ("hands", 40)

    def test_converges_on_the_true_share(self) -> None:
        demands, record = Demands(people=1, hands=True), Record()
        for number in range(600):
            record = record.after(demands, ["hands"] if number % 5 == 0 else [])
        hands = next(r for r in self.outlook(demands, record).risks if r.group == "hands")
        assert hands.chance == pytest.approx(0.2, abs=0.04)

    def test_costs_a_usable_frame(self) -> None:
        seen = self.outlook(Demands())
        assert seen.per_usable_micros == round(160_000 / (1 - seen.chance))

    def test_reads_a_need_and_refuses_negative_demands(self) -> None:
        need = replace(NEED, people=2, hands=True, text_words=4, objects=1, interactions=1)
        assert Demands.of(need) == Demands(2, True, 4, 1, 0, 1)
        with pytest.raises(ValueError, match="negative"):
            Demands(people=-1)


class TestAtAGlance:
    """A card that is plain needs only the special checks: the answer is that of every rule."""

    @pytest.mark.parametrize(
        "values",
        [
            {},
            {"is_enabled": False},
            {"life_cycle": "frozen"},
            {"life_cycle": "retired"},
            {"price_micros": None},
            {"provider": "fal"},
            {"provider": "unheard-of"},
            {"operations": ("upscale",)},
            {"is_commercial": False},
            {"retired_on": date(2020, 1, 1)},
            {"retired_on": date(2030, 1, 1)},
            {"tier": "high"},
            {"price_micros": 9_000_000},
            {"max_width": 10, "max_height": 10},
        ],
    )
    @pytest.mark.parametrize(
        "now",
        [
            HERE,
            replace(HERE, today=date(2026, 1, 1)),
            replace(HERE, frozen=frozenset({"m@1"})),
            replace(HERE, barred={"m": "is barred"}),
            replace(HERE, unhealthy={"local": "fails"}),
        ],
    )
    @pytest.mark.parametrize(
        "need",
        [
            NEED,
            replace(NEED, highest_tier="low", money_left_micros=1_000_000, width=100),
            replace(NEED, reference_count=2),
        ],
    )
    def test_says_what_every_rule_says(
        self, values: dict[str, Any], now: Circumstances, need: Need
    ) -> None:
        one = card(**values)
        asked = (
            policy.special_checks(need, now)
            if policy.is_plain(one, need, now)
            else policy.checks_for(need, now)
        )
        assert policy.objection(one, need, now, asked) == policy.objection(one, need, now)
