"""Bringing outputs in: bytes are stored first, then the candidate row, then the money is settled.

May die anywhere: what is stored already is left out when the attempt is taken up again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from campaigns import dispatch, env, wiring
from campaigns.actions import (
    admission,
    batches,
    billing,
    events,
    leases,
    locks,
    quarantine,
    requests,
    runs,
    spending,
    stopping,
    stored,
)
from campaigns.models import Attempt, Candidate, Media, StageRun
from campaigns.models.choices import AttemptState, RunState
from imaging import intake
from routing.providers import transport
from routing.providers.base import (
    AccountProblem,
    Kind,
    OutcomeUnknown,
    Output,
    ProviderError,
    RateLimited,
    Request,
    ResultLost,
    WorkFailed,
)
from routing.providers.delivery import NotYet

log = logging.getLogger(__name__)

WORN_OUT = (
    "The worker died on this every time it tried, so it was stopped. "
    "Try a smaller picture or another operation."
)

LONGEST_PAUSE_S = 300.0
LEAST_PATIENCE_S = 24 * 3600.0

AI_OF: dict[str, str] = {
    "compose_type": "none",
    "adopt": "inherit",
    "upscale": "ai_modified",
    "face_enhance": "ai_modified",
    "face_swap": "ai_modified",
    "object_erase": "ai_modified",
    "outpaint": "ai_modified",
    "background_remove": "inherit",
    "background_replace": "inherit",
    "compose": "inherit",
    "image_to_video": "inherit",
}
# what a model of somebody else makes of it: it invents pixels wherever it draws
AI_OF_HOSTED: dict[str, str] = {
    **AI_OF,
    "compose_type": "ai_generated",
    "compose": "ai_modified",
    "background_replace": "ai_modified",
    "image_to_video": "ai_generated",
}
AI_RANK = ("none", "unknown", "ai_modified", "ai_generated")


def ai_status(operation: str, sources: list[str], *, is_own_engine: bool = True) -> str:
    """What was really done: an operation that invents pixels marks the result; others inherit.

    The embedded engine places and moves what is there; a hosted model draws.
    """
    own = (AI_OF if is_own_engine else AI_OF_HOSTED).get(operation, "ai_generated")
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
    if attempt.run.state != RunState.RUNNING and wiring.sends_again(attempt.provider):
        # work of our own engine stops here; what a provider made is paid for, and is kept
        stopping.stop(attempt_id=attempt_id)
        return
    if attempt.tries > leases.MOST_TRIES:
        _fail(attempt, WORN_OUT)
        return
    keeper = leases.Keeper(Attempt, attempt_id, key)
    try:
        if not stored.has_room():
            raise stored.StorageAway(stored.NO_ROOM)  # a file half taken in looks damaged
        unreadable = _bring_in(attempt, keeper)
    except leases.LeaseLost:
        log.info("attempt %s is in other hands now", attempt_id)
        return
    except AccountProblem as error:
        # what was made is there still; whoever mends the account opens the way to it
        admission.stop_account(attempt=attempt, error=error)
        _again_later(attempt, keeper, key, error)
        return
    except (
        RateLimited, NotYet, OutcomeUnknown, wiring.NoSuchProvider, stored.StorageAway
    ) as error:  # fmt: skip
        _again_later(attempt, keeper, key, error)
        return
    except (ProviderError, intake.Unreadable) as error:
        log.warning("attempt %s failed: %s", attempt_id, error)
        _end_early(attempt, error, key)
        return
    if unreadable is not None:
        _end_early(attempt, unreadable, key)
        return
    if attempt.candidates.exists():
        finish(attempt_id=attempt_id, key=key)
    else:
        _fail(
            attempt,
            "Nothing came back from it. Start it again or choose another model.",
            kind=Kind.NO_RESULT,
        )


def _bring_in(attempt: Attempt, keeper: leases.Keeper) -> intake.Unreadable | None:
    """Fetch and keep every output that is not here yet. One that cannot be read keeps back no
    other; the first such error is returned."""
    provider = wiring.provider(attempt.provider)
    unreadable: intake.Unreadable | None = None
    own = wiring.sends_again(attempt.provider)  # only our own engine works when it is fetched
    with keeper, requests.prepared(attempt=attempt, with_files=own) as request:
        first = _first(attempt)
        have = frozenset(
            position - first for position in attempt.candidates.values_list("position", flat=True)
        )
        for output in provider.fetch(
            request,
            attempt.provider_ref,
            on_progress=lambda share: _progress(attempt, keeper, share),
            have=have,
        ):
            try:
                _keep(attempt, keeper, request, output)
            except intake.Unreadable as error:
                unreadable = unreadable or error
    return unreadable


def _again_later(attempt: Attempt, keeper: leases.Keeper, key: str, error: Exception) -> None:
    """Try again, less and less often, for as long as the provider keeps what it made."""
    waited_s = (timezone.now() - (attempt.submitted_at or attempt.created_at)).total_seconds()
    if waited_s > _patience_s(attempt, error):
        gone = ResultLost("The provider made it, and it could not be fetched in time.", billed=True)
        _end_early(attempt, gone, key)
        return
    log.warning("attempt %s must wait: %s", attempt.pk, error)
    wanted_s = getattr(error, "retry_after_s", 60)
    pause = timedelta(seconds=max(wanted_s, min(waited_s / 8, LONGEST_PAUSE_S)))
    keeper.rows().update(lease_until=None, tries=0, due_at=timezone.now() + pause)


def _patience_s(attempt: Attempt, error: Exception) -> float:
    """For how long it is worth asking again: while the provider keeps it, and at least a day where
    the reason lies elsewhere."""
    try:
        keeps_s = wiring.provider(attempt.provider).keeps_s
    except wiring.NoSuchProvider:
        keeps_s = 0.0
    return keeps_s if isinstance(error, NotYet) else max(keeps_s, LEAST_PATIENCE_S)


def take(*, attempt_id: int, request: Request, outputs: Sequence[Output]) -> None:
    """Keep what came with the very answer to the submission, in the worker that got it."""
    moved = Attempt.objects.filter(pk=attempt_id, state=AttemptState.SUBMITTED).update(
        state=AttemptState.FETCHING, due_at=timezone.now() + runs.GRACE
    )
    key = leases.claim(Attempt.objects.filter(pk=attempt_id, state=AttemptState.FETCHING))
    if moved != 1 or key is None:
        return
    attempt = Attempt.objects.select_related("run__asset__campaign__team").get(pk=attempt_id)
    keeper = leases.Keeper(Attempt, attempt_id, key)
    try:
        with keeper:
            for output in outputs:
                _keep(attempt, keeper, request, output)
    except leases.LeaseLost:
        log.info("attempt %s is in other hands now", attempt_id)
        return
    except intake.Unreadable as error:
        _end_early(attempt, error, key)
        return
    except stored.StorageAway as error:
        log.error("attempt %s: %s", attempt_id, error.text)
        lost = ResultLost("It came, and the file storage could not keep it.", billed=True)
        _end_early(attempt, lost, key)
        return
    spoiled = next((one for one in outputs if one.problem), None)
    if spoiled is not None:
        failed = WorkFailed(spoiled.problem, billed=True, usage=spoiled.usage)
        _end_early(attempt, failed, key)
        return
    finish(attempt_id=attempt_id, key=key)


def _first(attempt: Attempt) -> int:
    """Where in the run's batch this call's first output stands."""
    first = int(attempt.seeds[0]) - attempt.run.seed if attempt.seeds else 0
    return first if 0 <= first < attempt.run.candidate_count else 0


def _reason(run: StageRun) -> str:
    """Why there are fewer than asked, in the words of the call that fell short."""
    texts = run.attempts.exclude(error="").order_by("-pk").values_list("error", flat=True)
    return texts.first() or ""


def _fail(
    attempt: Attempt,
    text: str,
    *,
    billed: bool | None = None,
    kind: str = Kind.FAILED,
    again: bool = False,
) -> None:
    """End without an output. Accepted work is paid for, unless the engine is our own."""
    paid = not wiring.sends_again(attempt.provider) if billed is None else billed
    money = "It was charged for." if paid else "No money was spent."
    runs.fail(
        attempt_id=attempt.pk,
        text=f"{text.rstrip('.')}. {money}",
        billed=paid,
        kind=kind,
        again=again,
    )


def _progress(attempt: Attempt, keeper: leases.Keeper, share: float) -> None:
    keeper.check_noticed()
    share = min(max(share, 0.0), 1.0)
    if keeper.rows().filter(progress__lt=share - 0.02).update(progress=share) == 1:
        StageRun.objects.filter(pk=attempt.run_id).update(progress=share)
        events.show_progress(asset_id=attempt.run.asset_id)


def _keep(attempt: Attempt, keeper: leases.Keeper, request: Request, output: Output) -> None:
    keeper.check()
    if output.position not in range(len(attempt.seeds)):
        log.warning("attempt %s: an output too many is left out", attempt.pk)
        return
    if output.problem:
        _keep_aside(attempt, output, output.problem)
        return
    run = attempt.run
    source = run.source.media.ai_status if run.source else None
    bases = run.asset.bases.values_list("media__ai_status", flat=True)
    statuses = [source] if source else list(bases)
    billing.remember(attempt=attempt, usage=output.usage)
    folder = request.workdir / f"keep-{output.position}"
    folder.mkdir(exist_ok=True)
    status = ai_status(run.operation, statuses, is_own_engine=wiring.sends_again(attempt.provider))
    try:
        media = stored.store(
            team=run.team,
            path=output.path,
            origin=Media.Origin.OUTPUT,
            folder=folder,
            ai_status=status,
        )
    except intake.Unreadable as error:
        _keep_aside(attempt, output, _said(error))
        raise
    try:
        with transaction.atomic():
            keeper.renew()  # locks the row: whoever takes the lease waits for this output
            keeper.rows().update(compute_s=F("compute_s") + output.compute_s)
            candidate = Candidate.objects.create(
                team=run.team,
                asset=run.asset,
                run=run,
                attempt=attempt,
                parent=run.source,
                position=_first(attempt) + output.position,
                seed=output.seed,
                media=media,
                note=dict(output.note),
            )
            dispatch.on_commit("measure", candidate.pk, 0)
    except (leases.LeaseLost, IntegrityError) as error:
        _forget(media)
        if isinstance(error, leases.LeaseLost):
            raise
        log.info("attempt %s position %s is stored already", attempt.pk, output.position)
        return
    events.touch(asset_ids=[run.asset_id])


def _keep_aside(attempt: Attempt, output: Output, reason: str) -> None:
    position = _first(attempt) + output.position
    quarantine.keep(attempt=attempt, position=position, path=output.path, reason=reason)


def _said(error: Exception) -> str:
    """Why, in words. Of a file that cannot be read without the advice for who uploads one."""
    text = transport.cleaned(str(getattr(error, "text", error)), env.secret_values())
    if isinstance(error, intake.Unreadable):
        text = f"{text.partition('. ')[0].rstrip('.')}."
    return text


def _forget(media: Media) -> None:
    """Take a file back that no candidate will ever name."""
    for field in (media.file, media.thumb, media.poster):
        if field.name:
            with suppress(OSError):
                field.storage.delete(field.name)
    media.delete()


def _end_early(attempt: Attempt, error: Exception, key: str) -> None:
    """A failure with some outputs in hand is a smaller batch, not a loss."""
    if isinstance(error, ProviderError):
        billing.remember(attempt=attempt, usage=error.usage)
    text = _said(error)
    if attempt.candidates.exists():
        Attempt.objects.filter(pk=attempt.pk, lease_key=key).update(error=text)
        finish(attempt_id=attempt.pk, key=key)
    else:
        _fail(
            attempt,
            text,
            billed=getattr(error, "billed", None),
            kind=getattr(error, "kind", Kind.FAILED),
            again=getattr(error, "again", False),
        )


def _say_fewer(attempt_id: int, key: str) -> None:
    """An attempt that brought less than asked says so, unless it says why already."""
    attempt = Attempt.objects.get(pk=attempt_id)
    came, asked = attempt.candidates.count(), len(attempt.seeds)
    if came < asked:
        rows = Attempt.objects.filter(pk=attempt_id, lease_key=key)
        rows.update(error_kind=Kind.PARTIAL)
        rows.filter(error="").update(error=f"{came} of {asked} came.")


def finish(*, attempt_id: int, key: str) -> None:
    """Settle by what ran and hand the batch to people, in one transaction."""
    with transaction.atomic():
        locks.asset(Attempt.objects.values_list("run__asset_id", flat=True).get(pk=attempt_id))
        _say_fewer(attempt_id, key)
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
        bill = billing.of_outputs(attempt=attempt)
        spending.settle(attempt=attempt, billed_micros=bill.micros, note=bill.text)
        if batches.is_awaited(run=run):
            events.touch(asset_ids=[run.asset_id])
            return
        events.touch(asset_ids=[run.asset_id])
        batches.hand_over(run=run, reason=_reason(run))
