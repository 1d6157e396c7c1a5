"""Looking for a call whose answer was lost. It is never sent again blindly.

Found, it goes on where it stands; certainly not accepted, it is sent once more; else it stays
with the managers, and keeps its money.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from campaigns import dispatch, wiring
from campaigns.actions import batches, locks, requests, runs, spool, stopping, stored
from campaigns.models import Attempt, StageRun
from campaigns.models.choices import RUN_WORKING, AttemptState, RunState
from routing.providers.base import ProviderError, Submission, Trace

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
CERTAIN_AFTER = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(minutes=55)


LOST = (
    "The answer to one of its calls was lost. Its money is held until a manager says whether it "
    "was billed."
)


def search(*, attempt_id: int) -> None:
    """Ask the provider for a lost call. Free and repeatable; the first to move the row wins."""
    attempt = (
        Attempt.objects.select_related("run__asset")
        .filter(pk=attempt_id, state=AttemptState.UNKNOWN, search_at__isnull=False)
        .first()
    )
    if attempt is None:
        return
    here = spool.found(attempt=attempt)
    if here is not None and accept(attempt_id=attempt_id, submission=here):
        return
    rows = Attempt.objects.filter(pk=attempt_id, state=AttemptState.UNKNOWN)
    lost_for = timezone.now() - (attempt.sent_at or attempt.created_at)
    try:
        provider = wiring.provider(attempt.provider)
        with requests.prepared(attempt=attempt, with_files=False) as request:
            found = provider.search(request)
    except (wiring.NoSuchProvider, ProviderError, stored.StorageAway) as error:
        log.warning("attempt %s could not be looked for: %s", attempt_id, error)
        rows.update(search_at=timezone.now() + EVERY)
        return
    if found.trace is Trace.FOUND and found.submission is not None:
        if not accept(attempt_id=attempt_id, submission=found.submission):
            _leave_to_managers(attempt)
    elif found.trace is Trace.NOT_ACCEPTED or (
        # later the list has lost its inputs, and its silence says nothing
        found.trace is Trace.NOT_YET and CERTAIN_AFTER <= lost_for < GIVE_UP_AFTER
    ):
        _send_anew(attempt)
    elif found.trace is Trace.CANNOT_TELL or lost_for >= GIVE_UP_AFTER:
        _leave_to_managers(attempt)
    else:
        rows.update(search_at=timezone.now() + EVERY)


def take_up_what_lies_here() -> int:
    """Go on with lost calls whose answers lie on this machine's disk; says how many.

    Each machine looks through its own: a search may come to a worker of another one, which finds
    nothing and leaves the call to the managers.
    """
    taken = 0
    for attempt in spool.lost():
        here = spool.found(attempt=attempt)
        taken += here is not None and accept(attempt_id=attempt.pk, submission=here)
    return taken


def _leave_to_managers(attempt: Attempt) -> None:
    """Search no more; what else the run made goes to review meanwhile."""
    with transaction.atomic():
        locks.asset(attempt.run.asset_id)
        run = StageRun.objects.get(pk=attempt.run_id)
        Attempt.objects.filter(pk=attempt.pk, state=AttemptState.UNKNOWN).update(search_at=None)
        if run.candidates.exists() and not batches.is_awaited(run=run):
            batches.hand_over(run=run, reason=LOST)


def accept(*, attempt_id: int, submission: Submission) -> bool:
    """A lost call was found at the provider: go on with it. False when it is in other hands, or
    when the work is that of another call."""
    provider = Attempt.objects.values_list("provider", flat=True).get(pk=attempt_id)
    others = Attempt.objects.filter(provider=provider, provider_ref=submission.ref[:200])
    if others.exclude(pk=attempt_id).exists():
        log.warning("attempt %s: %s is another call's work", attempt_id, submission.ref)
        return False
    taken = Attempt.objects.filter(
        pk=attempt_id, state__in=(AttemptState.UNKNOWN, AttemptState.SUBMITTING)
    ).update(
        state=AttemptState.SUBMITTED,
        provider_ref=submission.ref[:200],
        details=dict(submission.details),
        submitted_at=timezone.now(),
        due_at=timezone.now() + runs.GRACE,
        lease_until=None,
        search_at=None,
        error="",
        tries=0,
    )
    if taken != 1:
        return False
    run = StageRun.objects.get(attempts__pk=attempt_id)
    if run.state in (*RUN_WORKING, RunState.REVIEW):
        dispatch.now("poll", attempt_id, 0)
    else:
        stopping.stop(attempt_id=attempt_id)
    return True


def _send_anew(attempt: Attempt) -> None:
    with transaction.atomic():
        moved = Attempt.objects.filter(pk=attempt.pk, state=AttemptState.UNKNOWN).update(
            state=AttemptState.INTENDED,
            search_at=None,
            lease_until=None,
            due_at=timezone.now(),
            error="",
            tries=0,
        )
        if moved == 1:
            dispatch.on_commit("submit", attempt.pk, 0)
