"""A manager's yes or no to spend. The first decision stands; the second is told so."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import events, locks, runs
from campaigns.models import Approval, StageRun
from campaigns.models.choices import ApprovalState, RunState
from campaigns.queries import access
from campaigns.transitions import NotNow


def decide(*, approval: Approval, approve: bool, by: User, reason: str = "") -> None:
    """Approve or decline one request.

    Approving holds the money and starts the run in the same transaction. Raises NotAllowed,
    NotNow (decided already, run gone), NotCovered (the budget line is too small; the request
    stays open).
    """
    permissions.check("approve_spend", access.roles(by, approval.team))
    if approval.asked_by_id == by.pk and approve and not approval.team.self_approval_allowed:
        raise permissions.NotAllowed(
            "You asked for this yourself, so another manager has to approve it. "
            "Nothing was changed."
        )
    with transaction.atomic():
        asset = locks.asset(StageRun.objects.values_list("asset_id").get(pk=approval.run_id)[0])
        if approve and (asset.archived_at or asset.campaign.archived_at):
            raise NotNow(
                "This campaign or asset is archived, so nothing is bought for it. Decline it, or "
                "restore it first. Nothing was changed."
            )
        taken = Approval.objects.filter(pk=approval.pk, state=ApprovalState.ASKED).update(
            state=ApprovalState.APPROVED if approve else ApprovalState.DECLINED,
            decided_by=by,
            decided_at=timezone.now(),
            reason=reason.strip()[:500],
        )
        if taken != 1:
            raise NotNow(_already(approval))
        run = StageRun.objects.select_related("asset__campaign__team").get(pk=approval.run_id)
        moved = StageRun.objects.filter(pk=run.pk, state=RunState.WAITING_APPROVAL).update(
            state=RunState.QUEUED if approve else RunState.DECLINED,
            reason="" if approve else (reason.strip() or "Declined by a manager."),
            finished_at=None if approve else timezone.now(),
        )
        if moved != 1:
            raise NotNow("The run was cancelled meanwhile. Nothing was spent.")
        events.record(
            team=approval.team,
            verb="approval.approve" if approve else "approval.decline",
            subject="approval",
            subject_id=approval.pk,
            asset_id=run.asset_id,
            by=by,
            before={"state": ApprovalState.ASKED},
            after={"amount_micros": approval.amount_micros, "reason": reason.strip()[:500]},
        )
        if approve:
            run.state = RunState.QUEUED
            runs.launch(run=run, by=by)
        events.touch(asset_ids=[run.asset_id])


def _already(approval: Approval) -> str:
    fresh = Approval.objects.select_related("decided_by").get(pk=approval.pk)
    who = (
        (fresh.decided_by.get_full_name() or fresh.decided_by.username) if fresh.decided_by else ""
    )
    at = fresh.decided_at.strftime("%H:%M UTC") if fresh.decided_at else ""
    return f"Already {fresh.get_state_display().lower()} by {who} at {at}. Nothing was changed."
