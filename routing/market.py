"""A plausible market drawn from a seed: 25 models on 4 stages, 12 kinds of task, 90 days.

Prices span what vendors ask; dearer is better on average and far from always; the catalog's word
is right on average and noisy. Makes worlds for `worlds.play` and reads nothing.
"""

from __future__ import annotations

import math
from datetime import date

import numpy as np

from routing.catalog import ModelCard
from routing.worlds import (
    CONTEXT,
    MOST_PER_ROUND,
    ROUNDS,
    TERMS,
    Floats,
    Kind,
    World,
    draw_tasks,
)

KINDS: tuple[Kind, ...] = (
    Kind("compose"),
    Kind("compose_type"),
    Kind("background_remove"),
    Kind("background_replace"),
    Kind("object_erase"),
    Kind("outpaint"),
    Kind("upscale"),
    Kind("face_enhance"),
    Kind("image_to_video", "subtle_human"),
    Kind("image_to_video", "high_action"),
    Kind("image_to_video", "product"),
    Kind("image_to_video", "camera_only"),
)

# Per stage: models, cheapest and dearest price of an output in USD, share of the tasks,
# and usual seconds for one output.
MARKET: dict[str, tuple[int, float, float, float, float]] = {
    "generation": (8, 0.003, 0.20, 0.35, 9.0),
    "edit": (6, 0.005, 0.12, 0.25, 7.0),
    "polish": (4, 0.002, 0.10, 0.15, 12.0),
    "animate": (7, 0.15, 3.00, 0.25, 70.0),
}

TASK_SD, MODEL_SD = 0.8, 0.5
BASE, KIND_SD, QUALITY_SD, OWN_SD = -0.8, 0.7, 0.8, 0.6
PRICE_SAYS = 0.5  # correlation of quality with the logarithm of the price
CATALOG_BASE = -0.6  # what a catalog claims of its average model; a little too much
CATALOG_NOISE = 0.8  # log-odds: the catalog's score correlates about .7 with quality
TABLE_NOISE = 0.7
SHARED_SD, CONTEXT_MEAN, OWN_CONTEXT_SD = 0.3, -0.2, 0.3
FALL, RISE = 1.5, 1.2  # log-odds lost and gained by a silent update


def market(
    seed: int, *, tasks: int = 1200, days: float = 90.0, silent_update: bool = False
) -> World:
    """The world of this seed.

    With `silent_update`, half way through one model a stage is replaced behind its name: the one
    with the best mean rate loses FALL, another drawn at random gains RISE. Nothing announces it.
    """
    random = np.random.default_rng([seed, 20_250])
    cards: list[ModelCard] = []
    stages = list(MARKET)
    kinds_of = {s: [i for i, k in enumerate(KINDS) if k.stage == s] for s in stages}
    count = sum(row[0] for row in MARKET.values())
    eta = np.full((2, count, len(KINDS)), np.nan)
    table = np.full((count, len(KINDS)), np.nan)
    effects = np.zeros((count, len(CONTEXT)))
    start = 0
    for stage in stages:
        models, low, high, _, usual = MARKET[stage]
        rows = np.arange(start, start + models)
        columns = np.array(kinds_of[stage])
        prices = np.exp(random.uniform(math.log(low), math.log(high), models))
        dear = (np.log(prices) - np.log(prices).mean()) / np.log(prices).std()
        noise = random.standard_normal(models)
        quality = QUALITY_SD * (PRICE_SAYS * dear + math.sqrt(1 - PRICE_SAYS**2) * noise)
        own = random.normal(0, OWN_SD, (models, len(columns)))
        level = BASE + random.normal(0, KIND_SD, len(columns))
        eta[:, rows[:, None], columns] = level + quality[:, None] + own
        effects[rows] = random.normal(CONTEXT_MEAN, SHARED_SD, len(CONTEXT)) + random.normal(
            0, OWN_CONTEXT_SD, (models, len(CONTEXT))
        )
        score = quality + random.normal(0, CATALOG_NOISE, models)
        score = (score - score.mean()) / score.std()
        hint = 0.5 * (own + random.normal(0, TABLE_NOISE, own.shape))
        table[rows[:, None], columns] = 0.8 * score[:, None] + hint
        fallen = int(np.argmax(eta[0, rows[:, None], columns].mean(1)))
        risen = int(random.choice([m for m in range(models) if m != fallen]))
        if silent_update:
            eta[1, rows[fallen], columns] -= FALL
            eta[1, rows[risen], columns] += RISE
        seconds = usual * np.exp(random.normal(0, 0.5, models))
        for place in range(models):
            cards.append(_card(stage, place, prices, score, seconds))
        start += models
    weights = np.zeros(len(KINDS))
    for stage in stages:
        weights[kinds_of[stage]] = MARKET[stage][3] / len(kinds_of[stage])
    day, kind, context, purpose = draw_tasks(
        random, count=tasks, days=days, kinds=len(KINDS), weights=weights / weights.sum()
    )
    return World(
        name=f"market {seed}" + (", silent update" if silent_update else ""),
        seed=seed,
        cards=tuple(cards),
        kinds=KINDS,
        terms=TERMS,
        eras=(0.0, days / 2),
        eta=eta,
        effects=effects,
        table=table,
        day=day,
        kind=kind,
        context=context,
        purpose=purpose,
        difficulty=random.normal(0, TASK_SD, tasks),
        quirk=random.normal(0, MODEL_SD, (tasks, count)),
        dice=random.random((tasks, count, ROUNDS * MOST_PER_ROUND), dtype=np.float32),
        task_sd=TASK_SD,
        model_sd=MODEL_SD,
    )


def _card(stage: str, place: int, prices: Floats, score: Floats, seconds: Floats) -> ModelCard:
    """A model as a catalog would print it: price, time and a chance read off its score."""
    rank = int((prices < prices[place]).sum())
    typical = CATALOG_BASE + 0.6 * float(score[place])
    stretch = math.sqrt(1 + math.pi / 8 * (TASK_SD**2 + MODEL_SD**2))
    return ModelCard(
        key=f"{stage}-{place + 1}",
        label=f"{stage.capitalize()} {place + 1}",
        provider="made-up",
        version="1",
        operations=tuple(dict.fromkeys(k.operation for k in KINDS if k.stage == stage)),
        tier=("low", "medium", "high")[3 * rank // len(prices)],
        price_micros=round(float(prices[place]) * 1_000_000),
        price_unit="output",
        price_basis="drawn",
        price_from=date(2026, 1, 1),
        approval_prior=1 / (1 + math.exp(-typical / stretch)),
        seconds_each=float(seconds[place]),
        source="drawn from a seed",
    )
