"""The managers' inbox: one card a request, one click a decision."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import approvals as actions
from campaigns.forms.budget import DecisionForm
from campaigns.queries import access
from campaigns.queries import budget as reads
from campaigns.views.base import TeamRequest, in_team, wants_json


@require_safe
@in_team
def approvals(request: TeamRequest) -> HttpResponse:
    """What waits, oldest first, and the last decisions."""
    return render(
        request,
        "approvals/approvals.html",
        {
            "waiting": reads.waiting(team=request.team),
            "decided": reads.decided(team=request.team),
            "may_approve": permissions.can("approve_spend", request.roles),
            "not_own": None if request.team.self_approval_allowed else request.user.pk,
            "may_settings": permissions.can("manage_team", request.roles),
            "may_set": permissions.can("set_budget", request.roles),
        },
    )


@require_POST
@in_team
def decide(request: TeamRequest, pk: int) -> HttpResponse:
    """Approve or decline one request."""
    approval = access.approval(request.team, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose approve or decline. Nothing was changed.")
        return redirect("approvals", request.team.slug)
    approve = form.cleaned_data["decision"] == "approve"
    actions.decide(
        approval=approval, approve=approve, by=request.user, reason=form.cleaned_data["reason"]
    )
    text = (
        f"Approved: {approval.run.asset.title} is on its way."
        if approve
        else f"Declined: {approval.run.asset.title}. No money was spent."
    )
    if wants_json(request):
        return JsonResponse({"text": text})
    messages.info(request, text)
    return redirect("approvals", request.team.slug)
