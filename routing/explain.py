"""Decision -> sentences that a person reads in five seconds."""

from __future__ import annotations

from routing import money
from routing.decide import Decision
from routing.stages import OPERATIONS


def sentence(decision: Decision, currency: str = "USD") -> str:
    """One sentence on why the first choice was taken, or what stands in the way."""
    best = decision.best
    if best is None:
        return decision.problem
    work = OPERATIONS[decision.need.operation].label.lower()
    cost = _cost(best.money_per_approved_micros, currency)
    if decision.need.pinned_model:
        return f"{best.card.label} was chosen by hand to {work}: {cost}."
    rivals = len(decision.choices) - 1
    if rivals:
        return (
            f"{best.card.label} to {work}: lowest expected cost, {cost}, of {rivals + 1} that can."
        )
    if decision.losers:
        return (
            f"{best.card.label} to {work}: the only one of {len(decision.losers) + 1} "
            f"that can run here now, {cost}."
        )
    return f"{best.card.label} to {work}: the only model for it, {cost}."


def _cost(micros: int, currency: str) -> str:
    """What one approved asset costs; a figure of $0.00 says less than the word."""
    if not micros:
        return "free of charge"
    return f"{money.text(micros, currency)} per approved asset"
