"""Routing: why models are chosen, as a flowchart with counts, and what another way would cost."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.actions import planning
from campaigns.forms.what_if import WhatIfForm
from campaigns.queries import access
from campaigns.queries import routes as reads
from campaigns.views.base import TeamRequest, in_team, number
from routing.stages import ORDER, Stage

USUAL = 30
LABELS = {
    Stage.GENERATION: "Generation",
    Stage.EDIT: "Edit",
    Stage.POLISH: "Polish",
    Stage.ANIMATE: "Animate",
    Stage.QA: "QA",
}


@require_safe
@in_team
def routing(request: TeamRequest) -> HttpResponse:
    """The flowchart and the ranked table of a stage; `run` highlights one decision."""
    stage, operation = request.GET.get("stage", ""), request.GET.get("operation", "")
    days = _days(request)
    run = None
    if request.GET.get("run"):
        pk = number(request.GET["run"])
        if pk is None:
            raise Http404
        run = access.run(request.team, pk)
        stage = run.stage
    if stage and stage not in {str(known) for known in ORDER}:
        raise Http404
    page = reads.routes(
        team=request.team,
        desk=_desk(request),
        stage=stage or str(Stage.GENERATION),
        days=days,
        operation=operation,
        run=run,
    )
    return render(
        request,
        "routing/routing.html",
        {
            "page": page,
            "stages": [(str(one), LABELS[one]) for one in ORDER],
            "periods": reads.PERIODS,
            "told": run.decision.get("told") if run is not None else None,
        },
    )


@require_safe
@in_team
def what_if(request: TeamRequest) -> HttpResponse:
    """The team's own history, replayed under another ceiling, price or set of models."""
    desk = _desk(request)
    cards = [card for card in desk.cards if card.price_micros is not None]
    usable = reads.usable_now(cards)
    form = WhatIfForm(
        request.GET or None, cards=cards, usable=usable, currency=request.team.currency
    )
    answer, asked = None, form.is_bound and form.is_valid()
    if asked:
        answer = reads.what_if(
            team=request.team,
            desk=desk,
            stage=form.cleaned_data["stage"],
            days=int(form.cleaned_data["days"]),
            change=form.change(),
        )
    return render(
        request,
        "routing/what_if.html",
        {"form": form, "answer": answer, "asked": asked, "currency": request.team.currency},
        status=422 if form.is_bound and not asked else 200,
    )


def _desk(request: TeamRequest) -> reads.Desk:
    people = planning.people(request.team.review_rate_micros_per_hour)
    return reads.Desk(planning.cards(), people)


def _days(request: TeamRequest) -> int:
    asked = request.GET.get("days", "")
    if asked and asked not in {str(days) for days in reads.PERIODS}:
        raise Http404
    return int(asked or USUAL)
