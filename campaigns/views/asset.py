"""One asset: its page, its live fragment, and what can be started on it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns import permissions
from campaigns.actions import moves, offering, prices, runs, stored
from campaigns.forms.run import RunForm, checked
from campaigns.models import Asset, Media
from campaigns.models.choices import Motion, MotionProfile, RunState
from campaigns.queries import access, consents
from campaigns.queries import asset as query
from campaigns.stages.base import BadParams
from campaigns.views import live as fragments
from campaigns.views.base import TeamRequest, in_team, token, wants_json


def _asset(request: TeamRequest, pk: int) -> Asset:
    found = access.asset(request.team, pk)
    found.team = found.campaign.team = request.team
    return found


def _page(request: TeamRequest, found: Asset) -> query.AssetPage:
    wanted = request.GET.get("version", "")
    version = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else None
    return query.page(asset=found, version=version)


def _context(request: TeamRequest, page: query.AssetPage) -> dict[str, Any]:
    return {
        "page": page,
        "asset": page.asset,
        "currency": request.team.currency,
        "may_run": permissions.can_run(request.roles) and page.asset.archived_at is None,
        "may_judge": permissions.can_judge(request.roles),
        "may_open_aside": permissions.can_open_quarantine(request.roles),
    }


@require_safe
@in_team
def asset(request: TeamRequest, pk: int) -> HttpResponse:
    """The page of one asset, with every operation that can be started."""
    found = _asset(request, pk)
    page = _page(request, found)
    context = _context(request, page)
    if context["may_run"]:
        still = runs.source_of(asset=found, stage="edit")
        context |= {
            "groups": offering.offers(asset=found, rounds=page.rounds, by=request.user),
            "paint_on": still.media if still else None,
            "consents": consents.usable(team=request.team),
            "token": token(),
            "motions": Motion.choices,
            "profiles": MotionProfile.choices,
            "open_operation": request.GET.get("operation", ""),
        }
    return render(request, "assets/asset.html", context)


@require_safe
@in_team
def live(request: TeamRequest, pk: int) -> HttpResponse:
    """What changed since the version a page shows."""
    page = _page(request, _asset(request, pk))
    return fragments.answer(
        request,
        "assets/_live.html",
        _context(request, page),
        version=page.version,
        running=page.is_running,
    )


@require_http_methods(["GET", "POST"])
@in_team
def run(request: TeamRequest, pk: int) -> HttpResponseBase:
    """GET: what a click would cost. POST: start an operation on the current version."""
    found = _asset(request, pk)
    if request.method == "GET":
        return _quote(request, found)
    form = RunForm(request.POST, request.FILES)
    values = checked(form)
    click = values["token"] or token()
    started = runs.start(
        asset=found,
        operation=values["operation"],
        by=request.user,
        token=click,
        given=form.given,
        count=values["count"],
        mask=_mask(request, found, form),
        consent=access.consent(request.team, values["consent"]) if values["consent"] else None,
        model=values["model"],
        reason=values["reason"],
        seen_micros=prices.most(
            asset=found,
            operation=values["operation"],
            token=click,
            seen=form.seen,
            given=form.given,
            count=values["count"],
            model=values["model"],
        ),
    )
    text = f"{started.model_label} is queued."
    if started.state == RunState.WAITING_APPROVAL:
        text = "A manager has to approve this first. Nothing is spent until then."
    return _told(request, found, text)


def _quote(request: TeamRequest, found: Asset) -> HttpResponse:
    form = RunForm(request.GET)
    values = checked(form)
    quote = offering.quote(
        asset=found,
        operation=values["operation"],
        given=form.given,
        count=values["count"],
        model=values["model"],
        by=request.user,
    )
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(asdict(quote))
    return render(request, "assets/_quote.html", {"quote": quote})


def _mask(request: TeamRequest, found: Asset, form: RunForm) -> Media | None:
    """What was painted, stored; None for operations without a mask, or where it may be left out."""
    file, box = form.cleaned_data["mask"], form.box
    operation = form.cleaned_data["operation"]
    source = offering.source(asset=found, operation=operation)
    is_needed = offering.needs_mask(operation)
    if source is None or not (is_needed or offering.may_mark(operation)):
        return None
    if not file and box is None:
        if not is_needed:
            return None
        raise BadParams("mask", "Paint over what should go, then start again.")
    return stored.keep_mask(
        team=request.team, picture=source.media, by=request.user, file=file or None, box=box
    )


def _told(request: TeamRequest, found: Asset, text: str) -> HttpResponse:
    url = reverse("asset", args=[request.team.slug, found.pk])
    if wants_json(request):
        return JsonResponse({"text": text, "url": url})
    messages.info(request, text)
    return redirect(url)


@require_POST
@in_team
def skip(request: TeamRequest, pk: int) -> HttpResponse:
    """Nothing to do here: go on to the next stage."""
    found = _asset(request, pk)
    (result,) = moves.move(assets=[found], direction="next", by=request.user)
    if result.outcome == "gate":
        messages.info(request, result.text)
        return redirect("review_batch", request.team.slug, result.run_id)
    if result.outcome == "refused":
        messages.error(request, result.text)
        return redirect("asset", request.team.slug, found.pk)
    return _told(request, found, result.text)


@require_POST
@in_team
def archive(request: TeamRequest, pk: int) -> HttpResponse:
    """Take the asset off the board; everything of it is kept."""
    found = _asset(request, pk)
    moves.archive(asset=found, by=request.user)
    messages.info(request, f"{found.title} is archived. Its files and history are kept.")
    return redirect("board", request.team.slug)


@require_POST
@in_team
def cancel(request: TeamRequest, pk: int) -> HttpResponse:
    """Stop a run. What was held and not billed returns."""
    stopped = access.run(request.team, pk)
    runs.cancel(run=stopped, by=request.user)
    return _told(request, stopped.asset, moves.cancelled_text(stopped))
