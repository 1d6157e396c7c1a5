"""The audit trail: every decision with who, when, before and after; on the screen and as CSV."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns import permissions
from campaigns.formats import csv_rows
from campaigns.queries import set_up
from campaigns.queries import trail as reads
from campaigns.views.base import TeamRequest, in_team

COLUMNS = ("at", "who", "what", "verb", "subject", "asset_id", "before", "after")


@require_safe
@in_team
def trail(request: TeamRequest) -> HttpResponseBase:
    """What happened, newest first, a page at a time; or everything that fits as CSV."""
    permissions.check_can_see_trail(request.roles)
    filters = reads.read_filters(team=request.team, asked=request.GET.dict())
    if request.GET.get("format") == "csv":
        return _csv(request, filters)
    before = request.GET.get("before", "")
    known = before.isascii() and before.isdigit() and len(before) < 16
    page = reads.trail(team=request.team, filters=filters, before=int(before) if known else None)
    return render(
        request,
        "people/trail.html",
        {
            "page": page,
            "filters": filters,
            "kinds": [(key, label) for key, (label, _) in reads.KINDS.items()],
            "kind_label": reads.KINDS[filters.kind][0] if filters.kind else "",
            "members": set_up.members(team=request.team),
        },
    )


def _csv(request: TeamRequest, filters: reads.Filters) -> HttpResponseBase:
    headers = {"Content-Disposition": f'attachment; filename="trail-{request.team.slug}.csv"'}
    kind = "text/csv; charset=utf-8"
    if request.method == "HEAD":
        return HttpResponse(content_type=kind, headers=headers)
    rows = reads.every(team=request.team, filters=filters)
    lines = csv_rows.stream(COLUMNS, (_cells(row) for row in rows))
    return StreamingHttpResponse(lines, content_type=kind, headers=headers)


def _cells(row: reads.Row) -> list[csv_rows.Cell]:
    return [
        row.at.isoformat(timespec="seconds"),
        row.who,
        row.text,
        row.verb,
        row.subject,
        row.asset_id,
        "; ".join(f"{change.name}: {change.before}" for change in row.changes if change.before),
        "; ".join(f"{change.name}: {change.after}" for change in row.changes if change.after),
    ]
