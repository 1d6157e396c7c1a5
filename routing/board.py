"""The board of a decision: every eligible model with its numbers, the order, the first box.

Between the arrays of `rank` and the answer of `decide`; it knows no guard and no sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from routing import features, predict, rank
from routing.catalog import ModelCard
from routing.decision import Choice, Exploring, NextStep, People
from routing.features import Floats, Indexes
from routing.learning import Belief
from routing.need import Need
from routing.predict import Prediction
from routing.pricing import Quote
from routing.rank import Boxes, Exploration, Values
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


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """Everything computed for the eligible cards, in the order of their keys."""

    cards: tuple[ModelCard, ...]
    quotes: tuple[Quote, ...]
    unit: Floats
    seconds: Floats
    boxes: Boxes
    prediction: Prediction | None
    etas: Floats
    average: Values
    is_independent: bool


def lay(
    need: Need,
    eligible: Sequence[ModelCard],
    quotes: Sequence[Quote],
    people: People,
    belief: Belief | None,
    view: TaskView,
    day: float | None,
    sizes: tuple[int, ...],
    rounds_left: int | None,
) -> Board:
    smallest = sizes[0]
    unit = np.array([price.expected_micros for price in quotes]) / smallest
    counts = np.array(sizes)
    cost = people.handoff_micros + counts * (unit[:, None] + people.review_micros)
    if need.money_left_micros is not None:
        most = np.array([price.maximum_micros for price in quotes]) / smallest
        cost = np.where(counts * most[:, None] <= need.money_left_micros, cost, np.inf)
    seconds = np.array([card.seconds_each for card in eligible])
    if rounds_left is None and need.deadline_s is not None:
        one = float(np.median(seconds)) + people.turnaround_s
        rounds_left = max(1, int(need.deadline_s // one))
    rejected = np.array(
        [view.rejected.get(features.version_of(card), 0) for card in eligible], dtype=float
    )
    hand = people.by_hand_micros
    boxes = Boxes(
        sizes=sizes,
        cost=cost,
        weights=np.asarray(view.weights),
        rejected=rejected,
        by_hand=float(BY_HAND_MICROS[need.stage] if hand is None else hand),
        rounds_left=rounds_left,
    )
    prediction = None
    if belief is not None and belief.has_evidence:
        prediction = predict.predict(belief, need, eligible, day=day)
        etas = prediction.mean
    else:
        etas = predict.by_catalog(eligible, need)
    plain = prediction is None and not view.rounds and not rejected.any() and not boxes.is_short
    if plain:
        chance = np.array([features.catalog_chance(card, need) for card in eligible])
        average = rank.independent(boxes, chance)
    else:
        average = rank.joint(boxes, etas)
    return Board(
        cards=tuple(eligible),
        quotes=tuple(quotes),
        unit=unit,
        seconds=seconds,
        boxes=boxes,
        prediction=prediction,
        etas=etas,
        average=average,
        is_independent=plain,
    )


def plan_of(board: Board) -> str:
    if board.boxes.is_short:
        return "deadline"
    return "catalog" if board.is_independent else "index"


def order(board: Board, first: tuple[int, int]) -> list[int]:
    """Places of the models: the first, then by value, time and name."""
    value = board.average.value.min(axis=1)
    columns = board.average.value.argmin(axis=1)
    rounded = np.rint(value).tolist()
    sizes = board.boxes.sizes
    time = [s * sizes[c] for s, c in zip(board.seconds.tolist(), columns.tolist(), strict=True)]
    places = sorted(range(len(board.cards)), key=lambda i: (rounded[i], time[i], i))
    return [first[0], *(i for i in places if i != first[0])]


def first_box(
    board: Board, need: Need, belief: Belief | None, seed: int, explore: Exploration | None
) -> tuple[tuple[int, int], Exploring | None]:
    """The box to open first: the draw's, unless it costs too much on averages."""
    average = best_average(board)
    if explore is None or board.prediction is None or belief is None:
        return average, None
    random = np.random.default_rng(seed)
    drawn = rank.joint(board.boxes, board.prediction.draw(random, explore.tau))
    dominated = [False] * len(board.cards)
    for _ in range(TRIES):
        box = rank.drawn_box(board.average, drawn, explore, dominated)
        if box is None or box[0] == average[0]:
            return average if box is None else box, None
        if not _dominators(board, box[0]).size:
            break
        dominated[box[0]] = True
    else:
        return average, None
    card, better = board.cards[box[0]], board.cards[average[0]]
    premium = float(board.average.value[box]) - float(board.average.value[average])
    exploring = Exploring(
        better_key=better.key,
        better_label=better.label,
        premium_micros=round(premium),
        seen=belief.tally(card, need).seen,
    )
    return box, exploring


def _dominators(board: Board, model: int) -> Indexes:
    return rank.dominators(model, board.unit, board.average.chance[:, 0], board.seconds)


def best_average(board: Board) -> tuple[int, int]:
    """The best box on averages; a model that another beats in every respect gives way to it."""
    value = board.average.value
    model = order(board, (-1, 0))[1]
    better = _dominators(board, model)
    while better.size:
        model = int(better[np.argmin(value[better].min(axis=1))])
        better = _dominators(board, model)
    return model, int(np.argmin(value[model]))


def next_step(board: Board, first: tuple[int, int], best: Choice, view: TaskView) -> NextStep:
    """What comes when the first batch yields nothing: the same numbers, one failure later."""
    left = None if board.boxes.rounds_left is None else board.boxes.rounds_left - 1
    if left is not None and left < 1:
        return NextStep()
    sd = float(board.prediction.sd[first[0]]) if board.prediction is not None else 0.0
    version = features.version_of(best.card)
    after = view.after(version, mean=float(board.etas[first[0]]), sd=sd, rejected=best.count)
    rejected = board.boxes.rejected.copy()
    rejected[first[0]] += best.count
    boxes = replace(
        board.boxes, weights=np.asarray(after.weights), rejected=rejected, rounds_left=left
    )
    values = rank.joint(boxes, board.etas)
    model, column = divmod(int(np.argmin(values.value)), values.value.shape[1])
    if values.value[model, column] >= boxes.by_hand:
        return NextStep()
    card = board.cards[model]
    return NextStep(
        card.key, card.label, boxes.sizes[column], round(float(values.per_approved[model, column]))
    )
