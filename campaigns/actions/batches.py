"""Handing a run's outputs to people, once none of its calls is open. It moves no money."""

from __future__ import annotations

from django.utils import timezone

from campaigns.actions import events, rollups
from campaigns.models import StageRun
from campaigns.models.choices import ATTEMPT_OPEN, AttemptState, RunState


def is_awaited(*, run: StageRun) -> bool:
    """Whether a call of the run may still bring something by itself. One whose answer is lost
    for good does not: a manager decides about its money, and nobody has to wait for that."""
    still = run.attempts.filter(state__in=ATTEMPT_OPEN)
    return still.exclude(state=AttemptState.UNKNOWN, search_at__isnull=True).exists()


def hand_over(*, run: StageRun, reason: str) -> None:
    """Put a run up for review; `reason` says why there are fewer than asked. Doing it again
    changes nothing. In the caller's transaction."""
    handed = StageRun.objects.filter(pk=run.pk, state=RunState.RUNNING).update(
        state=RunState.REVIEW, progress=1, finished_at=timezone.now(), reason=reason
    )
    if handed != 1:
        return
    rollups.judged(run_id=run.pk)
    events.record(
        team=run.team,
        verb="run.finish",
        subject="run",
        subject_id=run.pk,
        asset_id=run.asset_id,
        by=None,
        after={"candidates": run.candidates.count()},
    )
    events.touch(asset_ids=[run.asset_id])
