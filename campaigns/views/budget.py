"""Budget: tiers, what the money bought, what managers allow. Its rows: views/ledger.py."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import budgets
from campaigns.forms.amounts import typed
from campaigns.forms.budget import BudgetForm, MonthForm, RuleForm
from campaigns.models import Campaign
from campaigns.queries import access, rules, spend, unsettled
from campaigns.queries import budget as reads
from campaigns.templatetags.charts import Point
from campaigns.views.base import TeamRequest, came_from, in_team
from routing import money

UNPROCESSABLE = 422


def _chosen(request: TeamRequest, campaigns: list[Campaign]) -> Campaign | None:
    """The campaign of the address; the only one when a team has no other. Raises Http404."""
    wanted = request.GET.get("campaign", "")
    if not wanted:
        return campaigns[0] if len(campaigns) == 1 else None
    found = next((one for one in campaigns if str(one.pk) == wanted), None)
    if found is None:
        raise Http404
    return found


@require_safe
@in_team
def budget(request: TeamRequest) -> HttpResponse:
    """Per tier settled, held, asked, left; what it bought; rules; what waits."""
    team = request.team
    campaigns = reads.campaigns(team=team)
    campaign = _chosen(request, campaigns)
    period = reads.read_period(request.GET.get("month", ""))
    by = request.GET.get("by", "model")
    if by not in spend.BY:
        raise Http404
    where = spend.where(team=team, campaign=campaign, period=period, by=by)
    results = spend.results(
        team=team,
        campaign=campaign,
        month=period,
        review_s=where.whole.review_s,
        settled=where.whole.settled,
    )
    context = {
        "period": period,
        "periods": reads.periods(team=team),
        "campaign": campaign,
        "campaigns": campaigns,
        "funds": reads.funds(team=team, campaign=campaign, period=period),
        "where": where,
        "breakdowns": spend.BY.items(),
        "results": results,
        "points": [
            Point(week.label, week.per_approved, _shown(week.per_approved, team.currency))
            for week in results.weeks
        ],
        "rules": rules.in_force(team=team, campaign=campaign),
        "waiting": reads.requests(team=team, campaign=campaign) if period.is_now else [],
        "not_own": None if team.self_approval_allowed else request.user.pk,
        "drill": _drill(request, campaign, period),
        "currency": team.currency,
        **_may(request, campaign, period),
    }
    return render(request, "budget/budget.html", context)


def _shown(micros: int | None, currency: str) -> str:
    return "" if micros is None else money.text(micros, currency)


def _drill(request: TeamRequest, campaign: Campaign | None, period: reads.Period) -> str:
    """The ledger's address for what the page shows; filters are added behind it."""
    only = f"&campaign={campaign.pk}" if campaign else ""
    return f"{reverse('ledger', args=[request.team.slug])}?month={period.key}{only}"


def _may(request: TeamRequest, campaign: Campaign | None, period: reads.Period) -> dict[str, Any]:
    """What this person may change here, with the forms for it."""
    may_set = permissions.can_set_budget(request.roles) and period.is_now
    context: dict[str, Any] = {
        "may_set": may_set,
        "may_approve": permissions.can_approve_spend(request.roles),
        "may_check": permissions.can_set_budget(request.roles),
    }
    if permissions.can_set_budget(request.roles):
        context["unsettled_count"] = unsettled.count(team=request.team)
    if may_set:
        context["month_form"] = _month_form(request, None)
        context["rule_form"] = RuleForm(
            team=request.team,
            auto_id="rule-%s",
            initial={"tier": "low", "campaign": campaign.pk if campaign else None},
        )
        if campaign:
            context["set_form"] = _set_form(request, campaign, None)
    return context


def page_of(request: TeamRequest, campaign_id: int | None = None) -> str:
    """The budget page, of one campaign when it is named."""
    at = reverse("budget", args=[request.team.slug])
    return f"{at}?campaign={campaign_id}" if campaign_id else at


def form_page(
    request: TeamRequest, kind: str, form: Form, *, title: str, **context: Any
) -> HttpResponse:
    """A form on a page of its own; only the form for a dialog that asks for it."""
    part = f"budget/_{kind}_form.html"
    values = {**context, f"{kind}_form": form, "title": title, "part": part, "is_page": True}
    values["currency"] = request.team.currency
    status = UNPROCESSABLE if form.is_bound else 200
    template = "budget/form.html"
    if "X-Fragment" in request.headers:
        template, values["is_page"] = part, False
    return render(request, template, values, status=status)


def done(request: TeamRequest, text: str, to: str) -> HttpResponse:
    """Say what was changed and go back; a dialog is told where to go."""
    messages.info(request, text)
    if "X-Fragment" in request.headers:
        return HttpResponse(status=204, headers={"X-Location": to})
    return redirect(to)


def _set_form(request: TeamRequest, campaign: Campaign, sent: Any) -> BudgetForm:
    initial: dict[str, Any] = {}
    if sent is None:
        given = reads.planned(campaign=campaign)
        initial = {name: typed(micros) for name, micros in given.items()}
        initial["ask_above"] = typed(campaign.ask_above_micros)
        initial["carries_over"] = campaign.carries_over
    return BudgetForm(sent, currency=request.team.currency, auto_id="set-%s", initial=initial)


@in_team
def set_budget(request: TeamRequest, pk: int) -> HttpResponse:
    """A campaign's total, tiers, threshold and carry-over: all of it, or nothing."""
    campaign = access.campaign(request.team, pk)
    permissions.check_can_set_budget(request.roles)
    form = _set_form(request, campaign, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            budgets.set_campaign(
                campaign=campaign,
                total_micros=form.cleaned_data["total"],
                tiers=form.tiers(),
                ask_above_micros=form.cleaned_data["ask_above"],
                carries_over=form.cleaned_data["carries_over"],
                by=request.user,
            )
        except budgets.BadBudget as error:
            form.refuse(error.text, error.field)
        else:
            total = money.text(form.cleaned_data["total"], request.team.currency)
            text = f"{campaign.name} may spend {total} a month."
            return done(request, text, page_of(request, campaign.pk))
    title = f"Set the budget of {campaign.name}"
    return form_page(request, "set", form, title=title, campaign=campaign)


def _month_form(request: TeamRequest, sent: Any) -> MonthForm:
    initial = {"month": typed(reads.team_month(team=request.team))} if sent is None else {}
    return MonthForm(sent, currency=request.team.currency, auto_id="month-%s", initial=initial)


@in_team
def team_month(request: TeamRequest) -> HttpResponse:
    """What all campaigns together may spend in a month, or no limit."""
    permissions.check_can_set_budget(request.roles)
    form = _month_form(request, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        limit = form.cleaned_data["month"]
        try:
            budgets.set_team_month(team=request.team, limit_micros=limit, by=request.user)
        except budgets.BadBudget as error:
            form.refuse(error.text, error.field)
        else:
            shown = _shown(limit, request.team.currency)
            text = (
                f"All campaigns together may spend {shown} a month."
                if limit is not None
                else "All campaigns together have no limit of their own."
            )
            return done(request, text, page_of(request))
    return form_page(request, "month", form, title="Limit the team's month")


@require_POST
@in_team
def freeze(request: TeamRequest, pk: int) -> HttpResponse:
    """Stop or allow new spending of a tier, a campaign or the team, at once."""
    line = access.budget_line(request.team, pk)
    frozen = request.POST.get("freeze") != "0"
    budgets.set_frozen(line=line, frozen=frozen, by=request.user)
    word = "frozen: nothing new starts, what runs goes on" if frozen else "open again"
    messages.info(request, f"{line.name} is {word}.")
    back = came_from(request)
    return redirect(page_of(request, line.campaign_id) if back == "/" else back)
