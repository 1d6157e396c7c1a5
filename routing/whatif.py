"""A world played by the real router, beside the catalog alone and one that knows the rates.

Made for people who ask "what would happen if": numbers with their interval, and which model was
asked for in which period. It decides nothing itself.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from routing.oracle import Oracle
from routing.players import RoutedTeam
from routing.worlds import Chooser, Floats, Pick, Played, Work, World, play

INTERVAL_Z = 1.2816  # two-sided 80 %


@dataclass(frozen=True, slots=True)
class Row:
    """What one chooser cost per approved asset, in micro-units: mean, its 80 % interval, and the
    part paid to providers; and how many assets were made by hand."""

    who: str
    mean_micros: int
    interval_micros: tuple[int, int]
    paid_micros: int
    by_hand: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What the router asked one model for."""

    key: str
    rounds: int
    outputs: int
    approved: int


@dataclass(frozen=True, slots=True)
class Period:
    """Between two shifts: cost per approved asset and the share of first rounds by model."""

    start: float
    mean_micros: int
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The whole answer; the router is the first of `rows`."""

    name: str
    seed: int
    tasks: int
    days: float
    rounds: int
    rows: tuple[Row, ...]
    models: tuple[Asked, ...]
    periods: tuple[Period, ...]

    @property
    def over_oracle(self) -> float:
        """The router's cost over that of knowing the rates."""
        return self.rows[0].mean_micros / self.rows[-1].mean_micros

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "over_oracle": round(self.over_oracle, 4)}


class _Watched:
    """Passes everything on and remembers the first pick of every task."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self.first: dict[int, int] = {}

    def choose(self, work: Work) -> Pick | None:
        pick = self._chooser.choose(work)
        if pick is not None:
            self.first.setdefault(work.task, pick.model)
        return pick

    def learn(self, work: Work, pick: Pick, approved: int) -> None:
        self._chooser.learn(work, pick, approved)


def simulate(world: World, *, rounds: int) -> Outcome:
    """Play `world` by the router, by the router on the catalog alone, and by the oracle."""
    watched = _Watched(RoutedTeam(world))
    ours = play(world, watched, rounds=rounds)
    catalog = play(world, RoutedTeam(world, learns=False), rounds=rounds)
    best = play(world, Oracle(world), rounds=rounds)
    return Outcome(
        name=world.name,
        seed=world.seed,
        tasks=len(world.day),
        days=float(math.ceil(world.day.max())),
        rounds=rounds,
        rows=(_row("router", ours), _row("catalog alone", catalog), _row("oracle", best)),
        models=tuple(
            Asked(card.key, *(int(n[place]) for n in _counts(ours)))
            for place, card in enumerate(world.cards)
        ),
        periods=_periods(world, ours, watched.first),
    )


def _counts(played: Played) -> tuple[Any, Any, Any]:
    return played.rounds_of, played.outputs_of, played.approved_of


def _row(who: str, played: Played) -> Row:
    mean = float(played.micros.mean())
    error = INTERVAL_Z * _standard_error(played.micros)
    return Row(
        who,
        round(mean),
        (round(max(0.0, mean - error)), round(mean + error)),
        round(float(played.paid.mean())),
        played.by_hand,
    )


def _standard_error(values: Floats) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else 0.0


def _periods(world: World, played: Played, first: dict[int, int]) -> tuple[Period, ...]:
    found = []
    for era, start in enumerate(world.eras):
        tasks = np.flatnonzero(world.era == era)
        if not len(tasks):
            continue
        picks = np.bincount(
            [first[t] for t in tasks.tolist() if t in first], minlength=len(world.cards)
        )
        total = max(1, int(picks.sum()))
        shares = {
            card.key: round(int(n) / total, 4)
            for card, n in zip(world.cards, picks, strict=True)
            if n
        }
        found.append(Period(start, round(float(played.micros[tasks].mean())), shares))
    return tuple(found)
