"""The mask editor asks: what lies at this point, and what stands out in this picture?"""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from campaigns.actions import picking
from campaigns.forms.run import PickForm, checked
from campaigns.queries import access
from campaigns.views.base import TeamRequest, in_team


@require_POST
@in_team
def pick(request: TeamRequest, pk: int) -> HttpResponse:
    """Outlines of the object at x, y; without a point, of all objects. Nothing is stored."""
    found = access.asset(request.team, pk)
    found.team = found.campaign.team = request.team
    form = PickForm(request.POST)
    checked(form)
    return JsonResponse(picking.look(asset=found, by=request.user, point=form.point))
