"""Need + catalog + what the team's picks say -> Decision: ordered choices and losers.

The order is by expected cost per approved asset: what a round of n outputs costs (price, review,
hand-off) over the chance that at least one is kept, with n chosen by the same measure. Without a
belief the chances are the catalog's. Deterministic: the same arguments give the same decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from routing import board, features, guards, index, money, policy, rank
from routing.board import BY_HAND_MICROS, Board
from routing.catalog import ModelCard
from routing.decision import (
    Choice,
    Decision,
    Exploring,
    Loser,
    People,
    Repair,
)
from routing.guards import Note, Priced
from routing.learning import Belief, Tally
from routing.need import Need
from routing.policy import Circumstances
from routing.pricing import Quote, quote
from routing.rank import Exploration
from routing.tasks import TaskView

__all__ = [
    "BY_HAND_MICROS",
    "Choice",
    "Decision",
    "Exploration",
    "Loser",
    "People",
    "decide",
    "propensity",
]

CATALOG_SD = 0.86  # spread of a model's own bias and kind before evidence (learning.Priors)
ON = Exploration()


def decide(
    need: Need,
    cards: Iterable[ModelCard],
    now: Circumstances,
    people: People | None = None,
    *,
    belief: Belief | None = None,
    history: TaskView | None = None,
    seed: int = 0,
    day: float | None = None,
    sizes: Sequence[int] | None = None,
    explore: Exploration | None = ON,
    rounds_left: int | None = None,
    repairs: Sequence[Repair] = (),
    recent: Mapping[str, int] | None = None,
    rerolls: int = 0,
) -> Decision:
    """Rank every card for `need`. Cards of other operations are left out, not listed as losers.

    `belief` is what this stage's picks taught (None: the catalog decides, with `need.count`
    outputs); `history` what failed on this very task. `sizes` are the batch sizes to choose from,
    `day` the time in days, `explore` None switches Thompson draws off, `rounds_left` bounds the
    rounds (else the need's deadline does), `repairs` compete with a re-roll, `recent` counts runs
    by model key and `rerolls` those of this prompt for the guards.

    A pinned model is taken when it is eligible; when it is not, there is no choice and `problem`
    says why.
    """
    people = people or People()
    wanted = tuple(sorted(set(sizes))) if sizes else _sizes(need, belief)
    able = [card for card in cards if need.operation in card.operations]
    eligible, quotes, losers = _filtered(need, able, now, wanted)
    if need.pinned_model and need.pinned_model not in {card.key for card in eligible}:
        return _pinned_out(need, eligible, losers, seed)
    if not eligible:
        return _nothing(need, able, now, losers, seed)
    view = history or TaskView()
    laid = board.lay(need, eligible, quotes, people, belief, view, day, wanted, rounds_left)
    first, exploring = board.first_box(laid, need, belief, seed, explore)
    order = board.order(laid, first)
    overruled = ""
    if need.pinned_model:
        pinned = next(i for i in order if laid.cards[i].key == need.pinned_model)
        overruled = laid.cards[order[0]].key if order[0] != pinned else ""
        column = int(np.argmin(laid.average.value[pinned]))
        first, exploring = (pinned, column), None
        order = [pinned, *(i for i in order if i != pinned)]
    choices = _choices(laid, order, first, need, people, belief)
    informed = laid.prediction is not None or view.rounds > 0 or bool(sum(view.rejected.values()))
    least = float(laid.average.value.min())
    stopped = informed and least >= laid.boxes.by_hand
    repair = _repair(repairs, choices[0])
    notes = _notes(need, choices, exploring, stopped, repair, laid, recent, rerolls)
    return Decision(
        need=need,
        choices=choices,
        losers=tuple(losers),
        notes=notes,
        plan=board.plan_of(laid),
        basis="picks" if laid.prediction is not None else "catalog",
        next_step=board.next_step(laid, first, choices[0], view),
        exploring=exploring,
        stopped=stopped,
        by_hand_micros=round(laid.boxes.by_hand),
        rounds_left=laid.boxes.rounds_left,
        rounds_played=view.rounds,
        repair=repair,
        overruled=overruled,
        seed=seed,
        belief_updates=belief.updates if belief else 0,
        day=day,
    )


def propensity(
    need: Need,
    cards: Iterable[ModelCard],
    now: Circumstances,
    people: People | None = None,
    *,
    belief: Belief | None = None,
    history: TaskView | None = None,
    seed: int = 0,
    day: float | None = None,
    sizes: Sequence[int] | None = None,
    explore: Exploration | None = ON,
    rounds_left: int | None = None,
    draws: int = 64,
) -> float:
    """Share of `draws` fresh draws that take the same first model as `decide` does with `seed`.

    Slower than the decision; meant for after a job was queued, for off-policy evaluation.
    """
    people = people or People()
    wanted = tuple(sorted(set(sizes))) if sizes else _sizes(need, belief)
    able = [card for card in cards if need.operation in card.operations]
    eligible, quotes, _ = _filtered(need, able, now, wanted)
    if not eligible:
        return 0.0
    view = history or TaskView()
    laid = board.lay(need, eligible, quotes, people, belief, view, day, wanted, rounds_left)
    taken = board.first_box(laid, need, belief, seed, explore)[0][0]
    same = sum(
        board.first_box(laid, need, belief, seed + 1 + again, explore)[0][0] == taken
        for again in range(draws)
    )
    return float(same / draws)


def _sizes(need: Need, belief: Belief | None) -> tuple[int, ...]:
    return (need.count,) if belief is None else index.SIZES


def _filtered(
    need: Need, able: Sequence[ModelCard], now: Circumstances, sizes: tuple[int, ...]
) -> tuple[list[ModelCard], list[Quote], list[Loser]]:
    """Eligible cards by key with their quotes for the smallest batch, and the losers."""
    smallest = sizes[0]
    least = replace(need, count=smallest)
    found: list[tuple[ModelCard, Quote]] = []
    losers: list[Loser] = []
    for card in able:
        reason = policy.objection(card, need, now)
        if reason is not None:
            losers.append(Loser(card.key, card.label, reason.code, reason.text))
            continue
        price = quote(card, least)
        if need.money_left_micros is not None and price.maximum_micros > need.money_left_micros:
            fits = need.money_left_micros * smallest // price.maximum_micros
            losers.append(
                Loser(
                    card.key,
                    card.label,
                    "money",
                    f"has money left for {fits} of {smallest} outputs",
                )
            )
            continue
        found.append((card, price))
    found.sort(key=lambda entry: entry[0].key)
    return [card for card, _ in found], [price for _, price in found], losers


def _choices(
    laid: Board,
    order: Sequence[int],
    first: tuple[int, int],
    need: Need,
    people: People,
    belief: Belief | None,
) -> tuple[Choice, ...]:
    sizes = laid.boxes.sizes
    columns = laid.average.value.argmin(axis=1)
    columns[first[0]] = first[1]
    rows = np.arange(len(columns))
    chance = laid.average.chance[rows, columns]
    sd = laid.prediction.sd if laid.prediction is not None else CATALOG_SD
    catalog = [features.catalog_chance(card, need) for card in laid.cards]
    low = rank.batch_chance(laid.boxes, laid.etas - rank.INTERVAL_Z * sd, columns.tolist())
    high = rank.batch_chance(laid.boxes, laid.etas + rank.INTERVAL_Z * sd, columns.tolist())
    if laid.is_independent:
        each = np.array(catalog)
    else:
        each = rank.batch_chance(replace(laid.boxes, sizes=(1,)), laid.etas, [0] * len(columns))
    needs = {size: replace(need, count=size) for size in sizes}
    made = []
    for place in order:
        card, size = laid.cards[place], sizes[int(columns[place])]
        price = laid.quotes[place] if size == sizes[0] else quote(card, needs[size])
        p = float(chance[place])
        review = size * people.review_micros
        whole = price.expected_micros + review + people.handoff_micros
        made.append(
            Choice(
                card=card,
                quote=price,
                per_approved_micros=round(whole / p),
                money_per_approved_micros=round(price.expected_micros / p),
                seconds=card.seconds_each * size,
                count=size,
                chance=p,
                chance_low=min(p, float(low[place])),
                chance_high=max(p, float(high[place])),
                each_chance=float(each[place]),
                catalog_chance=catalog[place],
                review_per_approved_micros=round(review / p),
                handoff_per_approved_micros=round(people.handoff_micros / p),
                evidence=belief.tally(card, need) if belief else Tally(),
            )
        )
    return tuple(made)


def _repair(repairs: Sequence[Repair], best: Choice) -> Repair | None:
    """The cheapest repair when it beats the best re-roll."""
    if not repairs:
        return None
    cheapest = min(repairs, key=lambda r: (r.per_approved_micros, r.card.key, r.defect))
    if cheapest.per_approved_micros >= best.per_approved_micros:
        return None
    return replace(cheapest, break_even=min(1.0, cheapest.cost_micros / best.per_approved_micros))


def _notes(
    need: Need,
    choices: Sequence[Choice],
    exploring: Exploring | None,
    stopped: bool,
    repair: Repair | None,
    laid: Board,
    recent: Mapping[str, int] | None,
    rerolls: int,
) -> tuple[Note, ...]:
    """Guards and warnings in a fixed order. Sentences with money are `explain`'s."""
    priced = [Priced(choice.card, choice.per_approved_micros) for choice in choices]
    editor = Priced(repair.card, repair.per_approved_micros) if repair else None
    found = [
        guards.waste(need, priced[0], priced),
        guards.rerolls(rerolls, editor, repair.defect if repair else ""),
        guards.concentration(recent or {}, priced[0].card, priced[1] if priced[1:] else None),
        guards.ending(priced[0].card),
        _exploring_note(exploring, priced[0].card) if exploring else None,
        _stopped_note(laid.boxes.by_hand, priced[0].card) if stopped else None,
    ]
    return tuple(note for note in found if note is not None)


def _exploring_note(exploring: Exploring, card: ModelCard) -> Note:
    seen = f"only {exploring.seen} results so far" if exploring.seen else "no results so far"
    cost = money.text(exploring.premium_micros, card.currency)
    return Note(
        "exploring",
        f"{seen.capitalize()}; on averages {exploring.better_label} is {cost} cheaper; "
        "this costs at most that.",
        exploring.better_key,
    )


def _stopped_note(by_hand: float, card: ModelCard) -> Note:
    cost = money.text(round(by_hand), card.currency)
    return Note(
        "stopped",
        f"Every route is now expected to cost over {cost}, the price of doing it by hand.",
    )


def _pinned_out(
    need: Need, eligible: Sequence[ModelCard], losers: Sequence[Loser], seed: int
) -> Decision:
    why = next((x.text for x in losers if x.key == need.pinned_model), "is not known")
    others = [
        Loser(card.key, card.label, "not_pinned", "could do it, but another model was picked")
        for card in eligible
    ]
    return Decision(need, (), (*losers, *others), f"{need.pinned_model} {why}.", seed=seed)


def _nothing(
    need: Need,
    able: Sequence[ModelCard],
    now: Circumstances,
    losers: Sequence[Loser],
    seed: int,
) -> Decision:
    if not losers:
        return Decision(need, (), (), "No model in the catalog can do this.", seed=seed)
    why = "; ".join(f"{x.label} {x.text}" for x in losers[:3])
    problem = f"No model can do this now: {why}."
    way = policy.relaxation(able, need, now)
    return Decision(need, (), tuple(losers), problem, relaxation=way, seed=seed)
