"""Which box to open, how many times, and when to stop: numbers in, numbers out.

A round of n outputs costs C(n) = h + n (c + r) and yields a keeper with chance P(n). For
yes-or-no outcomes the order C / P is Weitzman's (1979) rule, and batches are boxes too; a rule
that looks one round ahead is wrong only where few rounds are left, which `deadline_plan` mends.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routing.features import Floats, Indexes
from routing.tasks import DIFFICULTY, QUIRK, QUIRK_WEIGHT

SIZES: tuple[int, ...] = (1, 2, 3, 4, 6, 8)
FEW_ROUNDS = 6
CLOSEST = 6  # models that a deadline plan may turn to after a failure, by either measure
LEAST = 1e-12
FARTHEST = 300.0
ODDS: Floats = np.exp(DIFFICULTY[None, None, :] + QUIRK[:, None, None])


def fail_table(etas: Floats, rejected: Floats, sizes: Sequence[int]) -> Floats:
    """Chance that n more outputs all fail, by model, difficulty node and n.

    `etas` are log-odds, `rejected` outputs of each model rejected on this task already, both of
    shape (models,). Returns shape (models, nodes, len(sizes)).
    """
    fail = 1 / (1 + np.exp(np.minimum(etas, FARTHEST))[None, :, None] * ODDS)
    share = QUIRK_WEIGHT[:, None, None] * (
        fail ** rejected[None, :, None] if rejected.any() else np.ones_like(fail)
    )
    whole = share.sum(0)
    table = np.empty((len(sizes), *whole.shape))
    for n in range(1, max(sizes) + 1):
        share *= fail
        if n in sizes:
            np.add.reduce(share, axis=0, out=table[sizes.index(n)])
    table /= whole
    return table.transpose(1, 2, 0)


def chances(table: Floats, weights: Floats) -> Floats:
    """Chance of at least one keeper, shape (models, sizes)."""
    kept: Floats = 1.0 - (table.transpose(2, 0, 1) @ weights).T
    return np.maximum(kept, LEAST)


def index_plan(cost: Floats, chance: Floats) -> Floats:
    """Expected cost per approved asset of every box, shape (models, sizes)."""
    return cost / chance


def deadline_plan(
    etas: Floats,
    rejected: Floats,
    sizes: Sequence[int],
    table: Floats,
    weights: Floats,
    cost: Floats,
    by_hand: float,
    rounds_left: int,
) -> Floats:
    """Expected cost of opening each box first when `rounds_left` rounds are left at most.

    After a failure the rest is one box repeated until the rounds are used up, then by hand for
    `by_hand`; the best such rest is taken. `table` is the fail table of `etas`. Boxes with
    infinite cost are never a rest. Shapes: table (models, nodes, sizes), cost (models, sizes).
    Returns (models, sizes).
    """
    models, nodes, count = table.shape
    failed = weights @ table
    if rounds_left <= 1:
        last: Floats = cost + failed * by_hand
        return last
    near = _nearest(cost, 1 - failed, by_hand)
    if not len(near):
        return cost + failed * by_hand
    left = weights[:, None] * table / np.maximum(failed, LEAST)[:, None, :]
    after = left.transpose(0, 2, 1).reshape(models * count, nodes)
    again = table[near].transpose(1, 0, 2).reshape(nodes, len(near) * count)
    fails = (after @ again).reshape(models, count, len(near), count)
    longer = longer_table(etas[near], rejected[near], sizes)
    fails[near, :, np.arange(len(near)), :] = np.einsum("mdi,mdij->mij", left[near], longer)
    rest = np.minimum(
        by_hand, _repeated(cost[near], fails, by_hand, rounds_left - 1).min(axis=(2, 3))
    )
    planned: Floats = cost + failed * rest
    return planned


def _repeated(cost: Floats, fails: Floats, by_hand: float, rounds: int) -> Floats:
    """Cost of a box opened up to `rounds` times, then by hand: Horner's rule, no powers."""
    value = np.full_like(fails, by_hand)
    for _ in range(rounds):
        value *= fails
        value += cost
    return value


def _nearest(cost: Floats, kept: Floats, by_hand: float) -> Indexes:
    """Models worth turning to: the best by index and the best for one last round."""
    by_index = (cost / kept).min(axis=1)
    at_last = (cost + (1 - kept) * by_hand).min(axis=1)
    best = np.concatenate(
        [
            np.argsort(by_index, kind="stable")[:CLOSEST],
            np.argsort(at_last, kind="stable")[:CLOSEST],
        ]
    )
    found = np.unique(best)
    usable: Indexes = found[np.isfinite(by_index[found])]
    return usable


def longer_table(etas: Floats, rejected: Floats, sizes: Sequence[int]) -> Floats:
    """Chance that j more fail after i more failed, shape (models, nodes, i, j)."""
    together = sorted({i + j for i in sizes for j in sizes} | set(sizes))
    table = fail_table(etas, rejected, together)
    first = table[:, :, [together.index(i) for i in sizes]]
    both = table[:, :, [[together.index(i + j) for j in sizes] for i in sizes]]
    longer: Floats = both / np.maximum(first[:, :, :, None], LEAST)
    return longer
