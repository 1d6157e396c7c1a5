"""The managers' inbox: one card a request, one click a decision, several at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns import permissions
from campaigns.actions import approvals as actions
from campaigns.actions import planning
from campaigns.forms.approvals import (
    REASONS,
    DecisionForm,
    EachForm,
    LessForm,
    SomeForm,
    smaller,
)
from campaigns.models import Approval
from campaigns.queries import access, room, shell
from campaigns.queries import approvals as reads
from campaigns.transitions import NotNow
from campaigns.views import live as fragments
from campaigns.views.base import TeamRequest, came_from, in_team, wants_json
from routing import money

UNPROCESSABLE = 422


def _context(request: TeamRequest) -> dict[str, Any]:
    return {
        "inbox": reads.inbox(
            team=request.team,
            person=request.user,
            may_decide=permissions.can_approve_spend(request.roles),
            review_each_micros=_review_each(request),
        ),
        "may_decide": permissions.can_approve_spend(request.roles),
        "may_settings": permissions.can_manage_team(request.roles),
        "reasons": REASONS,
    }


def _review_each(request: TeamRequest) -> int:
    return planning.people(request.team.review_rate_micros_per_hour).review_micros


@require_safe
@in_team
def approvals(request: TeamRequest) -> HttpResponse:
    """What waits, oldest first; `was` names a request that a link promised."""
    was = request.GET.get("was", "")
    told = None
    if was.isdecimal() and len(was) < 18:
        told = reads.past(team=request.team, pk=int(was))
    return render(request, "approvals/approvals.html", {**_context(request), "told": told})


@require_safe
@in_team
def live(request: TeamRequest) -> HttpResponse:
    """What came and what others decided."""
    context = {**_context(request), "waiting": shell.counts(team=request.team)["approvals"]}
    return fragments.answer(
        request,
        "approvals/_live.html",
        context,
        version=context["inbox"].version,
        running=False,
    )


@require_POST
@in_team
def decide(request: TeamRequest, pk: int) -> HttpResponse:
    """Approve or decline one request."""
    approval = access.approval(request.team, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _not_so(request, form, pk)
    approve = form.cleaned_data["decision"] == "approve"
    actions.decide(
        approval=approval, approve=approve, by=request.user, reason=form.cleaned_data["reason"]
    )
    title = approval.run.asset.title
    text = (
        f"Approved: {title} is on its way."
        if approve
        else f"Declined: {title}. No money was spent."
    )
    return _told(request, text, done=[pk])


@require_POST
@in_team
def decide_each(request: TeamRequest) -> HttpResponse:
    """Approve or decline several; each stands for itself."""
    permissions.check_can_approve_spend(request.roles)
    form = EachForm(_listed(request))
    if not form.is_valid():
        return _not_so(request, form)
    approve = form.cleaned_data["decision"] == "approve"
    outcomes = actions.decide_each(
        approvals=access.approvals(request.team, form.cleaned_data["approvals"]),
        approve=approve,
        by=request.user,
        reason=form.cleaned_data["reason"],
    )
    done = [one.approval_id for one in outcomes if one.done]
    text = _summed_up(outcomes, "approved" if approve else "declined")
    return _told(request, text, done=done, all_done=len(done) == len(outcomes))


def _summed_up(outcomes: Sequence[actions.Outcome], verb: str) -> str:
    """ "2 approved; Launch blend was not: $1.20 is left on …" """
    done = sum(one.done for one in outcomes)
    parts = [f"{done} {verb}"] if done else []
    short = "was not" if done else f"was not {verb}"
    parts += [f"{one.title} {short}: {one.text}" for one in outcomes if not one.done]
    return "; ".join(parts).rstrip(".") + "."


@require_POST
@in_team
def snooze(request: TeamRequest) -> HttpResponse:
    """Put requests aside for four hours, for this manager alone."""
    permissions.check_can_approve_spend(request.roles)
    rows = _some(request)
    for row in rows:
        actions.snooze(approval=row, by=request.user)
    what = rows[0].run.asset.title if len(rows) == 1 else f"{len(rows)} requests"
    text = f"Put aside for 4 hours: {what}. Other managers still see it."
    return _told(request, text, done=[row.pk for row in rows])


@require_POST
@in_team
def wake(request: TeamRequest) -> HttpResponse:
    """Bring requests back that this manager put aside."""
    permissions.check_can_approve_spend(request.roles)
    rows = _some(request)
    for row in rows:
        actions.wake(approval=row, by=request.user)
    what = rows[0].run.asset.title if len(rows) == 1 else f"{len(rows)} requests"
    return _told(request, f"Brought back: {what}.", done=[])


@require_http_methods(["GET", "HEAD", "POST"])
@in_team
def less(request: TeamRequest, pk: int) -> HttpResponse:
    """Plan a smaller run before the manager's eyes (GET), and approve that one (POST)."""
    permissions.check_can_approve_spend(request.roles)
    approval = access.approval(request.team, pk)
    options = reads.options(approval.run)
    sent = request.POST if request.method == "POST" else request.GET
    proposed = smaller(approval.run, options, sent.get("model", ""))
    wanted: Any = sent if "count" in sent else proposed
    form = LessForm(wanted, run=approval.run, options=options)
    if request.method == "POST" and form.wanted:
        try:
            return _approve_less(request, approval, form)
        except actions.BadLess as error:
            form.add_error(error.field, f"{error.text} Nothing was changed.")
    return _less_page(request, approval, form, options)


def _approve_less(request: TeamRequest, approval: Approval, form: LessForm) -> HttpResponse:
    seen = form.cleaned_data["seen_micros"]
    if seen is None:
        raise actions.BadLess("Look at the price first, then approve it.", "count")
    taken = actions.approve_less(
        approval=approval,
        count=form.cleaned_data["count"],
        model=form.cleaned_data["model"],
        by=request.user,
        seen_micros=seen,
    )
    most = money.text(taken.maximum_micros, approval.currency)
    title = approval.run.asset.title
    text = f"Approved less: {title}, {taken.count} with {taken.model_label} for at most {most}."
    return _told(request, text, done=[approval.pk])


def _less_page(
    request: TeamRequest, approval: Approval, form: LessForm, options: list[reads.Option]
) -> HttpResponse:
    context: dict[str, Any] = {"approval": approval, "form": form, "options": options}
    wanted = form.wanted
    if wanted:
        try:
            found = actions.preview_less(approval=approval, count=wanted[0], model=wanted[1])
        except actions.BadLess as error:
            form.add_error(error.field, error.text)
        except NotNow as error:
            context["gone"] = error.text
        else:
            asked = (approval.campaign_id, found.tier, found.maximum_micros)
            lines = room.lines_of(team=request.team)
            context["less"] = found
            context["room"] = room.room([asked], lines, approval.currency)
            context["saved_micros"] = approval.asked_micros - found.maximum_micros
            context["review_micros"] = found.count * _review_each(request)
    is_own = approval.asked_by_id == request.user.pk and not request.team.self_approval_allowed
    context |= {"counts": range(1, form.most + 1), "is_own": is_own}
    template = "approvals/_less.html" if "X-Sheet" in request.headers else "approvals/less.html"
    status = UNPROCESSABLE if form.errors and request.method == "POST" else 200
    if status == UNPROCESSABLE and wants_json(request):
        return _errors(form)
    return render(request, template, context, status=status)


def _listed(request: TeamRequest) -> dict[str, Any]:
    """The values of a POST with its list of requests as a list."""
    sent: QueryDict = request.POST
    return {**sent.dict(), "approvals": sent.getlist("approvals")}


def _some(request: TeamRequest) -> list[Approval]:
    form = SomeForm(_listed(request))
    if not form.is_valid():
        raise NotNow(str(form.errors["approvals"][0]))
    return access.approvals(request.team, form.cleaned_data["approvals"])


def _errors(form: forms.Form) -> JsonResponse:
    field = next(iter(form.errors))
    data = {"error": str(form.errors[field][0]), "field": field}
    return JsonResponse(data, status=UNPROCESSABLE)


def _not_so(request: TeamRequest, form: forms.Form, pk: int | None = None) -> HttpResponse:
    """A decision that cannot be read: at its field in the inbox, in a message elsewhere."""
    if wants_json(request):
        return _errors(form)
    inbox = reverse("approvals", args=[request.team.slug])
    text = next(str(errors[0]) for errors in form.errors.values())
    if pk is None or "reason" not in form.errors or inbox not in came_from(request):
        messages.error(request, text)
        return redirect(_back(request))
    context = {**_context(request), "problem": {"pk": pk, "text": text}}
    return render(request, "approvals/approvals.html", context, status=UNPROCESSABLE)


def _back(request: TeamRequest) -> str:
    """The page the decision was made on; in the inbox, at the card that comes next."""
    inbox = reverse("approvals", args=[request.team.slug])
    page = came_from(request)
    if page != "/" and inbox not in page:
        return page
    following = request.POST.get("next", "")
    return f"{inbox}#{following}" if following.replace("-", "").isalnum() else inbox


def _told(
    request: TeamRequest, text: str, *, done: list[int], all_done: bool = True
) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"text": text, "done": done, "all_done": all_done})
    messages.add_message(request, messages.INFO if all_done else messages.ERROR, text)
    return redirect(_back(request))
