"""Budget: tiers, where it went, the ledger behind every number."""

from __future__ import annotations

import csv
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import budgets
from campaigns.formats import csv_rows
from campaigns.forms.budget import LineForm
from campaigns.models import Campaign
from campaigns.queries import access, set_up
from campaigns.queries import budget as reads
from campaigns.views.base import TeamRequest, in_team
from routing import money

LEDGER_COLUMNS = ("at", "campaign", "tier", "asset", "kind", "amount", "currency", "note")


def _campaign(request: TeamRequest) -> Campaign | None:
    wanted = request.GET.get("campaign", "")
    return access.campaign(request.team, int(wanted)) if wanted.isdigit() else None


@require_safe
@in_team
def budget(request: TeamRequest) -> HttpResponse:
    """Per tier spent, held, asked, left; by stage and model; what waits."""
    campaign = _campaign(request)
    waiting = reads.waiting(team=request.team)
    return render(
        request,
        "budget/budget.html",
        {
            "overview": reads.overview(team=request.team, campaign=campaign),
            "campaign": campaign,
            "campaigns": set_up.campaigns(team=request.team),
            "waiting": waiting[:5],
            "waiting_count": len(waiting) or None,
            "may_set": permissions.can("set_budget", request.roles),
            "may_approve": permissions.can("approve_spend", request.roles),
            "currency": request.team.currency,
        },
    )


@require_safe
@in_team
def ledger(request: TeamRequest) -> HttpResponseBase:
    """Every ledger row, or the same as CSV."""
    campaign = _campaign(request)
    tier = request.GET.get("tier", "")
    page = request.GET.get("page", "1")
    if request.GET.get("format") == "csv":
        return _csv(request, campaign, tier)
    rows = reads.ledger(
        team=request.team, campaign=campaign, tier=tier, page=int(page) if page.isdigit() else 1
    )
    return render(
        request,
        "budget/ledger.html",
        {"rows": rows, "campaign": campaign, "tier": tier, "currency": request.team.currency},
    )


def _csv(request: TeamRequest, campaign: Campaign | None, tier: str) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="ledger.csv"'
    writer = csv.writer(response)
    writer.writerow(LEDGER_COLUMNS)
    for row in reads.every_entry(team=request.team, campaign=campaign, tier=tier):
        asset: Any = row.attempt.run.asset if row.attempt else None
        writer.writerow(
            [
                row.at.isoformat(timespec="seconds"),
                csv_rows.guard(row.line.campaign.name if row.line.campaign else ""),
                row.line.tier,
                csv_rows.guard(asset.title) if asset else "",
                row.kind,
                money.in_units(row.amount_micros),
                row.currency,
                csv_rows.guard(row.note),
            ]
        )
    return response


@require_POST
@in_team
def line(request: TeamRequest, pk: int) -> HttpResponse:
    """Set what a tier may spend, or freeze it."""
    row = access.budget_line(request.team, pk)
    if row.campaign is None:
        raise Http404
    back = f"{reverse('budget', args=[request.team.slug])}?campaign={row.campaign_id}"
    if "freeze" in request.POST:
        frozen = request.POST["freeze"] == "1"
        budgets.set_frozen(line=row, frozen=frozen, by=request.user)
        word = "frozen: nothing new starts" if frozen else "open again"
        messages.info(request, f"{row.get_tier_display()} tier is {word}.")
        return redirect(back)
    form = LineForm(request.POST)
    if form.is_valid():
        amount = form.cleaned_data["approved"]
        _set_tier(row.campaign, row.tier, amount, request.user)
        shown = money.text(amount, row.currency)
        messages.info(request, f"{row.get_tier_display()} tier may spend {shown}.")
    else:
        text = " ".join(map(str, form.errors["approved"]))
        messages.error(request, f"{text} Nothing was changed.")
    return redirect(back)


def _set_tier(campaign: Campaign, tier: str, amount: int, by: User) -> None:
    """Set one tier; the campaign's total follows where it is too small."""
    lines = {
        line.tier: (line.approved_micros or 0) - line.carried_in_micros
        for line in budgets.open_month(campaign=campaign)
        if line.campaign_id
    }
    total = lines.pop("")
    tiers = {**lines, tier: amount}
    budgets.set_campaign(
        campaign=campaign, total_micros=max(total, sum(tiers.values())), tiers=tiers, by=by
    )
