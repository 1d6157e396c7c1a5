"""Asking for spend, taking the question back, letting it expire, and using a yes up, once.

Deciding is `campaigns.actions.approvals`. `use` is the gate that every hold passes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from campaigns.actions import alerts, events, locks
from campaigns.models import Approval, Attempt, RuleDay, StageRun
from campaigns.models.choices import RUN_WORKING, ApprovalState, EntryKind, RunState, Tier
from routing import asking, money

ANSWER_WITHIN = timedelta(days=7)
USE_WITHIN = timedelta(hours=48)
AT_ONCE = 200


class NotApproved(Exception):
    """The run may not spend: there is no yes that covers it; `text` says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def needed(*, run: StageRun, amount_micros: int = 0) -> str:
    """Why a manager has to approve this run, or "" when it may start at once.

    `amount_micros` is what it comes to when that is more than its maximum.
    """
    campaign = run.asset.campaign
    return asking.must_ask(
        run.tier,
        campaign.ceiling,
        maximum_micros=max(run.maximum_micros, amount_micros),
        ask_above_micros=campaign.ask_above_micros,
        currency=run.currency,
    )


def ask(*, run: StageRun, why: str, by: User, batch: str = "") -> Approval:
    """Put a run before the managers. Must run inside the transaction that makes the run."""
    approval = Approval.objects.create(
        team=run.team,
        campaign=run.asset.campaign,
        run=run,
        tier=run.tier,
        amount_micros=run.maximum_micros,
        asked_micros=run.maximum_micros,
        currency=run.currency,
        batch=batch,
        why=why,
        asked_by=by,
        expires_at=timezone.now() + ANSWER_WITHIN,
    )
    events.record(
        team=run.team,
        verb="approval.ask",
        subject="approval",
        subject_id=approval.pk,
        asset_id=run.asset_id,
        by=by,
        after={"amount_micros": approval.amount_micros, "tier": approval.tier},
    )
    alerts.asked(approval=approval)
    return approval


def grant_by_rule(*, run: StageRun, why: str, day: RuleDay, by: User) -> Approval:
    """Write down the yes that a standing rule gives. In the transaction that makes the run."""
    now = timezone.now()
    approval = Approval.objects.create(
        team=run.team,
        campaign=run.asset.campaign,
        run=run,
        state=ApprovalState.APPROVED,
        tier=run.tier,
        amount_micros=run.maximum_micros,
        asked_micros=run.maximum_micros,
        currency=run.currency,
        why=why,
        asked_by=by,
        decided_by=day.rule.created_by,
        decided_at=now,
        reason="Standing rule",
        expires_at=now + USE_WITHIN,
        rule=day.rule,
        rule_day=day,
    )
    events.record(
        team=run.team,
        verb="approval.rule",
        subject="approval",
        subject_id=approval.pk,
        asset_id=run.asset_id,
        by=by,
        after={"amount_micros": approval.amount_micros, "rule": day.rule_id},
    )
    return approval


def use(*, run: StageRun, amount_micros: int, approval: Approval | None = None) -> None:
    """Use up the yes that covers `amount_micros` of a run; nothing when it needs none.

    The yes belongs to one run, covers its tier and at most its amount, and counts until it
    expires. It is used once: by the first call of the run, and by what else that run sends within
    the amount, such as further calls of a batch or the next model. `approval` names one other than
    the run's own. Raises NotApproved.
    """
    given = approval or Approval.objects.filter(run=run).first()
    if given is None:
        why = needed(run=run, amount_micros=amount_micros + _booked(run))
        if why:
            raise NotApproved(f"{why} A manager has to approve it first. No money was spent.")
        return
    # an UPDATE that changes nothing holds the row until the caller commits: of two calls of a run
    # the second counts the first
    mine = Approval.objects.filter(pk=given.pk, run=run, used_at__isnull=False)
    is_used = mine.update(used_at=F("used_at")) == 1
    fresh = Approval.objects.get(pk=given.pk)
    if is_used and _goes_on(run) and _booked(run) + amount_micros <= fresh.amount_micros:
        return
    problem = _problem(fresh, run, amount_micros)
    if problem:
        raise NotApproved(f"{problem} No money was spent.")
    used = Approval.objects.filter(
        pk=fresh.pk,
        state=ApprovalState.APPROVED,
        used_at__isnull=True,
        amount_micros__gte=amount_micros,
        expires_at__gt=timezone.now(),
    ).update(used_at=timezone.now())
    if used != 1:
        raise NotApproved("This approval was used meanwhile; ask again. No money was spent.")


def _goes_on(run: StageRun) -> bool:
    """Whether a run that was let start is still under way."""
    return StageRun.objects.filter(pk=run.pk, state__in=RUN_WORKING).exists()


def _booked(run: StageRun) -> int:
    """What the run's attempts hold or were billed so far."""
    counted = Attempt.objects.filter(run=run).exclude(entries__kind=EntryKind.RELEASE)
    total = counted.aggregate(sum=Sum(Coalesce("settled_micros", "reserved_micros")))["sum"]
    return total or 0


def _problem(approval: Approval, run: StageRun, amount_micros: int) -> str:
    order = list(Tier.values)
    if approval.run_id != run.pk:
        return "This approval was given for another run; ask for this one."
    if approval.state != ApprovalState.APPROVED:
        return {
            ApprovalState.ASKED: "A manager has not decided about it yet.",
            ApprovalState.DECLINED: "A manager declined it.",
            ApprovalState.WITHDRAWN: "The request was taken back.",
            ApprovalState.EXPIRED: "Nobody decided about it in time; ask again.",
        }[ApprovalState(approval.state)]
    if approval.used_at is not None:
        return f"This approval was used already, on {approval.used_at:%d %b at %H:%M} UTC."
    if approval.expires_at <= timezone.now():
        return f"This approval expired on {approval.expires_at:%d %b at %H:%M} UTC; ask again."
    if order.index(run.tier) > order.index(approval.tier):
        return f"This approval is for the {approval.tier} tier, and this is {run.tier} tier."
    if amount_micros > approval.amount_micros:
        most = money.text(approval.amount_micros, approval.currency)
        wanted = money.text(amount_micros, approval.currency)
        return f"This approval covers at most {most}, and this needs {wanted}; ask again."
    return ""


def withdraw(*, run: StageRun, by: User) -> None:
    """Take back the question of a run that was cancelled. Nothing happens when it was decided."""
    taken = Approval.objects.filter(run=run, state=ApprovalState.ASKED).update(
        state=ApprovalState.WITHDRAWN, decided_by=by, decided_at=timezone.now()
    )
    if taken:
        events.record(
            team=run.team,
            verb="approval.withdraw",
            subject="approval",
            subject_id=run.approval.pk,
            asset_id=run.asset_id,
            by=by,
        )


def expire(*, now: datetime) -> int:
    """End requests that nobody decided in time, and their runs. Returns how many."""
    late = Approval.objects.filter(state=ApprovalState.ASKED, expires_at__lte=now)
    return sum(
        _expire_one(row, now) for row in late.select_related("team").order_by("pk")[:AT_ONCE]
    )


def _expire_one(approval: Approval, now: datetime) -> int:
    with transaction.atomic():
        asset_id = StageRun.objects.values_list("asset_id", flat=True).get(pk=approval.run_id)
        locks.asset(asset_id)
        ended = Approval.objects.filter(
            pk=approval.pk, state=ApprovalState.ASKED, expires_at__lte=now
        ).update(state=ApprovalState.EXPIRED, decided_at=now)
        if ended != 1:
            return 0
        StageRun.objects.filter(pk=approval.run_id, state=RunState.WAITING_APPROVAL).update(
            state=RunState.DECLINED,
            reason="Nobody decided about the request within 7 days. Start it again to ask again.",
            finished_at=now,
        )
        events.record(
            team=approval.team,
            verb="approval.expire",
            subject="approval",
            subject_id=approval.pk,
            asset_id=asset_id,
            by=None,
            after={"amount_micros": approval.amount_micros},
        )
        events.touch(asset_ids=[asset_id])
    return 1
