"""Stage runs and their attempts: start, fail, cancel. Sending is `campaigns.actions.sending`.

Intent row and hold are committed before any provider is called. A row is moved on by one UPDATE
that names the state it expects.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns import dispatch, env, permissions, transitions, wiring
from campaigns.actions import (
    approving,
    batches,
    billing,
    consents,
    events,
    fallback,
    learning,
    locks,
    needs,
    planning,
    requests,
    spending,
    standing,
    stopping,
)
from campaigns.models import Asset, Attempt, Candidate, FaceConsent, Media, StageRun
from campaigns.models.choices import (
    ATTEMPT_OPEN,
    RUN_WORKING,
    AttemptState,
    FileKind,
    RunState,
    Stage,
)
from campaigns.queries import access, beliefs, recent
from campaigns.stages import BY_KEY
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from routing import money
from routing.providers import transport
from routing.stages import OPERATIONS

GRACE = timedelta(seconds=3)
MOST_CANDIDATES = 12


class NoModel(Exception):
    """Nothing in the catalog can do the work now; `text` lists why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class PriceChanged(NotNow):
    """It costs more by now than the page said. Amounts in micro-units of `currency`."""

    def __init__(self, *, label: str, was: int, now: int, currency: str) -> None:
        super().__init__(
            f"The price went up: {label} may now cost {money.text(now, currency)}, and the page "
            f"showed {money.text(was, currency)}. Look at the new price, then start again. "
            "Nothing was started and no money was spent."
        )
        self.was_micros = was
        self.now_micros = now


def new_seed() -> int:
    """A seed for a batch; its candidates count up from here."""
    return secrets.randbelow(2**31 - 64)


def start(
    *,
    asset: Asset,
    operation: str,
    by: User,
    token: str,
    given: Mapping[str, Any] | None = None,
    count: int | None = None,
    mask: Media | None = None,
    consent: FaceConsent | None = None,
    seed: int | None = None,
    model: str = "",
    reason: str = "",
    batch: str = "",
    seen_micros: int | None = None,
) -> StageRun:
    """Start `operation` on the asset's current version.

    The run starts at once, or waits for a manager when tier or money need it. The same token
    returns the same run. `model` overrules the route and needs a `reason` when it is not the
    first choice anyway. Requests of one `batch` stand on one card of the managers' inbox.
    `seen_micros` is the maximum the person saw; a price that went up since starts nothing. Raises
    NotAllowed, NotNow, PriceChanged, NoModel, BadParams.
    """
    permissions.check_can_run(access.roles(by, asset.team))
    earlier = StageRun.objects.filter(token=token, team=asset.team).first()
    if earlier is not None:
        return _same(earlier, asset, operation)
    spec = OPERATIONS.get(operation)
    if spec is None:
        raise BadParams("operation", "Choose one of the operations on the page.")
    stage = BY_KEY[str(spec.stage)]
    brief = planning.brief_of(asset)
    params = stage.params(operation, given or {}, brief)
    asked = count or stage.candidate_count(operation, brief)
    if not 0 <= asked <= MOST_CANDIDATES:
        raise BadParams("count", f"Ask for 1 to {MOST_CANDIDATES} candidates.")
    source = source_of(asset=asset, stage=spec.stage)
    params |= needs.painted(spec, mask is not None)
    params |= consents.of_start(spec=spec, consent=consent, asset=asset)
    has_base = source is not None or asset.bases.exists()
    learned = beliefs.of_team(asset.team_id)
    decision = planning.route(
        campaign=asset.campaign,
        brief=brief,
        stage=str(spec.stage),
        operation=operation,
        params=params,
        count=asked,
        has_base=has_base,
        pinned_model=model,
        learned=learned,
        history=learning.history_of(
            asset=asset, operation=operation, belief=learned.get(str(spec.stage))
        ),
        rolled=recent.rolls(asset=asset).get(operation, recent.NEVER),
    )
    best = decision.best
    if best is None:
        raise NoModel(decision.problem)
    if model and not reason.strip() and planning.overrules(decision):
        raise BadParams("reason", f"Say in a few words why {best.card.label} should do this.")
    if seen_micros is not None and best.quote.maximum_micros > seen_micros:
        raise PriceChanged(
            label=best.card.label,
            was=seen_micros,
            now=best.quote.maximum_micros,
            currency=asset.team.currency,
        )
    run = StageRun(
        team=asset.team,
        asset=asset,
        stage=spec.stage,
        operation=operation,
        state=RunState.QUEUED,
        params=params,
        decision={**requests.frozen(decision, asset.team.currency), "by_hand": reason[:300]},
        source=source,
        mask=mask,
        consent=consent if spec.needs_face else None,
        tier=best.card.tier,
        model=best.card.key,
        model_label=best.card.label,
        candidate_count=best.count,
        seed=new_seed() if seed is None else seed,
        currency=asset.team.currency,
        expected_micros=best.quote.expected_micros,
        maximum_micros=best.quote.maximum_micros,
        top_micros=planning.top_micros(decision),
        token=token,
        requested_by=by,
    )
    try:
        return _write(run=run, by=by, batch=batch)
    except IntegrityError as error:
        again = StageRun.objects.filter(token=token, team=asset.team).first()
        if again is not None:
            return _same(again, asset, operation)
        raise NotNow(
            "Work on this asset is going on already. Wait for it, or cancel it first. "
            "Nothing was started and no money was spent."
        ) from error


def _same(earlier: StageRun, asset: Asset, operation: str) -> StageRun:
    """The run an earlier click made; the same token with other wishes is refused."""
    if (earlier.asset_id, earlier.operation) != (asset.pk, operation):
        raise NotNow(
            "This form was sent before with other values. Load the page again, then start. "
            "Nothing was started and no money was spent."
        )
    return earlier


def source_of(*, asset: Asset, stage: Stage | str) -> Candidate | None:
    """What the operation starts from: a clip is never edited, its keyframe is."""
    current = asset.current
    if str(stage) == str(Stage.GENERATION):
        return None
    if current is not None and current.media.kind == FileKind.CLIP and str(stage) != Stage.QA:
        return asset.keyframe
    return current


@transaction.atomic
def _write(*, run: StageRun, by: User, batch: str) -> StageRun:
    asset = locks.asset(run.asset_id)
    is_away = asset.archived_at is not None and not asset.is_golden
    if is_away or asset.campaign.archived_at is not None:
        raise NotNow("This campaign or asset is archived. Restore it first. Nothing was started.")
    if run.source is None and run.stage != BY_KEY[str(Stage.GENERATION)].KEY:
        raise NotNow("There is no approved picture yet. Pick one in Generation first.")
    if asset.current_id != run.asset.current_id:
        raise NotNow(
            "Somebody approved another version meanwhile. Look at it, then start. "
            "Nothing was started and no money was spent."
        )
    run.asset = asset
    run.state = RunState.QUEUED
    run.save(force_insert=True)
    why = _launch_or_why(run, by)
    if why:
        run.state = RunState.WAITING_APPROVAL
        run.save(update_fields=["state"])
        approving.ask(run=run, why=why, by=by, batch=batch)
    Asset.objects.filter(pk=asset.pk).update(stage=run.stage, ready_at=None)
    events.record(
        team=run.team,
        verb="run.start",
        subject="run",
        subject_id=run.pk,
        asset_id=asset.pk,
        by=by,
        after={
            "operation": run.operation,
            "model": run.model,
            "state": run.state,
            "consent": run.params.get("consent", {}),
        },
    )
    events.touch(asset_ids=[asset.pk])
    return run


def _launch_or_why(run: StageRun, by: User) -> str:
    """Launch a run that may start unasked or by a standing rule; else why a manager is needed."""
    why = approving.needed(run=run)
    try:
        with transaction.atomic():
            if why:
                day = standing.match(run=run)
                if day is None:
                    return why
                approving.grant_by_rule(run=run, why=why, day=day, by=by)
            launch(run=run, by=by)
    except spending.NotCovered as error:
        return error.text
    return ""


def launch(*, run: StageRun, by: User) -> Attempt:
    """Write the intent and the hold of a queued run, inside the caller's transaction.

    Raises approving.NotApproved, NotCovered, NotNow when it is not queued or under way already,
    and then the caller's transaction must not commit.
    """
    # a run that was approved is started once by its approval, an unasked one by this
    under_way = run.attempts.filter(state__in=ATTEMPT_OPEN, run__approval__isnull=True)
    if not StageRun.objects.filter(pk=run.pk, state=RunState.QUEUED).exists() or under_way.exists():
        raise NotNow("This run was started already or has ended. No money was spent.")
    best = run.decision["choices"][0]
    seeds = [run.seed + position for position in range(run.candidate_count)]
    at_once = wiring.per_call(best["provider"], best["version"], run.operation) or len(seeds)
    parts = [seeds[first : first + at_once] for first in range(0, len(seeds), at_once)]
    left = run.maximum_micros
    attempts = []
    for index, part in enumerate(parts):
        amount = left if index == len(parts) - 1 else run.maximum_micros * len(part) // len(seeds)
        left -= amount
        attempt = Attempt.objects.create(
            run=run,
            number=run.attempts.count() + 1,
            provider=best["provider"],
            model=run.model,
            model_version=best["version"],
            key=secrets.token_urlsafe(32),
            seeds=part,
            due_at=timezone.now() + GRACE,
        )
        spending.reserve(attempt=attempt, amount_micros=amount, by=by)
        dispatch.on_commit("submit", attempt.pk, 0)
        attempts.append(attempt)
    return attempts[0]


def fail(
    *,
    attempt_id: int,
    text: str,
    billed: bool = False,
    kind: str = "failed",
    again: bool = False,
) -> None:
    """End an attempt with a reason. What was billed is settled, the rest given back.

    Then the decision's next choice takes over, where `kind` allows it; the run ends when nothing
    follows and none of its other calls is open. The text may hold a provider's own words.
    """
    text = transport.cleaned(text, env.secret_values())
    with transaction.atomic():
        locks.asset(Attempt.objects.values_list("run__asset_id", flat=True).get(pk=attempt_id))
        ended = Attempt.objects.filter(pk=attempt_id, state__in=ATTEMPT_OPEN).update(
            state=AttemptState.FAILED,
            error=text,
            error_kind=kind,
            finished_at=timezone.now(),
            lease_until=None,
            lease_key="",
        )
        if ended != 1:
            return
        attempt = Attempt.objects.select_related("run__asset__campaign__team").get(pk=attempt_id)
        run = attempt.run
        bill = billing.of_failure(attempt=attempt) if billed else None
        if bill is not None and bill.micros:
            note = f"{text} ({bill.text})" if bill.text else text
            spending.settle(attempt=attempt, billed_micros=bill.micros, note=note)
        else:
            spending.release(attempt=attempt, note=text)
        if fallback.follow(attempt=attempt, kind=kind, again=again, text=text):
            return
        if batches.is_awaited(run=run):
            return
        if run.candidates.exists():
            batches.hand_over(run=run, reason=text)
            return
        failed = StageRun.objects.filter(pk=run.pk, state__in=RUN_WORKING).update(
            state=RunState.FAILED, reason=text, finished_at=timezone.now()
        )
        if failed != 1:
            return  # it was cancelled before
        events.record(
            team=run.team,
            verb="run.fail",
            subject="run",
            subject_id=run.pk,
            asset_id=run.asset_id,
            by=None,
            after={"reason": text, "billed": billed},
        )
        events.touch(asset_ids=[run.asset_id])


def cancel(*, run: StageRun, by: User, verb: str = "run.cancel") -> None:
    """Stop a run. Money that was held and not billed returns. Raises NotAllowed, NotNow.

    Here it is only written down; once that is committed a worker asks the provider to stop and
    books what it billed (`stopping.stop`). An attempt that is being sent, or whose answer was
    lost, keeps its hold until the answer is known: it may have been bought.
    """
    permissions.check_can_run(access.roles(by, run.team))
    with transaction.atomic():
        locks.asset(run.asset_id)
        stopped = StageRun.objects.filter(
            pk=run.pk, state__in=transitions.sources(transitions.RUN, "cancel")
        ).update(
            state=RunState.CANCELLED,
            finished_at=timezone.now(),
            claimed_by=None,
            claimed_until=None,
        )
        if stopped != 1:
            raise NotNow("This run has ended already, so there was nothing to cancel.")
        approving.withdraw(run=run, by=by)
        for attempt in run.attempts.order_by("pk"):
            _let_go(attempt)
        events.record(
            team=run.team,
            verb=verb,
            subject="run",
            subject_id=run.pk,
            asset_id=run.asset_id,
            by=by,
        )
        events.touch(asset_ids=[run.asset_id])


def _let_go(attempt: Attempt) -> None:
    """End what nobody bills; have a worker ask the provider about the rest."""
    at_provider = attempt.state in stopping.AT_PROVIDER
    if not at_provider or wiring.sends_again(attempt.provider):
        stopping.end(attempt=attempt)
        return
    # whoever fetches it now loses the lease, and writes nothing more
    Attempt.objects.filter(pk=attempt.pk, state__in=stopping.AT_PROVIDER).update(
        due_at=timezone.now(), lease_until=None, lease_key=""
    )
    dispatch.on_commit("stop", attempt.pk, attempt.tries)
