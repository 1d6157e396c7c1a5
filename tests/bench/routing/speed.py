"""How long one decision takes, by size of the catalog, beside LiteLLM's pick in the same run."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from routing import decide, learning
from routing.catalog import ModelCard
from routing.learning import Belief, Labels
from routing.need import Need
from routing.policy import Circumstances
from tests.bench.routing.litellm_side import Side

SIZES = (20, 60, 200, 1000, 5000)
NEED = Need(stage="generation", operation="compose", fidelity=0.6, people=1, ceiling="high")
NOW = Circumstances(connected=frozenset({"made-up"}))
TAUGHT = 60  # models with evidence; more than a team ever tries


def cards(count: int) -> list[ModelCard]:
    """A catalog of `count` models that can all do it."""
    random = np.random.default_rng(count)
    prices = np.exp(random.uniform(math.log(0.003), math.log(0.2), count))
    chances = random.uniform(0.1, 0.6, count)
    return [
        ModelCard(
            key=f"m{place}",
            label=f"Model {place}",
            provider="made-up",
            version="1",
            operations=("compose",),
            tier="low",
            price_micros=round(price * 1e6),
            price_unit="output",
            price_basis="drawn",
            price_from=date(2026, 1, 1),
            approval_prior=chance,
            seconds_each=5 + 10 * chance,
            source="drawn from a seed",
        )
        for place, (price, chance) in enumerate(zip(prices.tolist(), chances.tolist(), strict=True))
    ]


def taught(catalog: list[ModelCard]) -> Belief:
    """A belief that has seen every one of the first models."""
    random, belief = np.random.default_rng(1), learning.fresh("generation")
    for place, card in enumerate(catalog[:TAUGHT]):
        kept = int(random.integers(0, 4))
        need = replace(NEED, people=place % 2, fidelity=0.2 * (place % 5))
        belief = learning.update(belief, card, need, Labels(kept, 0, 4 - kept), day=float(place))
    return belief


def seconds(count: int, picks: int) -> list[float]:
    """Seconds of every decision among `count` models, seeds apart."""
    catalog = cards(count)
    belief = taught(catalog)
    found = []
    for seed in range(picks + 3):
        begun = time.perf_counter()
        decide.decide(NEED, catalog, NOW, belief=belief, seed=seed, day=70.0)
        found.append(time.perf_counter() - begun)
    return found[3:]


def printed(litellm: Path | None, *, quick: bool) -> list[str]:
    """The table as text with the goals."""
    sizes = SIZES[:3] if quick else SIZES
    ours = {size: seconds(size, 60 if size > 500 else 300) for size in sizes}
    theirs: dict[str, dict[int, list[float]]] = {}
    if litellm is not None:
        side = Side(litellm)
        for size in sizes:
            answer = side.ask({"models": size, "picks": 15 if size > 500 else 200})
            for name, found in answer.items():
                theirs.setdefault(f"LiteLLM {name}", {})[size] = found
        side.close()
    out = ["", "One decision, milliseconds (median; one core)"]
    out.append(f"{'models in the catalog':32}" + "".join(f"{size:>10}" for size in sizes))
    for name, row in {"Switchyard": ours, **theirs}.items():
        medians = {size: 1000 * statistics.median(row[size]) for size in sizes}
        out.append(f"{name:32}" + "".join(f"{medians[size]:10.3f}" for size in sizes))
    base = statistics.median(ours[60])
    for name, row in theirs.items():
        times = statistics.median(row[60]) / base
        out.append(f"  {name} takes {times:.2f} x as long as Switchyard over 60 models")
    verdict = "reached" if base < 0.001 else "MISSED"
    out.append(f"  goal under 1 ms over 60 models: {1000 * base:.3f} ms {verdict}")
    low, high = (statistics.median(ours[size]) for size in (60, sizes[-1]))
    growth, linear = high / low, sizes[-1] / 60
    verdict = "reached" if growth <= linear else "MISSED"
    out.append(
        f"  goal no faster than linear: {linear:.0f} x the models take {growth:.1f} x the time "
        f"{verdict}"
    )
    return out
