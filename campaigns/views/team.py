"""A team's settings, and new teams."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from campaigns import permissions
from campaigns.actions import people, setting_up
from campaigns.forms.set_up import TeamForm, TeamNameForm
from campaigns.views.base import TeamRequest, in_team
from routing import money


@in_team
def settings(request: TeamRequest) -> HttpResponse:
    """Name, gate, review rate, brand colors, file names."""
    team = request.team
    may = permissions.can_manage_team(request.roles)
    form = TeamForm(
        request.POST or None,
        initial={
            "name": team.name,
            "gate_threshold_percent": team.gate_threshold_percent,
            "review_rate": money.in_units(team.review_rate_micros_per_hour),
            "brand_colors": " ".join(team.brand_colors),
            "name_pattern": team.name_pattern,
            "baseline_hours": team.baseline_hours,
            "explore_percent": team.explore_percent,
            "self_approval_allowed": team.self_approval_allowed,
        },
    )
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        values["review_rate_micros_per_hour"] = values.pop("review_rate")
        if values["explore_percent"] is None:
            values["explore_percent"] = team.explore_percent
        setting_up.change_team(team=team, by=request.user, **values)
        messages.info(request, "Settings are saved.")
        return redirect("team_settings", team.slug)
    status = 422 if request.method == "POST" else 200
    return render(request, "team/settings.html", {"form": form, "may_manage": may}, status=status)


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Make a team; whoever makes it holds every role, so the installation's admin does."""
    form = TeamNameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = people.found_team(name=form.cleaned_data["name"], by=request.user)  # type: ignore[arg-type]
        except permissions.NotAllowed as error:
            return render(request, "refused.html", {"text": error.text}, status=403)
        return redirect("board", team.slug)
    status = 422 if request.method == "POST" else 200
    return render(request, "team/new.html", {"form": form}, status=status)
