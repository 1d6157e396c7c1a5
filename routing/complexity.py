"""Before paying: the chance that an output has a defect, from what the prompt demands.

Each demand is a hazard. Hazards of one kind of defect add up to H, a model multiplies them by a
factor it is known by, and P(no such defect) = E exp(-factor * H) with a Gamma belief about the
factor, learned from the defect tags people set. It says what a usable frame costs; it does not
choose a model.

Sources of the hazards: nearly half of the pictures of people by four current models show a
distorted body part (Ma et al. 2025, arXiv:2503.00811): 0.30 a person and 0.30 for hands make
0.51. Two objects fail in 26 % (SDXL) and 7 to 19 % (FLUX.1-dev), an exact count in 61 % and 26 %
(GenEval, Ghosh et al. 2023, arXiv:2310.11513, as later papers tabulate it): the means, 0.20 and
0.43. Interactions, words and the rest are judgment: GenEval's attribute binding fails in 35 to
77 %, and a reviewer forgives more than a detector.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from routing.catalog import ModelCard
from routing.need import Need

HAZARD: dict[str, float] = {
    "person": 0.30,
    "hands": 0.30,
    "object": 0.20,
    "count": 0.43,
    "interaction": 0.35,
    "word": 0.04,
    "frame": 0.12,
}

# Which defect tags a group of demands answers for, and the virtue of the catalog it leans on.
GROUPS: dict[str, tuple[tuple[str, ...], str]] = {
    "hands": (("hands",), "anatomy"),
    "anatomy": (("anatomy",), "anatomy"),
    "text": (("text",), "text"),
    "scene": (("product", "other"), "prompt_adherence"),
    "frame": (("shadows", "brand"), "fidelity"),
}

SHAPE = 2.0  # weight of the prior: as much as this many expected defects
VIRTUE = 2.2  # a perfect profile makes a third of the defects of a middling one, an empty thrice


@dataclass(frozen=True, slots=True)
class Demands:
    """What must be in the frame: `people`, whether `hands` show, `words` of text, `objects`,
    exact `counts` asked for, `interactions` between them."""

    people: int = 0
    hands: bool = False
    words: int = 0
    objects: int = 0
    counts: int = 0
    interactions: int = 0

    def __post_init__(self) -> None:
        if min(self.people, self.words, self.objects, self.counts, self.interactions) < 0:
            raise ValueError("demands cannot be negative")

    @classmethod
    def of(cls, need: Need) -> Demands:
        """The demands a need states."""
        return cls(
            people=need.people,
            hands=need.hands,
            words=need.text_words,
            objects=need.objects,
            counts=need.counts,
            interactions=need.interactions,
        )

    @property
    def is_none(self) -> bool:
        """True when nothing in particular is demanded."""
        return self == Demands()

    def hazards(self) -> dict[str, float]:
        """Summed hazard by group, 0 where nothing is demanded."""
        scene = (
            max(self.objects - 1, 0) * _hazard("object")
            + self.counts * _hazard("count")
            + self.interactions * _hazard("interaction")
        )
        return {
            "hands": max(self.people, 1) * _hazard("hands") if self.hands else 0.0,
            "anatomy": self.people * _hazard("person"),
            "text": self.words * _hazard("word"),
            "scene": scene,
            "frame": _hazard("frame"),
        }


@dataclass(frozen=True, slots=True)
class Record:
    """What one model version did: expected defects and exposure by group."""

    defects: Mapping[str, float] = field(default_factory=dict)
    exposure: Mapping[str, float] = field(default_factory=dict)
    outputs: int = 0

    def after(self, demands: Demands, tags: Collection[str]) -> Record:
        """This record and one more judged output with its defect tags.

        A tag says "at least one": it counts as the mean of such a Poisson count under what is
        known so far (expectation-maximization, one step an output).
        """
        defects, exposure = dict(self.defects), dict(self.exposure)
        for group, hazard in demands.hazards().items():
            if not hazard:
                continue
            seen, before = defects.get(group, 0.0), exposure.get(group, 0.0)
            exposure[group] = before + hazard
            if any(tag in tags for tag in GROUPS[group][0]):
                expected = hazard * (SHAPE + seen) / (SHAPE + before)
                defects[group] = seen + expected / -math.expm1(-expected)
        return Record(defects, exposure, self.outputs + 1)


@dataclass(frozen=True, slots=True)
class Risk:
    """Chance of one kind of defect in one output."""

    group: str
    chance: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """`chance` of any defect in one output, `risks` by kind with the worst first, and what a
    frame without one is expected to cost, in micro-units."""

    chance: float
    risks: tuple[Risk, ...]
    per_usable_micros: int
    outputs_seen: int


@dataclass(frozen=True, slots=True)
class CardOutlook:
    """The outlook of one model: what to expect before its output is paid for."""

    key: str
    label: str
    outlook: Outlook


def draws(card: ModelCard) -> bool:
    """True for a model that makes what the words say; one that places a given photo does not."""
    return card.anatomy is not None or card.prompt_adherence is not None


def outlook(
    card: ModelCard,
    demands: Demands,
    *,
    price_micros: int,
    review_micros: int = 120_000,
    record: Record | None = None,
) -> Outlook:
    """What to expect of one output of `card` that costs `price_micros`."""
    record = record or Record()
    risks = []
    clean = 1.0
    for group, hazard in demands.hazards().items():
        if not hazard:
            continue
        free = _free(card, group, hazard, record)
        clean *= free
        risks.append(Risk(group, 1 - free))
    risks.sort(key=lambda risk: (-risk.chance, risk.group))
    per_usable = round((price_micros + review_micros) / clean)
    return Outlook(1 - clean, tuple(risks), per_usable, record.outputs)


def _free(card: ModelCard, group: str, hazard: float, record: Record) -> float:
    """P(no defect of this group): a Gamma mixture of Poisson counts at zero."""
    profile: float | None = getattr(card, GROUPS[group][1])
    usual = 1.0 if profile is None else math.exp(-VIRTUE * (profile - 0.5))
    shape = SHAPE + record.defects.get(group, 0.0)
    rate = SHAPE / usual + record.exposure.get(group, 0.0)
    return float((rate / (rate + hazard)) ** shape)


def _hazard(demand: str) -> float:
    return -math.log1p(-HAZARD[demand])


LABELS: dict[str, str] = {
    "hands": "hands",
    "anatomy": "bodies",
    "text": "text",
    "scene": "what is in it",
    "frame": "light and look",
}


def outlooks(
    need: Need,
    able: Iterable[tuple[ModelCard, int]],
    *,
    review_micros: int,
    records: Mapping[str, Record],
) -> tuple[CardOutlook, ...]:
    """What to expect of each model that draws, where the need demands something.

    `able` are cards with the expected price of one output in micro-units, `records` by
    "key@version". Empty where nothing in particular is demanded.
    """
    demands = Demands.of(need)
    if demands.is_none:
        return ()
    return tuple(
        CardOutlook(
            card.key,
            card.label,
            outlook(
                card,
                demands,
                price_micros=price,
                review_micros=review_micros,
                record=records.get(f"{card.key}@{card.version}"),
            ),
        )
        for card, price in able
        if draws(card)
    )
