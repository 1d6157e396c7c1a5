"""The chooser that knows every true rate of a world, only not how hard the task at hand is.

The yardstick for routers: what is left above it is the price of not knowing. It shares no code
with the router it judges. Shared difficulty and a model's quirk with the task are integrated over
fixed nodes, and failures on the task move the weights.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from routing.worlds import MOST_PER_ROUND, ROUNDS, Floats, Ints, Pick, Terms, Work, World

SIZES = np.array([1, 2, 3, 4, 6, 8])
FEW = 6


def _nodes(count: int, sd: float) -> tuple[Floats, Floats]:
    at, weight = hermegauss(count)
    return np.asarray(at * sd), np.asarray(weight / weight.sum())


class Oracle:
    """Opens the round with the lowest expected cost per keeper, by the true rates.

    With few rounds left it looks ahead instead: this round, then the best one repeated until the
    rounds are used up, then by hand. With one or two rounds left that is exact.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._difficulty, self._weights = _nodes(11, world.task_sd)
        self._quirk, self._quirk_weights = _nodes(7, world.model_sd)
        self._tables: dict[bytes, Floats] = {}
        self._first: dict[tuple[bytes, int], Pick | None] = {}

    def choose(self, work: Work) -> Pick | None:
        """The next round, or None when by hand is cheaper."""
        able = np.array(self._world.able[work.kind])
        typical = self._world.typical[work.task, able]
        key = typical.tobytes()
        if not work.failed:
            fresh = (key, min(work.rounds_left, FEW + 1))
            if fresh not in self._first:
                self._first[fresh] = self._best(key, typical, able, work)
            return self._first[fresh]
        return self._best(key, typical, able, work)

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        """It knows already."""

    def _best(self, key: bytes, typical: Floats, able: Ints, work: Work) -> Pick | None:
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = self._all_fail(typical)
        rejected = np.zeros(len(able), dtype=np.intp)
        for model, outputs in work.failed:
            rejected[np.flatnonzero(able == model)] += outputs
        rows = np.arange(len(able))
        before = table[rows, :, rejected]
        weights = self._weights * before.prod(0)
        weights /= weights.sum()
        fail = table[rows[:, None], :, rejected[:, None] + SIZES] / before[:, None, :]
        terms = self._world.terms[self._world.kinds[work.kind].stage]
        cost = self._cost(able, terms)
        kept = 1 - fail @ weights
        if work.rounds_left > FEW:
            value = cost / kept
        else:
            value = self._few_rounds(table, rejected, fail, weights, cost, terms, work.rounds_left)
        best = int(np.argmin(value))
        if value.flat[best] >= terms.by_hand_micros:
            return None
        return Pick(int(able[best // len(SIZES)]), int(SIZES[best % len(SIZES)]))

    def _cost(self, able: Ints, terms: Terms) -> Floats:
        price = np.array([self._world.cards[int(m)].price_micros or 0 for m in able])
        cost: Floats = terms.handoff_micros + SIZES * (price[:, None] + terms.review_micros)
        return cost

    def _all_fail(self, typical: Floats) -> Floats:
        """Chance that k outputs all fail given the difficulty: (models, nodes, k)."""
        log_odds = typical[:, None, None] + self._difficulty[:, None] + self._quirk
        lost = 1 / (1 + np.exp(log_odds))
        powers = lost[..., None] ** np.arange((ROUNDS + 1) * MOST_PER_ROUND + 1)
        table: Floats = np.einsum("q,mdqk->mdk", self._quirk_weights, powers)
        return np.maximum(table, 1e-300)

    def _few_rounds(
        self,
        table: Floats,
        rejected: Ints,
        fail: Floats,
        weights: Floats,
        cost: Floats,
        terms: Terms,
        rounds_left: int,
    ) -> Floats:
        hand = float(terms.by_hand_micros)
        lost = fail @ weights
        if rounds_left == 1:
            last: Floats = cost + lost * hand
            return last
        rest = np.empty_like(cost)
        again = rounds_left - 1
        for model in range(len(cost)):
            for place, size in enumerate(SIZES):
                after = weights * fail[model, place]
                after = after / after.sum()
                then = fail.copy()
                row = table[model]
                base = rejected[model] + size
                then[model] = (row[:, base + SIZES] / row[:, base][:, None]).T
                f = np.minimum(then @ after, 1 - 1e-12)
                value = cost * (1 - f**again) / (1 - f) + f**again * hand
                rest[model, place] = min(hand, float(value.min()))
        planned: Floats = cost + lost * rest
        return planned
