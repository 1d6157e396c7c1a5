"""SCENARIO.json -> World: a what-if with given true rates, prices and shifts.

Reads the text it is given and nothing else. What cannot be used is refused with the file, the
field and what to write instead; nothing is guessed. docs/cli.md describes every field.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from routing import money
from routing.catalog import ModelCard
from routing.need import TIERS
from routing.stages import OPERATIONS
from routing.worlds import (
    CONTEXT,
    MOST_PER_ROUND,
    ROUNDS,
    TERMS,
    Floats,
    Kind,
    Terms,
    World,
    draw_tasks,
)

MOST_TASKS, MOST_MODELS, MOST_DAYS = 5_000, 200, 3_650
PROFILES = ("subtle_human", "high_action", "product", "camera_only")
CERTAIN = 48.0  # log-odds for a rate of 0 or 1: never and always, whatever the task


class BadScenario(ValueError):
    """A scenario cannot be used; the message names file, field and remedy."""


@dataclass(frozen=True, slots=True)
class _Shift:
    day: float
    model: str
    rates: dict[str, float]


class _Reader:
    """Takes fields out of one JSON object and complains by its full name."""

    def __init__(self, file: str, where: str, value: Any) -> None:
        self.file, self.where = file, where
        if not isinstance(value, dict):
            raise self.bad("", "must be an object in braces")
        self.value: dict[str, Any] = value

    def bad(self, field: str, why: str) -> BadScenario:
        name = ".".join(part for part in (self.where, field) if part)
        return BadScenario(
            f"{self.file}: {f'field {chr(34)}{name}{chr(34)} ' if name else ''}{why}."
        )

    def only(self, *known: str) -> None:
        for name in self.value:
            if name not in known:
                raise self.bad(name, f"is unknown; use one of {', '.join(known)}")

    def number(self, field: str, low: float, high: float, default: float | None = None) -> float:
        value = self.value.get(field, default)
        if value is None:
            raise self.bad(field, f"is missing; give a number from {low:g} to {high:g}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.bad(field, f"must be a number from {low:g} to {high:g}")
        if not (math.isfinite(value) and low <= value <= high):
            raise self.bad(field, f"is {value:g}; give a number from {low:g} to {high:g}")
        return float(value)

    def whole(self, field: str, low: int, high: int, default: int) -> int:
        value = self.value.get(field, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.bad(field, f"must be a whole number from {low} to {high}")
        return value

    def text(self, field: str, default: str | None = None) -> str:
        value = self.value.get(field, default)
        if not isinstance(value, str) or not value:
            raise self.bad(field, "is missing; give a text")
        return value

    def micros(self, field: str, default: int | None = None) -> int:
        value = self.value.get(field)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise self.bad(field, 'is missing; write the amount as text, such as "0.04"')
        try:
            amount = Decimal(value)
        except InvalidOperation as error:
            raise self.bad(field, 'must be an amount as text, such as "0.04"') from error
        if not amount.is_finite() or not 0 <= amount <= 100_000:
            raise self.bad(field, "must lie between 0 and 100000")
        return money.promise(amount)

    def items(self, field: str) -> list[Any]:
        value = self.value.get(field)
        if not isinstance(value, list) or not value:
            raise self.bad(field, "is missing; give a list with at least one entry")
        return value

    def rates(self, kinds: Mapping[str, Kind]) -> dict[str, float]:
        inner = _Reader(self.file, f"{self.where}.rates", self.value.get("rates", {}))
        if not inner.value:
            raise self.bad("rates", "is missing; give the true rate by kind of task")
        for name in inner.value:
            if name not in kinds:
                raise inner.bad(name, f"is unknown; use one of {', '.join(kinds)}")
        return {name: inner.number(name, 0, 1) for name in inner.value}


def kinds_known() -> dict[str, Kind]:
    """Every kind of task a scenario may name: operations, and clips with their motion."""
    kinds = [
        Kind(key, profile)
        for key, operation in OPERATIONS.items()
        if key != "check"
        for profile in (PROFILES if operation.makes_clip else ("",))
    ]
    return {kind.key: kind for kind in kinds}


def load(text: str, *, file: str = "scenario") -> tuple[World, int]:
    """The world of a scenario and its rounds before an asset is made by hand.

    `file` names it in complaints. Raises BadScenario.
    """
    try:
        top = _Reader(file, "", json.loads(text))
    except json.JSONDecodeError as error:
        raise BadScenario(
            f"{file}: line {error.lineno} is not valid JSON ({error.msg}); mend it there."
        ) from error
    top.only(
        "name", "seed", "tasks", "days", "rounds", "kinds", "models", "shifts", "people",
        "task_sd", "model_sd",
    )  # fmt: skip
    known = kinds_known()
    weights = _kinds(top, known)
    kinds = tuple(known[name] for name in weights)
    entries = top.items("models")
    if len(entries) > MOST_MODELS:
        raise top.bad("models", f"has {len(entries)} entries; at most {MOST_MODELS} fit")
    task_sd = top.number("task_sd", 0, 3, 0.8)
    model_sd = top.number("model_sd", 0, 3, 0.5)
    days = top.number("days", 1, MOST_DAYS, 90)
    cards: list[ModelCard] = []
    rates: list[dict[str, float]] = []
    for place, entry in enumerate(entries):
        card, own = _model(_Reader(file, f"models[{place}]", entry), known)
        if card.key in {other.key for other in cards}:
            raise top.bad(f"models[{place}].key", f'"{card.key}" is used twice; rename one')
        cards.append(card)
        rates.append(own)
    for name in weights:
        if not any(name in own for own in rates):
            raise top.bad(f"kinds.{name}", "can be done by no model; give one a rate for it")
    shifts = _shifts(top, {card.key: own for card, own in zip(cards, rates, strict=True)}, days)
    nodes = _spread(math.hypot(task_sd, model_sd))
    eras = (0.0, *sorted({shift.day for shift in shifts}))
    eta = np.full((len(eras), len(cards), len(kinds)), np.nan)
    for era, start in enumerate(eras):
        for m, card in enumerate(cards):
            now = dict(rates[m])
            for shift in shifts:
                if shift.model == card.key and shift.day <= start:
                    now.update(shift.rates)
            for k, kind in enumerate(kinds):
                if kind.key in now:
                    eta[era, m, k] = log_odds_of(now[kind.key], nodes)
    seed, count = top.whole("seed", 0, 2**31, 1), top.whole("tasks", 1, MOST_TASKS, 300)
    random = np.random.default_rng([seed, 20_251])
    share = np.array(list(weights.values()))
    day, kind_of, context, purpose = draw_tasks(
        random, count=count, days=days, kinds=len(kinds), weights=share / share.sum()
    )
    world = World(
        name=top.text("name", "scenario"),
        seed=seed,
        cards=tuple(cards),
        kinds=kinds,
        terms=_terms(top, kinds),
        eras=eras,
        eta=eta,
        effects=np.zeros((len(cards), len(CONTEXT))),
        table=eta[0],
        day=day,
        kind=kind_of,
        context=context,
        purpose=purpose,
        difficulty=random.normal(0, task_sd, count),
        quirk=random.normal(0, model_sd, (count, len(cards))),
        dice=random.random((count, len(cards), ROUNDS * MOST_PER_ROUND), dtype=np.float32),
        task_sd=task_sd,
        model_sd=model_sd,
    )
    return world, top.whole("rounds", 1, ROUNDS, ROUNDS)


def _kinds(top: _Reader, known: Mapping[str, Kind]) -> dict[str, float]:
    """Share of the tasks by kind; a list means equal shares."""
    value = top.value.get("kinds")
    if isinstance(value, list):
        value = {str(name): 1 for name in value}
    if not value:
        raise top.bad("kinds", 'is missing; give shares, such as {"compose": 2, "outpaint": 1}')
    inner = _Reader(top.file, "kinds", value)
    inner.only(*known)
    shares = {name: inner.number(name, 0, 1e6) for name in inner.value}
    if sum(shares.values()) <= 0:
        raise top.bad("kinds", "sums to nothing; give at least one kind a share above 0")
    return shares


def _model(reader: _Reader, known: Mapping[str, Kind]) -> tuple[ModelCard, dict[str, float]]:
    reader.only("key", "label", "price", "tier", "seconds", "catalog", "rates")
    key, rates = reader.text("key"), reader.rates(known)
    tier = reader.text("tier", "medium")
    if tier not in TIERS:
        raise reader.bad("tier", f"must be one of {', '.join(TIERS)}")
    card = ModelCard(
        key=key,
        label=reader.text("label", key),
        provider="scenario",
        version="1",
        operations=tuple(dict.fromkeys(known[name].operation for name in rates)),
        tier=tier,
        price_micros=reader.micros("price"),
        price_unit="output",
        price_basis="scenario",
        price_from=date(2026, 1, 1),
        approval_prior=reader.number("catalog", 0.01, 0.99, 0.4),
        seconds_each=reader.number("seconds", 0.1, 3600, 10),
        source="scenario",
        motion_profiles=tuple(
            known[name].motion_profile for name in rates if known[name].motion_profile
        ),
    )
    return card, rates


def _shifts(
    top: _Reader, rates: Mapping[str, Mapping[str, float]], days: float
) -> tuple[_Shift, ...]:
    """Silent changes of rates; each replaces the rates it names from its day on."""
    value = top.value.get("shifts", [])
    if not isinstance(value, list):
        raise top.bad("shifts", "must be a list")
    found = []
    for place, entry in enumerate(value):
        reader = _Reader(top.file, f"shifts[{place}]", entry)
        reader.only("day", "model", "rates")
        model = reader.text("model")
        if model not in rates:
            raise reader.bad("model", f'"{model}" is unknown; use one of {", ".join(rates)}')
        known = {name: kind for name, kind in kinds_known().items() if name in rates[model]}
        found.append(_Shift(reader.number("day", 0, days), model, reader.rates(known)))
    return tuple(sorted(found, key=lambda shift: shift.day))


def _terms(top: _Reader, kinds: tuple[Kind, ...]) -> dict[str, Terms]:
    """People's time by stage; what is not given is the usual."""
    inner = _Reader(top.file, "people", top.value.get("people", {}))
    inner.only("review", "handoff", "by_hand")
    return {
        stage: Terms(
            inner.micros("review", TERMS[stage].review_micros),
            inner.micros("handoff", TERMS[stage].handoff_micros),
            inner.micros("by_hand", TERMS[stage].by_hand_micros),
        )
        for stage in dict.fromkeys(kind.stage for kind in kinds)
    }


def _spread(sd: float) -> Floats:
    """Log-odds added by tasks, as 4 001 equally likely values of N(0, sd^2)."""
    at = (np.arange(4001) + 0.5) / 4001
    grid = np.linspace(-6, 6, 4001)
    normal = np.cumsum(np.exp(-(grid**2) / 2))
    return np.asarray(sd * np.interp(at, normal / normal[-1], grid))


def log_odds_of(rate: float, spread: Floats) -> float:
    """Log-odds of a typical task such that the mean chance over all tasks is `rate`."""
    if rate <= 0 or rate >= 1:
        return -CERTAIN if rate <= 0 else CERTAIN
    low, high = -40.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        if float((1 / (1 + np.exp(-(middle + spread)))).mean()) < rate:
            low = middle
        else:
            high = middle
    return (low + high) / 2
