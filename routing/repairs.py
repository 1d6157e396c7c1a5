"""Edit or re-roll: mending the best reject as one more box beside a new batch.

The chance of a repair is learned per editor and defect tag, in the editor's own stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from routing import features, index, policy, predict
from routing.catalog import ModelCard
from routing.decision import People, Repair
from routing.features import Floats
from routing.learning import Belief, Labels, Tally, update
from routing.need import Need
from routing.policy import Circumstances
from routing.pricing import quote
from routing.tasks import DIFFICULTY_WEIGHT


def offers(
    need: Need,
    defect: str,
    editors: Iterable[ModelCard],
    now: Circumstances,
    people: People | None = None,
    *,
    belief: Belief | None = None,
    day: float | None = None,
) -> tuple[Repair, ...]:
    """One repair a usable editor; `need` is the edit that would mend `defect`, one output of it.

    Cheapest per approved asset first. `belief` is that of the edit's stage.
    """
    people = people or People()
    one = replace(need, count=1)
    able = sorted(
        (card for card in editors if policy.objection(card, one, now) is None),
        key=lambda card: card.key,
    )
    if not able:
        return ()
    kind = features.repair_kind(defect)
    chances = _chances(one, able, belief, day, kind)
    tallies = belief.tallies if belief is not None else {}
    found = [
        Repair(
            card=card,
            defect=defect,
            chance=chance,
            cost_micros=quote(card, one).expected_micros
            + people.review_micros
            + people.handoff_micros,
            evidence=tallies.get((features.version_of(card), kind), Tally()),
        )
        for card, chance in zip(able, chances.tolist(), strict=True)
    ]
    return tuple(sorted(found, key=lambda r: (r.per_approved_micros, r.card.key)))


def learned(
    belief: Belief, editor: ModelCard, need: Need, defect: str, labels: Labels, day: float
) -> Belief:
    """The edit stage's belief after a judged repair."""
    kind = features.repair_kind(defect)
    return update(belief, editor, need, labels, day=day, kind=kind)


def _chances(
    need: Need, able: Sequence[ModelCard], belief: Belief | None, day: float | None, kind: str
) -> Floats:
    catalog = np.array([features.catalog_chance(card, need) for card in able])
    if belief is None or not belief.has_evidence:
        return catalog
    etas = predict.predict(belief, need, able, day=day, kind=kind, catalog=catalog).mean
    table = index.fail_table(etas, np.zeros(len(able)), (1,))
    return index.chances(table, DIFFICULTY_WEIGHT)[:, 0]
