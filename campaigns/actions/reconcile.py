"""Finds work that nobody holds and wakes a worker for it. Redis may be emptied at any time.

Called by the scheduler every second or two. It spends nothing but for the golden checks a person
set up, through the same gate: it repeats wake-ups, moves rows whose worker died to the state in
which they can be taken up again, opens a new month and ends requests that nobody answered.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from campaigns import dispatch, wiring
from campaigns.actions import approving, budgets, catalogs, golden, learning, leases, mails
from campaigns.models import Asset, Attempt, Candidate, Export, PlatformFile, StageRun
from campaigns.models.choices import (
    ATTEMPT_DRIVEN,
    ATTEMPT_OPEN,
    AttemptState,
    ExportState,
    RunState,
)

log = logging.getLogger(__name__)

AT_ONCE = 200
UNMEASURED_AFTER = timedelta(seconds=20)


def tick(now: datetime) -> int:
    """One round. Returns how many wake-ups were sent or rows mended."""
    return (
        _leases_of_the_dead(now)
        + _lost_submits(now)
        + _attempts(now)
        + _lost_answers(now)
        + _platform_files(now)
        + _exports(now)
        + _candidates(now)
        + _files_without_run(now)
        + budgets.open_months(now=now)
        + approving.expire(now=now)
        + mails.wake(now=now)
        + learning.wake(now=now)
        + catalogs.apply_due(now=now)
        + golden.wake(now=now)
    )


def _free(now: datetime) -> Q:
    return Q(lease_until__isnull=True) | Q(lease_until__lt=now)


def _leases_of_the_dead(now: datetime) -> int:
    """What a process of this machine held when it died needs nobody to wait for its lease."""
    leased: tuple[QuerySet, ...] = (
        Attempt.objects.filter(state__in=ATTEMPT_OPEN),
        PlatformFile.objects.filter(due_at__isnull=False),
        Export.objects.filter(state__in=[ExportState.QUEUED, ExportState.BUILDING]),
    )
    return sum(leases.take_back(rows, now=now) for rows in leased)


def _lost_submits(now: datetime) -> int:
    """A worker died while sending: repeatable providers send again, others are unknown."""
    mended = 0
    lost: QuerySet[Attempt] = Attempt.objects.filter(
        state=AttemptState.SUBMITTING, lease_until__lt=now
    )
    for attempt in lost.order_by("pk")[:AT_ONCE]:
        repeatable = wiring.sends_again(attempt.provider)
        mended += Attempt.objects.filter(pk=attempt.pk, state=AttemptState.SUBMITTING).update(
            state=AttemptState.INTENDED if repeatable else AttemptState.UNKNOWN,
            lease_until=None,
            due_at=now,
            search_at=None if repeatable else now,
        )
    return mended


def _lost_answers(now: datetime) -> int:
    lost = Attempt.objects.filter(state=AttemptState.UNKNOWN, search_at__lte=now)
    return sum(
        dispatch.now("search", row.pk, row.tries)
        for row in lost.order_by("search_at", "pk")[:AT_ONCE]
    )


def _attempts(now: datetime) -> int:
    names = {AttemptState.INTENDED: "submit", AttemptState.SUBMITTED: "poll"}
    due = Attempt.objects.filter(_free(now), state__in=ATTEMPT_DRIVEN, due_at__lte=now)
    sent = 0
    for attempt in due.order_by("due_at", "pk")[:AT_ONCE]:
        state = AttemptState(attempt.state)
        name = names.get(state) or _fetch_job(attempt)
        sent += dispatch.now(name, attempt.pk, attempt.tries)
    return sent


def _fetch_job(attempt: Attempt) -> str:
    """One row of a provider that is gone must not hold up all others."""
    try:
        return wiring.fetch_job(attempt.provider)
    except wiring.NoSuchProvider:
        return "fetch"


def _platform_files(now: datetime) -> int:
    due = PlatformFile.objects.filter(_free(now), due_at__lte=now)
    return sum(
        dispatch.now("make_file", row.pk, row.tries)
        for row in due.order_by("due_at", "pk")[:AT_ONCE]
    )


def _exports(now: datetime) -> int:
    waiting = Export.objects.filter(
        _free(now),
        state__in=[ExportState.QUEUED, ExportState.BUILDING],
        created_at__lte=now - timedelta(seconds=3),
    )
    return sum(
        dispatch.now("build_export", row.pk, row.tries) for row in waiting.order_by("pk")[:AT_ONCE]
    )


def _candidates(now: datetime) -> int:
    blind = Candidate.objects.filter(
        measured_at__isnull=True, created_at__lte=now - UNMEASURED_AFTER
    )
    return sum(
        dispatch.now("measure", row.pk, row.measure_tries) for row in blind.order_by("pk")[:AT_ONCE]
    )


def _files_without_run(now: datetime) -> int:
    """A QA run whose worker died before its files were written starts over."""
    stuck = StageRun.objects.filter(
        operation="check",
        state=RunState.RUNNING,
        attempts__state=AttemptState.SUBMITTED,
        started_at__lte=now - timedelta(seconds=10),
    )
    sent = 0
    for run in stuck.order_by("pk")[:AT_ONCE]:
        open_files = PlatformFile.objects.filter(asset_id=run.asset_id, due_at__isnull=False)
        if not open_files.exists() and Asset.objects.filter(pk=run.asset_id).exists():
            attempt = run.attempts.order_by("-pk")[0]
            sent += dispatch.now("prepare_files", attempt.pk, 0)
    return sent
