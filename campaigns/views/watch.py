"""Model versions under watch: what changed, and a person's word on it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import drift as actions
from campaigns.actions import golden as golden_actions
from campaigns.forms.golden import GoldenForm
from campaigns.models.choices import RunState
from campaigns.queries import access, watches
from campaigns.views.base import TeamRequest, in_team, token
from routing import drift, golden


@require_safe
@in_team
def watch(request: TeamRequest) -> HttpResponse:
    """Alarms that wait, then every watched version and golden prompt."""
    return _page(request, None)


def _page(request: TeamRequest, form: GoldenForm | None) -> HttpResponse:
    page = watches.page(team=request.team)
    may_trust = permissions.can_trust_models(request.roles)
    currency = request.team.currency
    return render(
        request,
        "models/watch.html",
        {
            "page": page,
            "may_trust": may_trust,
            "may_check": may_trust and permissions.can_run(request.roles),
            "fewest": drift.FEWEST,
            "outputs": golden.OUTPUTS,
            "form": form or GoldenForm(None, runs=page.runs, currency=currency),
            "token": token(),
        },
        status=200 if form is None else 422,
    )


@require_POST
@in_team
def golden_add(request: TeamRequest) -> HttpResponse:
    """Make a golden prompt of a kept run."""
    runs = watches.kept_runs(team=request.team)
    form = GoldenForm(request.POST, runs=runs, currency=request.team.currency)
    permissions.check_can_trust_models(request.roles)
    if not form.is_valid():
        return _page(request, form)
    values = form.cleaned_data
    prompt = golden_actions.add(
        run=access.run(request.team, int(values["run"])),
        every_days=int(values["every"]),
        cap_micros=values["cap"],
        by=request.user,
    )
    when = "Its first check starts by itself." if prompt.every_days else "Start its first check."
    messages.info(request, f"A golden prompt watches {prompt.label}. {when}")
    return redirect("watch", request.team.slug)


@require_POST
@in_team
def golden_check(request: TeamRequest, pk: int) -> HttpResponse:
    """Run one check now."""
    prompt = access.golden_prompt(request.team, pk)
    check = golden_actions.start(
        prompt=prompt, by=request.user, token=request.POST.get("token", "")[:64] or token()
    )
    waits = check.run.state == RunState.WAITING_APPROVAL
    text = "waits for a manager; nothing is spent yet" if waits else "is on its way"
    messages.info(request, f"A check of {prompt.label} {text}.")
    return redirect("watch", request.team.slug)


@require_POST
@in_team
def golden_end(request: TeamRequest, pk: int) -> HttpResponse:
    """No further checks."""
    prompt = access.golden_prompt(request.team, pk)
    golden_actions.end(prompt=prompt, by=request.user)
    messages.info(request, f"The golden prompt of {prompt.label} is ended.")
    return redirect("watch", request.team.slug)


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
