"""Calls whose answer was lost: managers see what is held for them and say what became of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import unsettled as actions
from campaigns.forms.unsettled import UnsettledForm
from campaigns.queries import access
from campaigns.queries import unsettled as reads
from campaigns.views.base import TeamRequest, in_team

UNPROCESSABLE = 422


@require_safe
@in_team
def unsettled(request: TeamRequest) -> HttpResponse:
    """Every call that waits for a manager's word, oldest first."""
    permissions.check_can_set_budget(request.roles)
    context = {"page": reads.page(team=request.team), "currency": request.team.currency}
    return render(request, "budget/unsettled.html", context)


@require_POST
@in_team
def decide(request: TeamRequest, pk: int) -> HttpResponse:
    """Billed or not, with a reason. What was wrong stands at the row it belongs to."""
    attempt = access.attempt(request.team, pk)
    permissions.check_can_set_budget(request.roles)
    form = UnsettledForm(request.POST, currency=request.team.currency)
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            if form.cleaned_data["decision"] == "billed":
                amount = form.cleaned_data["amount"]
                actions.settle(
                    attempt=attempt,
                    billed_micros=amount,
                    reason=reason,
                    by=request.user,
                    request_id=form.cleaned_data["request_id"],
                )
                text = f"Settled as billed: {attempt.run.asset.title}."
            elif form.cleaned_data["decision"] == "found":
                actions.found(
                    attempt=attempt,
                    request_id=form.cleaned_data["request_id"],
                    reason=reason,
                    by=request.user,
                )
                text = f"Found, and brought in now: {attempt.run.asset.title}."
            else:
                actions.release(attempt=attempt, reason=reason, by=request.user)
                text = f"Given back as not billed: {attempt.run.asset.title}."
        except actions.BadSettlement as error:
            form.add_error(error.field, error.text)
        else:
            messages.info(request, text)
            return redirect("unsettled", request.team.slug)
    context = {
        "page": reads.page(team=request.team),
        "currency": request.team.currency,
        "problem_pk": attempt.pk,
        "form": form,
    }
    return render(request, "budget/unsettled.html", context, status=UNPROCESSABLE)
