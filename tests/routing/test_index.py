"""The plans against exhaustive dynamic programming on cases small enough for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from routing import index
from routing.features import STRETCH, Floats
from routing.tasks import DIFFICULTY, QUIRK, QUIRK_WEIGHT, TaskView, likelihood

SIZES = (1, 2, 4)
Plan = Callable[[TaskView, int], tuple[int, int] | None]


class Case:
    """Some models with known log-odds and prices, a hand-off, and what by hand costs."""

    def __init__(self, seed: int, models: int = 2) -> None:
        random = np.random.default_rng(seed)
        self.etas: Floats = random.normal(-0.6, 0.9, models)
        price = np.exp(random.uniform(np.log(0.005), np.log(1.0), models))
        self.cost: Floats = 0.6 + np.array(SIZES) * (price[:, None] + 0.12)
        self.by_hand = float(random.choice([8.0, 15.0, 25.0]))

    def rejected(self, view: TaskView) -> Floats:
        return np.array([view.rejected.get(str(m), 0) for m in range(len(self.etas))], dtype=float)

    def after(self, view: TaskView, box: tuple[int, int]) -> TaskView:
        """The task after that box yielded nothing; depends on the counts only."""
        return view.after(str(box[0]), mean=float(self.etas[box[0]]), rejected=SIZES[box[1]])

    def fails(self, view: TaskView, box: tuple[int, int]) -> float:
        """Exact chance that all of a box fail, computed apart from `index`."""
        eta, size = self.etas[box[0]], SIZES[box[1]]
        lost = 1 / (1 + np.exp(eta + DIFFICULTY[:, None] + QUIRK))
        share = QUIRK_WEIGHT * lost ** view.rejected.get(str(box[0]), 0)
        each = (share * lost**size).sum(-1) / share.sum(-1)
        return float(np.asarray(view.weights) @ each)

    def boxes(self) -> list[tuple[int, int]]:
        return [(m, n) for m in range(len(self.etas)) for n in range(len(SIZES))]

    def best(self, rounds: int) -> float:
        """What the best of all plans costs with at most `rounds` rounds."""
        return self._walk(rounds, None)

    def of(self, plan: Plan, rounds: int) -> float:
        """What following `plan` costs."""
        return self._walk(rounds, plan)

    def _walk(self, rounds: int, plan: Plan | None) -> float:
        views: dict[tuple[int, ...], TaskView] = {}

        def known(view: TaskView) -> tuple[int, ...]:
            key = tuple(view.rejected.get(str(m), 0) for m in range(len(self.etas)))
            views.setdefault(key, view)
            return key

        @cache
        def value(key: tuple[int, ...], left: int) -> float:
            view = views[key]
            if not left:
                return self.by_hand
            if plan is not None:
                chosen = plan(view, left)
                if chosen is None:
                    return self.by_hand
                tried = [chosen]
            else:
                tried = self.boxes()
            found = [
                self.cost[box]
                + self.fails(view, box) * value(known(self.after(view, box)), left - 1)
                for box in tried
            ]
            return min([*found, self.by_hand]) if plan is None else float(found[0])

        return float(value(known(TaskView()), rounds))

    def by_index(self, view: TaskView, left: int) -> tuple[int, int] | None:
        table = index.fail_table(self.etas, self.rejected(view), SIZES)
        ratio = index.index_plan(self.cost, index.chances(table, np.asarray(view.weights)))
        return self._pick(ratio)

    def by_deadline(self, view: TaskView, left: int) -> tuple[int, int] | None:
        rejected = self.rejected(view)
        table = index.fail_table(self.etas, rejected, SIZES)
        planned = index.deadline_plan(
            self.etas, rejected, SIZES, table, np.asarray(view.weights), self.cost,
            self.by_hand, left,
        )  # fmt: skip
        return self._pick(planned)

    def _pick(self, values: Floats) -> tuple[int, int] | None:
        model, size = divmod(int(values.argmin()), values.shape[1])
        return None if values[model, size] >= self.by_hand else (model, size)


class TestIndexPlan:
    def test_is_within_one_percent_of_the_best_plan_of_nine_rounds(self) -> None:
        ratios = []
        for seed in range(12):
            case = Case(seed)
            ratios.append(case.of(case.by_index, 14) / case.best(9))
        assert np.mean(ratios) < 1.01
        assert max(ratios) < 1.02

    def test_asks_for_one_output_when_a_round_costs_nothing_more(self) -> None:
        table = index.fail_table(np.array([-0.5]), np.zeros(1), index.SIZES)
        cost = np.array(index.SIZES)[None, :] * 0.16
        ratio = index.index_plan(cost, index.chances(table, np.asarray(TaskView().weights)))
        assert int(ratio.argmin()) == 0

    @pytest.mark.parametrize(
        ("kept", "price", "review", "handoff", "size", "cost"),
        [
            (0.35, 0.04, 0.12, 0.60, 3, 1.62),
            (0.20, 0.04, 0.12, 0.60, 4, 2.32),
            (0.50, 0.19, 0.12, 0.60, 2, 1.72),
            (0.50, 0.80, 0.35, 1.20, 1, 4.70),
            (0.10, 2.80, 0.35, 1.20, 2, 40.64),
        ],
    )
    def test_finds_the_batches_worked_out_by_hand(
        self, kept: float, price: float, review: float, handoff: float, size: int, cost: float
    ) -> None:
        eta = STRETCH * np.array([np.log(kept / (1 - kept))])
        table = index.fail_table(eta, np.zeros(1), index.SIZES)
        costs = handoff + np.array(index.SIZES)[None, :] * (price + review)
        ratio = index.index_plan(costs, index.chances(table, np.asarray(TaskView().weights)))
        best = index.SIZES[int(ratio.argmin())]
        assert best == size
        assert float(ratio.min()) == pytest.approx(cost, rel=0.04)


class TestDeadlinePlan:
    @pytest.mark.parametrize("rounds", [1, 2])
    def test_is_exact_for_one_and_two_rounds(self, rounds: int) -> None:
        for seed in range(10):
            case = Case(seed)
            assert case.of(case.by_deadline, rounds) == pytest.approx(case.best(rounds), rel=1e-3)

    @pytest.mark.parametrize("rounds", [3, 4, 6])
    def test_stays_within_one_and_a_half_percent_on_average(self, rounds: int) -> None:
        ratios = []
        for seed in range(8):
            case = Case(seed)
            ratios.append(case.of(case.by_deadline, rounds) / case.best(rounds))
        assert np.mean(ratios) < 1.015
        assert max(ratios) < 1.05

    def test_beats_the_index_where_it_matters(self) -> None:
        cases = [Case(seed) for seed in range(10)]
        planned = sum(case.of(case.by_deadline, 2) for case in cases)
        indexed = sum(case.of(case.by_index, 2) for case in cases)
        assert planned < indexed

    def test_gives_up_when_by_hand_is_cheaper(self) -> None:
        case = Case(0)
        case.by_hand = 0.1
        assert case.by_deadline(TaskView(), 3) is None


class TestTables:
    def test_fail_more_together_than_apart(self) -> None:
        table = index.fail_table(np.array([0.0]), np.zeros(1), (1, 4))
        chance = index.chances(table, np.asarray(TaskView().weights))[0]
        assert chance[1] < 1 - (1 - chance[0]) ** 4

    def test_hope_less_after_rejects(self) -> None:
        etas = np.zeros(2)
        table = index.fail_table(etas, np.array([0.0, 3.0]), (1,))
        chance = index.chances(table, np.asarray(TaskView().weights))[:, 0]
        assert chance[1] < chance[0]

    def test_longer_failures_agree_with_the_joint_ones(self) -> None:
        etas, none = np.array([-0.3, 0.8]), np.zeros(2)
        longer = index.longer_table(etas, none, (1, 2))
        table = index.fail_table(etas, none, (1, 2, 3))
        assert longer[:, :, 0, 1] * table[:, :, 0] == pytest.approx(table[:, :, 2])

    def test_likelihood_of_a_failed_round_is_the_fail_table(self) -> None:
        table = index.fail_table(np.array([0.4]), np.array([2.0]), (3,))
        seen = likelihood(np.array([0.4]), 0, 3, 2)
        assert seen[0] == pytest.approx(table[0, :, 0])
