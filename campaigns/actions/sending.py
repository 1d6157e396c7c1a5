"""Sending attempts to their providers, and asking where they stand.

The order is fixed: intent row and hold were committed by `runs.start`; here the provider is
called, and its reference is stored at once after. No transaction is open while it is called.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from campaigns import dispatch, env, transitions, wiring
from campaigns.actions import (
    admission,
    billing,
    consents,
    events,
    fetching,
    leases,
    patience,
    platform_files,
    requests,
    runs,
    spool,
    stopping,
    stored,
)
from campaigns.models import Attempt, StageRun
from campaigns.models.choices import RUN_WORKING, AttemptState, RunState
from campaigns.stages import BY_KEY
from routing.providers import base as provider_errors
from routing.providers import transport
from routing.providers.base import Kind, Progress, Submission
from routing.providers.delivery import Missing
from routing.stages import OPERATIONS

log = logging.getLogger(__name__)

POLL_EVERY = timedelta(seconds=5)
NEVER = timedelta(days=36500)
WAIT_AT_MOST = timedelta(minutes=15)
SLOWER = timedelta(seconds=30)
PICTURE_WITHIN = timedelta(minutes=10)
CLIP_WITHIN = timedelta(minutes=45)
TOO_SLOW = "The provider did not finish in time, so it was stopped."
SILENT = "The provider said nothing for a day. The hold counts as billed."
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
    if StageRun.objects.filter(pk=attempt.run_id, state__in=RUN_WORKING).exists():
        if not admission.enter(attempt=attempt, key=key):
            return
    else:
        stopping.stop(attempt_id=attempt_id)
        return
    if not _take_up(attempt):
        admission.leave(attempt=attempt)
        stopping.stop(attempt_id=attempt_id)
        return
    if BY_KEY[attempt.run.stage].WORK == "files":
        _send_files(attempt, key)
        return
    _send(attempt, key)


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


def _send(attempt: Attempt, key: str) -> None:
    """One POST. The lease is renewed while it lasts, so a slow answer is not taken for lost."""
    mine = Attempt.objects.filter(pk=attempt.pk, lease_key=key)
    keeper = leases.Keeper(Attempt, attempt.pk, key)
    try:
        provider = wiring.provider(attempt.provider)
        with requests.prepared(attempt=attempt) as request:
            refusal = consents.refusal(run=attempt.run)
            if refusal:
                admission.leave(attempt=attempt)
                runs.fail(attempt_id=attempt.pk, text=refusal, kind=Kind.REFUSED)
                return
            if (
                mine.filter(state=AttemptState.INTENDED).update(
                    state=AttemptState.SUBMITTING, sent_at=timezone.now()
                )
                != 1
            ):
                return
            with keeper:
                submission = provider.submit(request)
            if submission.outputs:  # they came, and come only once
                submission = spool.keep(attempt=attempt, submission=submission)
            if not _accept(attempt, key, submission):
                return
            if submission.outputs:
                # also of a run that was cancelled meanwhile: it is paid for
                admission.answered(attempt=attempt)
                admission.leave(attempt=attempt)
                fetching.take(attempt_id=attempt.pk, outputs=submission.outputs)
                return
    except wiring.NoSuchProvider as error:
        runs.fail(attempt_id=attempt.pk, text=f"{error} No money was spent.", kind=Kind.UNAVAILABLE)
        return
    except stored.StorageAway as error:
        # its pictures cannot be read now; nothing was sent
        log.warning("attempt %s must wait: %s", attempt.pk, error)
        admission.leave(attempt=attempt)
        mine.filter(state=AttemptState.INTENDED).update(
            lease_until=None, due_at=timezone.now() + SLOWER, tries=0
        )
        return
    except provider_errors.RateLimited as error:
        admission.ended(attempt=attempt, error=error)
        if timezone.now() - attempt.created_at > WAIT_AT_MOST:
            runs.fail(attempt_id=attempt.pk, text=error.text, kind=error.kind)
            return
        mine.filter(state=AttemptState.SUBMITTING).update(
            state=AttemptState.INTENDED,
            lease_until=None,
            due_at=timezone.now() + timedelta(seconds=error.retry_after_s),
            tries=0,
        )
        return
    except provider_errors.OutcomeUnknown as error:
        admission.ended(attempt=attempt, error=error)
        # a signed message may have told its id meanwhile
        mine.filter(state=AttemptState.SUBMITTING).update(
            state=AttemptState.UNKNOWN,
            error=transport.cleaned(error.text, env.secret_values()),
            error_kind=error.kind,
            lease_until=None,
            due_at=timezone.now(),  # since when: managers see it until they decide about it
            search_at=timezone.now(),
        )
        return
    except provider_errors.ProviderError as error:
        admission.ended(attempt=attempt, error=error)
        billing.remember(attempt=attempt, usage=error.usage)
        runs.fail(
            attempt_id=attempt.pk,
            text=error.text,
            # what was refused before it began is free unless the provider says otherwise
            billed=bool(error.billed),
            kind=error.kind,
            again=error.again,
        )
        return
    admission.answered(attempt=attempt)
    poll(attempt_id=attempt.pk)


def _accept(attempt: Attempt, key: str, submission: Submission) -> bool:
    """Store the provider's reference at once; False when the row is in other hands."""
    sent = Attempt.objects.filter(
        pk=attempt.pk,
        lease_key=key,
        state__in=transitions.sources(transitions.ATTEMPT, "accept"),
    ).update(
        state=AttemptState.SUBMITTED,
        provider_ref=submission.ref[:200],
        details=dict(submission.details),
        submitted_at=timezone.now(),
        due_at=timezone.now() + runs.GRACE,
        lease_until=None,
        search_at=None,
        tries=0,
    )
    if sent != 1:
        log.warning(
            "attempt %s was accepted as %s, but is in other hands", attempt.pk, submission.ref
        )
        return False
    return True


def poll(*, attempt_id: int) -> None:
    """Ask where a sent attempt stands, and wake the next step. Repeatable and free."""
    attempt = (
        Attempt.objects.select_related("run__asset")
        .filter(pk=attempt_id, state=AttemptState.SUBMITTED)
        .first()
    )
    if attempt is None:
        return
    if attempt.run.state not in (RunState.RUNNING, RunState.REVIEW):
        stopping.stop(attempt_id=attempt_id)
        return
    rows = Attempt.objects.filter(pk=attempt_id, state=AttemptState.SUBMITTED)
    try:
        provider = wiring.provider(attempt.provider)
        with requests.prepared(attempt=attempt, with_files=False) as request:
            outcome = provider.look_up(request, attempt.provider_ref)
    except provider_errors.WorkFailed as error:
        admission.leave(attempt=attempt)
        runs.fail(
            attempt_id=attempt_id,
            text=error.text,
            billed=bool(error.billed),
            kind=error.kind,
            again=error.again,
        )
        return
    except stored.StorageAway as error:
        log.warning("attempt %s must wait: %s", attempt_id, error)
        rows.update(due_at=timezone.now() + SLOWER)
        return
    except (wiring.NoSuchProvider, provider_errors.ProviderError) as error:
        log.warning("attempt %s could not be looked up: %s", attempt_id, error)
        if isinstance(error, provider_errors.AccountProblem):
            admission.stop_account(attempt=attempt, error=error)
        if isinstance(error, Missing) and patience.is_over(attempt=attempt, rows=rows, error=error):
            admission.leave(attempt=attempt)
            runs.fail(attempt_id=attempt_id, text=error.text, billed=True, kind=Kind.RESULT_LOST)
            return
        if timezone.now() - (attempt.submitted_at or attempt.created_at) > stopping.ASK_FOR:
            runs.fail(attempt_id=attempt_id, text=SILENT, billed=True, kind=Kind.EXPIRED)
            return
        rows.update(due_at=timezone.now() + max(POLL_EVERY, _pause(attempt)))
        return
    patience.forget_absence(attempt=attempt, rows=rows)
    billing.remember(attempt=attempt, usage=outcome.usage)
    if outcome.progress is not Progress.WAITING:
        admission.leave(attempt=attempt)
    if outcome.progress is Progress.FAILED:
        # nobody cancelled this run, so what was called off was called off by our deadline
        ours = outcome.kind is Kind.CANCELLED and _too_slow(attempt)
        runs.fail(
            attempt_id=attempt_id,
            text=TOO_SLOW if ours else outcome.error,
            billed=outcome.billed,
            kind=Kind.EXPIRED if ours else outcome.kind,
            again=outcome.again,
        )
    elif outcome.progress is Progress.READY:
        if rows.update(state=AttemptState.FETCHING, due_at=timezone.now() + runs.GRACE) == 1:
            dispatch.now(wiring.fetch_job(attempt.provider), attempt_id, attempt.tries)
    elif _too_slow(attempt):
        _give_up(attempt)
    else:
        rows.update(progress=outcome.share_done or 0, due_at=timezone.now() + _pause(attempt))


def _pause(attempt: Attempt) -> timedelta:
    """Longer between questions the longer it takes: 2 seconds at first, 30 in the end."""
    waited = timezone.now() - (attempt.submitted_at or attempt.created_at)
    return min(max(waited / 8, timedelta(seconds=2)), SLOWER)


def _too_slow(attempt: Attempt) -> bool:
    is_clip = OPERATIONS[attempt.run.operation].makes_clip
    allowed = CLIP_WITHIN if is_clip else PICTURE_WITHIN
    return timezone.now() - (attempt.submitted_at or attempt.created_at) > allowed


def _give_up(attempt: Attempt) -> None:
    """Our own deadline: ask to stop. While the provider may still bill, it is waited for."""
    try:
        provider = wiring.provider(attempt.provider)
        with requests.prepared(attempt=attempt, with_files=False) as request:
            stopped = provider.cancel(attempt.provider_ref, request)
    except (wiring.NoSuchProvider, provider_errors.ProviderError) as error:
        log.warning("attempt %s could not be stopped: %s", attempt.pk, error)
        stopped = False
    if stopped:
        runs.fail(
            attempt_id=attempt.pk,
            text=TOO_SLOW,
            kind=Kind.EXPIRED,
        )
        return
    waited = timezone.now() - (attempt.submitted_at or attempt.created_at)
    if waited > stopping.ASK_FOR:
        runs.fail(
            attempt_id=attempt.pk,
            text=SILENT,
            billed=True,
            kind=Kind.EXPIRED,
        )
        return
    Attempt.objects.filter(pk=attempt.pk, state=AttemptState.SUBMITTED).update(
        due_at=timezone.now() + SLOWER
    )
