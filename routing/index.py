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
CLOSEST = 10  # models that a deadline plan may turn to after a failure, by either measure
LEAST = 1e-12


def fail_table(etas: Floats, rejected: Floats, sizes: Sequence[int]) -> Floats:
    """Chance that n more outputs all fail, by model, difficulty node and n.

    `etas` are log-odds, `rejected` outputs of each model rejected on this task already, both of
    shape (models,). Returns shape (models, nodes, len(sizes)).
    """
    keep = etas[:, None, None] + DIFFICULTY[None, :, None] + QUIRK
    fail = 1 / (1 + np.exp(np.minimum(keep, 500.0)))
    share = np.broadcast_to(QUIRK_WEIGHT, fail.shape)
    if rejected.any():
        share = share * fail ** rejected[:, None, None]
    whole = share.sum(-1)
    table = np.empty((*whole.shape, len(sizes)))
    for n in range(1, max(sizes) + 1):
        share = share * fail
        if n in sizes:
            table[:, :, sizes.index(n)] = share.sum(-1) / whole
    return table


def chances(table: Floats, weights: Floats) -> Floats:
    """Chance of at least one keeper, shape (models, sizes)."""
    kept: Floats = 1.0 - np.einsum("d,mdn->mn", weights, table)
    return np.maximum(kept, LEAST)


def index_plan(cost: Floats, chance: Floats) -> Floats:
    """Expected cost per approved asset of every box, shape (models, sizes)."""
    return cost / chance


def deadline_plan(
    table: Floats,
    longer: Floats,
    weights: Floats,
    cost: Floats,
    by_hand: float,
    rounds_left: int,
) -> Floats:
    """Expected cost of opening each box first when `rounds_left` rounds are left at most.

    After a failure the rest is one box repeated until the rounds are used up, then by hand for
    `by_hand`; the best such rest is taken. `longer[m, d, i, j]` is the chance that sizes j fail
    after sizes i of the same model failed. Boxes with infinite cost are never a rest. Shapes:
    table (models, nodes, sizes), cost (models, sizes). Returns (models, sizes).
    """
    models, nodes, sizes = table.shape
    kept = chances(table, weights)
    if rounds_left <= 1:
        last: Floats = cost + (1 - kept) * by_hand
        return last
    left = weights[None, :, None] * table
    left = left / np.maximum(left.sum(1, keepdims=True), LEAST)
    near = _nearest(cost, kept, by_hand)
    rest = np.full((models, sizes), by_hand)
    after = np.transpose(left, (0, 2, 1)).reshape(models * sizes, nodes)
    again = np.transpose(table[near], (1, 0, 2)).reshape(nodes, len(near) * sizes)
    fails = (after @ again).reshape(models, sizes, len(near), sizes)
    for place, model in enumerate(near.tolist()):
        fails[model, :, place, :] = np.einsum("di,dij->ij", left[model], longer[model])
    value = _repeated(cost[near], fails, by_hand, rounds_left - 1)
    rest = np.minimum(rest, value.min(axis=(2, 3)))
    planned: Floats = cost + (1 - kept) * rest
    return planned


def _repeated(cost: Floats, fails: Floats, by_hand: float, rounds: int) -> Floats:
    """Cost of a box opened up to `rounds` times, then by hand."""
    all_fail = fails**rounds
    times = np.where(fails < 1 - LEAST, (1 - all_fail) / np.maximum(1 - fails, LEAST), rounds)
    value: Floats = cost * times + all_fail * by_hand
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
