"""Where a person lands, and what the command palette finds."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from campaigns.queries import access
from campaigns.queries import search as query
from campaigns.views.base import TeamRequest, in_team

LAST_TEAM = "last_team"


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The board of the team used last; without a team, how to get one."""
    teams = access.teams(request.user)
    if not teams:
        return render(request, "home/no_team.html")
    slugs = [team.slug for team in teams]
    last = request.session.get(LAST_TEAM)
    return redirect("board", last if last in slugs else slugs[0])


@require_safe
@in_team
def team_home(request: TeamRequest) -> HttpResponse:
    """The team's front page is its board."""
    request.session[LAST_TEAM] = request.team.slug
    return redirect("board", request.team.slug)


@require_safe
@in_team
def search(request: TeamRequest) -> JsonResponse:
    """Assets and campaigns of this team as [{"label", "hint", "url"}]."""
    found = query.find(team=request.team, text=request.GET.get("q", "")[:80])
    return JsonResponse(
        [{"label": hit.label, "hint": hit.hint, "url": _address(request, hit)} for hit in found],
        safe=False,
    )


def _address(request: TeamRequest, hit: query.Found) -> str:
    slug = request.team.slug
    if hit.kind == "campaign":
        return f"{reverse('board', args=[slug])}?campaign={hit.id}"
    return reverse("asset", args=[slug, hit.id])
