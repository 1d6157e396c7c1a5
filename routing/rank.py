"""The numbers of a decision: costs, chances and values of every box (model, batch size).

Arrays in, arrays out; `decide` turns them into choices. Models are in the caller's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from routing import index
from routing.features import Floats

INTERVAL_Z = 1.2816  # two-sided 80 %


@dataclass(frozen=True, slots=True)
class Exploration:
    """How far a decision may leave the averages to learn.

    `tau` scales the spread of a Thompson draw; the choice drawn may be worse on averages by
    `premium` (a share) and by `most_micros` an approved asset at most.
    """

    tau: float = 0.25
    premium: float = 0.25
    most_micros: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """`cost` (models, sizes) in micro-units of a round, infinite where it may not be opened."""

    sizes: tuple[int, ...]
    cost: Floats
    weights: Floats
    rejected: Floats
    by_hand: float
    rounds_left: int | None

    @property
    def is_short(self) -> bool:
        """True when so few rounds are left that the index would mislead."""
        return self.rounds_left is not None and self.rounds_left <= index.FEW_ROUNDS


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """By box: `chance` of a keeper, `per_approved` cost, and `value` that decides (the same, or
    the deadline plan's expected cost)."""

    chance: Floats
    per_approved: Floats
    value: Floats


def independent(boxes: Boxes, chance_each: Floats) -> Values:
    """Values by the catalog's chances, each output for itself."""
    sizes = np.array(boxes.sizes)
    chance = 1 - (1 - chance_each[:, None]) ** sizes
    per_approved = index.index_plan(boxes.cost, chance)
    return Values(chance, per_approved, per_approved)


def joint(boxes: Boxes, etas: Floats, table: Floats) -> Values:
    """Values where outputs of one task fail together.

    `etas` are typical log-odds by model, `table` their fail table for the boxes' sizes.
    """
    chance = index.chances(table, boxes.weights)
    per_approved = index.index_plan(boxes.cost, chance)
    if not boxes.is_short:
        return Values(chance, per_approved, per_approved)
    planned = index.deadline_plan(
        etas,
        boxes.rejected,
        boxes.sizes,
        table,
        boxes.weights,
        boxes.cost,
        boxes.by_hand,
        boxes.rounds_left or 1,
    )
    return Values(chance, per_approved, planned)


def fail_tables(boxes: Boxes, views: Sequence[Floats]) -> Floats:
    """Fail tables of several sets of log-odds at once, (views, models, nodes, sizes)."""
    models = len(boxes.rejected)
    stacked = np.concatenate(list(views))
    rejected = np.tile(boxes.rejected, len(views))
    table = index.fail_table(stacked, rejected, boxes.sizes)
    by_view = table.transpose(2, 0, 1).reshape(len(boxes.sizes), len(views), models, -1)
    return by_view.transpose(1, 2, 3, 0)


def over_belief(tables: Floats) -> Floats:
    """Fail table averaged over what is not known of each model, shape (models, nodes, sizes).

    `tables` are at the mean log-odds, one interval below and one above. The three-point rule
    with weights w, 1 - 2w, w at -z, 0, z standard deviations has the variance of the belief for
    w = 1 / (2 z^2); for a chance it is better than the mean alone, which takes an untried model
    for a sure one (Julier & Uhlmann 1997, the unscented transform).
    """
    side = 1 / (2 * INTERVAL_Z**2)
    mixed: Floats = (1 - 2 * side) * tables[0] + side * (tables[1] + tables[2])
    return mixed


def dominators(
    model: int, unit_cost: Floats, chance: Floats, seconds: Floats
) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Models at least as cheap, as often kept and as fast as `model`, and better in one of them."""
    no_worse = (
        (unit_cost <= unit_cost[model]) & (chance >= chance[model]) & (seconds <= seconds[model])
    )
    better = (unit_cost < unit_cost[model]) | (chance > chance[model]) | (seconds < seconds[model])
    return np.flatnonzero(no_worse & better)


def drawn_box(average: Floats, drawn: Floats, exploration: Exploration) -> tuple[int, int] | None:
    """The best box by `drawn` values, or None when its premium on averages is too high.

    Both of shape (models, sizes); an infinite drawn value rules a box out.
    """
    model, column = divmod(int(drawn.argmin()), drawn.shape[1])
    least = float(average.min())
    premium = float(average[model, column]) - least
    if premium > exploration.premium * least:
        return None
    if exploration.most_micros is not None and premium > exploration.most_micros:
        return None
    return model, column
