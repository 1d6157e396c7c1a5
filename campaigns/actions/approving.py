"""Asking for spend and taking the question back. Deciding is `campaigns.actions.approvals`."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import events
from campaigns.models import Approval, StageRun
from campaigns.models.choices import ApprovalState


def ask(*, run: StageRun, why: str, by: User) -> Approval:
    """Put a run before the managers. Must run inside the transaction that makes the run."""
    approval = Approval.objects.create(
        team=run.team,
        campaign=run.asset.campaign,
        run=run,
        tier=run.tier,
        amount_micros=run.maximum_micros,
        currency=run.currency,
        why=why[:200],
        asked_by=by,
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
    return approval


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
