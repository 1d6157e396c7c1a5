"""Files kept aside: handed to managers and admins of the team as bytes, never opened here."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from campaigns.formats.media import UNKNOWN
from campaigns.queries import access
from campaigns.views import media
from campaigns.views.base import TeamRequest, in_team


@require_safe
@in_team
def quarantine(request: TeamRequest, pk: int) -> HttpResponseBase:
    """One file kept aside; 404 for everybody who may not have it."""
    row = access.quarantine(request.team, pk, roles=request.roles)
    return media.deliver(
        request,
        row.file,
        etag=row.sha256,
        name=f"kept-aside-{row.pk}.bin",
        content_type=UNKNOWN,
        as_attachment=True,
    )
