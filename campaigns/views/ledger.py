"""The ledger: every movement of money behind a number, on the screen and as CSV."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns import permissions
from campaigns.formats import csv_rows
from campaigns.models import LedgerEntry
from campaigns.models.choices import Tier
from campaigns.queries import budget, unsettled
from campaigns.queries import ledger as reads
from campaigns.views.base import TeamRequest, in_team

MICROS = Decimal(1_000_000)
COLUMNS = (
    "booked_at", "month", "campaign", "ad_set", "asset", "asset_id", "run_id", "attempt",
    "stage", "tier", "model", "kind", "amount", "currency", "credits", "compute_s",
    "request_id", "requested_by", "booked_by", "note",
)  # fmt: skip


@require_safe
@in_team
def ledger(request: TeamRequest) -> HttpResponseBase:
    """Movements that fit the filters, newest first; or all of them as CSV."""
    filters, chips = reads.read_filters(team=request.team, asked=request.GET.dict())
    if request.GET.get("format") == "csv":
        return _csv(request, filters)
    page = reads.page(
        team=request.team,
        filters=filters,
        before=_id(request.GET.get("before", "")),
        after=_id(request.GET.get("after", "")),
    )
    context = {
        "page": page,
        "chips": [(chip.text, _without(request, chip.name)) for chip in chips],
        "filters": filters,
        "kinds": reads.KINDS.items(),
        "tiers": Tier.choices,
        "periods": budget.periods(team=request.team),
        "campaigns": budget.campaigns(team=request.team),
        "may_settle": permissions.can_set_budget(request.roles),
    }
    if context["may_settle"]:
        context["unsettled_count"] = unsettled.count(team=request.team)
    return render(request, "budget/ledger.html", context)


def _id(written: str) -> int | None:
    known = written.isascii() and written.isdigit() and len(written) < 16
    return int(written) if known else None


def _without(request: TeamRequest, name: str) -> str:
    query = request.GET.copy()
    for gone in (name, "before", "after"):
        query.pop(gone, None)
    return f"?{query.urlencode()}"


def _csv(request: TeamRequest, filters: reads.Filters) -> HttpResponseBase:
    name = "-".join(filter(None, ("ledger", request.team.slug, filters.month)))
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    kind = "text/csv; charset=utf-8"
    if request.method == "HEAD":
        return HttpResponse(content_type=kind, headers=headers)
    rows = reads.every(team=request.team, filters=filters)
    lines = csv_rows.stream(COLUMNS, (_cells(row) for row in rows))
    return StreamingHttpResponse(lines, content_type=kind, headers=headers)


def _cells(row: LedgerEntry) -> list[csv_rows.Cell]:
    attempt = row.attempt
    run: Any = attempt.run if attempt else None
    asset = run.asset if run else None
    return [
        row.at.isoformat(timespec="seconds"),
        f"{row.line.period:%Y-%m}",
        row.line.campaign.name if row.line.campaign else "",
        asset.ad_set.name if asset else "",
        asset.title if asset else "",
        asset.pk if asset else None,
        run.pk if run else None,
        attempt.number if attempt else None,
        run.stage if run else "",
        row.line.tier,
        run.model_label if run else "",
        row.kind,
        row.amount_micros / MICROS,
        row.currency,
        row.credits_micros / MICROS,
        round(row.compute_s, 3),
        attempt.provider_ref if attempt else "",
        run.requested_by.get_username() if run else "",
        row.by.get_username() if row.by else "",
        row.note,
    ]
