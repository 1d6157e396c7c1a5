"""Need + catalog -> Decision: ordered choices by expected cost per approved asset, and losers.

Expected cost per approved asset of a batch of n, each kept with chance p:

    (n * (price + review) + hand-off) / (1 - (1 - p) ** n)

the expected cost of a round over the chance that it yields a keeper (Weitzman 1979: for
yes-or-no outcomes this ratio is the index by which to open boxes). Deterministic; ties go to the
faster model, then to the name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from routing.catalog import ModelCard
from routing.need import Need
from routing.policy import Circumstances, objection
from routing.pricing import Quote, quote


@dataclass(frozen=True, slots=True)
class People:
    """What people's time costs: `review_micros` an output, `handoff_micros` a round."""

    review_micros: int = 120_000
    handoff_micros: int = 600_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One eligible model with what it would cost and how long it would take."""

    card: ModelCard
    quote: Quote
    per_approved_micros: int
    money_per_approved_micros: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Loser:
    """One model that is out, with its reason."""

    key: str
    label: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Ordered choices (first is taken) and losers. `problem` says why there is no choice."""

    need: Need
    choices: tuple[Choice, ...]
    losers: tuple[Loser, ...]
    problem: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def best(self) -> Choice | None:
        """The choice to take, or None."""
        return self.choices[0] if self.choices else None

    def as_json(self) -> dict[str, Any]:
        """Plain values for storing with the run; never rewritten afterwards."""
        return {
            "operation": self.need.operation,
            "count": self.need.count,
            "problem": self.problem,
            "choices": [
                {
                    "key": choice.card.key,
                    "label": choice.card.label,
                    "provider": choice.card.provider,
                    "version": choice.card.version,
                    "tier": choice.card.tier,
                    "approval_prior": choice.card.approval_prior,
                    "expected_micros": choice.quote.expected_micros,
                    "maximum_micros": choice.quote.maximum_micros,
                    "per_approved_micros": choice.per_approved_micros,
                    "money_per_approved_micros": choice.money_per_approved_micros,
                    "seconds": choice.seconds,
                    "limits": choice.card.limits,
                }
                for choice in self.choices
            ],
            "losers": [
                {"key": loser.key, "label": loser.label, "code": loser.code, "text": loser.text}
                for loser in self.losers
            ],
        }


def _per_approved(card: ModelCard, price: Quote, count: int, people: People) -> tuple[int, int]:
    chance = 1 - (1 - card.approval_prior) ** count
    time_micros = count * people.review_micros + people.handoff_micros
    return (
        round((price.expected_micros + time_micros) / chance),
        round(price.expected_micros / chance),
    )


def decide(
    need: Need,
    cards: Iterable[ModelCard],
    now: Circumstances,
    people: People | None = None,
) -> Decision:
    """Rank every card for `need`. Cards of other operations are left out, not listed as losers.

    A pinned model is taken when it is eligible; when it is not, there is no choice and `problem`
    says why.
    """
    people = people or People()
    choices: list[Choice] = []
    losers: list[Loser] = []
    for card in cards:
        if need.operation not in card.operations:
            continue
        reason = objection(card, need, now)
        if reason is not None:
            losers.append(Loser(card.key, card.label, reason.code, reason.text))
            continue
        price = quote(card, need)
        whole, cash = _per_approved(card, price, need.count, people)
        choices.append(Choice(card, price, whole, cash, card.seconds_each * need.count))
    choices.sort(key=lambda c: (c.per_approved_micros, c.seconds, c.card.key))
    if need.pinned_model:
        pinned = [c for c in choices if c.card.key == need.pinned_model]
        choices = pinned + [c for c in choices if c.card.key != need.pinned_model]
        if not pinned:
            why = next((x.text for x in losers if x.key == need.pinned_model), "is not known")
            return Decision(need, (), tuple(losers), f"{need.pinned_model} {why}.")
    problem = ""
    if not choices:
        problem = (
            "No model can do this now: "
            + "; ".join(f"{x.label} {x.text}" for x in losers[:3])
            + "."
            if losers
            else "No model in the catalog can do this."
        )
    return Decision(need, tuple(choices), tuple(losers), problem)
