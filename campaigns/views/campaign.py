"""Campaigns and their ad sets."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import setting_up
from campaigns.forms.set_up import AdSetForm, BrandForm, CampaignForm, CeilingForm
from campaigns.models.choices import Ceiling
from campaigns.queries import access, set_up
from campaigns.views.base import TeamRequest, in_team


@require_safe
@in_team
def campaigns(request: TeamRequest) -> HttpResponse:
    """All campaigns with what stands in them."""
    return render(
        request,
        "campaigns/campaigns.html",
        {
            "campaigns": set_up.campaigns(team=request.team),
            "may_set_up": permissions.can_set_up_campaign(request.roles),
        },
    )


@in_team
def new(request: TeamRequest) -> HttpResponse:
    """Make a campaign with its ad sets."""
    form = CampaignForm(request.POST or None, may_raise=permissions.can_set_budget(request.roles))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        made = setting_up.create_campaign(
            team=request.team,
            name=values["name"],
            ceiling=Ceiling(values["ceiling"]),
            default_locale=values["default_locale"],
            ad_sets=values["ad_sets"],
            brand=values["brand"],
            by=request.user,
        )
        messages.info(request, f"{made.name} is set up. Write its first brief with C.")
        onward = request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(onward, allowed_hosts={request.get_host()}):
            return redirect(onward)
        return redirect(f"{reverse('board', args=[request.team.slug])}?campaign={made.pk}")
    permissions.check_can_set_up_campaign(request.roles)
    status = 422 if request.method == "POST" else 200
    return render(request, "campaigns/new.html", {"form": form}, status=status)


@in_team
def campaign(request: TeamRequest, pk: int) -> HttpResponse:
    """One campaign: ad sets, what runs unasked, archive."""
    found = access.campaign(request.team, pk)
    if request.method == "POST":
        if "archive" in request.POST:
            closing = request.POST["archive"] == "1"
            setting_up.set_archived(campaign=found, archived=closing, by=request.user)
            messages.info(request, f"{found.name} is {'archived' if closing else 'open again'}.")
        elif "brand" in request.POST:
            brand_form = BrandForm(request.POST)
            if brand_form.is_valid():
                brand = brand_form.cleaned_data["brand"]
                setting_up.set_brand(campaign=found, brand=brand, by=request.user)
                messages.info(request, "The brand is changed. Files that carry it say so in QA.")
            else:
                messages.error(
                    request,
                    f"A brand has at most {setting_up.MOST_BRAND} characters. Nothing was changed.",
                )
        else:
            form = CeilingForm(request.POST)
            if form.is_valid():
                ceiling = Ceiling(form.cleaned_data["ceiling"])
                setting_up.set_ceiling(campaign=found, ceiling=ceiling, by=request.user)
                messages.info(request, f"{found.name}: {ceiling.label.lower()}.")
        return redirect("campaign", request.team.slug, pk)
    return render(
        request,
        "campaigns/campaign.html",
        {
            "campaign": found,
            "ad_sets": set_up.ad_sets(campaign=found),
            "ceiling_form": CeilingForm(initial={"ceiling": found.ceiling}),
            "brand_form": BrandForm(initial={"brand": found.brand}),
            "ad_set_form": AdSetForm(),
            "may_set_up": permissions.can_set_up_campaign(request.roles),
            "may_set": permissions.can_set_budget(request.roles),
        },
    )


@require_POST
@in_team
def add_ad_set(request: TeamRequest, pk: int) -> HttpResponse:
    """Add one ad set."""
    found = access.campaign(request.team, pk)
    form = AdSetForm(request.POST)
    if not form.is_valid():
        text = " ".join(str(error) for errors in form.errors.values() for error in errors)
        messages.error(request, f"{text} Nothing was added.")
        return redirect("campaign", request.team.slug, pk)
    try:
        made = setting_up.add_ad_set(campaign=found, by=request.user, **form.cleaned_data)
    except IntegrityError:
        messages.error(request, "This campaign has an ad set of that name. Choose another name.")
    else:
        messages.info(request, f"{made.name} is added.")
    return redirect("campaign", request.team.slug, pk)
