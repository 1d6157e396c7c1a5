"""What picks teach: convergence on simulated truth, forgetting, versions, alarms, replay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from routing import blob, features, learning, predict
from routing.blob import BadBlob
from routing.catalog import ModelCard
from routing.decide import decide
from routing.learning import Belief, Labels
from routing.need import Need
from routing.tasks import DIFFICULTY, DIFFICULTY_WEIGHT, MODEL_SD, TASK_SD, TaskView
from tests.routing.made import HERE, NEED, card

CLIP = Need(stage="animate", operation="image_to_video", motion_profile="product", seconds=5)


def chance(belief: Belief, one: ModelCard, need: Need = NEED, day: float | None = None) -> float:
    """Marginal chance of a keep on a fresh task."""
    eta = predict.predict(belief, need, [one], day=day).mean[0]
    return float(1 / (1 + np.exp(-eta / features.STRETCH)))


def sd(belief: Belief, one: ModelCard, need: Need = NEED, day: float | None = None) -> float:
    return float(predict.predict(belief, need, [one], day=day).sd[0])


def taught(belief: Belief, one: ModelCard, kept: int, rejected: int, times: int = 1) -> Belief:
    for _ in range(times):
        belief = learning.update(belief, one, NEED, Labels(kept=kept, rejected=rejected))
    return belief


class TestPrior:
    @pytest.mark.parametrize("prior", [0.1, 0.37, 0.5, 0.9])
    def test_agrees_with_the_catalog(self, prior: float) -> None:
        fresh = learning.fresh("edit")
        assert chance(fresh, card(approval_prior=prior)) == pytest.approx(prior)

    def test_knows_nothing_of_a_kind_or_model_it_has_not_seen(self) -> None:
        belief = taught(learning.fresh("edit"), card("a"), 0, 4, times=8)
        other = replace(NEED, operation="outpaint")
        assert sd(belief, card("b"), other) > sd(belief, card("b")) > sd(belief, card("a"))


class TestUpdate:
    def test_converges_on_the_true_rates(self) -> None:
        random = np.random.default_rng(7)
        models = [card("a"), card("b"), card("c", approval_prior=0.3)]
        typical = {"a": -1.0, "b": 0.2, "c": 1.2}
        belief = learning.fresh("edit")
        for number in range(450):
            one = models[number % 3]
            eta = typical[one.key] + random.normal(0, TASK_SD) + random.normal(0, MODEL_SD)
            kept = int(random.binomial(3, 1 / (1 + np.exp(-eta))))
            belief = learning.update(belief, one, NEED, Labels(kept=kept, rejected=3 - kept))
        for one in models:
            found = predict.predict(belief, NEED, [one])
            assert abs(found.mean[0] - typical[one.key]) < 3 * found.sd[0]
            assert found.sd[0] < 0.25

    def test_moves_towards_what_was_seen(self) -> None:
        fresh, one = learning.fresh("edit"), card("a")
        better, worse = taught(fresh, one, 3, 0), taught(fresh, one, 0, 3)
        assert chance(worse, one) < 0.5 < chance(better, one)
        assert sd(better, one) < sd(fresh, one)

    def test_pools_over_models_and_lets_them_differ(self) -> None:
        belief = taught(learning.fresh("edit"), card("a"), 0, 4, times=10)
        assert chance(belief, card("a")) < chance(belief, card("b")) < 0.5

    def test_counts_a_spare_as_kept(self) -> None:
        fresh, one = learning.fresh("edit"), card("a")
        spare = learning.update(fresh, one, NEED, Labels(kept=1, spare=2, rejected=1))
        plain = learning.update(fresh, one, NEED, Labels(kept=3, rejected=1))
        assert np.array_equal(spare.mean, plain.mean)
        assert spare.tally(one, NEED).kept == 3

    def test_blames_a_hard_task_and_not_the_model(self) -> None:
        fresh, one = learning.fresh("edit"), card("a")
        hard = TaskView()
        for other in ("x@1", "y@1", "z@1"):
            hard = hard.after(other, mean=0.0, rejected=4)
        labels = Labels(rejected=3)
        blamed = learning.update(fresh, one, NEED, labels)
        excused = learning.update(fresh, one, NEED, labels, view=hard)
        assert chance(blamed, one) < chance(excused, one)

    def test_learns_nothing_from_nothing(self) -> None:
        fresh = learning.fresh("edit")
        assert learning.update(fresh, card("a"), NEED, Labels()) is fresh

    def test_refuses_negative_labels(self) -> None:
        with pytest.raises(ValueError, match="cannot be negative"):
            Labels(kept=-1)

    def test_keeps_the_covariance_sound(self) -> None:
        belief = learning.fresh("edit")
        for number in range(60):
            one = card("abc"[number % 3], version=str(number // 30))
            need = replace(NEED, fidelity=(number % 5) / 4, people=number % 2)
            belief = learning.update(
                belief, one, need, Labels(kept=number % 3, rejected=1), day=float(number)
            )
        assert np.allclose(belief.cov, belief.cov.T)
        assert np.linalg.eigvalsh(belief.cov).min() > -1e-9

    def test_separates_motion_profiles(self) -> None:
        one = card("v", operations=("image_to_video",), price_unit="second")
        belief = learning.update(learning.fresh("animate"), one, CLIP, Labels(kept=4))
        action = replace(CLIP, motion_profile="high_action")
        assert chance(belief, one, CLIP) > chance(belief, one, action)


class TestTime:
    def test_drifts_back_to_the_catalog(self) -> None:
        one = card("a")
        belief = taught(learning.fresh("edit"), one, 0, 4, times=10)
        now, later, much = (chance(belief, one, day=d) for d in (0.0, 120.0, 5000.0))
        assert now < later < much
        assert much == pytest.approx(0.5, abs=0.01)
        assert sd(belief, one, day=5000.0) == pytest.approx(
            sd(learning.fresh("edit"), one), rel=0.01
        )

    def test_predicts_on_the_way_what_ageing_gives(self) -> None:
        one = card("a")
        belief = taught(learning.fresh("edit"), one, 1, 3, times=5)
        need = replace(NEED, fidelity=0.7, people=2)
        aged = predict.predict(learning.aged(belief, 77.0), need, [one, card("b")])
        on_the_way = predict.predict(belief, need, [one, card("b")], day=77.0)
        assert on_the_way.mean == pytest.approx(aged.mean)
        assert on_the_way.sd == pytest.approx(aged.sd)


class TestVersions:
    def test_hand_down_what_they_know_less_surely(self) -> None:
        old, new = card("a"), card("a", version="2")
        belief = taught(learning.fresh("edit"), old, 4, 0, times=8)
        heir = learning.with_model(belief, features.version_of(new))
        for known in (belief, heir):
            assert chance(known, new) == pytest.approx(chance(belief, old))
            assert sd(known, new) > sd(belief, old)
        assert sd(belief, new) == pytest.approx(sd(heir, new))

    def test_do_not_change_the_old_one(self) -> None:
        old, new = card("a"), card("a", version="2")
        belief = taught(learning.fresh("edit"), old, 4, 0, times=8)
        grown = learning.with_model(belief, features.version_of(new))
        assert chance(grown, old) == pytest.approx(chance(belief, old))
        assert sd(grown, old) == pytest.approx(sd(belief, old))

    def test_are_doubted_after_an_alarm_without_losing_their_mean(self) -> None:
        one = card("a")
        belief = taught(learning.fresh("edit"), one, 4, 0, times=8)
        opened = learning.reopened(belief, one)
        assert chance(opened, one) == pytest.approx(chance(belief, one))
        assert sd(opened, one) > sd(belief, one)
        assert learning.reopened(belief, card("never seen")) is belief


class TestReplay:
    def test_gives_the_same_belief_and_decision_bit_for_bit(self) -> None:
        rounds = [
            (card("ab"[n % 2]), NEED, Labels(kept=n % 2, rejected=2), None, float(n))
            for n in range(20)
        ]
        one, two = (learning.replay(learning.fresh("edit"), rounds) for _ in range(2))
        assert np.array_equal(one.mean, two.mean)
        assert np.array_equal(one.cov, two.cov)
        cards = [card("a"), card("b")]
        decisions = [
            decide(NEED, cards, HERE, belief=b, seed=5, day=30.0).as_json()
            for b in (one, blob.loads(blob.dumps(two)))
        ]
        assert decisions[0] == decisions[1]


class TestTaskView:
    def test_shifts_to_harder_nodes_after_failures(self) -> None:
        after = TaskView().after("m@1", mean=0.0, rejected=4)
        easy = float(np.asarray(after.weights) @ DIFFICULTY)
        assert easy < float(DIFFICULTY_WEIGHT @ DIFFICULTY) - 0.1
        assert sum(after.weights) == pytest.approx(1.0)
        assert (after.rejected, after.rounds) == ({"m@1": 4}, 1)


class TestBlob:
    def test_brings_every_bit_back(self) -> None:
        belief = taught(learning.fresh("edit", day=3.0), card("a"), 1, 2, times=3)
        back = blob.loads(blob.dumps(belief))
        assert np.array_equal(back.mean, belief.mean)
        assert np.array_equal(back.cov, belief.cov)
        assert (back.kinds, back.models, back.tallies) == (
            belief.kinds, belief.models, belief.tallies,
        )  # fmt: skip
        assert (back.day, back.updates, back.priors) == (belief.day, 3, belief.priors)

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda text: "",
            lambda text: "[]",
            lambda text: text.replace('"version":1', '"version":99'),
            lambda text: text.replace('"kinds":["background_replace"]', '"kinds":["a","b"]'),
            lambda text: text.replace('"mean":"', '"mean":"!!'),
            lambda text: text[:200],
        ],
    )
    def test_refuses_what_it_did_not_write(self, spoil) -> None:  # type: ignore[no-untyped-def]
        text = blob.dumps(taught(learning.fresh("edit"), card("a"), 1, 2))
        with pytest.raises(BadBlob):
            blob.loads(spoil(text))
