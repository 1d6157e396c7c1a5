"""Sending attempts to their providers, and asking where they stand.

The order is fixed: intent row and hold were committed by `runs.start`; here the provider is
called, and its reference is stored at once after. No transaction is open while it is called.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from campaigns import dispatch, transitions, wiring
from campaigns.actions import billing, events, leases, platform_files, requests, runs, stopping
from campaigns.models import Attempt, StageRun
from campaigns.models.choices import AttemptState, RunState
from campaigns.stages import BY_KEY
from routing.providers import base as provider_errors
from routing.providers.base import Progress, Submission

log = logging.getLogger(__name__)

POLL_EVERY = timedelta(seconds=5)
NEVER = timedelta(days=36500)
WORN_OUT = "It could not be started several times over. Start it again. No money was spent."


def submit(*, attempt_id: int) -> None:
    """Send an intended attempt, once. A second call finds it sent and does nothing."""
    key = leases.claim(Attempt.objects.filter(pk=attempt_id, state=AttemptState.INTENDED))
    if key is None:
        return
    attempt = Attempt.objects.select_related("run__asset").get(pk=attempt_id)
    if attempt.tries > leases.MOST_TRIES:
        runs.fail(attempt_id=attempt_id, text=WORN_OUT)
        return
    if not _take_up(attempt):
        stopping.stop(attempt_id=attempt_id)
        return
    if BY_KEY[attempt.run.stage].WORK == "files":
        _send_files(attempt, key)
        return
    submission = _send(attempt, key)
    if submission is not None and _accept(attempt, key, submission.ref):
        poll(attempt_id=attempt_id)


def _take_up(attempt: Attempt) -> bool:
    """Set the run going; False when it ended meanwhile, such as by a cancel."""
    run = StageRun.objects.filter(pk=attempt.run_id)
    begun = run.filter(state=RunState.QUEUED).update(
        state=RunState.RUNNING, started_at=timezone.now()
    )
    if begun == 1:
        events.touch(asset_ids=[attempt.run.asset_id])
        return True
    return run.filter(state=RunState.RUNNING).exists()


def _send_files(attempt: Attempt, key: str) -> None:
    """QA's work is platform files: rows of their own, found again by the reconciler."""
    mine = Attempt.objects.filter(pk=attempt.pk, lease_key=key)
    with transaction.atomic():
        if mine.filter(state=AttemptState.INTENDED).update(state=AttemptState.SUBMITTING) != 1:
            return
        mine.update(
            state=AttemptState.SUBMITTED,
            provider_ref=f"files-{attempt.run_id}",
            submitted_at=timezone.now(),
            lease_until=None,
            due_at=timezone.now() + NEVER,
        )
    platform_files.prepare(run=attempt.run)


def _send(attempt: Attempt, key: str) -> Submission | None:
    mine = Attempt.objects.filter(pk=attempt.pk, lease_key=key)
    try:
        provider = wiring.provider(attempt.provider)
        with requests.prepared(attempt=attempt) as request:
            if mine.filter(state=AttemptState.INTENDED).update(state=AttemptState.SUBMITTING) != 1:
                return None
            return provider.submit(request)
    except wiring.NoSuchProvider as error:
        runs.fail(attempt_id=attempt.pk, text=f"{error} No money was spent.")
    except provider_errors.RateLimited as error:
        mine.update(
            state=AttemptState.INTENDED,
            lease_until=None,
            due_at=timezone.now() + timedelta(seconds=error.retry_after_s),
            tries=0,
        )
    except provider_errors.OutcomeUnknown as error:
        mine.update(
            state=AttemptState.UNKNOWN,
            error=error.text,
            lease_until=None,
            due_at=timezone.now(),  # since when: managers see it until they decide about it
        )
    except provider_errors.ProviderError as error:
        billing.remember(attempt=attempt, usage=error.usage)
        runs.fail(attempt_id=attempt.pk, text=error.text, billed=bool(error.billed))
    return None


def _accept(attempt: Attempt, key: str, ref: str) -> bool:
    """Store the provider's reference at once; False when the run has ended meanwhile."""
    sent = Attempt.objects.filter(
        pk=attempt.pk,
        lease_key=key,
        state__in=transitions.sources(transitions.ATTEMPT, "accept"),
    ).update(
        state=AttemptState.SUBMITTED,
        provider_ref=ref,
        submitted_at=timezone.now(),
        due_at=timezone.now() + runs.GRACE,
        lease_until=None,
        tries=0,
    )
    if sent != 1:
        log.warning("attempt %s was accepted as %s, but is in other hands", attempt.pk, ref)
        return False
    if StageRun.objects.filter(pk=attempt.run_id, state=RunState.RUNNING).exists():
        return True
    stopping.stop(attempt_id=attempt.pk)
    return False


def poll(*, attempt_id: int) -> None:
    """Ask where a sent attempt stands, and wake the next step. Repeatable and free."""
    attempt = (
        Attempt.objects.select_related("run__asset")
        .filter(pk=attempt_id, state=AttemptState.SUBMITTED)
        .first()
    )
    if attempt is None:
        return
    if attempt.run.state != RunState.RUNNING:
        stopping.stop(attempt_id=attempt_id)
        return
    rows = Attempt.objects.filter(pk=attempt_id, state=AttemptState.SUBMITTED)
    try:
        provider = wiring.provider(attempt.provider)
        with requests.prepared(attempt=attempt, with_files=False) as request:
            outcome = provider.look_up(request, attempt.provider_ref)
    except (wiring.NoSuchProvider, provider_errors.ProviderError) as error:
        log.warning("attempt %s could not be looked up: %s", attempt_id, error)
        rows.update(due_at=timezone.now() + POLL_EVERY)
        return
    billing.remember(attempt=attempt, usage=outcome.usage)
    if outcome.progress is Progress.FAILED:
        runs.fail(attempt_id=attempt_id, text=outcome.error, billed=outcome.billed)
    elif outcome.progress is Progress.READY:
        if rows.update(state=AttemptState.FETCHING, due_at=timezone.now() + runs.GRACE) == 1:
            dispatch.now(wiring.fetch_job(attempt.provider), attempt_id, attempt.tries)
    else:
        rows.update(progress=outcome.share_done or 0, due_at=timezone.now() + POLL_EVERY)
