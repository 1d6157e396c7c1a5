"""Bringing outputs in: bytes are stored first, then the candidate row, then the money is settled.

May die anywhere: what is stored already is left out when the attempt is taken up again.
"""

from __future__ import annotations

import logging

from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns import dispatch, wiring
from campaigns.actions import events, leases, requests, runs, spending, stored
from campaigns.models import Attempt, Candidate, Media, StageRun
from campaigns.models.choices import AttemptState, RunState
from imaging import intake
from routing.providers.base import Output, ProviderError, Request

log = logging.getLogger(__name__)

AI_OF: dict[str, str] = {
    "compose_type": "none",
    "adopt": "inherit",
    "upscale": "ai_modified",
    "face_enhance": "ai_modified",
    "object_erase": "ai_modified",
    "outpaint": "ai_modified",
    "background_remove": "inherit",
    "background_replace": "inherit",
    "compose": "inherit",
    "image_to_video": "inherit",
}
AI_RANK = ("none", "unknown", "ai_modified", "ai_generated")


def ai_status(operation: str, sources: list[str]) -> str:
    """What was really done: an operation that invents pixels marks the result; others inherit."""
    own = AI_OF.get(operation, "ai_generated")
    inherited = max(sources, key=AI_RANK.index, default="none")
    if own == "inherit":
        return inherited
    return max((own, inherited), key=AI_RANK.index)


def fetch(*, attempt_id: int) -> None:
    """Take an attempt's outputs in. A second worker finds the lease taken and does nothing."""
    key = leases.claim(Attempt.objects.filter(pk=attempt_id, state=AttemptState.FETCHING))
    if key is None:
        return
    attempt = Attempt.objects.select_related("run__asset__campaign__team", "run__mask").get(
        pk=attempt_id
    )
    if attempt.tries > leases.MOST_TRIES:
        runs.fail(
            attempt_id=attempt_id,
            text="The worker died on this every time it tried, so it was stopped. "
            "Try a smaller picture or another operation. No money was spent.",
        )
        return
    provider = wiring.provider(attempt.provider)
    keeper = leases.Keeper(Attempt, attempt_id, key)
    begun = timezone.now()
    try:
        with keeper, requests.prepared(attempt=attempt) as request:
            have = frozenset(attempt.candidates.values_list("position", flat=True))
            for output in provider.fetch(
                request,
                attempt.provider_ref,
                on_progress=lambda share: _progress(attempt, keeper, share),
                have=have,
            ):
                _keep(attempt, keeper, request, output)
    except leases.LeaseLost:
        log.info("attempt %s is in other hands now", attempt_id)
        return
    except (ProviderError, intake.Unreadable) as error:
        log.warning("attempt %s failed: %s", attempt_id, error)
        _end_early(attempt, str(error), key)
        return
    Attempt.objects.filter(pk=attempt_id, lease_key=key).update(
        compute_s=(timezone.now() - begun).total_seconds()
    )
    finish(attempt_id=attempt_id, key=key)


def _progress(attempt: Attempt, keeper: leases.Keeper, share: float) -> None:
    share = min(max(share, 0.0), 1.0)
    if keeper.rows().filter(progress__lt=share - 0.02).update(progress=share) == 1:
        StageRun.objects.filter(pk=attempt.run_id).update(progress=share)
        events.show_progress(asset_id=attempt.run.asset_id)


def _keep(attempt: Attempt, keeper: leases.Keeper, request: Request, output: Output) -> None:
    keeper.check()
    run = attempt.run
    source = run.source.media.ai_status if run.source else None
    bases = run.asset.bases.values_list("media__ai_status", flat=True)
    statuses = [source] if source else list(bases)
    folder = request.workdir / f"keep-{output.position}"
    folder.mkdir(exist_ok=True)
    media = stored.store(
        team=run.team,
        path=output.path,
        origin=Media.Origin.OUTPUT,
        folder=folder,
        ai_status=ai_status(run.operation, statuses),
    )
    try:
        with transaction.atomic():
            candidate = Candidate.objects.create(
                team=run.team,
                asset=run.asset,
                run=run,
                attempt=attempt,
                parent=run.source,
                position=output.position,
                seed=output.seed,
                media=media,
                note=dict(output.note),
            )
            dispatch.on_commit("measure", candidate.pk, 0)
    except IntegrityError:
        log.info("attempt %s position %s is stored already", attempt.pk, output.position)
        return
    events.touch(asset_ids=[run.asset_id])


def _end_early(attempt: Attempt, text: str, key: str) -> None:
    """A failure with some outputs in hand is a smaller batch, not a loss."""
    if attempt.candidates.exists():
        Attempt.objects.filter(pk=attempt.pk, lease_key=key).update(error=text)
        finish(attempt_id=attempt.pk, key=key)
    else:
        runs.fail(attempt_id=attempt.pk, text=text)


def finish(*, attempt_id: int, key: str) -> None:
    """Settle and hand the batch to people, in one transaction."""
    with transaction.atomic():
        ended = Attempt.objects.filter(
            pk=attempt_id, state=AttemptState.FETCHING, lease_key=key
        ).update(
            state=AttemptState.SETTLED,
            settled_micros=0,
            finished_at=timezone.now(),
            progress=1,
            lease_until=None,
        )
        if ended != 1:
            return
        attempt = Attempt.objects.select_related("run__asset").get(pk=attempt_id)
        run = attempt.run
        made = attempt.candidates.count()
        billed = attempt.reserved_micros * made // max(1, len(attempt.seeds))
        spending.settle(attempt=attempt, billed_micros=billed)
        StageRun.objects.filter(pk=run.pk, state=RunState.RUNNING).update(
            state=RunState.REVIEW, progress=1, finished_at=timezone.now(), reason=attempt.error
        )
        events.record(
            team=run.team,
            verb="run.finish",
            subject="run",
            subject_id=run.pk,
            asset_id=run.asset_id,
            by=None,
            after={"candidates": made},
        )
        events.touch(asset_ids=[run.asset_id])
