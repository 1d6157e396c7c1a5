"""What past work would have cost under another ceiling, price or set of models.

Every past need is routed again by the decision code, twice: as things are and as they might be.
Both answers are then priced under the same draws of what is not known (how often each model is
kept) and of which needs come up, so that the difference has an interval of its own. It predicts;
what really happened stands beside it.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from routing import decide, features, index, predict
from routing.board import BY_HAND_MICROS, CATALOG_SD
from routing.catalog import ModelCard
from routing.decision import Choice, People
from routing.features import Floats
from routing.learning import Belief
from routing.need import TIERS, Need
from routing.policy import Circumstances
from routing.tasks import DIFFICULTY_WEIGHT

DRAWS = 400
LOW, HIGH = 0.1, 0.9  # 80 % interval
BY_HAND = "By hand"


@dataclass(frozen=True, slots=True)
class Past:
    """A judged round: what was needed, what providers were paid, outputs made, was one kept."""

    need: Need
    paid_micros: int
    made: int
    kept: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """A world to route in: cards, circumstances, and limits laid over every need ("" and None:
    those of the need)."""

    cards: tuple[ModelCard, ...]
    now: Circumstances
    highest_tier: str = ""
    price_limit_micros: int | None = None

    def over(self, need: Need) -> Need:
        """The need under this setting's limits, as routing would meet it: nobody pins."""
        tier = need.highest_tier
        if self.highest_tier:
            known = [t for t in (tier, self.highest_tier) if t]
            tier = min(known, key=TIERS.index)
        limits = [x for x in (need.price_limit_micros, self.price_limit_micros) if x is not None]
        return replace(
            need,
            highest_tier=tier,
            price_limit_micros=min(limits) if limits else None,
            pinned_model="",
        )


@dataclass(frozen=True, slots=True)
class Side:
    """Cost per approved asset, micro-units: mean with its 80 % interval, the part paid to
    providers; how many rounds each model gets, and how many nobody can do but a person."""

    mean_micros: int
    interval_micros: tuple[int, int]
    paid_micros: int
    rounds: tuple[tuple[str, int], ...] = ()
    by_hand: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    """`actual` is what really happened (None when nothing was kept), `difference` after minus
    before with its interval; `moved` rounds would go to another model."""

    runs: int
    actual: Side | None
    before: Side
    after: Side
    difference_micros: int
    difference_interval: tuple[int, int]
    moved: int
    reasons: tuple[tuple[str, int], ...] = field(default=())

    @property
    def saved_micros(self) -> int:
        """How much less an approved result would cost; negative when it costs more."""
        return -self.difference_micros


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    """One need under one setting: who does it and its cost per approved asset by draw."""

    who: str
    per_approved: Floats
    paid: Floats
    reason: str = ""


def replay(
    past: Sequence[Past],
    before: Setting,
    after: Setting,
    people: People,
    beliefs: Mapping[str, Belief],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> Replay | None:
    """Route `past` again under both settings. None without history.

    `beliefs` by stage are what is known today; the same seed gives the same answer.
    """
    if not past:
        return None
    kinds = Counter(replace(one.need, pinned_model="") for one in past)
    needs = sorted(kinds, key=repr)
    counts = np.array([kinds[need] for need in needs])
    random = np.random.default_rng(seed)
    weights = random.multinomial(len(past), counts / len(past), size=draws) / len(past)
    old = [_answer(need, before, people, beliefs, draws, seed) for need in needs]
    new = [_answer(need, after, people, beliefs, draws, seed) for need in needs]
    sides = [_side(answers, counts, weights) for answers in (old, new)]
    cost = [_total(answers, weights) for answers in (old, new)]
    moved = sum(int(n) for was, now, n in zip(old, new, counts, strict=True) if was.who != now.who)
    reasons: Counter[str] = Counter()
    for answer, n in zip(new, counts, strict=True):
        if answer.reason:
            reasons[answer.reason] += int(n)
    return Replay(
        runs=len(past),
        actual=_actual(past, people, random, draws),
        before=sides[0],
        after=sides[1],
        difference_micros=sides[1].mean_micros - sides[0].mean_micros,
        difference_interval=_interval(cost[1] - cost[0]),
        moved=moved,
        reasons=tuple(reasons.most_common(3)),
    )


def _answer(
    need: Need,
    setting: Setting,
    people: People,
    beliefs: Mapping[str, Belief],
    draws: int,
    seed: int,
) -> _Answer:
    asked = setting.over(need)
    belief = beliefs.get(need.stage)
    decision = decide.decide(
        asked,
        setting.cards,
        setting.now,
        people,
        belief=belief,
        sizes=(need.count,),
        explore=None,
    )
    hand = people.by_hand_micros
    by_hand = float(BY_HAND_MICROS[need.stage] if hand is None else hand)
    best = decision.best
    if best is None:
        return _Answer(BY_HAND, np.full(draws, by_hand), np.zeros(draws), decision.problem)
    chance = _chances(asked, best, belief, draws, seed)
    round_micros = (
        people.handoff_micros + best.count * people.review_micros + best.quote.expected_micros
    )
    return _Answer(
        best.card.label,
        np.minimum(round_micros / chance, by_hand),
        np.minimum(best.quote.expected_micros / chance, by_hand),
    )


def _chances(need: Need, best: Choice, belief: Belief | None, draws: int, seed: int) -> Floats:
    """Chance of a keeper in the batch by draw: one draw a model version, the same everywhere."""
    version = features.version_of(best.card)
    random = np.random.default_rng([seed, zlib.crc32(version.encode())])
    if belief is not None and belief.has_evidence:
        guess = predict.predict(belief, need, [best.card])
        mean, sd = float(guess.mean[0]), float(guess.sd[0])
    else:
        mean = float(predict.by_catalog(np.array([best.catalog_chance]))[0])
        sd = CATALOG_SD
    etas = mean + sd * random.standard_normal(draws)
    table = index.fail_table(etas, np.zeros(draws), (best.count,))
    return index.chances(table, DIFFICULTY_WEIGHT)[:, 0]


def _total(answers: Sequence[_Answer], weights: Floats) -> Floats:
    """Mean cost by draw: `weights` (draws, needs) against costs (needs, draws)."""
    costs = np.array([answer.per_approved for answer in answers])
    total: Floats = (weights * costs.T).sum(axis=1)
    return total


def _side(answers: Sequence[_Answer], counts: Floats, weights: Floats) -> Side:
    cost = _total(answers, weights)
    share = counts / counts.sum()
    paid = sum(float(a.paid.mean()) * w for a, w in zip(answers, share.tolist(), strict=True))
    mean = sum(
        float(a.per_approved.mean()) * w for a, w in zip(answers, share.tolist(), strict=True)
    )
    rounds: Counter[str] = Counter()
    for answer, n in zip(answers, counts.tolist(), strict=True):
        rounds[answer.who] += int(n)
    by_hand = rounds.pop(BY_HAND, 0)
    ranked = sorted(rounds.items(), key=lambda entry: (-entry[1], entry[0]))
    return Side(round(mean), _interval(cost), round(paid), tuple(ranked), by_hand)


def _actual(
    past: Sequence[Past], people: People, random: np.random.Generator, draws: int
) -> Side | None:
    """What was really paid and looked at, over what was kept; rounds drawn with replacement."""
    paid = np.array([one.paid_micros for one in past], dtype=float)
    cost = paid + np.array(
        [people.handoff_micros + one.made * people.review_micros for one in past]
    )
    kept = np.array([one.kept for one in past], dtype=float)
    if not kept.any():
        return None
    picks = random.integers(0, len(past), size=(draws, len(past)))
    found = kept[picks].sum(axis=1)
    known = found > 0
    each = cost[picks].sum(axis=1)[known] / found[known]
    return Side(
        round(float(cost.sum() / kept.sum())),
        _interval(each),
        round(float(paid.sum() / kept.sum())),
    )


def _interval(values: Floats) -> tuple[int, int]:
    low, high = np.quantile(values, (LOW, HIGH))
    return round(float(low)), round(float(high))
