"""Model versions under watch: what changed, and a person's word on it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import drift as actions
from campaigns.queries import access, watches
from campaigns.views.base import TeamRequest, in_team
from routing import drift


@require_safe
@in_team
def watch(request: TeamRequest) -> HttpResponse:
    """Alarms that wait, then every watched version."""
    return render(
        request,
        "models/watch.html",
        {
            "page": watches.page(team=request.team),
            "may_trust": permissions.can_trust_models(request.roles),
            "fewest": drift.FEWEST,
        },
    )


@require_POST
@in_team
def decide(request: TeamRequest, pk: int) -> HttpResponse:
    """Trust it as it is now, or keep it out."""
    row = access.watch(request.team, pk)
    done = actions.decide(watch=row, decision=request.POST.get("decision", ""), by=request.user)
    if done.alarmed_at is None:
        text = f"{done.label} may be used again; what it makes now is the new measure."
    else:
        text = f"{done.label} is not used unless somebody picks it by hand."
    messages.info(request, text)
    return redirect("watch", request.team.slug)
