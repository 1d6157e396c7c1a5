"""Made-up worlds in which a router can be tried: models with true rates, tasks, people's time.

A world knows what nobody knows in life: the true chance that an output is kept. `play` lets a
chooser work through its tasks and counts what the approved assets cost. All luck is drawn
beforehand from the seed, so every chooser meets the same tasks and the same dice. It decides
nothing and never looks at how a chooser thinks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from routing.catalog import ModelCard
from routing.decide import People
from routing.need import FIDELITY_OF, Need
from routing.stages import OPERATIONS

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ROUNDS = 12
MOST_PER_ROUND = 8
CONTEXT: tuple[str, ...] = ("fidelity", "people", "text", "demand")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of task: an operation, and for clips their motion."""

    operation: str
    motion_profile: str = ""

    @property
    def key(self) -> str:
        """The kind's name in scenarios and tables."""
        return f"{self.operation}/{self.motion_profile}" if self.motion_profile else self.operation

    @property
    def stage(self) -> str:
        """The stage it belongs to."""
        return str(OPERATIONS[self.operation].stage)

    @property
    def seconds(self) -> float:
        """Length of the clip, 0 for stills."""
        return 5.0 if OPERATIONS[self.operation].makes_clip else 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What people cost at one stage: a look, one more round, doing it by hand. Micro-units."""

    review_micros: int
    handoff_micros: int
    by_hand_micros: int

    @property
    def people(self) -> People:
        """The same for the decision."""
        return People(review_micros=self.review_micros, handoff_micros=self.handoff_micros)


# Seconds of a person at USD 54 an hour: 8 s for a still, 23 s for a clip, 40 s to come back to it.
TERMS: dict[str, Terms] = {
    "generation": Terms(120_000, 600_000, 25_000_000),
    "edit": Terms(120_000, 600_000, 15_000_000),
    "polish": Terms(160_000, 600_000, 12_000_000),
    "animate": Terms(350_000, 1_200_000, 60_000_000),
}


@dataclass(frozen=True, eq=False)
class World:
    """Models, tasks and dice.

    `eta[e, m, k]` is model m's log-odds of a keep on a typical task of kind k in era e (NaN: it
    cannot do it); era e begins at `eras[e]` days. `effects[m]` adds per unit of CONTEXT. By task:
    `day`, `kind`, `context` (tasks, 4), `purpose`, `difficulty`, and `quirk` (tasks, models).
    `dice` (tasks, models, outputs) decides each output. `table` (models, kinds) is what published
    rankings say by kind of work, noise included; only rivals read it.
    """

    name: str
    seed: int
    cards: tuple[ModelCard, ...]
    kinds: tuple[Kind, ...]
    terms: Mapping[str, Terms]
    eras: tuple[float, ...]
    eta: Floats
    effects: Floats
    table: Floats
    day: Floats
    kind: Ints
    context: Floats
    purpose: tuple[str, ...]
    difficulty: Floats
    quirk: Floats
    dice: NDArray[np.float32]
    task_sd: float
    model_sd: float

    @cached_property
    def era(self) -> Ints:
        """The era of every task."""
        return np.searchsorted(np.asarray(self.eras), self.day, side="right") - 1

    @cached_property
    def typical(self) -> Floats:
        """Log-odds on a task of usual difficulty with this kind and context, (tasks, models)."""
        log_odds: Floats = self.eta[self.era, :, self.kind] + self.context @ self.effects.T
        return log_odds

    @cached_property
    def keep(self) -> Floats:
        """True chance that one output is kept, (tasks, models); NaN where it cannot be done."""
        chance: Floats = 1 / (1 + np.exp(-(self.typical + self.difficulty[:, None] + self.quirk)))
        return chance

    @cached_property
    def able(self) -> tuple[tuple[int, ...], ...]:
        """Models that can do each kind."""
        return tuple(
            tuple(np.flatnonzero(~np.isnan(self.eta[0, :, k])).tolist())
            for k in range(len(self.kinds))
        )

    def need(self, task: int) -> Need:
        """What a router is told of a task."""
        kind, context = self.kinds[self.kind[task]], self.context[task]
        clip = OPERATIONS[kind.operation].makes_clip
        return Need(
            stage=kind.stage,
            operation=kind.operation,
            purpose=self.purpose[task],
            seconds=kind.seconds,
            motion_profile=kind.motion_profile,
            ceiling="high",
            fidelity=float(context[0]),
            people=int(context[1]),
            text_words=4 * int(context[2]),
            temporal_consistency=float(context[3]) if clip else 0.0,
            surgicality=0.0 if clip else float(context[3]),
        )


@dataclass(frozen=True, slots=True)
class Work:
    """A task as a chooser sees it: never its difficulty. `failed` are (model, outputs) rejected so
    far in order; `rounds_left` counts the coming round."""

    task: int
    kind: int
    day: float
    rounds_left: int
    failed: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Pick:
    """The model to use (its place in `World.cards`) and how many outputs to ask for."""

    model: int
    count: int


class Chooser(Protocol):
    """Anything that picks models. None from `choose` means: do it by hand."""

    def choose(self, work: Work) -> Pick | None:
        """The next round of this task."""

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        """What came of that round: so many of `pick.count` were good enough."""


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What a chooser cost. `micros` (tasks,) is the whole cost of each approved asset, of which
    `paid` went to providers. By model: rounds and outputs asked for, outputs approved."""

    micros: Floats
    paid: Floats
    by_hand: int
    rounds_of: Ints
    outputs_of: Ints
    approved_of: Ints

    @property
    def per_approved(self) -> float:
        """Mean cost of an approved asset in whole currency units."""
        return float(self.micros.mean() / 1e6)


def play(world: World, chooser: Chooser, *, rounds: int = ROUNDS) -> Played:
    """Work through every task until an output is approved; after `rounds` it is done by hand."""
    tasks, models = world.keep.shape
    micros, paid = np.zeros(tasks), np.zeros(tasks)
    counts = np.zeros((3, models), dtype=np.intp)
    given_up = 0
    for task in range(tasks):
        kind = int(world.kind[task])
        terms = world.terms[world.kinds[kind].stage]
        failed: tuple[tuple[int, int], ...] = ()
        used: dict[int, int] = {}
        for left in range(rounds, 0, -1):
            work = Work(task, kind, float(world.day[task]), left, failed)
            pick = chooser.choose(work)
            if pick is None:
                break
            if pick.model not in world.able[kind] or not 1 <= pick.count <= MOST_PER_ROUND:
                raise ValueError(f"{pick} cannot be asked for {world.kinds[kind].key}")
            start = used.get(pick.model, 0)
            used[pick.model] = start + pick.count
            dice = world.dice[task, pick.model, start : start + pick.count]
            approved = int((dice < world.keep[task, pick.model]).sum())
            price = pick.count * (world.cards[pick.model].price_micros or 0)
            paid[task] += price
            micros[task] += terms.handoff_micros + price + pick.count * terms.review_micros
            counts[:, pick.model] += (1, pick.count, approved)
            chooser.learn(work, pick, approved)
            if approved:
                break
            failed = (*failed, (pick.model, pick.count))
        else:
            pick = None
        if pick is None:
            micros[task] += terms.by_hand_micros
            given_up += 1
    return Played(micros, paid, given_up, counts[0], counts[1], counts[2])


def draw_tasks(
    random: np.random.Generator, *, count: int, days: float, kinds: int, weights: Floats | None
) -> tuple[Floats, Ints, Floats, tuple[str, ...]]:
    """Days in order, kinds, contexts and purposes of `count` tasks."""
    day = np.sort(random.uniform(0, days, count))
    kind = random.choice(kinds, size=count, p=weights)
    purposes = list(FIDELITY_OF)
    purpose = tuple(purposes[i] for i in random.integers(0, len(purposes), count))
    context = np.column_stack(
        [
            [FIDELITY_OF[name] for name in purpose],
            random.random(count) < 0.4,
            random.random(count) < 0.25,
            0.8 * (random.random(count) < 0.4),
        ]
    ).astype(float)
    return day, kind, context, purpose
