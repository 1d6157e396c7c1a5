"""What every screen of a team needs: sign-in, the team, the roles, and errors in words.

Knows no screen. A person outside the team gets 404; a member without the role gets the sentence
that says who may.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from campaigns.actions.approvals import BadLess, NeedsReason
from campaigns.actions.approving import NotApproved
from campaigns.actions.budgets import BadBudget
from campaigns.actions.consents import BadConsent
from campaigns.actions.curation import BelowGate
from campaigns.actions.exports import NothingToPack
from campaigns.actions.platform_files import BadBox
from campaigns.actions.runs import NoModel, PriceChanged
from campaigns.actions.spending import BadCorrection, NotCovered
from campaigns.actions.standing import BadRule
from campaigns.actions.stored import UploadRefused
from campaigns.actions.unsettled import BadSettlement
from campaigns.models import Team
from campaigns.permissions import NotAllowed
from campaigns.queries import access
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow

FORESEEN: dict[type[Exception], int] = {
    NotAllowed: 403,
    NotNow: 409,
    PriceChanged: 409,
    NotCovered: 409,
    NotApproved: 409,
    NoModel: 422,
    BadParams: 422,
    BelowGate: 422,
    NothingToPack: 422,
    UploadRefused: 422,
    BadBox: 422,
    BadBudget: 422,
    BadConsent: 422,
    BadCorrection: 422,
    BadLess: 422,
    BadRule: 422,
    BadSettlement: 422,
    NeedsReason: 422,
}


class TeamRequest(HttpRequest):
    """A request inside a team, as `in_team` prepares it."""

    user: User
    team: Team
    roles: frozenset[str]


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
MOST_DIGITS = 18  # fits a big integer of every database

P = ParamSpec("P")
View = Callable[Concatenate[TeamRequest, P], HttpResponseBase]


def in_team(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Sign-in, `request.team` and `request.roles`; foreseen errors become an answer in words."""

    @wraps(view)
    @login_required
    def inner(request: Any, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        request.team = access.team(request.user, slug)
        request.roles = access.roles(request.user, request.team)
        if _has_nul(request):
            return render(request, "400.html", status=400)
        try:
            return view(request, *args, **kwargs)
        except tuple(FORESEEN) as error:
            return refuse(request, error)

    return inner


def _reads_itself(request: HttpRequest) -> bool:
    """True for the address of files: it reads the parts itself and says what is wrong with them."""
    return request.resolver_match is not None and request.resolver_match.url_name == "upload"


def _has_nul(request: HttpRequest) -> bool:
    """True for a NUL in an address or a form: no database takes one, and nobody types one."""
    if "%00" in request.META.get("QUERY_STRING", ""):
        return True
    if request.method != "POST" or request.content_type not in FORMS or _reads_itself(request):
        return False
    return any("\x00" in one for values in request.POST.lists() for one in values[1])


def wants_json(request: HttpRequest) -> bool:
    """True when a script asked; it shows the sentence itself."""
    return "application/json" in request.headers.get("Accept", "") or bool(
        request.headers.get("HX-Request")
    )


def refuse(request: HttpRequest, error: Exception) -> HttpResponse:
    """The answer to a foreseen error: JSON with field and text, or back with a message."""
    status = FORESEEN[type(error)]
    text = getattr(error, "text", "") or str(error)
    if wants_json(request):
        field = getattr(error, "field", "")
        return JsonResponse({"error": text, "field": field}, status=status)
    if request.method == "POST":
        messages.error(request, text)
        return redirect(came_from(request))
    return render(request, "refused.html", {"text": text}, status=status)


def came_from(request: HttpRequest) -> str:
    """The page the form stood on, if it is ours."""
    page = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(
        page, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return page if safe else "/"


def body(request: HttpRequest) -> dict[str, Any]:
    """The values of a POST, whether a form or JSON sent them; lists stay lists only in JSON."""
    if request.content_type == "application/json":
        try:
            found = json.loads(request.body or b"{}")
        except (ValueError, RecursionError):
            return {}
        return _without_nul(found) if isinstance(found, dict) else {}
    return request.POST.dict()


def _without_nul(found: Any) -> Any:
    """JSON without NULs in its texts."""
    if isinstance(found, str):
        return found.replace("\x00", "")
    if isinstance(found, list):
        return [_without_nul(one) for one in found]
    if isinstance(found, dict):
        return {str(key): _without_nul(value) for key, value in found.items()}
    return found


def number(written: str) -> int | None:
    """A row's number as an address or a form gives it; None for anything else."""
    is_number = written.isascii() and written.isdigit() and len(written) < MOST_DIGITS
    return int(written) if is_number else None


def token() -> str:
    """A fresh form token: one per page, so that a double click is one spend."""
    return secrets.token_urlsafe(24)


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The page for what a person may not do."""
    text = "You may not do this. Nothing was changed."
    return render(request, "refused.html", {"text": text}, status=403)
