"""Judging candidates: keep, spare, reject, undo, and the gate at the end of a stage.

A gate binds the judged file by its hash. Approving advances the asset; unticked criteria become
the next stage's to-do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import advancing, events, learning, locks, planning, rollups, runs
from campaigns.models import Asset, Candidate, Event, Gate, StageRun
from campaigns.models.choices import RUN_OPEN, Defect, RunState, Verdict
from campaigns.queries import access
from campaigns.transitions import NotNow

CLAIM = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Passed:
    """What approving led to. `next_text` says what happens now."""

    gate: Gate
    next_text: str


class BelowGate(ValueError):
    """Too few criteria are ticked; `text` names what is missing."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def open_batch(*, run: StageRun, by: User) -> bool:
    """Claim a batch for this curator. False when another one has it open."""
    now = timezone.now()
    return (
        StageRun.objects.filter(pk=run.pk, state=RunState.REVIEW)
        .filter(Q(claimed_until__isnull=True) | Q(claimed_until__lt=now) | Q(claimed_by=by))
        .update(
            claimed_by=by,
            claimed_until=now + CLAIM,
            review_opened_at=run.review_opened_at or now,
        )
        == 1
    )


def judge(
    *,
    candidate: Candidate,
    verdict: Verdict,
    by: User,
    defect: str = "",
    comment: str | None = None,
) -> None:
    """Reject, spare or take back one candidate of an open batch; None leaves its note alone.

    Raises NotAllowed, NotNow.
    """
    permissions.check_can_judge(access.roles(by, candidate.team))
    if verdict is Verdict.REJECTED and defect and defect not in Defect.values:
        raise ValueError(f"unknown defect {defect}")
    pending = verdict is Verdict.PENDING
    with transaction.atomic():
        locks.asset(candidate.asset_id)
        before = _judgment(Candidate.objects.get(pk=candidate.pk))
        note = before["comment"] if comment is None else comment[:2000]
        changed = Candidate.objects.filter(pk=candidate.pk, run__state=RunState.REVIEW).update(
            verdict=verdict,
            defect=defect if verdict is Verdict.REJECTED else "",
            comment=note,
            judged_by=None if pending else by,
            judged_at=None if pending else timezone.now(),
        )
        if changed != 1:
            raise NotNow(f"{_decided(candidate.run)} Nothing was changed.")
        events.record(
            team=candidate.team,
            verb="candidate.judge",
            subject="candidate",
            subject_id=candidate.pk,
            asset_id=candidate.asset_id,
            by=by,
            before=before,
            after={"verdict": str(verdict), "defect": defect},
        )
        events.touch(asset_ids=[candidate.asset_id])


def _judgment(candidate: Candidate) -> dict[str, str]:
    return {
        "verdict": candidate.verdict,
        "defect": candidate.defect,
        "comment": candidate.comment,
    }


def _decided(run: StageRun) -> str:
    fresh = StageRun.objects.select_related("judged_by").get(pk=run.pk)
    if fresh.state == RunState.CANCELLED:
        return "This batch was cancelled meanwhile."
    judge = fresh.judged_by
    who = (judge.get_full_name() or judge.get_username()) if judge else "somebody"
    return f"This batch was decided already by {who}."


def _standing(asset: Asset) -> dict[str, Any]:
    """Where an asset stands before a gate, so that undoing brings exactly this back."""
    return {
        "stage": asset.stage,
        "current": asset.current_id,
        "keyframe": asset.keyframe_id,
        "todo": list(asset.todo),
    }


def approve(*, run: StageRun, candidate: Candidate, met: Collection[str], by: User) -> Passed:
    """Keep one candidate and pass the gate with the criteria in `met`.

    Platform files have checks of their own: for those see `qa_gate.approve`. Raises NotAllowed,
    NotNow (decided already, or platform files), BelowGate (too few ticks).
    """
    if planning.is_files(run.stage):
        raise NotNow("Platform files are approved on the asset's QA page. Nothing was changed.")
    return pass_gate(run=run, candidate=candidate, met=met, by=by)


def pass_gate(*, run: StageRun, candidate: Candidate, met: Collection[str], by: User) -> Passed:
    """The part of approving that every stage shares; whoever calls has made its own checks.

    Raises as `approve`.
    """
    permissions.check_can_judge(access.roles(by, run.team))
    if candidate.run_id != run.pk and candidate.pk != run.source_id:
        raise NotNow("This candidate belongs to another batch. Nothing was changed.")
    now = timezone.now()
    with transaction.atomic():
        locks.asset(run.asset_id)
        _decide(run=run, by=by, now=now)
        before = _standing(Asset.objects.get(pk=run.asset_id))
        gate = _gate(run=run, candidate=candidate, met=met, by=by)
        run.candidates.filter(pk=candidate.pk).update(
            verdict=Verdict.KEPT, defect="", judged_by=by, judged_at=now
        )
        run.candidates.filter(verdict=Verdict.PENDING).update(
            verdict=Verdict.SPARE, judged_by=by, judged_at=now
        )
        Asset.objects.filter(pk=run.asset_id).update(current=candidate, todo=_todo(gate))
        asset = Asset.objects.select_related("campaign__team", "team", "current__media").get(
            pk=run.asset_id
        )
        events.record(
            team=run.team,
            verb="gate.pass",
            subject="run",
            subject_id=run.pk,
            asset_id=run.asset_id,
            by=by,
            before=before,
            after={"candidate": candidate.pk, "percent": gate.percent, "sha256": gate.sha256},
        )
        rollups.judged(run_id=run.pk)
        learning.soon(run=run)
        next_text = advancing.after_gate(asset=asset, stage=run.stage, by=by)
        events.touch(asset_ids=[run.asset_id])
    return Passed(gate, next_text)


def _decide(*, run: StageRun, by: User, now: datetime) -> None:
    """Close a batch for everybody else: one conditional UPDATE, or NotNow with the name."""
    done = StageRun.objects.filter(pk=run.pk, state=RunState.REVIEW).update(
        state=RunState.DONE,
        judged_at=now,
        judged_by=by,
        claimed_by=None,
        claimed_until=None,
    )
    if done != 1:
        raise NotNow(f"{_decided(run)} Nothing was changed.")


def _gate(*, run: StageRun, candidate: Candidate, met: Collection[str], by: User) -> Gate:
    criteria = [{**c, "met": c["key"] in met} for c in planning.criteria(run.stage)]
    percent = round(100 * sum(bool(c["met"]) for c in criteria) / len(criteria))
    threshold = run.team.gate_threshold_percent
    if percent < threshold:
        missing = ", ".join(str(c["label"]).lower() for c in criteria if not c["met"])
        raise BelowGate(
            f"{percent} % of the checklist is ticked and {threshold} % is needed. "
            f"Open: {missing}. Tick what is good enough, reject, or make another batch."
        )
    return Gate.objects.create(
        asset=run.asset,
        run=run,
        candidate=candidate,
        sha256=candidate.media.sha256,
        stage=run.stage,
        criteria=criteria,
        percent=percent,
        threshold=threshold,
        passed=True,
        decided_by=by,
        decided_at=timezone.now(),
    )


def _todo(gate: Gate) -> list[str]:
    return [str(c["label"]) for c in gate.criteria if not c["met"]]


def reject_all(*, run: StageRun, by: User, defect: str = "", comment: str = "") -> None:
    """End a batch without a keeper. The asset stays in its stage and needs a next step."""
    permissions.check_can_judge(access.roles(by, run.team))
    now = timezone.now()
    with transaction.atomic():
        locks.asset(run.asset_id)
        _decide(run=run, by=by, now=now)
        before = _standing(Asset.objects.get(pk=run.asset_id))
        run.candidates.filter(verdict=Verdict.PENDING).update(
            verdict=Verdict.REJECTED,
            defect=defect if defect in Defect.values else "",
            comment=comment[:2000],
            judged_by=by,
            judged_at=now,
        )
        events.record(
            team=run.team,
            verb="run.reject_all",
            subject="run",
            subject_id=run.pk,
            asset_id=run.asset_id,
            by=by,
            before=before,
            after={"defect": defect},
        )
        rollups.judged(run_id=run.pk)
        learning.soon(run=run)
        events.touch(asset_ids=[run.asset_id])


def undo(*, run: StageRun, by: User) -> str:
    """Take back this person's last judgment of the batch. Returns what was undone, in words.

    A passed gate can be undone until somebody judged the work that followed. Raises NotNow.
    """
    permissions.check_can_judge(access.roles(by, run.team))
    state = StageRun.objects.filter(pk=run.pk).values_list("state", flat=True).first()
    if state == RunState.REVIEW:
        return _undo_judgment(run, by)
    if state != RunState.DONE:
        raise NotNow("There is nothing to undo here.")
    return _undo_gate(run, by)


def _undo_judgment(run: StageRun, by: User) -> str:
    ids = list(run.candidates.values_list("pk", flat=True))
    undone = Event.objects.filter(verb="candidate.undo", subject_id__in=ids, by=by).values_list(
        "before__event", flat=True
    )
    last = (
        Event.objects.filter(verb="candidate.judge", subject_id__in=ids, by=by)
        .exclude(pk__in=[pk for pk in undone if pk])
        .order_by("-pk")
        .first()
    )
    if last is None:
        raise NotNow("There is nothing to undo here.")
    candidate = Candidate.objects.get(pk=last.subject_id)
    pending = last.before["verdict"] == Verdict.PENDING
    with transaction.atomic():
        locks.asset(run.asset_id)
        Candidate.objects.filter(pk=candidate.pk).update(
            verdict=last.before["verdict"],
            defect=last.before["defect"],
            comment=last.before.get("comment", candidate.comment),
            judged_by=None if pending else by,
            judged_at=None if pending else timezone.now(),
        )
        events.record(
            team=run.team,
            verb="candidate.undo",
            subject="candidate",
            subject_id=candidate.pk,
            asset_id=run.asset_id,
            by=by,
            before={"event": last.pk},
        )
        events.touch(asset_ids=[run.asset_id])
    return f"Candidate {candidate.position + 1} is as it was before."


def _undo_gate(run: StageRun, by: User) -> str:
    later = StageRun.objects.filter(asset_id=run.asset_id, pk__gt=run.pk)
    if later.filter(judged_at__isnull=False).exists():
        raise NotNow("The next step was judged already, so this gate stands. Nothing was changed.")
    with transaction.atomic():
        locks.asset(run.asset_id)
        for following in later.filter(state__in=RUN_OPEN):
            runs.cancel(run=following, by=by, verb="run.undo")
        decided_at = StageRun.objects.values_list("judged_at", flat=True).get(pk=run.pk)
        restored = StageRun.objects.filter(
            pk=run.pk, state=RunState.DONE, judged_at=decided_at
        ).update(state=RunState.REVIEW, judged_at=None, judged_by=None)
        if restored != 1:
            raise NotNow("Somebody changed this meanwhile. Nothing was undone.")
        run.candidates.filter(judged_at__gte=decided_at).update(
            verdict=Verdict.PENDING, defect="", judged_by=None, judged_at=None
        )
        Gate.objects.filter(run=run, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())
        Asset.objects.filter(pk=run.asset_id).update(**_stood(run), ready_at=None)
        events.record(
            team=run.team,
            verb="gate.undo",
            subject="run",
            subject_id=run.pk,
            asset_id=run.asset_id,
            by=by,
        )
        rollups.judged(run_id=run.pk)
        learning.forget(run=run)
        events.touch(asset_ids=[run.asset_id])
    return "The batch is open again."


def _stood(run: StageRun) -> dict[str, Any]:
    """Fields of the asset as they were before the batch was decided."""
    decision = (
        Event.objects.filter(
            verb__in=["gate.pass", "run.reject_all"], subject="run", subject_id=run.pk
        )
        .order_by("-pk")
        .first()
    )
    if decision is None or not decision.before:
        return {"stage": run.stage, "current": run.source, "todo": []}
    before = decision.before
    return {
        "stage": before["stage"],
        "current_id": before["current"],
        "keyframe_id": before["keyframe"],
        "todo": before["todo"],
    }
