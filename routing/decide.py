"""Need + catalog + what the team's picks say -> Decision: ordered choices and losers.

The order is by expected cost per approved asset: what a round of n outputs costs (price, review,
hand-off) over the chance that at least one is kept, with n chosen by the same measure. Without a
belief the chances are the catalog's. Deterministic: the same arguments give the same decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from routing import board, features, guards, index, money, policy
from routing.board import BY_HAND_MICROS, Ask, Board
from routing.catalog import ModelCard
from routing.decision import (
    Choice,
    Decision,
    Exploring,
    Loser,
    People,
    Repair,
)
from routing.guards import Note
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

NOTHING = Tally()
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
    cards = tuple(cards)
    able = [card for card in cards if need.operation in card.operations]
    eligible, quotes, losers = _filtered(need, able, now, wanted)
    if need.pinned_model and need.pinned_model not in {card.key for card in eligible}:
        return _pinned_out(need, eligible, losers, seed)
    if not eligible:
        return _nothing(need, able, now, losers, seed)
    ask = Ask(
        need=need,
        people=people,
        belief=belief,
        view=history or TaskView(),
        day=day,
        sizes=wanted,
        rounds_left=rounds_left,
        seed=seed,
        explore=None if need.pinned_model else explore,
    )
    laid = board.lay(ask, eligible, quotes)
    places = board.order(laid)
    average = board.best_average(laid, places)
    first = board.first_box(laid, average, ask.explore)
    overruled = ""
    if need.pinned_model:
        pinned = next(i for i in places if laid.cards[i].key == need.pinned_model)
        overruled = laid.cards[places[0]].key if places[0] != pinned else ""
        first = (pinned, int(np.argmin(laid.average.value[pinned])))
    choices = _choices(laid, ask, [first[0], *(i for i in places if i != first[0])], first)
    informed = not laid.is_independent
    stopped = informed and float(laid.average.value.min()) >= laid.boxes.by_hand
    repair = _repair(repairs, choices[0])
    exploring = None if need.pinned_model else board.exploring(laid, ask, first, average)
    return Decision(
        need=need,
        choices=choices,
        losers=tuple(losers),
        notes=_notes(
            need,
            choices,
            exploring,
            stopped,
            repair,
            laid,
            recent,
            rerolls,
            _editors(need, cards, now),
        ),
        plan=board.plan_of(laid),
        basis="picks" if laid.prediction is not None else "catalog",
        next_step=board.next_step(laid, ask, first, choices[0]),
        exploring=exploring,
        stopped=stopped,
        by_hand_micros=round(laid.boxes.by_hand),
        rounds_left=laid.boxes.rounds_left,
        rounds_played=ask.view.rounds,
        repair=repair,
        people=people,
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
    ask = Ask(
        need=need,
        people=people,
        belief=belief,
        view=history or TaskView(),
        day=day,
        sizes=wanted,
        rounds_left=rounds_left,
        seed=seed,
        explore=explore,
    )
    laid = board.lay(ask, eligible, quotes)
    average = board.best_average(laid, board.order(laid))
    taken = board.first_box(laid, average, explore)[0]
    same = sum(
        board.first_box(board.redrawn(laid, ask, seed + 1 + again), average, explore)[0] == taken
        for again in range(draws)
    )
    return same / draws


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
    checks, special = policy.checks_for(need, now), policy.special_checks(need, now)
    for card in able:
        asked = special if policy.is_plain(card, need, now) else checks
        reason = policy.objection(card, need, now, asked) if asked else None
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
    laid: Board, ask: Ask, order: Sequence[int], first: tuple[int, int]
) -> tuple[Choice, ...]:
    """The models in order, each with its best batch; the first with the batch of its box."""
    sizes, belief, people = laid.boxes.sizes, ask.belief, ask.people
    columns = laid.average.value.argmin(axis=1)
    columns[first[0]] = first[1]
    rows = np.arange(len(columns))
    chance = laid.average.chance[rows, columns].tolist()
    low, high = laid.low[rows, columns].tolist(), laid.high[rows, columns].tolist()
    each, catalog = laid.each.tolist(), laid.catalog.tolist()
    column = columns.tolist()
    time_micros = [people.handoff_micros + size * people.review_micros for size in sizes]
    kind = features.kind_of(ask.need)
    tallies = belief.tallies if belief is not None else {}
    made = []
    for place in order:
        card, size, p = laid.cards[place], sizes[column[place]], chance[place]
        price = laid.quotes[place]
        if column[place]:
            price = price.for_count(size, sizes[0])
        made.append(
            Choice(
                card,
                price,
                round((price.expected_micros + time_micros[column[place]]) / p),
                round(price.expected_micros / p),
                card.seconds_each * size,
                size,
                p,
                low[place],
                high[place],
                each[place],
                catalog[place],
                tallies.get((laid.versions[place], kind), NOTHING),
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
    editors: Sequence[ModelCard],
) -> tuple[Note, ...]:
    """Guards and warnings in a fixed order. Sentences with money are `explain`'s."""
    best, following = choices[0], choices[1] if choices[1:] else None
    found = [
        guards.waste(need, best, choices, editors),
        guards.rerolls(rerolls, repair, repair.defect if repair else ""),
        guards.concentration(recent or {}, best.card, following),
        guards.ending(best.card),
        _exploring_note(exploring, best.card) if exploring else None,
        _stopped_note(laid.boxes.by_hand, best.card) if stopped else None,
    ]
    return tuple(note for note in found if note is not None)


def _editors(need: Need, cards: Sequence[ModelCard], now: Circumstances) -> tuple[ModelCard, ...]:
    """Editors that could make a surgical change now; none where it is not surgical."""
    if need.surgicality < guards.SURGICAL:
        return ()
    return guards.surgical_editors(card for card in cards if card.provider in now.connected)


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


_STEPS = {code: index for index, rule in enumerate(policy.RULES) for code in rule.codes}


def _nothing(
    need: Need,
    able: Sequence[ModelCard],
    now: Circumstances,
    losers: Sequence[Loser],
    seed: int,
) -> Decision:
    if not losers:
        return Decision(need, (), (), "No model in the catalog can do this.", seed=seed)
    # who came furthest down the rules is nearest to being possible
    nearest = sorted(losers, key=lambda loser: -_STEPS.get(loser.code, len(_STEPS)))
    why = "; ".join(f"{x.label} {x.text}" for x in nearest[:3])
    problem = f"No model can do this now: {why}."
    way = policy.relaxation(able, need, now)
    return Decision(need, (), tuple(losers), problem, relaxation=way, seed=seed)
