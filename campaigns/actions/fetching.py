"""Bringing outputs in: bytes are stored first, then the candidate row, then the money is settled.

May die anywhere: what is stored already is left out when the attempt is taken up again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from campaigns import dispatch, env, wiring
from campaigns.actions import (
    admission,
    ai_marks,
    batches,
    billing,
    events,
    leases,
    locks,
    patience,
    quarantine,
    requests,
    runs,
    spending,
    spool,
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
from routing.providers.delivery import Missing, NotYet

log = logging.getLogger(__name__)

WORN_OUT = (
    "The worker died on this every time it tried, so it was stopped. "
    "Try a smaller picture or another operation."
)

LONGEST_PAUSE_S = 300.0
MOST_IN_ALL = 12  # outputs of one run that are shown; a flood is no batch
TOO_MANY = "Far more came than was asked for."


def fetch(*, attempt_id: int, at_hand: Sequence[Output] = ()) -> None:
    """Take an attempt's outputs in; those `at_hand` came otherwise. A second worker finds the
    lease taken and does nothing."""
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
        unreadable = _bring_in(attempt, keeper, at_hand)
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
        spool.drop(attempt=attempt)
    else:
        _fail(
            attempt,
            "Nothing came back from it. Start it again or choose another model.",
            kind=Kind.NO_RESULT,
        )


def _bring_in(
    attempt: Attempt, keeper: leases.Keeper, at_hand: Sequence[Output]
) -> intake.Unreadable | None:
    """Fetch and keep every output that is not here yet. One that cannot be read keeps back no
    other; the first such error is returned."""
    unreadable: intake.Unreadable | None = None
    own = wiring.sends_again(attempt.provider)  # only our own engine works when it is fetched
    with keeper, requests.prepared(attempt=attempt, with_files=own) as request:
        for output in _outputs(attempt, keeper, request, at_hand):
            try:
                _keep(attempt, keeper, request, output)
            except intake.Unreadable as error:
                unreadable = unreadable or error
    return unreadable


def _outputs(
    attempt: Attempt, keeper: leases.Keeper, request: Request, at_hand: Sequence[Output]
) -> Iterator[Output]:
    """What is not kept yet: at hand, on this disk since it came, or still at the provider."""
    have = _have(attempt)
    if at_hand or spool.is_expected(attempt=attempt):
        came = list(at_hand) or spool.read(attempt=attempt)
        yield from (one for one in came if one.position not in have)
        spoiled = next((one for one in came if one.problem), None)
        if spoiled is not None:
            raise WorkFailed(spoiled.problem, billed=True, usage=spoiled.usage)
        return
    yield from wiring.provider(attempt.provider).fetch(
        request,
        attempt.provider_ref,
        on_progress=lambda share: _progress(attempt, keeper, share),
        have=have,
    )


def _again_later(attempt: Attempt, keeper: leases.Keeper, key: str, error: Exception) -> None:
    """Try again, less and less often, for as long as the provider keeps what it made."""
    if patience.is_over(attempt=attempt, rows=keeper.rows(), error=error):
        text = "The provider made it, and it could not be fetched in time."
        if isinstance(error, Missing):
            text = error.text
        billed = getattr(error, "billed", None) is not False
        _end_early(attempt, ResultLost(text, billed=billed), key)
        return
    log.warning("attempt %s must wait: %s", attempt.pk, error)
    waited_s = (timezone.now() - (attempt.submitted_at or attempt.created_at)).total_seconds()
    wanted_s = getattr(error, "retry_after_s", 60)
    pause = timedelta(seconds=max(wanted_s, min(waited_s / 8, LONGEST_PAUSE_S)))
    keeper.rows().update(lease_until=None, tries=0, due_at=timezone.now() + pause)


def take(*, attempt_id: int, outputs: Sequence[Output]) -> None:
    """Keep what came with the very answer to the submission, in the worker that got it."""
    moved = Attempt.objects.filter(pk=attempt_id, state=AttemptState.SUBMITTED).update(
        state=AttemptState.FETCHING, due_at=timezone.now() + runs.GRACE
    )
    if moved == 1:
        fetch(attempt_id=attempt_id, at_hand=outputs)


def _first(attempt: Attempt) -> int:
    """Where in the run's batch this call's first output stands."""
    first = int(attempt.seeds[0]) - attempt.run.seed if attempt.seeds else 0
    return first if 0 <= first < attempt.run.candidate_count else 0


def _place(attempt: Attempt, position: int) -> int:
    """Where in the run's batch an output stands; more than was asked for come behind it."""
    asked = len(attempt.seeds)
    if position < asked:
        return _first(attempt) + position
    return attempt.run.candidate_count + position - asked


def _have(attempt: Attempt) -> frozenset[int]:
    """The outputs of an attempt that are kept already, as the provider counts them."""
    kept = set(attempt.candidates.values_list("position", flat=True))
    return frozenset(one for one in range(MOST_IN_ALL) if _place(attempt, one) in kept)


def _reason(run: StageRun) -> str:
    """Why there are fewer or more than asked, in the words of such a call."""
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
    if _place(attempt, output.position) >= MOST_IN_ALL:
        _keep_aside(attempt, output, output.problem or TOO_MANY)
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
    is_own = wiring.sends_again(attempt.provider)
    status = ai_marks.ai_status(run.operation, statuses, is_own_engine=is_own)
    try:
        media = stored.store(
            team=run.team,
            path=output.path,
            origin=Media.Origin.OUTPUT,
            folder=folder,
            ai_status=status,
        )
    except intake.Unreadable as error:
        stored.check_scratch(folder)  # a disk that fills up makes good files look damaged
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
                position=_place(attempt, output.position),
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
    position = _place(attempt, output.position)
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
    spool.drop(attempt=attempt)


def _say_count(attempt_id: int, key: str) -> None:
    """An attempt that brought less or more than asked says so, unless it says why already."""
    attempt = Attempt.objects.get(pk=attempt_id)
    came, asked = attempt.candidates.count(), len(attempt.seeds)
    rows = Attempt.objects.filter(pk=attempt_id, lease_key=key)
    if came < asked:
        rows.update(error_kind=Kind.PARTIAL)
        rows.filter(error="").update(error=f"{came} of {asked} came.")
    elif came > asked:
        more = (
            f"{came} came where {asked} {'was' if asked == 1 else 'were'} asked for. All are here."
        )
        rows.filter(error="").update(error=more)


def finish(*, attempt_id: int, key: str) -> None:
    """Settle by what ran and hand the batch to people, in one transaction."""
    with transaction.atomic():
        locks.asset(Attempt.objects.values_list("run__asset_id", flat=True).get(pk=attempt_id))
        _say_count(attempt_id, key)
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
