"""Ending attempts whose run has ended: ask the provider to stop, then book what it says it billed.

`campaigns.actions.runs.cancel` writes down that a run shall end and holds no lock any more when
the provider is asked here. Until it has answered the money stays held; nobody has to come back,
the reconciler wakes this again.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from enum import Enum, auto

from django.db import transaction
from django.utils import timezone

from campaigns import dispatch, throttle, transitions, wiring
from campaigns.actions import billing, events, locks, patience, requests, spending, stored
from campaigns.models import Attempt
from campaigns.models.choices import RUN_WORKING, AttemptState
from routing.providers.base import Progress, ProviderError
from routing.providers.delivery import Missing

log = logging.getLogger(__name__)

AT_PROVIDER = (AttemptState.SUBMITTED, AttemptState.FETCHING)
ASK_AGAIN = timedelta(seconds=20)
ASK_FOR = timedelta(days=1)
NOT_ASKED = "cancelled, and for a day the provider did not say what it billed"


class _Said(Enum):
    """The provider's answer: it stopped, it ended unbilled, it will bill, it has made something,
    or not known yet."""

    STOPPED = auto()
    UNBILLED = auto()
    BILLED = auto()
    MADE = auto()
    LATER = auto()


def stop(*, attempt_id: int) -> None:
    """End an attempt of a run that has ended. Repeatable; call it in no transaction.

    Does nothing while the run works, and with an attempt that is being sent or whose answer was
    lost: that may have been bought, so it keeps its hold until it is known.
    """
    attempt = Attempt.objects.select_related("run__asset__campaign__team").get(pk=attempt_id)
    if attempt.run.state in RUN_WORKING:
        return
    if attempt.state in AT_PROVIDER and not wiring.sends_again(attempt.provider):
        said = _Said.MADE if attempt.state == AttemptState.FETCHING else _ask(attempt)
        if said is _Said.MADE and not _too_late(attempt):
            _keep_late(attempt)
            return
        if said is _Said.LATER and not _too_late(attempt):
            Attempt.objects.filter(pk=attempt.pk, state__in=AT_PROVIDER).update(
                due_at=timezone.now() + ASK_AGAIN, lease_until=None, lease_key=""
            )
            return
        end(attempt=attempt, said=said)
    else:
        end(attempt=attempt)


def end(*, attempt: Attempt, said: _Said = _Said.UNBILLED) -> None:
    """Close an attempt that may be cancelled, and its hold. A second call changes nothing.

    An attempt that was sent since it was read stays as it is: it is stopped once it is accepted.
    """
    may = set(transitions.sources(transitions.ATTEMPT, "cancel"))
    seen = AT_PROVIDER if attempt.state in AT_PROVIDER else (attempt.state,)
    with transaction.atomic():
        locks.asset(attempt.run.asset_id)
        ended = Attempt.objects.filter(pk=attempt.pk, state__in=may.intersection(seen)).update(
            state=AttemptState.CANCELLED,
            finished_at=timezone.now(),
            lease_until=None,
            lease_key="",
        )
        if ended != 1:
            return
        match said:
            case _Said.UNBILLED:
                bill = None
            case _Said.STOPPED:
                bill = billing.of_stopped(attempt=attempt)
            case _:
                bill = billing.of_failure(attempt=attempt)
        if bill is None or not bill.micros:
            spending.release(attempt=attempt, note="cancelled")
        else:
            why = NOT_ASKED if said is _Said.LATER else "cancelled, but billed"
            note = f"{why} ({bill.text})" if bill.text else why
            spending.settle(attempt=attempt, billed_micros=bill.micros, note=note)
        events.touch(asset_ids=[attempt.run.asset_id])
    throttle.leave(provider=attempt.provider, team=attempt.run.team_id, attempt=attempt.pk)


def _ask(attempt: Attempt) -> _Said:
    """Ask to stop; where the provider goes on, ask what became of it."""
    try:
        provider = wiring.provider(attempt.provider)
        with requests.prepared(attempt=attempt, with_files=False) as request:
            if provider.cancel(attempt.provider_ref, request):
                return _Said.STOPPED
            outcome = provider.look_up(request, attempt.provider_ref)
    except Missing as error:
        rows = Attempt.objects.filter(pk=attempt.pk, state__in=AT_PROVIDER)
        is_lost = patience.is_over(attempt=attempt, rows=rows, error=error)
        return _Said.BILLED if is_lost else _Said.LATER
    except (wiring.NoSuchProvider, ProviderError, stored.StorageAway) as error:
        log.warning("attempt %s could not be stopped: %s", attempt.pk, error)
        return _Said.LATER
    billing.remember(attempt=attempt, usage=outcome.usage)
    if outcome.progress is Progress.WAITING:
        return _Said.LATER
    if outcome.progress is Progress.FAILED and not outcome.billed:
        return _Said.UNBILLED
    return _Said.MADE if outcome.progress is Progress.READY else _Said.BILLED


def _keep_late(attempt: Attempt) -> None:
    """What came although the run was cancelled is paid for: it is brought in and shown."""
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.SUBMITTED).update(
        state=AttemptState.FETCHING, due_at=timezone.now(), lease_until=None, lease_key=""
    )
    try:
        dispatch.now(wiring.fetch_job(attempt.provider), attempt.pk, attempt.tries)
    except wiring.NoSuchProvider as error:
        log.warning("attempt %s waits for its outputs: %s", attempt.pk, error)


def _too_late(attempt: Attempt) -> bool:
    """True once the provider had its time to answer; then the hold counts as billed."""
    since = attempt.run.finished_at or attempt.created_at
    return timezone.now() - since > ASK_FOR
