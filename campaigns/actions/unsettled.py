"""Calls whose answer was lost: a manager says from the provider's invoice whether they were billed.

Such an attempt is in the state unknown and holds its money: it may have been bought, so it is
neither sent again nor given back by a machine. The first decision stands.
"""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns import permissions, wiring
from campaigns.actions import billing, events, locks, requests, searching, spending
from campaigns.models import Attempt, Event, StageRun
from campaigns.models.choices import RUN_WORKING, AttemptState, RunState
from campaigns.queries import access
from campaigns.transitions import NotNow
from routing import money
from routing.providers.base import Kind, ProviderError, Submission
from routing.providers.delivery import Missing

MOST_REASON = 200
BILLED, UNBILLED, FOUND = "attempt.billed", "attempt.unbilled", "attempt.found"
VERBS = (BILLED, UNBILLED)


class BadSettlement(ValueError):
    """What a manager said of a call cannot be booked; `field` is amount or reason."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.text = text
        self.field = field


def settle(
    *,
    attempt: Attempt,
    reason: str,
    by: User,
    billed_micros: int | None = None,
    request_id: str = "",
) -> None:
    """It was billed: close the hold at `billed_micros`, or at the whole hold when None.

    With the provider's `request_id` an invoice finds the call, and can book what differs.
    The same decision of the same person again changes nothing. Raises NotAllowed, BadSettlement,
    NotNow (decided by somebody else, or its answer came after all).
    """
    _decide(
        attempt,
        by=by,
        reason=reason,
        billed=True,
        micros=billed_micros,
        request_id=request_id,
    )


def release(*, attempt: Attempt, reason: str, by: User) -> None:
    """It was not billed: give the hold back. Repeats and raises as `settle`."""
    _decide(attempt, by=by, reason=reason, billed=False, micros=0)


def found(*, attempt: Attempt, request_id: str, reason: str, by: User) -> None:
    """It stands in the provider's account: go on with it, and bring in what it made.

    The provider is asked first whether it knows the id. Raises NotAllowed, BadSettlement, NotNow.
    """
    run = attempt.run
    permissions.check_can_set_budget(access.roles(by, run.team))
    ref = request_id.strip()
    if ref and not re.fullmatch(r"[A-Za-z0-9_-]{1,100}", ref):
        raise BadSettlement(
            "A request id holds letters, digits, - and _ only. Copy it again. Nothing was changed.",
            "request_id",
        )
    if not ref:
        raise BadSettlement(
            "Enter the provider's request id, as its account shows it. Nothing was changed.",
            "request_id",
        )
    if Attempt.objects.filter(provider=attempt.provider, provider_ref=ref).exists():
        raise BadSettlement(
            "This request id is of another call. Nothing was changed.", "request_id"
        )
    if attempt.state != AttemptState.UNKNOWN:
        raise NotNow("This call is clear by now, so there is nothing to decide.")
    try:
        with requests.prepared(attempt=attempt, with_files=False) as request:
            outcome = wiring.provider(attempt.provider).look_up(request, ref)
    except Missing as error:
        raise BadSettlement(_unknown(attempt), "request_id") from error
    except (wiring.NoSuchProvider, ProviderError) as error:
        raise BadSettlement(f"{error} Nothing was changed.", "request_id") from error
    if outcome.kind is Kind.RESULT_LOST or wiring.answers_at_once(attempt.provider):
        raise BadSettlement(_unknown(attempt), "request_id")
    if not searching.accept(attempt_id=attempt.pk, submission=Submission(ref)):
        raise NotNow("This call is clear by now, so there is nothing to decide.")
    events.record(
        team=run.team,
        verb=FOUND,
        subject="attempt",
        subject_id=attempt.pk,
        asset_id=run.asset_id,
        by=by,
        before={"state": AttemptState.UNKNOWN, "held_micros": attempt.reserved_micros},
        after={"state": AttemptState.SUBMITTED, "reason": " ".join(reason.split())[:MOST_REASON]},
    )
    events.touch(asset_ids=[run.asset_id])


def _unknown(attempt: Attempt) -> str:
    return f"{attempt.provider} does not know this request id. Nothing was changed."


def _decide(
    attempt: Attempt,
    *,
    by: User,
    reason: str,
    billed: bool,
    micros: int | None,
    request_id: str = "",
) -> None:
    run = attempt.run
    permissions.check_can_set_budget(access.roles(by, run.team))
    why = " ".join(reason.split())
    if not why:
        raise BadSettlement(
            "Say how you know, such as the number of the invoice. Nothing was changed.", "reason"
        )
    if len(why) > MOST_REASON:
        raise BadSettlement(
            f"Keep the reason to {MOST_REASON} characters. Nothing was changed.", "reason"
        )
    with transaction.atomic():
        locks.asset(run.asset_id)
        fresh = Attempt.objects.select_for_update().get(pk=attempt.pk)
        bill = fresh.reserved_micros if micros is None else micros
        if _decided_before(fresh, by=by, billed=billed, micros=bill):
            return
        _check(fresh, run, billed=billed, micros=bill)
        Attempt.objects.filter(pk=fresh.pk, state=AttemptState.UNKNOWN).update(
            state=AttemptState.FAILED, finished_at=timezone.now(), lease_until=None, lease_key=""
        )
        if request_id.strip() and not fresh.provider_ref:
            Attempt.objects.filter(pk=fresh.pk).update(provider_ref=request_id.strip()[:200])
            fresh.refresh_from_db()
        if billed:
            said = billing.by_person(attempt=fresh, micros=bill)
            spending.settle(attempt=fresh, billed_micros=bill, note=f"{why} ({said.text})")
        else:
            spending.release(attempt=fresh, note=why)
        _end_run(run, bill)
        events.record(
            team=run.team,
            verb=BILLED if billed else UNBILLED,
            subject="attempt",
            subject_id=fresh.pk,
            asset_id=run.asset_id,
            by=by,
            before={"state": AttemptState.UNKNOWN, "held_micros": fresh.reserved_micros},
            after={"state": AttemptState.FAILED, "settled_micros": bill, "reason": why},
        )
        events.touch(asset_ids=[run.asset_id])


def _check(attempt: Attempt, run: StageRun, *, billed: bool, micros: int) -> None:
    held = money.text(attempt.reserved_micros, run.currency)
    if attempt.state != AttemptState.UNKNOWN:
        raise NotNow(
            "This call is clear by now, so there is nothing to decide. Its run on the asset's "
            "page says how it ended. Nothing was changed."
        )
    if billed and not micros and attempt.reserved_micros:
        raise BadSettlement(
            f"Enter an amount up to {held}, or say that it was not billed. Nothing was changed.",
            "amount",
        )
    if micros < 0 or micros > attempt.reserved_micros:
        raise BadSettlement(
            f"{held} is held for this call, so at most that can be settled. If the invoice says "
            f"more, settle {held} with the request id; checking the invoice books the rest. "
            "Nothing was changed.",
            "amount",
        )


def _decided_before(attempt: Attempt, *, by: User, billed: bool, micros: int) -> bool:
    """True when this person decided the same; raises NotNow when somebody decided otherwise."""
    earlier = (
        Event.objects.filter(subject="attempt", subject_id=attempt.pk, verb__in=VERBS)
        .select_related("by")
        .order_by("pk")
        .first()
    )
    if earlier is None:
        return False
    settled = int(earlier.after["settled_micros"])
    mine = (BILLED if billed else UNBILLED, micros, by.pk)
    if (earlier.verb, settled, earlier.by_id) == mine:
        return True
    who = (earlier.by.get_full_name() or earlier.by.get_username()) if earlier.by else "somebody"
    amount = money.text(settled, attempt.run.currency)
    what = f"settled at {amount}" if earlier.verb == BILLED else "given back"
    raise NotNow(
        f"This call was already {what} by {who} at {earlier.at:%H:%M} UTC on {earlier.at:%d %b}. "
        "Nothing was changed."
    )


def _end_run(run: StageRun, billed: int) -> None:
    """A run that still waits for the answer ends here, so that the asset is free again."""
    amount = money.text(billed, run.currency)
    cost = f"{amount} was billed for it." if billed else "No money was spent."
    StageRun.objects.filter(pk=run.pk, state__in=RUN_WORKING).update(
        state=RunState.FAILED,
        reason=f"The provider's answer was lost. {cost} Start it again.",
        finished_at=timezone.now(),
    )
