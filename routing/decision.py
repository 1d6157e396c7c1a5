"""What routing answers: ordered choices, losers with reasons, and every number that was used.

Values only, made by `decide` and frozen; `as_json` is what is stored with a run.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from routing import pricing
from routing.catalog import ModelCard
from routing.complexity import CardOutlook
from routing.guards import Note
from routing.learning import Tally
from routing.need import Need
from routing.policy import Relaxation
from routing.pricing import Quote

NOTHING = Tally()


@dataclass(frozen=True, slots=True)
class People:
    """What people's time costs: `review_micros` an output, `handoff_micros` a round,
    `by_hand_micros` the asset made without any model (None: the stage's usual). `turnaround_s` is
    how long a round waits for a person."""

    review_micros: int = 120_000
    handoff_micros: int = 600_000
    by_hand_micros: int | None = None
    turnaround_s: float = 1800.0


@dataclass(slots=True)  # not frozen: some sixty are made in every decision, and that costs
class Choice:
    """One eligible model with what a batch of `count` would cost and how long it would take.

    `chance` is that of at least one keeper in the batch (`chance_low` to `chance_high`: 80 %
    interval), `each_chance` that of one output, `catalog_chance` what the catalog alone says.
    """

    card: ModelCard
    quote: Quote
    per_approved_micros: int
    money_per_approved_micros: int
    seconds: float
    count: int = 0
    chance: float = 0.0
    chance_low: float = 0.0
    chance_high: float = 0.0
    each_chance: float = 0.0
    catalog_chance: float = 0.0
    evidence: Tally = NOTHING


@dataclass(frozen=True, slots=True)
class Loser:
    """One model that is out, with its reason."""

    key: str
    label: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do when none of the batch is kept: another round, or by hand (empty key)."""

    key: str = ""
    label: str = ""
    count: int = 0
    per_approved_micros: int = 0

    @property
    def is_by_hand(self) -> bool:
        """True when no further round is worth its cost."""
        return not self.key


@dataclass(frozen=True, slots=True)
class Exploring:
    """The first choice was taken to learn: what is better on averages, and what this costs."""

    better_key: str
    better_label: str
    premium_micros: int
    seen: int


@dataclass(frozen=True, slots=True)
class Repair:
    """Mending the tagged defect of the best reject with an editor, as a box beside re-rolling.

    `cost_micros` is one repair with its review and hand-off, `chance` that it is kept;
    `break_even` the chance from which it beats the best re-roll.
    """

    card: ModelCard
    defect: str
    chance: float
    cost_micros: int
    evidence: Tally = field(default_factory=Tally)
    break_even: float = 0.0

    @property
    def per_approved_micros(self) -> int:
        """Expected cost per approved asset of repairing until one is kept."""
        return round(self.cost_micros / self.chance)


@dataclass(frozen=True, slots=True)
class Decision:
    """Ordered choices (first is taken) and losers. `problem` says why there is no choice.

    `plan` is catalog, index or deadline; `basis` catalog or picks. `stopped` says that by hand is
    now cheaper than every choice; `repair` that mending the best reject is. `overruled` names the
    model that would have been taken had no other been pinned. `outlooks` say per model how likely
    a defect is where the prompt demands something that often breaks.
    """

    need: Need
    choices: tuple[Choice, ...]
    losers: tuple[Loser, ...]
    problem: str = ""
    notes: tuple[Note, ...] = ()
    plan: str = "catalog"
    basis: str = "catalog"
    next_step: NextStep | None = None
    exploring: Exploring | None = None
    stopped: bool = False
    by_hand_micros: int = 0
    rounds_left: int | None = None
    rounds_played: int = 0
    repair: Repair | None = None
    overruled: str = ""
    relaxation: Relaxation | None = None
    people: People = field(default_factory=People)
    seed: int = 0
    belief_updates: int = 0
    day: float | None = None
    outlooks: tuple[CardOutlook, ...] = ()

    @property
    def best(self) -> Choice | None:
        """The choice to take, or None."""
        return self.choices[0] if self.choices else None

    def as_json(self) -> dict[str, Any]:
        """Plain values for storing with the run; never rewritten afterwards."""
        best = self.best
        return {
            "operation": self.need.operation,
            "count": self.need.count,
            "problem": self.problem,
            "choices": [_choice(choice, self.people) for choice in self.choices],
            "losers": [
                {"key": loser.key, "label": loser.label, "code": loser.code, "text": loser.text}
                for loser in self.losers
            ],
            "batch": best.count if best else 0,
            "plan": self.plan,
            "basis": self.basis,
            "notes": [asdict(note) for note in self.notes],
            "next_step": asdict(self.next_step) if self.next_step else None,
            "exploring": asdict(self.exploring) if self.exploring else None,
            "stopped": self.stopped,
            "by_hand_micros": self.by_hand_micros,
            "rounds_left": self.rounds_left,
            "rounds_played": self.rounds_played,
            "repair": _repair(self.repair) if self.repair else None,
            "overruled": self.overruled,
            "relaxation": asdict(self.relaxation) if self.relaxation else None,
            "people": asdict(self.people),
            "seed": self.seed,
            "belief_updates": self.belief_updates,
            "day": self.day,
            "need": asdict(self.need),
            "outlooks": [asdict(seen) for seen in self.outlooks],
        }


def _choice(choice: Choice, people: People) -> dict[str, Any]:
    return {
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
        "count": choice.count,
        "chance": choice.chance,
        "chance_low": choice.chance_low,
        "chance_high": choice.chance_high,
        "each_chance": choice.each_chance,
        "catalog_chance": choice.catalog_chance,
        "review_per_approved_micros": _per_approved(choice, choice.count * people.review_micros),
        "handoff_per_approved_micros": _per_approved(choice, people.handoff_micros),
        "evidence": asdict(choice.evidence),
        **pricing.as_json(choice.card),
    }


def _per_approved(choice: Choice, micros: int) -> int:
    """A part of a round's cost, borne by what is kept."""
    return round(micros / choice.chance) if choice.chance else 0


def _repair(repair: Repair) -> dict[str, Any]:
    return {
        "key": repair.card.key,
        "label": repair.card.label,
        "defect": repair.defect,
        "chance": repair.chance,
        "cost_micros": repair.cost_micros,
        "per_approved_micros": repair.per_approved_micros,
        "break_even": repair.break_even,
        "evidence": asdict(repair.evidence),
    }
