"""What routing learned from a team's picks, read for a decision."""

from __future__ import annotations

import logging

from campaigns.models import TeamBelief
from routing import blob
from routing.learning import Belief

log = logging.getLogger(__name__)


def parsed(row: TeamBelief) -> Belief | None:
    """The belief of a row; None when another release wrote it, which is learned again."""
    try:
        return blob.loads(row.blob)
    except blob.BadBlob as error:
        log.warning("belief %s is learned again: %s", row.pk, error)
        return None


def of_team(team_id: int) -> dict[str, Belief]:
    """Beliefs with evidence by stage. One query."""
    found = {}
    for row in TeamBelief.objects.filter(team_id=team_id).order_by("stage"):
        belief = parsed(row)
        if belief is not None and belief.has_evidence:
            found[row.stage] = belief
    return found
