"""Throughput: how many, how fast, how well, and where the line is held up."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns import permissions
from campaigns.queries import throughput as reads
from campaigns.templatetags.charts import Point
from campaigns.views.base import TeamRequest, in_team

USUAL = 30


@require_safe
@in_team
def throughput(request: TeamRequest) -> HttpResponse:
    """The last 7, 30 or 90 days."""
    asked = request.GET.get("days", "")
    if asked and asked not in {str(days) for days in reads.PERIODS}:
        raise Http404
    page = reads.throughput(team=request.team, days=int(asked or USUAL))
    points = [
        Point(f"{one.day.day}.{one.day.month}.", float(one.ready), str(one.ready))
        for one in page.by_day
    ]
    return render(
        request,
        "team/throughput.html",
        {
            "page": page,
            "periods": reads.PERIODS,
            "points": points,
            "quality_goal": reads.QUALITY_GOAL,
            "speed_goal": reads.SPEED_GOAL,
            "may_settings": permissions.can_manage_team(request.roles),
        },
    )
