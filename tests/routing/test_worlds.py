"""Worlds are reproducible, their arithmetic is right, and a scenario is refused with a remedy."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from routing.market import KINDS, MARKET, market
from routing.oracle import Oracle
from routing.players import Alarm, RoutedTeam
from routing.scenarios import BadScenario, load, log_odds_of
from routing.worlds import Pick, Work, World, play


class Always:
    """Always the same pick, or by hand."""

    def __init__(self, pick: Pick | None) -> None:
        self.pick = pick
        self.seen: list[tuple[Work, int]] = []

    def choose(self, work: Work) -> Pick | None:
        return self.pick

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        self.seen.append((work, approved))


def scenario(**changes: Any) -> str:
    whole = {
        "name": "two composers",
        "seed": 3,
        "tasks": 60,
        "kinds": ["compose"],
        "models": [
            {"key": "cheap", "price": "0.01", "catalog": 0.5, "rates": {"compose": 0.2}},
            {"key": "good", "price": "0.05", "catalog": 0.5, "rates": {"compose": 0.7}},
        ],
    }
    return json.dumps({**whole, **changes})


def one_model(rate: float, **changes: Any) -> World:
    models = [{"key": "only", "price": "1", "rates": {"compose": rate}}]
    return load(scenario(models=models, **changes))[0]


class TestMarket:
    def test_has_25_models_on_4_stages_and_12_kinds(self) -> None:
        world = market(1, tasks=50)
        assert len(world.cards) == sum(row[0] for row in MARKET.values()) == 25
        assert len(world.kinds) == len(KINDS) == 12
        assert sum(map(len, world.able)) == 2 * 8 + 4 * 6 + 2 * 4 + 4 * 7

    def test_is_the_same_again_and_another_by_seed(self) -> None:
        one, again, other = (market(seed, tasks=50) for seed in (5, 5, 6))
        assert np.array_equal(one.keep, again.keep, equal_nan=True)
        assert np.array_equal(one.dice, again.dice)
        assert not np.array_equal(one.keep, other.keep, equal_nan=True)

    def test_an_update_changes_rates_half_way_and_nothing_before(self) -> None:
        calm, updated = market(5, tasks=400), market(5, tasks=400, silent_update=True)
        early = calm.day < 45
        assert 100 < early.sum() < 300
        assert np.array_equal(calm.keep[early], updated.keep[early], equal_nan=True)
        changed = calm.eta[1] != updated.eta[1]
        moved = np.flatnonzero((changed & ~np.isnan(calm.eta[1])).any(1))
        assert len(moved) == 8  # one falls and one rises on each stage
        assert [c.approval_prior for c in calm.cards] == [c.approval_prior for c in updated.cards]

    def test_tells_the_router_what_the_tasks_ask(self) -> None:
        world = market(2, tasks=300)
        clip = next(t for t in range(300) if world.kinds[world.kind[t]].motion_profile)
        need = world.need(clip)
        assert need.seconds == 5
        assert need.stage == "animate"
        assert need.surgicality == 0
        assert need.fidelity == world.context[clip, 0]


class TestPlay:
    def test_adds_up_prices_looks_and_rounds(self) -> None:
        world = one_model(1, tasks=10)
        played = play(world, Always(Pick(0, 2)))
        # 0.60 for the round and twice 1.00 + 0.12.
        assert played.micros.tolist() == [2_840_000] * 10
        assert played.paid.tolist() == [2_000_000] * 10
        assert played.outputs_of.tolist() == [20]
        assert played.approved_of.tolist() == [20]
        assert played.by_hand == 0

    def test_goes_by_hand_after_the_last_round(self) -> None:
        world = one_model(0, tasks=4)
        chooser = Always(Pick(0, 1))
        played = play(world, chooser, rounds=3)
        assert played.by_hand == 4
        assert played.micros.tolist() == [3 * 1_720_000 + 25_000_000] * 4
        assert [work.rounds_left for work, _ in chooser.seen[:3]] == [3, 2, 1]
        assert chooser.seen[2][0].failed == ((0, 1), (0, 1))

    def test_goes_by_hand_at_once_when_the_chooser_stops(self) -> None:
        played = play(one_model(1, tasks=4), Always(None))
        assert played.micros.tolist() == [25_000_000] * 4
        assert played.rounds_of.tolist() == [0]

    def test_refuses_a_pick_that_cannot_be_done(self) -> None:
        with pytest.raises(ValueError, match="cannot be asked"):
            play(one_model(1, tasks=4), Always(Pick(0, 9)))

    def test_throws_new_dice_for_every_output(self) -> None:
        world = one_model(0.5, tasks=2000, task_sd=0, model_sd=0)
        played = play(world, Always(Pick(0, 1)))
        rounds = played.rounds_of[0] / 2000
        assert 1.9 < rounds < 2.1  # geometric with chance one half


class TestOracle:
    def test_takes_the_batch_of_least_expected_cost(self) -> None:
        world = load(scenario(task_sd=0, model_sd=0))[0]
        pick = Oracle(world).choose(Work(0, 0, 0.0, 12))
        costs = {
            (m, n): (0.6 + n * (price + 0.12)) / (1 - (1 - rate) ** n)
            for m, price, rate in ((0, 0.01, 0.2), (1, 0.05, 0.7))
            for n in (1, 2, 3, 4, 6, 8)
        }
        assert pick == Pick(*min(costs, key=costs.__getitem__))

    def test_buys_more_outputs_on_the_last_round(self) -> None:
        world = load(scenario())[0]
        oracle = Oracle(world)
        calm, last = (oracle.choose(Work(0, 0, 0.0, left)) for left in (12, 1))
        assert calm is not None
        assert last is not None
        assert last.count > calm.count

    def test_turns_away_from_a_model_that_failed_on_the_task(self) -> None:
        models = [
            {"key": key, "price": "0.05", "rates": {"compose": rate}}
            for key, rate in (("a", 0.52), ("b", 0.5))
        ]
        oracle = Oracle(load(scenario(models=models, model_sd=1.5))[0])
        assert oracle.choose(Work(0, 0, 0.0, 12)).model == 0
        assert oracle.choose(Work(0, 0, 0.0, 11, ((0, 4),))).model == 1

    def test_stops_where_by_hand_is_cheaper(self) -> None:
        assert Oracle(one_model(0.001)).choose(Work(0, 0, 0.0, 12)) is None


class TestRoutedTeam:
    def test_beats_the_catalog_and_stays_above_the_oracle(self) -> None:
        world = load(scenario(tasks=400))[0]
        ours, catalog, oracle = (
            play(world, chooser).per_approved
            for chooser in (RoutedTeam(world), RoutedTeam(world, learns=False), Oracle(world))
        )
        assert oracle <= ours < catalog

    def test_is_the_same_again(self) -> None:
        world = market(3, tasks=40)
        assert np.array_equal(
            play(world, RoutedTeam(world)).micros, play(world, RoutedTeam(world)).micros
        )

    def test_keeps_beliefs_of_stages_apart(self) -> None:
        world = market(3, tasks=60)
        team = RoutedTeam(world)
        played = play(world, team)
        assert sum(b.updates for b in team.beliefs.values()) == played.rounds_of.sum()
        for stage, belief in team.beliefs.items():
            assert all(version.startswith(stage) for version in belief.models)

    def test_an_alarm_reopens_the_evidence_of_that_model_only_when_its_day_comes(self) -> None:
        world = load(scenario(tasks=80))[0]
        calm = RoutedTeam(world, explore=None)
        play(world, calm)
        late = RoutedTeam(world, explore=None, alarms=[Alarm(day=1e9, model=1)])
        play(world, late)
        assert np.array_equal(calm.beliefs["generation"].cov, late.beliefs["generation"].cov)
        last = float(world.day[-1])
        alarmed = RoutedTeam(world, explore=None, alarms=[Alarm(day=last, model=1)])
        play(world, alarmed)
        assert np.trace(alarmed.beliefs["generation"].cov) > np.trace(
            calm.beliefs["generation"].cov
        )


class TestScenario:
    def test_gives_the_mean_rate_that_was_asked_for(self) -> None:
        world, rounds = load(scenario(tasks=5000, rounds=5))
        assert rounds == 5
        assert world.keep[:, 0].mean() == pytest.approx(0.2, abs=0.01)
        assert world.keep[:, 1].mean() == pytest.approx(0.7, abs=0.01)

    def test_knows_never_and_always(self) -> None:
        assert one_model(0).keep.max() < 1e-9
        assert one_model(1).keep.min() > 1 - 1e-9

    def test_shifts_from_the_day_on(self) -> None:
        shifts = [{"day": 45, "model": "good", "rates": {"compose": 0.1}}]
        world = load(scenario(tasks=5000, shifts=shifts))[0]
        before, after = world.keep[world.day < 45], world.keep[world.day >= 45]
        assert before[:, 1].mean() == pytest.approx(0.7, abs=0.02)
        assert after[:, 1].mean() == pytest.approx(0.1, abs=0.02)
        assert after[:, 0].mean() == pytest.approx(0.2, abs=0.02)

    def test_leaves_models_without_a_rate_out_of_a_kind(self) -> None:
        models = [
            {"key": "a", "price": "0.1", "rates": {"compose": 0.5, "outpaint": 0.5}},
            {"key": "b", "price": "0.1", "rates": {"outpaint": 0.5}},
        ]
        world = load(scenario(kinds={"compose": 1, "outpaint": 3}, models=models, tasks=400))[0]
        assert world.able == ((0,), (0, 1))
        assert 250 < (world.kind == 1).sum() < 350

    def test_inverts_the_mean_over_tasks(self) -> None:
        spread = np.array([-1.0, 0.0, 1.0])
        mean = (1 / (1 + np.exp(-(log_odds_of(0.3, spread) + spread)))).mean()
        assert mean == pytest.approx(0.3)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"seeds": 1}, ('s.json: field "seeds" is unknown', "use one of name, seed, tasks")),
            ({"tasks": 0}, ('field "tasks"', "from 1 to 5000")),
            ({"tasks": True}, ('field "tasks"',)),
            ({"kinds": ["paint"]}, ('field "kinds.paint" is unknown', "compose")),
            ({"kinds": {"compose": 0}}, ('field "kinds"', "a share above 0")),
            ({"kinds": []}, ('field "kinds" is missing',)),
            ({"models": []}, ('field "models"', "at least one entry")),
            ({"rounds": 13}, ('field "rounds"', "from 1 to 12")),
            ({"task_sd": -1}, ('field "task_sd" is -1', "from 0 to 3")),
            ({"people": {"review": 0.1}}, ('field "people.review"', 'such as "0.04"')),
            ({"people": {"lunch": "1"}}, ('field "people.lunch" is unknown',)),
            ({"shifts": {}}, ('field "shifts" must be a list',)),
            (
                {"shifts": [{"day": 1, "model": "best", "rates": {"compose": 1}}]},
                ('field "shifts[0].model"', "use one of cheap, good"),
            ),
            (
                {"shifts": [{"day": 900, "model": "good", "rates": {"compose": 1}}]},
                ('field "shifts[0].day" is 900', "from 0 to 90"),
            ),
            (
                {"shifts": [{"day": 9, "model": "good", "rates": {"outpaint": 1}}]},
                ('field "shifts[0].rates.outpaint" is unknown',),
            ),
        ],
    )
    def test_refuses_with_file_field_and_remedy(
        self, changes: dict[str, Any], words: tuple[str, ...]
    ) -> None:
        with pytest.raises(BadScenario) as caught:
            load(scenario(**changes), file="s.json")
        assert str(caught.value).startswith("s.json: ")
        assert [word for word in words if word not in str(caught.value)] == []

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"rates": {"compose": 1.2}}, '"models[0].rates.compose" is 1.2; give a number'),
            ({"rates": {"compose": -0.1}}, '"models[0].rates.compose" is -0.1; give a number'),
            ({"rates": {"compose": "high"}}, '"models[0].rates.compose" must be a number'),
            ({"rates": {}}, '"models[0].rates" is missing'),
            ({"price": None}, '"models[0].price" is missing; write the amount as text'),
            ({"price": "free"}, '"models[0].price" must be an amount as text'),
            ({"price": "-1"}, '"models[0].price" must lie between 0 and 100000'),
            ({"catalog": 1}, '"models[0].catalog" is 1; give a number from 0.01 to 0.99'),
            ({"tier": "gold"}, '"models[0].tier" must be one of low, medium, high'),
            ({"key": "good"}, '"models[1].key" "good" is used twice; rename one'),
            ({"speed": 1}, '"models[0].speed" is unknown; use one of key, label, price'),
            ({"rates": {"outpaint": 1}}, '"kinds.compose" can be done by no model'),
        ],
    )
    def test_refuses_a_model_with_field_and_remedy(
        self, changes: dict[str, Any], words: str
    ) -> None:
        whole = json.loads(scenario())
        if "outpaint" in changes.get("rates", {}):
            whole["models"] = whole["models"][:1]
        whole["models"][0].update(changes)
        with pytest.raises(BadScenario) as caught:
            load(json.dumps(whole), file="s.json")
        assert words in str(caught.value)

    def test_names_the_line_of_broken_json(self) -> None:
        with pytest.raises(BadScenario, match=r"s\.json: line 2 is not valid JSON"):
            load('{"name": "x",\n oops}', file="s.json")

    def test_wants_an_object(self) -> None:
        with pytest.raises(BadScenario, match=r"s\.json: must be an object"):
            load("[]", file="s.json")
