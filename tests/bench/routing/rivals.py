"""How others choose: each rule as it is published, with a batch size fixed beforehand.

They see what they would see in life: prices, seconds, catalog scores and, where they learn, which
outputs were kept. Also run by the Python that has LiteLLM, so only `routing` is imported.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from routing.worlds import Chooser, Pick, Work, World

ADAPTIVE_MASS, ADAPTIVE_CAP, ADAPTIVE_BONUS = 10.0, 200.0, 0.3
ADAPTIVE_TIERS = (0.3, 0.5, 0.7)
QUALITY_WEIGHT, COST_WEIGHT = 0.7, 0.3
LATENCY_KEPT = 10
EPSILON = 0.1


class Rival:
    """One model a round by `pick`, always `count` outputs."""

    def __init__(self, world: World, count: int) -> None:
        self.world, self.count = world, count
        self.random = random.Random(world.seed * 7919 + count)
        self.prices = [card.price_micros or 0 for card in world.cards]

    def choose(self, work: Work) -> Pick | None:
        return Pick(self.pick(work), self.count)

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        """Most do not."""

    def pick(self, work: Work) -> int:
        raise AssertionError("each rival says how")

    def able(self, work: Work) -> tuple[int, ...]:
        return self.world.able[work.kind]


class FixedDefault(Rival):
    """One model a stage: the one with the best catalog score."""

    def pick(self, work: Work) -> int:
        return max(self.able(work), key=lambda m: self.world.cards[m].approval_prior)


class BestByCatalog(Rival):
    """The best of the published ranking for this kind of work."""

    def pick(self, work: Work) -> int:
        return max(self.able(work), key=lambda m: float(self.world.table[m, work.kind]))


class Cascade(Rival):
    """Cheapest first; after every failure the next dearer one, the dearest from then on."""

    def pick(self, work: Work) -> int:
        rising = sorted(self.able(work), key=lambda m: self.prices[m])
        return rising[min(len(work.failed), len(rising) - 1)]


class Dearest(Rival):
    """Always the dearest."""

    def pick(self, work: Work) -> int:
        return max(self.able(work), key=lambda m: self.prices[m])


class EpsilonGreedy(Rival):
    """Lowest cost per approved by the mean rates so far; one round in ten at random.

    It is given our objective, reviewer and hand-off included, which none ships with. A rate starts
    at the catalog's chance with the weight of two outputs.
    """

    def __init__(self, world: World, count: int) -> None:
        super().__init__(world, count)
        prior = np.array([card.approval_prior for card in world.cards])
        self.good = np.repeat(2 * prior[:, None], len(world.kinds), axis=1)
        self.seen = np.full(self.good.shape, 2.0)

    def pick(self, work: Work) -> int:
        able = self.able(work)
        if self.random.random() < EPSILON:
            return self.random.choice(able)
        terms = self.world.terms[self.world.kinds[work.kind].stage]

        def per_approved(model: int) -> float:
            rate = self.good[model, work.kind] / self.seen[model, work.kind]
            each = self.prices[model] + terms.review_micros
            return float(
                (terms.handoff_micros + self.count * each) / (1 - (1 - rate) ** self.count)
            )

        return min(able, key=per_approved)

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        self.good[pick.model, work.kind] += approved
        self.seen[pick.model, work.kind] += pick.count


class Shuffle(Rival):
    """LiteLLM simple-shuffle without weights: any deployment, all alike."""

    def pick(self, work: Work) -> int:
        return self.random.choice(self.able(work))


class LowestCost(Rival):
    """LiteLLM cost-based-routing: the lowest price."""

    def pick(self, work: Work) -> int:
        return min(self.able(work), key=lambda m: self.prices[m])


def seconds_taken(world: World, work: Work, pick: Pick) -> float:
    """How long a round took: the card's seconds, spread by a fifth, the same for every chooser."""
    spread = float(world.dice[work.task, pick.model, -1])
    return world.cards[pick.model].seconds_each * (0.8 + 0.4 * spread)


class LowestLatency(Rival):
    """LiteLLM latency-based-routing: lowest mean of the last ten calls; an unused one counts 0."""

    def __init__(self, world: World, count: int) -> None:
        super().__init__(world, count)
        self.taken: dict[int, list[float]] = {}

    def pick(self, work: Work) -> int:
        shuffled = self.random.sample(self.able(work), len(self.able(work)))
        return min(shuffled, key=self._mean)

    def _mean(self, model: int) -> float:
        taken = self.taken.get(model, [0.0])
        return sum(taken) / len(taken)

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        taken = [*self.taken.get(pick.model, []), seconds_taken(self.world, work, pick)]
        self.taken[pick.model] = taken[-LATENCY_KEPT:]


def adaptive_priors(world: World) -> tuple[list[int], list[set[int]]]:
    """What an operator would declare for LiteLLM's Adaptive Router, by model.

    Quality tier 1 to 3 by thirds of the catalog's score within the stage; as strengths the kinds
    in which the published ranking puts it among the best third.
    """
    tiers, strengths = [1] * len(world.cards), [set() for _ in world.cards]
    for k in range(len(world.kinds)):
        able = world.able[k]
        by_score = sorted(able, key=lambda m: world.cards[m].approval_prior)
        for rank, model in enumerate(by_score):
            tiers[model] = 1 + 3 * rank // len(able)
        best = sorted(able, key=lambda m: -float(world.table[m, k]))
        for model in best[: max(1, len(able) // 3)]:
            strengths[model].add(k)
    return tiers, strengths


class Adaptive(Rival):
    """LiteLLM's Adaptive Router (beta): Thompson on Beta(kind, model), .7 quality + .3 price.

    Fed with real keeps and rejects instead of its guesses from chat turns. Its hard cap of 200
    samples a cell drops what comes later.
    """

    def __init__(self, world: World, count: int) -> None:
        super().__init__(world, count)
        tiers, strengths = adaptive_priors(world)
        self.cells = {}
        for k in range(len(world.kinds)):
            for m in world.able[k]:
                mean = ADAPTIVE_TIERS[tiers[m] - 1] + ADAPTIVE_BONUS * (k in strengths[m])
                mean = min(0.95, mean)
                self.cells[k, m] = (mean * ADAPTIVE_MASS, (1 - mean) * ADAPTIVE_MASS)

    def pick(self, work: Work) -> int:
        able = self.able(work)
        prices = [self.prices[m] for m in able]
        low, spread = min(prices), max(prices) - min(prices)

        def score(model: int) -> float:
            quality = self.random.betavariate(*self.cells[work.kind, model])
            cheap = 1 - (self.prices[model] - low) / spread if spread else 0.5
            return QUALITY_WEIGHT * quality + COST_WEIGHT * cheap

        return max(able, key=score)

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        good, bad = self.cells[work.kind, pick.model]
        good, bad = good + approved, bad + pick.count - approved
        if good + bad <= ADAPTIVE_CAP:
            self.cells[work.kind, pick.model] = (good, bad)


BATCHES = (1, 2, 4)
RIVALS: dict[str, Callable[[World, int], Chooser]] = {
    "Fixed default per stage": FixedDefault,
    "Best by catalog, per kind": BestByCatalog,
    "Cheapest-first cascade": Cascade,
    "Epsilon-greedy .1, given our objective": EpsilonGreedy,
    "Always the dearest": Dearest,
}
# By LiteLLM strategy: the rule as published, for where the package is not installed.
PUBLISHED: dict[str, Callable[[World, int], Chooser]] = {
    "simple-shuffle": Shuffle,
    "cost-based": LowestCost,
    "latency-based": LowestLatency,
    "Adaptive Router": Adaptive,
}
