"""Cost per approved asset: every chooser in every world, two processes, one table a situation."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from routing.market import FALL, market
from routing.oracle import Oracle
from routing.players import Alarm, RoutedTeam
from routing.worlds import ROUNDS, World, play
from tests.bench.routing.litellm_side import Side
from tests.bench.routing.rivals import BATCHES, PUBLISHED, RIVALS

ORACLE, OURS = "Oracle (knows every true rate)", "Switchyard"
WATCHED = "Switchyard + golden-prompt watch"
WATCH_DELAY_DAYS = 2.0


@dataclass(frozen=True, slots=True)
class Situation:
    """One table: its worlds and the goal over the oracle (None: only to be ahead)."""

    name: str
    silent: bool
    rounds: int
    goal: float | None


SITUATIONS: tuple[Situation, ...] = (
    Situation("Steady", False, ROUNDS, 1.15),
    Situation("Silent update half way", True, ROUNDS, 1.22),
    Situation("Deadline: 2 rounds, then by hand", False, 2, None),
    Situation("Deadline: 3 rounds, then by hand", False, 3, None),
)

Costs = dict[tuple[str, int], float]  # by chooser and batch (0: it chooses itself)


@dataclass(frozen=True, slots=True)
class Job:
    """One world of one situation."""

    situation: int
    seed: int
    tasks: int
    litellm: Path | None


@lru_cache(maxsize=1)
def _side(python: Path) -> Side:
    return Side(python)


def run(job: Job) -> Costs:
    """Cost per approved asset of every chooser in this world."""
    situation = SITUATIONS[job.situation]
    world = market(job.seed, tasks=job.tasks, silent_update=situation.silent)
    rounds = situation.rounds
    costs: Costs = {
        (ORACLE, 0): play(world, Oracle(world), rounds=rounds).per_approved,
        (OURS, 0): play(world, RoutedTeam(world), rounds=rounds).per_approved,
    }
    if situation.silent:
        watched = RoutedTeam(world, alarms=_alarms(world))
        costs[WATCHED, 0] = play(world, watched, rounds=rounds).per_approved
    for name, make in RIVALS.items():
        for count in BATCHES:
            costs[name, count] = play(world, make(world, count), rounds=rounds).per_approved
    if job.litellm is None:
        for strategy, make in PUBLISHED.items():
            for count in BATCHES:
                played = play(world, make(world, count), rounds=rounds)
                costs[f"LiteLLM {strategy}, its published rule", count] = played.per_approved
    else:
        answer = _side(job.litellm).ask(
            {"seed": job.seed, "silent": situation.silent, "tasks": job.tasks, "rounds": rounds}
        )
        for strategy, found in answer.items():
            for count, cost in zip(BATCHES, found, strict=True):
                costs[f"LiteLLM {strategy}", count] = cost
    return costs


def _alarms(world: World) -> list[Alarm]:
    """What a perfect watch would say: the models that fell, two days later."""
    moved = np.nanmean(world.eta[1] - world.eta[0], axis=1)
    fallen = np.flatnonzero(np.abs(moved) > FALL / 2)
    return [Alarm(world.eras[1] + WATCH_DELAY_DAYS, int(m)) for m in fallen]


def tables(
    seeds: Iterable[int], *, tasks: int, litellm: Path | None, processes: int = 2
) -> dict[str, list[Costs]]:
    """By situation one entry a seed."""
    seeds = list(seeds)
    jobs = [Job(s, seed, tasks, litellm) for s in range(len(SITUATIONS)) for seed in seeds]
    with ProcessPoolExecutor(processes, initializer=os.nice, initargs=(10,)) as pool:
        found = list(pool.map(run, jobs))
    return {
        situation.name: found[place * len(seeds) : (place + 1) * len(seeds)]
        for place, situation in enumerate(SITUATIONS)
    }


@dataclass(frozen=True, slots=True)
class Line:
    """One row: costs by seed at the batch that was best on average, and as shipped (n = 1)."""

    name: str
    batch: int
    costs: tuple[float, ...]
    shipped: tuple[float, ...]


def lines(costs: list[Costs]) -> list[Line]:
    """The rows of a table, cheapest first."""
    names = list(dict.fromkeys(name for name, _ in costs[0]))
    found = []
    for name in names:
        batches = [batch for other, batch in costs[0] if other == name]
        by_batch = {b: tuple(world[name, b] for world in costs) for b in batches}
        best = min(batches, key=lambda b: float(np.mean(by_batch[b])))
        found.append(Line(name, best, by_batch[best], by_batch.get(1, ())))
    return sorted(found, key=lambda line: float(np.mean(line.costs)))


def printed(situation: Situation, costs: list[Costs]) -> list[str]:
    """A table as text, the verdict on the goal below it."""
    rows = lines(costs)
    oracle = next(row for row in rows if row.name == ORACLE)
    by_name = {row.name: row for row in rows}
    ours, others = by_name[OURS], [r for r in rows if r.name not in (ORACLE, OURS, WATCHED)]
    level = np.array(oracle.costs)
    out = [
        "",
        f"{situation.name} ({len(costs)} seeds): cost per approved asset, USD",
        f"{'':45} {'batch':>5} {'median':>7} {'mean':>7} {'x oracle':>8} {'n=1':>7} {'x':>5}",
    ]
    for row in rows:
        shipped = float(np.mean(row.shipped)) if row.shipped else None
        out.append(
            f"{row.name:45} {row.batch or 'own':>5} {np.median(row.costs):7.2f} "
            f"{np.mean(row.costs):7.2f} {np.mean(row.costs) / level.mean():8.3f} "
            + (f"{shipped:7.2f} {shipped / level.mean():5.2f}" if shipped else f"{'':7} {'':5}")
        )
    ratio = float(np.mean(ours.costs) / level.mean())
    spread = np.std(np.array(ours.costs) / level) / np.sqrt(len(level))
    if situation.goal is not None:
        goal = f"goal at most {situation.goal:.2f} x oracle"
        verdict = "reached" if ratio <= situation.goal else "MISSED"
        median = float(np.median(np.array(ours.costs) / level))
        out.append(
            f"  {goal}: {ratio:.3f} {verdict} (standard error {spread:.3f}; median {median:.3f})"
        )
    nearest = others[0]
    wins = sum(a < b for a, b in zip(ours.costs, nearest.costs, strict=True))
    ahead = all(np.mean(ours.costs) < np.mean(row.costs) for row in others)
    saving = 1 - float(np.mean(ours.costs) / np.mean(nearest.costs))
    out.append(
        f"  goal ahead of every other: {'reached' if ahead else 'MISSED'}; {saving:.0%} below the "
        f"nearest ({nearest.name}, at its best batch), cheaper in {wins} of {len(costs)} worlds"
    )
    return out
