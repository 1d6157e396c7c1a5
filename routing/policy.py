"""Hard rules in a fixed order: a model is eligible, or there is one reason why not."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from routing.catalog import ModelCard
from routing.need import TIERS, Need
from routing.stages import OPERATIONS


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules look at besides need and card: which providers can be called now."""

    connected: frozenset[str]
    keyless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a model is out: a code for machines and a sentence part for people."""

    code: str
    text: str


Rule = Callable[[ModelCard, Need, Circumstances], Reason | None]


def _capability(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if need.operation in card.operations:
        return None
    return Reason("capability", f"cannot {OPERATIONS[need.operation].label.lower()}")


def _input(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if OPERATIONS[need.operation].needs_base and not need.has_base:
        return Reason("input", "needs a picture to start from")
    return None


def _enabled(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    return None if card.is_enabled else Reason("disabled", "switched off by an admin")


def _price(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    return None if card.price_micros is not None else Reason("price", "has no known price")


def _connected(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    if card.provider in now.connected:
        return None
    if card.provider in now.keyless:
        return Reason("key", f"no key for {card.provider} is set")
    return Reason("provider", f"{card.provider} is not connected in this installation")


RULES: tuple[Rule, ...] = (_capability, _input, _connected, _enabled, _price)


def objection(card: ModelCard, need: Need, now: Circumstances) -> Reason | None:
    """The first rule that `card` breaks, or None when it may be used."""
    for rule in RULES:
        reason = rule(card, need, now)
        if reason is not None:
            return reason
    return None


def must_ask(card: ModelCard, ceiling: str, *, tiers: Collection[str] = TIERS) -> str:
    """Why a manager has to approve this tier, or "" when it may run at once."""
    order = list(tiers)
    allowed = -1 if ceiling == "none" else order.index(ceiling)
    if order.index(card.tier) <= allowed:
        return ""
    if ceiling == "none":
        return "This campaign asks before every run."
    return f"{card.tier.capitalize()} tier is above this campaign's ceiling ({ceiling})."
