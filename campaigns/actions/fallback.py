"""What follows when a call ended without an output: once more, the next choice, or nothing.

The order was fixed by the decision. Nothing is started here that is dearer than what the run was
let start with, or of a higher tier; every further call has its own hold. It asks no provider.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

from django.utils import timezone

from campaigns import dispatch, wiring
from campaigns.actions import approving, events, spending
from campaigns.models import Attempt, StageRun
from campaigns.models.choices import ATTEMPT_OPEN, RUN_WORKING
from routing.need import TIERS
from routing.providers.base import Kind

log = logging.getLogger(__name__)

NEXT_MODEL = frozenset(
    {Kind.NO_RESULT, Kind.TRANSIENT, Kind.FAILED, Kind.UNAVAILABLE, Kind.ACCOUNT, Kind.EXPIRED}
)
ONCE_MORE = 1


def follow(*, attempt: Attempt, kind: str, again: bool, text: str) -> bool:
    """Start what follows an attempt that ended with `kind`; False when nothing does.

    In the caller's transaction, with the asset locked and the attempt's money closed.
    """
    run = StageRun.objects.select_related("asset__campaign__team").get(pk=attempt.run_id)
    if run.state not in RUN_WORKING or run.candidates.exists():
        return False
    choice = _once_more(run, attempt) if again else None
    if choice is None and kind in NEXT_MODEL:
        choice = _next(run, attempt)
    if choice is None:
        return False
    maximum = _maximum(choice, attempt)
    follower = Attempt.objects.create(
        run=run,
        number=run.attempts.count() + 1,
        provider=choice["provider"],
        model=choice["key"],
        model_version=choice["version"],
        key=secrets.token_urlsafe(32),
        seeds=list(attempt.seeds),
        due_at=timezone.now(),
    )
    try:
        spending.reserve(attempt=follower, amount_micros=maximum, by=run.requested_by)
    except (spending.NotCovered, approving.NotApproved) as error:
        log.info("run %s: no money for %s: %s", run.pk, choice["key"], error.text)
        follower.delete()
        return False
    StageRun.objects.filter(pk=run.pk).update(
        model=choice["key"], model_label=choice["label"], progress=0
    )
    dispatch.on_commit("submit", follower.pk, 0)
    events.record(
        team=run.team,
        verb="run.fallback",
        subject="run",
        subject_id=run.pk,
        asset_id=run.asset_id,
        by=None,
        before={"model": attempt.model, "reason": text},
        after={"model": choice["key"], "maximum_micros": maximum},
    )
    events.touch(asset_ids=[run.asset_id])
    return True


def _maximum(choice: dict[str, Any], attempt: Attempt) -> int:
    """What a choice may cost for the attempt's outputs, in micro-units, rounded up."""
    return -(-int(choice["maximum_micros"]) * len(attempt.seeds) // max(1, int(choice["count"])))


def _is_covered(choice: dict[str, Any], run: StageRun, attempt: Attempt) -> bool:
    spent = sum(_counted(one) for one in run.attempts.all())
    return spent + _maximum(choice, attempt) <= run.maximum_micros


def _counted(attempt: Attempt) -> int:
    """What a call was billed or, while it is open, what it may still be billed."""
    if attempt.settled_micros is not None:
        return attempt.settled_micros
    return attempt.reserved_micros if attempt.state in ATTEMPT_OPEN else 0


def _choices(run: StageRun) -> list[dict[str, Any]]:
    return [one for one in run.decision.get("choices", []) if isinstance(one, dict)]


def _once_more(run: StageRun, attempt: Attempt) -> dict[str, Any] | None:
    """The same model, if it was not asked again for these outputs before."""
    asked = sum(
        one.model == attempt.model and one.seeds == attempt.seeds for one in run.attempts.all()
    )
    if asked > ONCE_MORE:
        return None
    same = next((one for one in _choices(run) if one["key"] == attempt.model), None)
    return same if same and _is_covered(same, run, attempt) else None


def _next(run: StageRun, attempt: Attempt) -> dict[str, Any] | None:
    """The first choice that was not tried, can be called, and is within tier and money allowed."""
    tried = set(run.attempts.values_list("model", flat=True))
    now = wiring.circumstances()
    connected = now.connected - set(now.unhealthy)
    allowed = TIERS.index(run.tier)
    return next(
        (
            one
            for one in _choices(run)
            if one["key"] not in tried
            and one["provider"] in connected
            and TIERS.index(one["tier"]) <= allowed
            and _is_covered(one, run, attempt)
        ),
        None,
    )
