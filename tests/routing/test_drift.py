"""The watch on picks: silent while nothing changed, soon loud when something did."""

from __future__ import annotations

import numpy as np
import pytest

from routing import drift
from routing.drift import Evidence
from routing.tasks import TaskView


def played(
    seed: int, *, shift: float, after: int = 150, most: int = 500, error: float = 0.0
) -> int | None:
    """Judge batches of a model whose log-odds move by `shift` after so many outputs.

    Returns after how many outputs the watch alarmed, None when it did not. Tasks differ as the
    router thinks they do; predictions are off by N(0, error^2).
    """
    random = np.random.default_rng(seed)
    seen, evidence = 0, Evidence()
    wrong = error * random.standard_normal()
    while seen < most:
        mean = float(random.uniform(-1.0, 1.2))
        task = 0.8 * random.standard_normal() + 0.5 * random.standard_normal()
        true = mean + task + (shift if seen >= after else 0.0)
        count = int(random.choice([1, 2, 3, 4]))
        good = int(random.binomial(count, 1 / (1 + np.exp(-true))))
        labels = drift.predicted(mean + wrong, TaskView(), "m@1", good, count - good)
        evidence = evidence.after(labels)
        seen += count
        if evidence.is_alarm:
            return seen
    return None


class TestWatch:
    def test_stays_silent_while_nothing_changes(self) -> None:
        alarms = [played(seed, shift=0.0) for seed in range(120)]
        assert sum(found is not None for found in alarms) <= 6  # at most 5 % in 500 outputs

    def test_forgives_predictions_that_are_a_little_off(self) -> None:
        alarms = [played(seed, shift=0.0, error=0.15) for seed in range(120)]
        assert sum(found is not None for found in alarms) <= 12  # the facts: 8 %

    @pytest.mark.parametrize(("shift", "within"), [(-2.0, 60), (-1.25, 160), (1.25, 160)])
    def test_finds_a_change(self, shift: float, within: int) -> None:
        found = [played(seed, shift=shift, after=100) for seed in range(40)]
        late = sorted((at or 10_000) - 100 for at in found)
        assert late[len(late) // 2] <= within
        assert sum(delay < 400 for delay in late) >= 36

    def test_counts_the_window_of_the_change(self) -> None:
        evidence = Evidence()
        for _ in range(40):
            evidence = evidence.after([(0.7, True), (0.7, True), (0.7, False)])
        for _ in range(14):
            evidence = evidence.after([(0.7, False)])
        assert evidence.is_alarm
        assert evidence.share is not None
        assert evidence.share_expected == pytest.approx(0.7)
        assert evidence.share < 0.3
        assert 14 <= evidence.window.labels <= 24
        assert evidence.labels == 134

    def test_one_batch_is_no_proof(self) -> None:
        labels = drift.predicted(2.0, TaskView(), "m@1", 0, 8)
        assert not Evidence().after(labels).is_alarm


class TestPredicted:
    def test_expects_less_of_a_task_after_a_reject(self) -> None:
        chances = [chance for chance, _ in drift.predicted(0.0, TaskView(), "m@1", 0, 4)]
        assert chances == sorted(chances, reverse=True)
        assert chances[0] == pytest.approx(0.5, abs=1e-9)
        assert chances[-1] < 0.4

    def test_chances_multiply_to_that_of_the_batch(self) -> None:
        """The chance that three fail, by the chain rule, is that of the fail table."""
        from_labels = np.prod([1 - p for p, _ in drift.predicted(0.3, TaskView(), "m@1", 0, 3)])
        random = np.random.default_rng(1)
        tasks = 0.8 * random.standard_normal(400_000) + 0.5 * random.standard_normal(400_000)
        simulated = ((1 - 1 / (1 + np.exp(-(0.3 + tasks)))) ** 3).mean()
        assert from_labels == pytest.approx(simulated, abs=0.004)

    def test_weighs_what_failed_before(self) -> None:
        fresh = drift.predicted(0.0, TaskView(), "m@1", 1, 0)[0][0]
        tried = drift.predicted(0.0, TaskView(rejected={"m@1": 3}), "m@1", 1, 0)[0][0]
        assert tried < fresh

    def test_keeps_every_label(self) -> None:
        for good in range(5):
            labels = drift.predicted(0.0, TaskView(), "m@1", good, 4 - good)
            assert [is_good for _, is_good in labels].count(True) == good


class TestStored:
    def test_comes_back_the_same(self) -> None:
        evidence = Evidence().after([(0.6, False)] * 9)
        assert drift.stored_evidence(evidence.as_json()) == evidence

    def test_of_another_shape_is_none(self) -> None:
        assert drift.stored_evidence({"values": [1.0]}) == Evidence()
        assert drift.stored_evidence({}) == Evidence()
