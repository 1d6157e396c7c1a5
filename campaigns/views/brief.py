"""The brief page: one form, and beside it the plan it would get."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from campaigns import permissions
from campaigns.actions import briefs, planning
from campaigns.actions.runs import PriceChanged
from campaigns.forms.brief import LOCALES, NEW_CAMPAIGN, BriefForm, photo_ids
from campaigns.models import AdSet, StageRun
from campaigns.models.choices import Platform, RunState, Stage
from campaigns.queries import before_click
from campaigns.queries import brief as query
from campaigns.stages.base import BadParams
from campaigns.views.base import TeamRequest, in_team, number, token
from routing.stages import OPERATIONS
from routing.told import told


@require_http_methods(["GET", "HEAD", "POST"])
@in_team
def brief(request: TeamRequest) -> HttpResponse:
    """Show the empty brief, or start the one that was sent."""
    permissions.check_can_brief(request.roles)
    form = _form(request, request.POST if request.method == "POST" else None)
    sent = request.POST.get("token", "")[:40] or token()
    status = 422 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            return _start(request, form, sent)
        except BadParams as error:
            form.add_error(error.field if error.field in form.fields else None, error.text)
        except PriceChanged as error:
            form.add_error(None, error.text)  # the plan below shows the new price
            status = 409
    planned = form if form.is_bound else _form(request, _initial_query(form))
    context = {
        "form": form,
        "token": sent,
        "locales": LOCALES,
        "photos": [_taken(request, media) for media in form.photos],
        "has_ad_sets": form.has_ad_sets,
        "ad_set_locales": form.ad_set_locales,
        **_plan(request, planned),
    }
    return render(request, "brief/brief.html", context, status=status)


@require_POST
@in_team
def plan(request: TeamRequest) -> HttpResponse:
    """The plan panel for what the form holds now, complete or not."""
    permissions.check_can_brief(request.roles)
    form = _form(request, request.POST)
    return render(request, "brief/_plan.html", _plan(request, form))


def _form(request: TeamRequest, data: QueryDict | None) -> BriefForm:
    ids = photo_ids(data.getlist("bases")) if data is not None else []
    ad_sets = query.ad_sets(team=request.team)
    asked = request.GET.get("ad_set", "")
    last = query.last_ad_set_id(team=request.team, user_id=request.user.pk)
    known = {row.pk: row for row in ad_sets}
    wanted = number(asked) if number(asked) is not None else last
    campaign_id = number(request.GET.get("campaign", ""))
    if wanted not in known and campaign_id is not None:
        wanted = next((row.pk for row in ad_sets if row.campaign_id == campaign_id), None)
    first = known.get(wanted or 0) or (ad_sets[0] if ad_sets else None)
    initial: dict[str, Any] = {"ad_set": first.pk if first else NEW_CAMPAIGN}
    if first is not None:
        initial["locale"] = first.locale or first.campaign.default_locale
    return BriefForm(
        data,
        ad_sets=ad_sets,
        photos=query.photos(team=request.team, ids=ids),
        today=timezone.now().date(),
        may_set_up=permissions.can_set_up_campaign(request.roles),
        initial=initial,
    )


def _initial_query(form: BriefForm) -> QueryDict:
    """The first values of an unsent form, as if it had been sent."""
    found = QueryDict(mutable=True)
    for name in form.fields:
        value = form.get_initial_for_field(form.fields[name], name)
        if isinstance(value, list):
            found.setlist(name, [str(one) for one in value])
        elif value not in (None, False, ""):
            found[name] = str(value)
    return found


def _new_brief(form: BriefForm) -> briefs.NewBrief:
    """What the form holds; fields in error count as empty."""
    values = form.cleaned_data
    clip = bool(values.get("clip"))
    return briefs.NewBrief(
        title=form.card_title(),
        goal=values.get("goal", ""),
        product=values.get("product", ""),
        headline=values.get("headline", ""),
        subline=values.get("subline", ""),
        cta=values.get("cta", ""),
        purpose=values.get("purpose") or "social",
        locale=values.get("locale") or "en-US",
        platforms=tuple(values.get("platforms") or Platform.values),
        motion=(values.get("motion") or "push_in") if clip else "",
        motion_profile=(values.get("motion_profile") or "camera_only") if clip else "",
        deadline_at=form.deadline_at(),
        count=values.get("count") or 0,
        as_is=bool(values.get("as_is")),
        bases=tuple(form.photos),
        wanted=form.wanted(),
        photo_origin=values.get("photo_origin") or "none",
        demands=form.demands(),
    )


def _start(request: TeamRequest, form: BriefForm, sent: str) -> HttpResponse:
    values = form.cleaned_data
    if form.chosen is not None:
        asset, run = briefs.create(
            ad_set=form.chosen,
            brief=_new_brief(form),
            token=sent,
            by=request.user,
            seen_micros=form.most_micros,
        )
    else:
        asset, run = briefs.create_in_new_campaign(
            team=request.team,
            campaign_name=values["campaign_name"],
            ad_set_name=values["ad_set_name"],
            brief=_new_brief(form),
            token=sent,
            by=request.user,
            seen_micros=form.most_micros,
        )
    messages.info(request, _what_runs(run))
    page = reverse("board", args=[request.team.slug])
    return redirect(f"{page}?campaign={asset.campaign_id}&new={asset.pk}")


def _what_runs(run: StageRun) -> str:
    verb = OPERATIONS[run.operation].verb
    count = f"{run.candidate_count} candidates" if run.candidate_count > 1 else "1 picture"
    if run.state == RunState.WAITING_APPROVAL:
        return f"{verb} {count} with {run.model_label} waits for a manager. Nothing is spent yet."
    return f"{verb} {count} with {run.model_label}."


def _plan(request: TeamRequest, form: BriefForm) -> dict[str, Any]:
    form.is_valid()
    chosen = form.chosen
    wanted = _new_brief(form)
    found = briefs.preview(team=request.team, ad_set=chosen, brief=wanted)
    return {
        "first": found.stages[0],
        "count": found.stages[0].count,
        "plan": found,
        "lines": [_line(line, found.currency) for line in found.stages],
        **_gate(request, chosen, found),
        "has_photo": bool(form.photos),
        "has_headline": bool(form.cleaned_data.get("headline")),
    }


def _gate(request: TeamRequest, chosen: AdSet | None, plan: planning.Plan) -> dict[str, Any]:
    """What the spend gate would say: who asks, what a standing rule lets start, what is short.

    A new campaign has no rules and no lines yet.
    """
    asking = [line for line in plan.stages if line.must_ask]
    if chosen is None:
        return {"asks": asking}
    before = before_click.read(campaign=chosen.campaign, by=request.user)
    asks = [line for line in asking if not before.has_yes(line.tier, line.maximum_micros)]
    first = plan.stages[0]
    free = first.decision is not None and not first.problem and first not in asks
    return {
        "asks": asks,
        "has_yes": free and first in asking,
        "room": before.left(first.tier) if free else "",
        "short": before.short(first.tier, first.maximum_micros) if free else "",
    }


def _line(line: planning.PlannedStage, currency: str) -> dict[str, Any]:
    return {
        "label": Stage(line.stage).label,
        "line": line,
        "told": told(line.decision, currency) if line.decision else {},
    }


def _taken(request: TeamRequest, media: Any) -> dict[str, Any]:
    return {
        "id": media.pk,
        "thumb": reverse("media", args=[request.team.slug, media.pk, "thumb"]),
        "name": media.name or "photo",
        "kind": media.kind,
    }
