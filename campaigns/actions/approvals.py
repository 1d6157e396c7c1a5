"""A manager's yes, less, no or later. The first decision stands; the second is told so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import approving, events, locks, planning, requests, runs, spending
from campaigns.models import Approval, Snooze, StageRun
from campaigns.models.choices import ApprovalState, RunState
from campaigns.queries import access
from campaigns.transitions import NotNow
from routing import explain
from routing.decision import Decision

SNOOZE_FOR = timedelta(hours=4)


class NeedsReason(ValueError):
    """A decline without a reason."""

    text = "Say why, so that the team knows what to change. Nothing was decided."


class BadLess(ValueError):
    """What should be approved instead is not less; `field` is count or model."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.text = text
        self.field = field


@dataclass(frozen=True, slots=True)
class Less:
    """A smaller run in a request's place. Money in micro-units; `left_micros` after approving."""

    count: int
    model: str
    model_label: str
    tier: str
    expected_micros: int
    maximum_micros: int
    sentence: str
    decision: dict[str, Any]
    top_micros: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of several requests."""

    approval_id: int
    title: str
    done: bool
    text: str


def decide(*, approval: Approval, approve: bool, by: User, reason: str = "") -> None:
    """Approve or decline one request.

    Approving holds the money and starts the run in the same transaction. Raises NotAllowed,
    NeedsReason, NotNow (decided or expired already, run gone), NotCovered (a budget line is too
    small; the request stays open).
    """
    _may(approval, approve, by)
    if not approve and not reason.strip():
        raise NeedsReason
    with transaction.atomic():
        run = _take(approval, approve=approve, by=by, reason=reason)
        _follow(approval, run, approve=approve, by=by, reason=reason, before={}, after={})


def preview_less(*, approval: Approval, count: int, model: str = "") -> Less:
    """The request planned again with fewer candidates or another model; writes nothing.

    Raises NotNow, BadLess when it would not cost less or cannot be done.
    """
    run = StageRun.objects.select_related("asset__campaign__team").get(pk=approval.run_id)
    if approval.state != ApprovalState.ASKED:
        raise NotNow(_already(approval))
    if not 1 <= count <= run.candidate_count:
        raise BadLess(f"Choose 1 to {run.candidate_count} candidates.", "count")
    wanted = model or run.model
    if (count, wanted) == (run.candidate_count, run.model):
        raise BadLess(
            "This is what was asked for. Choose fewer candidates or another model.", "count"
        )
    decision, sentence = _smaller(run, count, wanted)
    best = decision.best
    if best is None:
        raise BadLess(decision.problem, "model")
    if best.quote.maximum_micros > approval.asked_micros:
        raise BadLess("This costs more than was asked for. Choose something smaller.", "model")
    return Less(
        count=count,
        model=best.card.key,
        model_label=best.card.label,
        tier=best.card.tier,
        expected_micros=best.quote.expected_micros,
        maximum_micros=best.quote.maximum_micros,
        sentence=sentence,
        decision=_said(requests.frozen(decision, run.currency), sentence),
        top_micros=planning.top_micros(decision),
    )


def _smaller(run: StageRun, count: int, model: str) -> tuple[Decision, str]:
    """The route of the smaller run and why. A model that stays was not chosen by hand for that."""

    def routed(pinned: str) -> Decision:
        return planning.route(
            campaign=run.asset.campaign,
            brief=planning.brief_of(run.asset),
            stage=run.stage,
            operation=run.operation,
            params=run.params,
            count=count,
            has_base=run.source_id is not None or run.asset.bases.exists(),
            pinned_model=pinned,
        )

    asked_by_hand = bool((run.decision.get("need") or {}).get("pinned_model"))
    if model == run.model and not asked_by_hand:
        free = routed("")
        if free.best is not None and free.best.card.key == model:
            return free, explain.sentence(free, run.currency)
        words = f"{run.model_label} as it was asked for, {count} instead of {run.candidate_count}."
        return routed(model), words
    decision = routed(model)
    return decision, explain.sentence(decision, run.currency)


def _said(stored: dict[str, Any], sentence: str) -> dict[str, Any]:
    """A decision as it is stored, with this sentence wherever it says one."""
    return {**stored, "sentence": sentence, "told": {**stored["told"], "sentence": sentence}}


def approve_less(
    *, approval: Approval, count: int, by: User, model: str = "", seen_micros: int | None = None
) -> Less:
    """Approve a smaller run in the request's place, and start it.

    `seen_micros` is the maximum the manager saw; when prices changed since, nothing happens.
    Raises as `decide` and `preview_less`.
    """
    _may(approval, True, by)
    less = preview_less(approval=approval, count=count, model=model)
    if seen_micros is not None and seen_micros != less.maximum_micros:
        raise NotNow("The price changed meanwhile. Look at the new one, then decide.")
    with transaction.atomic():
        run = _take(approval, approve=True, by=by, reason="")
        before = {
            "candidate_count": run.candidate_count,
            "model": run.model,
            "amount_micros": approval.asked_micros,
        }
        changes: dict[str, Any] = {
            "candidate_count": less.count,
            "model": less.model,
            "model_label": less.model_label,
            "tier": less.tier,
            "expected_micros": less.expected_micros,
            "maximum_micros": less.maximum_micros,
            "top_micros": less.top_micros,
            "decision": {**less.decision, "by_hand": "A manager approved less than was asked."},
        }
        StageRun.objects.filter(pk=run.pk).update(**changes)
        Approval.objects.filter(pk=approval.pk).update(
            amount_micros=less.maximum_micros, tier=less.tier
        )
        for name, value in changes.items():
            setattr(run, name, value)
        after = {
            "candidate_count": less.count,
            "model": less.model,
            "amount_micros": less.maximum_micros,
        }
        _follow(approval, run, approve=True, by=by, reason="", before=before, after=after)
    return less


def decide_each(
    *, approvals: Sequence[Approval], approve: bool, by: User, reason: str = ""
) -> list[Outcome]:
    """Decide several, oldest first. Each stands for itself: one that is refused stays open."""
    outcomes = []
    for row in sorted(approvals, key=lambda row: (row.asked_at, row.pk)):
        title = row.run.asset.title
        try:
            decide(approval=row, approve=approve, by=by, reason=reason)
        except (
            NotNow,
            NeedsReason,
            permissions.NotAllowed,
            spending.NotCovered,
            approving.NotApproved,
        ) as error:
            outcomes.append(Outcome(row.pk, title, False, error.text))
        else:
            outcomes.append(Outcome(row.pk, title, True, ""))
    return outcomes


def snooze(*, approval: Approval, by: User) -> None:
    """Put a request aside for four hours, for this manager alone. Raises NotAllowed, NotNow."""
    permissions.check_can_approve_spend(access.roles(by, approval.team))
    if not Approval.objects.filter(pk=approval.pk, state=ApprovalState.ASKED).exists():
        raise NotNow(_already(approval))
    until = timezone.now() + SNOOZE_FOR
    with transaction.atomic():
        Snooze.objects.update_or_create(approval=approval, person=by, defaults={"until": until})
        _noted(approval, "approval.snooze", by)


def wake(*, approval: Approval, by: User) -> None:
    """Bring a request back that this manager put aside."""
    with transaction.atomic():
        gone, _ = Snooze.objects.filter(approval=approval, person=by).delete()
        if gone:
            _noted(approval, "approval.wake", by)


def _noted(approval: Approval, verb: str, by: User) -> None:
    events.record(
        team=approval.team,
        verb=verb,
        subject="approval",
        subject_id=approval.pk,
        asset_id=approval.run.asset_id,
        by=by,
    )


def _may(approval: Approval, approve: bool, by: User) -> None:
    permissions.check_can_approve_spend(access.roles(by, approval.team))
    if approval.asked_by_id == by.pk and approve and not approval.team.self_approval_allowed:
        raise permissions.NotAllowed(
            "You asked for this yourself, so another manager has to approve it. "
            "Nothing was changed."
        )


def _take(approval: Approval, *, approve: bool, by: User, reason: str) -> StageRun:
    """Win the decision, under the asset's lock, or NotNow with who did."""
    asset = locks.asset(StageRun.objects.values_list("asset_id").get(pk=approval.run_id)[0])
    if approve and (asset.archived_at or asset.campaign.archived_at):
        raise NotNow(
            "This campaign or asset is archived, so nothing is bought for it. Decline it, or "
            "restore it first. Nothing was changed."
        )
    now = timezone.now()
    taken = Approval.objects.filter(
        pk=approval.pk, state=ApprovalState.ASKED, expires_at__gt=now
    ).update(
        state=ApprovalState.APPROVED if approve else ApprovalState.DECLINED,
        decided_by=by,
        decided_at=now,
        reason=reason.strip()[:500],
        expires_at=now + approving.USE_WITHIN,
    )
    if taken != 1:
        raise NotNow(_already(approval))
    return StageRun.objects.select_related("asset__campaign__team", "team").get(pk=approval.run_id)


def _follow(
    approval: Approval,
    run: StageRun,
    *,
    approve: bool,
    by: User,
    reason: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """What a decision leads to: the run starts and its money is held, or it ends."""
    moved = StageRun.objects.filter(pk=run.pk, state=RunState.WAITING_APPROVAL).update(
        state=RunState.QUEUED if approve else RunState.DECLINED,
        reason="" if approve else reason.strip(),
        finished_at=None if approve else timezone.now(),
    )
    if moved != 1:
        raise NotNow("The run was cancelled meanwhile. Nothing was spent.")
    less = bool(after)
    events.record(
        team=approval.team,
        verb=f"approval.{'less' if less else 'approve' if approve else 'decline'}",
        subject="approval",
        subject_id=approval.pk,
        asset_id=run.asset_id,
        by=by,
        before={"state": ApprovalState.ASKED, **before},
        after={
            "state": ApprovalState.APPROVED if approve else ApprovalState.DECLINED,
            "amount_micros": approval.amount_micros,
            "reason": reason.strip()[:500],
            **after,
        },
    )
    if approve:
        run.state = RunState.QUEUED
        runs.launch(run=run, by=by)
    events.touch(asset_ids=[run.asset_id])


def _already(approval: Approval) -> str:
    fresh = Approval.objects.select_related("decided_by").get(pk=approval.pk)
    if fresh.state in (ApprovalState.ASKED, ApprovalState.EXPIRED):
        return "Nobody decided about this in time, so it expired. Nothing was changed."
    who = (
        (fresh.decided_by.get_full_name() or fresh.decided_by.username) if fresh.decided_by else ""
    )
    at = fresh.decided_at.strftime("%H:%M UTC") if fresh.decided_at else ""
    return f"Already {fresh.get_state_display().lower()} by {who} at {at}. Nothing was changed."
