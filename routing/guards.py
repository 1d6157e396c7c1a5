"""Notes beside a decision: waste, re-rolls that lead nowhere, everything on one model.

Each guard is a pure function that gives a note or nothing. A note never changes the order; it
names the cheap alternative, and a person or a caller decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from routing import money
from routing.catalog import ModelCard
from routing.need import TIERS, Need
from routing.stages import OPERATIONS, Stage

SURGICAL = 0.6  # from here on a need asks to change one thing and keep the rest
DULL_BLADE = 0.4  # below it a model redoes the whole picture
TIMES_DEARER = 3
REROLLS = 3
HEAVY_SHARE = 0.7
FEWEST_RUNS = 20


@dataclass(frozen=True, slots=True)
class Note:
    """Something a person should see: a code, a sentence, and the model that would be cheaper."""

    code: str
    text: str
    alternative: str = ""


class Priced(Protocol):
    """A model with what one approved asset is expected to cost, such as a choice or a repair."""

    @property
    def card(self) -> ModelCard:
        """The model."""

    @property
    def per_approved_micros(self) -> int:
        """Expected cost per approved asset, in micro-units of the card's currency."""


def waste(
    need: Need, taken: Priced, eligible: Sequence[Priced], editors: Sequence[ModelCard] = ()
) -> Note | None:
    """A tool far above the job, or one that redoes everything to change one thing.

    `eligible` are the models that could do it too, `taken` among them or not; `editors` models of
    the edit stage that can be used now, the cheapest first.
    """
    others = [one for one in eligible if one.card.key != taken.card.key]
    if need.surgicality >= SURGICAL and not OPERATIONS[need.operation].makes_clip:
        dull = taken.card.surgicality is not None and taken.card.surgicality < DULL_BLADE
        base = OPERATIONS[need.operation].stage is Stage.GENERATION and need.has_base
        sharp = [o for o in others if (o.card.surgicality or 0.0) >= SURGICAL]
        if dull or base:
            return _surgical(taken, sharp, editors)
    cheaper = [
        one
        for one in others
        if TIERS.index(one.card.tier) < TIERS.index(taken.card.tier)
        and one.per_approved_micros * TIMES_DEARER <= taken.per_approved_micros
    ]
    if not cheaper or taken.card.tier != TIERS[-1]:
        return None
    best = _cheapest(cheaper)
    cost = money.text(best.per_approved_micros, best.card.currency)
    if OPERATIONS[need.operation].makes_clip and need.motion_profile == "camera_only":
        return Note(
            "waste",
            f"{taken.card.label} is a top-tier video model and only the camera moves here; "
            f"{best.card.label} does that for {cost} per approved asset.",
            best.card.key,
        )
    times = taken.per_approved_micros / max(best.per_approved_micros, 1)
    return Note(
        "waste",
        f"{taken.card.label} costs {times:.1f} times as much per approved asset as "
        f"{best.card.label} ({cost}).",
        best.card.key,
    )


def _surgical(taken: Priced, sharp: Sequence[Priced], editors: Sequence[ModelCard]) -> Note:
    said = f"{taken.card.label} redoes the whole picture where one thing should change"
    if sharp:
        best = _cheapest(sharp)
        cost = f"{money.text(best.per_approved_micros, best.card.currency)} per approved asset"
        card = best.card
    elif editors:
        card = editors[0]
        cost = f"{money.text(card.price_micros or 0, card.currency)} per {card.price_unit}"
    else:
        return Note("waste", f"{said}; an edit with a painted area keeps the rest.")
    return Note(
        "waste", f"{said}; {card.label} changes it and keeps the rest for {cost}.", card.key
    )


def _cheapest(some: Sequence[Priced]) -> Priced:
    return min(some, key=lambda one: (one.per_approved_micros, one.card.key))


def surgical_editors(cards: Iterable[ModelCard]) -> tuple[ModelCard, ...]:
    """Enabled, priced, sharp models of the edit stage, cheapest first: for a surgical change."""
    found = [
        card
        for card in cards
        if card.is_enabled
        and card.price_micros is not None
        and (card.surgicality or 0.0) >= SURGICAL
        and any(OPERATIONS[name].stage is Stage.EDIT for name in card.operations)
    ]
    return tuple(sorted(found, key=lambda card: (card.price_micros or 0, card.key)))


def rerolls(rolled: int, editor: Priced | None = None, defect: str = "") -> Note | None:
    """At the third re-roll of one prompt: an edit of the best reject is usually cheaper.

    `rolled` counts the re-rolls of this prompt, the one about to start included.
    """
    if rolled < REROLLS:
        return None
    count = f"Re-roll {rolled} of the same prompt"
    wrong = f" and mend its {defect}" if defect else ""
    if editor is None:
        return Note("reroll", f"{count}: edit the best reject{wrong} instead.")
    cost = money.text(editor.per_approved_micros, editor.card.currency)
    return Note(
        "reroll",
        f"{count}: edit the best reject{wrong} with {editor.card.label} instead, "
        f"{cost} per approved asset.",
        editor.card.key,
    )


def concentration(
    runs: Mapping[str, int], taken: ModelCard, next_best: Priced | None = None
) -> Note | None:
    """A warning when `taken` carries most of the recent work. `runs` counts runs by model key."""
    total = sum(runs.values())
    own = runs.get(taken.key, 0)
    if total < FEWEST_RUNS or own < HEAVY_SHARE * total:
        return None
    said = (
        f"{taken.label} did {own} of the last {total} runs; if it fails or changes, the line stops."
    )
    if next_best is None:
        return Note("concentration", f"{said} No other model can do this now.")
    cost = money.text(next_best.per_approved_micros, next_best.card.currency)
    return Note(
        "concentration",
        f"{said} {next_best.card.label} could take a share for {cost} per approved asset.",
        next_best.card.key,
    )


def ending(card: ModelCard) -> Note | None:
    """A warning when the maker has announced the end of `card`."""
    if card.life_cycle != "deprecated":
        return None
    when = f" on {card.retired_on}" if card.retired_on else ""
    return Note("ending", f"{card.label} will be switched off by its maker{when}.")
