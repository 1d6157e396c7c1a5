"""The model catalog: what runs here, at which price and tier."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import catalogs
from campaigns.forms.set_up import ModelForm
from campaigns.models import CatalogModel
from campaigns.models.choices import Tier
from campaigns.queries import set_up, watches
from campaigns.views.base import TeamRequest, in_team


@require_safe
@in_team
def models(request: TeamRequest) -> HttpResponse:
    """All models with source, price and honest limits."""
    return render(
        request,
        "models/models.html",
        {
            "models": set_up.models(),
            "tiers": Tier.choices,
            "alarms": watches.open_alarms(team=request.team),
            "today": timezone.now().date(),
            "may_manage": permissions.can_manage_models(request.roles) and request.user.is_staff,
        },
    )


@require_POST
@in_team
def model(request: TeamRequest, pk: int) -> HttpResponse:
    """Change tier, price and switch. The catalog serves every team, so staff only."""
    row = get_object_or_404(CatalogModel, pk=pk)
    if not request.user.is_staff:
        raise permissions.NotAllowed(
            "The catalog serves every team here, so only the installation's admin may change it. "
            "Nothing was changed."
        )
    form = ModelForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        catalogs.change(
            team=request.team,
            row=row,
            tier=values["tier"],
            price_micros=values["price"],
            is_enabled=values["is_enabled"],
            starts=values["starts"],
            source=values["source"],
            basis=values["basis"],
            by=request.user,
        )
        day = values["starts"]
        later = day is not None and day > timezone.now().date()
        when = f"; its price changes on {day:%-d %B %Y}" if later else ""
        messages.info(request, f"{row.label} is changed for new runs{when}.")
    else:
        text = " ".join(str(error) for errors in form.errors.values() for error in errors)
        messages.error(request, f"{row.label}: {text} Nothing was changed.")
    return redirect("models", request.team.slug)
