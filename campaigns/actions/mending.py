"""Edit or re-roll: the edits that could mend what was wrong with the last rejects.

Reads no rows. Routing weighs them against another roll; a person starts one or the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.utils import timezone

from campaigns import wiring
from campaigns.actions import needs
from campaigns.queries.recent import Rolled
from campaigns.stages.base import Brief
from routing import repairs
from routing.catalog import ModelCard
from routing.decision import People, Repair
from routing.learning import Belief
from routing.stages import OPERATIONS

# Which edit of ours mends what a reviewer tagged. Hands, bodies and products need a model that
# paints anew, which is no edit of ours: there another roll is all there is.
MENDS: dict[str, str] = {
    "text": "object_erase",
    "other": "object_erase",
    "shadows": "background_replace",
}


def repairs_of(
    *,
    brief: Brief,
    rolled: Rolled,
    ceiling: str,
    cards: Sequence[ModelCard],
    people: People,
    learned: Mapping[str, Belief],
    frozen: frozenset[str],
) -> tuple[Repair, ...]:
    """One repair a usable editor, the cheapest per approved asset first.

    None before the first roll, and where no edit of ours mends the tag on most of the rejects.
    """
    operation = MENDS.get(rolled.defect, "")
    if not rolled.count or not operation:
        return ()
    stage = str(OPERATIONS[operation].stage)
    need = needs.need_of(
        brief=brief,
        stage=stage,
        operation=operation,
        params={},
        count=1,
        ceiling=ceiling,
        has_base=True,
        pinned_model="",
        now=timezone.now(),
    )
    return repairs.offers(
        need,
        rolled.defect,
        [card for card in cards if operation in card.operations],
        replace(wiring.circumstances(), frozen=frozen),
        people,
        belief=learned.get(stage),
    )
