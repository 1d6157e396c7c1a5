"""Provider keys: which are set, and whether they work. Keys themselves stand in the environment."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions, throttle, wiring
from campaigns.queries import keys as found
from campaigns.views.base import TeamRequest, in_team


@require_safe
@in_team
def keys(request: TeamRequest) -> HttpResponse:
    """Every provider with its key, its day and a button that tries it."""
    may_try = permissions.can_manage_models(request.roles)
    rows = found.page(
        team=request.team,
        now=timezone.now(),
        shows_ends=may_try and request.user.is_staff,
    )
    return render(
        request,
        "models/keys.html",
        {
            "rows": rows,
            "may_try": may_try,
            "may_settle": permissions.can_set_budget(request.roles),
        },
    )


@require_POST
@in_team
def key_try(request: TeamRequest, provider: str) -> HttpResponse:
    """Ask the provider, with a call that costs nothing, whether the key is accepted."""
    permissions.check_can_manage_models(request.roles)
    if provider not in wiring.HOSTED:
        raise Http404
    label = found.LABELS[provider]
    try:
        health = wiring.provider(provider).check()
    except wiring.NoSuchProvider:
        messages.error(request, f"{label}: there is no key. Set {found.VARIABLES[provider]}.")
    else:
        if health.works:
            throttle.worked(provider=provider)  # whoever stopped it was right until now
        say = messages.info if health.works else messages.error
        say(request, f"{label}: {health.text} This cost nothing.")
    return redirect("keys", request.team.slug)
