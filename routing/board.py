"""The board of a decision: every eligible model with its numbers, the order, the first box.

Between the arrays of `rank` and the answer of `decide`; it knows no guard and no sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from routing import features, index, predict, rank
from routing.catalog import ModelCard
from routing.decision import Choice, Exploring, NextStep, People
from routing.features import Floats, Indexes
from routing.learning import Belief
from routing.need import Need
from routing.predict import Prediction
from routing.pricing import Quote
from routing.rank import INTERVAL_Z, Boxes, Exploration, Values
from routing.tasks import TaskView

# What the manual way costs, by stage: a designer makes or mends it. Defaults to be asked in
# settings and shown.
BY_HAND_MICROS: dict[str, int] = {
    "generation": 25_000_000,
    "edit": 15_000_000,
    "polish": 12_000_000,
    "animate": 60_000_000,
    "qa": 15_000_000,
}

TRIES = 8  # dominated draws that are passed over before averages decide
CATALOG_SD = 0.86  # spread of a model's own bias and kind before evidence (learning.Priors)


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """Everything computed for the eligible cards, in the order of their keys.

    `unit` is the price of one output, `catalog` the chance by the catalog alone, `each` that of
    one output now; `low` and `high` bound the chance of every box (80 %). `drawn` are the values
    under one Thompson draw, None where averages decide.
    """

    cards: tuple[ModelCard, ...]
    versions: tuple[str, ...]
    quotes: tuple[Quote, ...]
    unit: Floats
    seconds: Floats
    catalog: Floats
    boxes: Boxes
    prediction: Prediction | None
    etas: Floats
    tables: Floats
    average: Values
    low: Floats
    high: Floats
    each: Floats
    drawn: Values | None
    is_independent: bool


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """What a decision was asked, apart from the cards."""

    need: Need
    people: People
    belief: Belief | None
    view: TaskView
    day: float | None
    sizes: tuple[int, ...]
    rounds_left: int | None
    seed: int
    explore: Exploration | None


def lay(ask: Ask, eligible: Sequence[ModelCard], quotes: Sequence[Quote]) -> Board:
    """All numbers for the eligible cards; `quotes` are for the smallest batch."""
    versions = tuple([features.version_of(card) for card in eligible])
    boxes, unit, seconds = _boxes(ask, eligible, versions, quotes)
    catalog = np.array([features.catalog_chance(card, ask.need) for card in eligible])
    prediction = None
    if ask.belief is not None and ask.belief.has_evidence:
        prediction = predict.predict(
            ask.belief, ask.need, eligible, day=ask.day, catalog=catalog, versions=versions
        )
    etas = prediction.mean if prediction is not None else predict.by_catalog(catalog)
    spread = INTERVAL_Z * (prediction.sd if prediction is not None else CATALOG_SD)
    views = [etas, etas - spread, etas + spread]
    if prediction is not None and ask.explore is not None:
        random = np.random.default_rng(ask.seed)
        views.append(prediction.draw(random, ask.explore.tau))
    tables = rank.fail_tables(boxes, views)
    expected = tables[0] if prediction is None else rank.over_belief(tables)
    weights = boxes.weights
    plain = not (prediction or ask.view.rounds or boxes.rejected.any() or boxes.is_short)
    average = rank.independent(boxes, catalog) if plain else rank.joint(boxes, etas, expected)
    if plain:
        each = catalog
    elif boxes.sizes[0] == 1:
        each = average.chance[:, 0]
    else:
        each = index.chances(index.fail_table(etas, boxes.rejected, (1,)), weights)[:, 0]
    return Board(
        cards=tuple(eligible),
        versions=versions,
        quotes=tuple(quotes),
        unit=unit,
        seconds=seconds,
        catalog=catalog,
        boxes=boxes,
        prediction=prediction,
        etas=etas,
        tables=expected,
        average=average,
        low=np.minimum(index.chances(tables[1], weights), average.chance),
        high=np.maximum(index.chances(tables[2], weights), average.chance),
        each=each,
        drawn=rank.joint(boxes, views[3], tables[3]) if len(views) > 3 else None,
        is_independent=plain,
    )


def _boxes(
    ask: Ask, eligible: Sequence[ModelCard], versions: Sequence[str], quotes: Sequence[Quote]
) -> tuple[Boxes, Floats, Floats]:
    """Boxes with their costs, the price of one output and its seconds by model."""
    need, people, smallest = ask.need, ask.people, ask.sizes[0]
    unit = np.array([price.expected_micros for price in quotes]) / smallest
    counts = np.array(ask.sizes)
    cost = people.handoff_micros + counts * (unit[:, None] + people.review_micros)
    if need.money_left_micros is not None:
        most = np.array([price.maximum_micros for price in quotes]) / smallest
        cost = np.where(counts * most[:, None] <= need.money_left_micros, cost, np.inf)
    seconds = np.array([card.seconds_each for card in eligible])
    rounds_left = ask.rounds_left
    if rounds_left is None and need.deadline_s is not None:
        one = float(np.median(seconds)) + people.turnaround_s
        rounds_left = max(1, int(need.deadline_s // one))
    before = ask.view.rejected
    rejected = (
        np.array([before.get(version, 0) for version in versions], dtype=float)
        if before
        else np.zeros(len(eligible))
    )
    hand = people.by_hand_micros
    boxes = Boxes(
        sizes=ask.sizes,
        cost=cost,
        weights=np.asarray(ask.view.weights),
        rejected=rejected,
        by_hand=float(BY_HAND_MICROS[need.stage] if hand is None else hand),
        rounds_left=rounds_left,
    )
    return boxes, unit, seconds


def redrawn(board: Board, ask: Ask, seed: int) -> Board:
    """The same board under another Thompson draw."""
    if board.prediction is None or ask.explore is None:
        return board
    etas = board.prediction.draw(np.random.default_rng(seed), ask.explore.tau)
    drawn = rank.joint(board.boxes, etas, rank.fail_tables(board.boxes, [etas])[0])
    return replace(board, drawn=drawn)


def plan_of(board: Board) -> str:
    """The name of the plan that ordered the boxes."""
    if board.boxes.is_short:
        return "deadline"
    return "catalog" if board.is_independent else "index"


def order(board: Board) -> list[int]:
    """Places of the models by value on averages, then time, then name; the best first.

    A model that another beats in every respect gives way to it at the head.
    """
    value = board.average.value
    columns = value.argmin(axis=1)
    rounded = np.rint(value.min(axis=1))
    time = board.seconds * np.array(board.boxes.sizes)[columns]
    places: list[int] = np.lexsort((np.arange(len(rounded)), time, rounded)).tolist()
    head = places[0]
    better = _dominators(board, head)
    while better.size:
        head = int(better[np.argmin(rounded[better])])
        better = _dominators(board, head)
    if head != places[0]:
        places.remove(head)
        places.insert(0, head)
    return places


def first_box(
    board: Board, average: tuple[int, int], explore: Exploration | None
) -> tuple[int, int]:
    """The box to open first: the draw's, unless it costs too much on averages."""
    if explore is None or board.drawn is None:
        return average
    value = board.drawn.value.copy()
    for _ in range(TRIES):
        box = rank.drawn_box(board.average.value, value, explore)
        if box is None:
            return average
        if box[0] == average[0] or not _dominators(board, box[0]).size:
            return box
        value[box[0]] = np.inf
    return average


def best_average(board: Board, places: Sequence[int]) -> tuple[int, int]:
    """The best box on averages: the first model's, in its best size."""
    return places[0], int(np.argmin(board.average.value[places[0]]))


def exploring(
    board: Board, ask: Ask, box: tuple[int, int], average: tuple[int, int]
) -> Exploring | None:
    """What it costs to learn from `box` instead of taking the best on averages."""
    if box[0] == average[0] or ask.belief is None:
        return None
    premium = float(board.average.value[box]) - float(board.average.value[average])
    better = board.cards[average[0]]
    return Exploring(
        better_key=better.key,
        better_label=better.label,
        premium_micros=round(premium),
        seen=ask.belief.tally(board.cards[box[0]], ask.need).seen,
    )


def _dominators(board: Board, model: int) -> Indexes:
    return rank.dominators(model, board.unit, board.average.chance[:, 0], board.seconds)


def next_step(board: Board, ask: Ask, first: tuple[int, int], best: Choice) -> NextStep:
    """What comes when the first batch yields nothing: the same numbers, one failure later."""
    boxes, model = board.boxes, first[0]
    left = None if boxes.rounds_left is None else boxes.rounds_left - 1
    if left is not None and left < 1:
        return NextStep()
    sd = float(board.prediction.sd[model]) if board.prediction is not None else 0.0
    after = ask.view.after(
        board.versions[model], mean=float(board.etas[model]), sd=sd, rejected=best.count
    )
    rejected = boxes.rejected.copy()
    rejected[model] += best.count
    boxes = replace(boxes, weights=np.asarray(after.weights), rejected=rejected, rounds_left=left)
    table = board.tables.copy()
    views = board.etas[model] + INTERVAL_Z * sd * np.array([0.0, -1.0, 1.0])
    own = index.fail_table(views, np.full(3, rejected[model]), boxes.sizes)
    table[model] = rank.over_belief(own)
    values = rank.joint(boxes, board.etas, table)
    then, column = divmod(int(np.argmin(values.value)), values.value.shape[1])
    if values.value[then, column] >= boxes.by_hand:
        return NextStep()
    card = board.cards[then]
    return NextStep(
        card.key, card.label, boxes.sizes[column], round(float(values.per_approved[then, column]))
    )
