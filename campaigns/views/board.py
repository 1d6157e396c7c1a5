"""The board: page, live fragment, more cards of a column, and moving cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import moves
from campaigns.models.choices import Platform, Stage, Tier
from campaigns.queries import access
from campaigns.queries import board as query
from campaigns.transitions import NotNow
from campaigns.views.base import TeamRequest, body, came_from, in_team, number, token, wants_json

DIRECTIONS = {"next", "back", "archive", "cancel"}
MOST_AT_ONCE = 200


@require_safe
@in_team
def board(request: TeamRequest) -> HttpResponse:
    """The whole board."""
    return render(request, "board/board.html", _context(request))


@require_safe
@in_team
def live(request: TeamRequest) -> HttpResponse:
    """What changed since the version a page shows: 204, or the columns anew."""
    version, running = _version(request)
    if request.headers.get("X-Version") == version:
        answer = HttpResponse(status=204)
    else:
        answer = render(request, "board/_live.html", _context(request, version, running))
        answer["X-Version"] = version
    answer["X-Running"] = str(int(running))
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
@in_team
def column(request: TeamRequest, stage: str) -> HttpResponse:
    """The next cards of one column."""
    if stage not in Stage.values:
        return HttpResponse(status=404)
    offset = request.GET.get("offset", "")
    cards = query.column(
        team=request.team,
        viewer=_viewer(request),
        filters=query.read_filters(request.GET.dict()),
        stage=stage,
        offset=int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 9 else 0,
        now=timezone.now(),
    )
    return render(request, "board/_cards.html", {"cards": cards})


@require_POST
@in_team
def move(request: TeamRequest) -> HttpResponseBase:
    """Move cards one stage on or back, cancel or archive them; each card stands for itself."""
    sent = body(request)
    is_json = request.content_type == "application/json"
    ids = sent.get("ids", []) if is_json else request.POST.getlist("ids")
    ids = ids if isinstance(ids, list) else []
    direction = str(sent.get("direction", ""))
    wanted = [found for one in ids if (found := number(str(one))) is not None]
    if direction not in DIRECTIONS or not wanted:
        raise NotNow("Select a card first, then say where it should go.")
    if len(wanted) > MOST_AT_ONCE:
        raise NotNow(f"Move at most {MOST_AT_ONCE} cards at once. Nothing was moved.")
    assets = access.assets(request.team, wanted)
    if direction == "archive":
        results = moves.archive_each(assets=assets, by=request.user)
    elif direction == "cancel":
        results = moves.cancel_each(assets=assets, by=request.user)
    else:
        seen = sent.get("seen", []) if is_json else request.POST.getlist("seen")
        revisions = _revisions(seen if isinstance(seen, list) else [])
        results = moves.move(
            assets=assets, direction=direction, by=request.user, revisions=revisions
        )
    stages = {asset.pk: asset.stage for asset in assets}
    told = [_told(request, result, stages[result.asset_id]) for result in results]
    if wants_json(request):
        return JsonResponse({"results": told})
    for one in told:
        say = messages.info if one["outcome"] in ("moved", "cancelled") else messages.warning
        say(request, f"{one['title']}: {one['text']}")
    if len(told) == 1 and told[0]["outcome"] == "gate":
        return redirect(told[0]["url"])
    return redirect(came_from(request))


def _revisions(seen: Sequence[Any]) -> dict[int, int]:
    """["12:3"] as {12: 3}: what the person saw of each card."""
    found = {}
    for one in seen:
        pk, _, revision = str(one).partition(":")
        asset, seen_revision = number(pk), number(revision)
        if asset is not None and seen_revision is not None:
            found[asset] = seen_revision
    return found


def _told(request: TeamRequest, result: moves.Moved, stage: str) -> dict[str, Any]:
    url = ""
    if result.outcome == "gate":
        is_last = stage == Stage.QA
        name, pk = ("qa", result.asset_id) if is_last else ("review_batch", result.run_id)
        url = reverse(name, args=[request.team.slug, pk])
    return {
        "id": result.asset_id,
        "title": result.title,
        "outcome": result.outcome,
        "text": result.text,
        "url": url,
    }


def _viewer(request: TeamRequest) -> query.Viewer:
    return query.viewer_of(team=request.team, user_id=request.user.pk, roles=request.roles)


def _key(request: TeamRequest) -> str:
    """What this page shows besides the rows: filters and who looks."""
    return f"{request.META.get('QUERY_STRING', '')}|{request.user.pk}|{sorted(request.roles)}"


def _version(request: TeamRequest) -> tuple[str, bool]:
    return query.version(team=request.team, key=_key(request), now=timezone.now())


def _context(request: TeamRequest, version: str = "", running: bool = False) -> dict[str, Any]:
    # the version is read before the rows: a change in between is then shown twice, not never
    if not version:
        version, running = _version(request)
    filters = query.read_filters(request.GET.dict())
    found = query.board(
        team=request.team, viewer=_viewer(request), filters=filters, now=timezone.now()
    )
    fresh = request.GET.get("new", "")
    live_query = request.GET.copy()
    live_query.pop("new", None)
    return {
        "board": found,
        "filters": filters,
        "version": version,
        "running": running,
        "live_query": live_query.urlencode(),
        "ad_set": next((row for row in found.ad_sets if row.pk == filters.ad_set_id), None),
        "platforms": Platform.choices,
        "tiers": Tier.choices,
        "tier_label": Tier(filters.tier).label if filters.tier else "",
        "new_id": number(fresh),
        "token": token(),
        "more": [
            {
                "stage": column.stage,
                "show": query.write_shown(
                    {**filters.shown, column.stage: len(column.cards) + query.FIRST_SCREEN}
                ),
            }
            for column in found.columns
        ],
        "may": {
            "brief": permissions.can_brief(request.roles),
            "run": permissions.can_run(request.roles),
            "export": permissions.can_export(request.roles),
            "set_up_campaign": permissions.can_set_up_campaign(request.roles),
        },
    }
