"""Review: the queue, one batch side by side, and the decisions a person makes about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import curation, planning
from campaigns.forms.review import ApproveForm, JudgeForm, RejectForm
from campaigns.forms.run import checked
from campaigns.models import Candidate, StageRun
from campaigns.models.choices import Defect, Verdict
from campaigns.queries import access
from campaigns.queries import review as query
from campaigns.views import live as fragments
from campaigns.views.base import TeamRequest, in_team, wants_json

BLIND = "hide_models"


@require_safe
@in_team
def queue(request: TeamRequest) -> HttpResponse:
    """What waits, oldest first; with `next`, straight into the oldest that is free."""
    if "next" in request.GET and permissions.can_judge(request.roles):
        run = query.next_batch(team=request.team, user=request.user)
        if run is not None:
            return redirect("review_batch", request.team.slug, run.pk)
    return render(
        request,
        "review/queue.html",
        {
            "queue": query.queue(team=request.team, user=request.user),
            "sitting": query.sitting(team=request.team, user=request.user),
            "may_judge": permissions.can_judge(request.roles),
        },
    )


@require_safe
@in_team
def batch(request: TeamRequest, pk: int) -> HttpResponse:
    """One batch. Opening it claims it; when somebody else has it, the next one comes."""
    run = access.run(request.team, pk)
    may_judge = permissions.can_judge(request.roles)
    if may_judge and query.is_waiting(run) and not curation.open_batch(run=run, by=request.user):
        return _taken(request, run)
    if planning.is_files(run.stage):
        return redirect("qa", request.team.slug, run.asset_id)
    return render(request, "review/batch.html", _context(request, run))


def _taken(request: TeamRequest, run: StageRun) -> HttpResponse:
    who = query.holder(run=run, user=request.user) or "Somebody"
    following = query.next_batch(team=request.team, user=request.user, after=run.pk)
    if following is None:
        messages.info(request, f"{who} has {run.asset.title} open. Nothing else waits for you.")
        return redirect("review", request.team.slug)
    messages.info(request, f"{who} has {run.asset.title} open, so here is the next batch.")
    return redirect("review_batch", request.team.slug, following.pk)


def _context(request: TeamRequest, run: StageRun) -> dict[str, Any]:
    run.team = request.team
    found = query.batch(
        run=run,
        user=request.user,
        criteria=planning.criteria(run.stage),
        meters=planning.meters(run.stage),
    )
    return {
        "batch": found,
        "run": run,
        "asset": run.asset,
        "currency": run.currency,
        "defects": Defect.choices,
        "may_judge": permissions.can_judge(request.roles),
        "is_blind": request.COOKIES.get(BLIND) == "1",
    }


@require_safe
@in_team
def live(request: TeamRequest, pk: int) -> HttpResponse:
    """Meters as they are read, and what others decided."""
    context = _context(request, access.run(request.team, pk))
    found = context["batch"]
    return fragments.answer(
        request,
        "review/_tiles.html",
        context,
        version=found.version,
        running=found.is_measuring,
    )


def _candidate(request: TeamRequest, run: StageRun, pk: int) -> Candidate:
    found = access.candidate(request.team, pk)
    if found.run_id != run.pk:
        raise Http404
    return found


@require_POST
@in_team
def judge(request: TeamRequest, pk: int) -> HttpResponse:
    """Reject one candidate with a defect, take it back, or note something."""
    run = access.run(request.team, pk)
    values = checked(JudgeForm(request.POST))
    candidate = _candidate(request, run, values["candidate"])
    verdict = Verdict(values["verdict"] or candidate.verdict)
    curation.judge(
        candidate=candidate,
        verdict=verdict,
        by=request.user,
        defect=values["defect"] or (candidate.defect if not values["verdict"] else ""),
        comment=values["comment"] if "comment" in request.POST else None,
    )
    named = Defect(values["defect"]).label.lower() if values["defect"] else ""
    what = "noted" if not values["verdict"] else Verdict(verdict).label.lower()
    text = f"Candidate {candidate.position + 1}: {named or what}."
    return _told(request, text, reverse("review_batch", args=[request.team.slug, pk]))


@require_POST
@in_team
def approve(request: TeamRequest, pk: int) -> HttpResponseBase:
    """Keep one candidate, pass the gate, and go on with the next batch."""
    run = access.run(request.team, pk)
    values = checked(ApproveForm(request.POST))
    candidate = _candidate(request, run, values["candidate"])
    passed = curation.approve(
        run=run, candidate=candidate, met=request.POST.getlist("met"), by=request.user
    )
    text = f"{run.asset.title}: approved {candidate.position + 1}. {passed.next_text}"
    return _told(request, text, _next(request), undo=run.pk)


@require_POST
@in_team
def reject(request: TeamRequest, pk: int) -> HttpResponse:
    """Reject what is left of a batch. The asset stays in its stage."""
    run = access.run(request.team, pk)
    values = checked(RejectForm(request.POST))
    curation.reject_all(
        run=run, by=request.user, defect=values["defect"], comment=values["comment"]
    )
    text = f"{run.asset.title}: all rejected. It needs a next step on its page."
    return _told(request, text, _next(request), undo=run.pk)


@require_POST
@in_team
def undo(request: TeamRequest, pk: int) -> HttpResponse:
    """Take back the last judgment, or the gate of a batch that is decided."""
    run = access.run(request.team, pk)
    text = curation.undo(run=run, by=request.user)
    return _told(request, text, reverse("review_batch", args=[request.team.slug, pk]))


def _next(request: TeamRequest) -> str:
    return reverse("review", args=[request.team.slug]) + "?next=1"


def _told(request: TeamRequest, text: str, url: str, *, undo: int | None = None) -> HttpResponse:
    if wants_json(request):
        back = reverse("review_undo", args=[request.team.slug, undo]) if undo else ""
        return JsonResponse({"text": text, "url": url, "undo_url": back})
    messages.info(request, text)
    return redirect(url)
