"""A provider's invoice: drop it, see it beside our books, accept the differences. Keeps no file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from campaigns import permissions
from campaigns.actions import invoices as actions
from campaigns.formats import csv_rows
from campaigns.formats.invoice_cells import BadInvoice
from campaigns.forms import invoices as forms
from campaigns.queries import budget
from campaigns.queries import invoices as reads
from campaigns.queries.invoices import Comparison, State
from campaigns.templatetags.figures import plural, signed
from campaigns.views.base import TeamRequest, in_team

UNPROCESSABLE = 422
SHOWN = 200
MICROS = Decimal(1_000_000)
LOOKS = {
    State.DIFFERS: ("warn", "money"),
    State.OPEN: ("run", "clock"),
    State.UNCLEAR: ("bad", "branch"),
    State.THEIRS: ("bad", "left"),
    State.OURS: ("accent", "right"),
    State.SAME: ("ok", "check"),
}
COLUMNS = (
    "state", "request_id", "theirs", "ours", "difference", "currency", "invoice_lines",
    "invoice_model", "asset", "asset_id", "stage", "model", "provider", "started_at",
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@in_team
def invoice(request: TeamRequest) -> HttpResponse:
    """Take an invoice's file and show the comparison, or hand it out as CSV."""
    permissions.check_can_set_budget(request.roles)
    form = _form(request)
    if not form.is_valid():
        return _page(request, form, status=UNPROCESSABLE if form.is_bound else 200)
    comparison = reads.compare(
        team=request.team,
        invoice=form.cleaned_data["file"],
        provider=form.cleaned_data["provider"],
        month=form.cleaned_data["month"],
    )
    if request.POST.get("as") == "csv":
        return _csv(request, comparison)
    name = getattr(form.files["file"], "name", "") or "invoice.csv"
    return _page(request, form, **_compared(request, comparison, name))


@require_POST
@in_team
def book(request: TeamRequest) -> HttpResponse:
    """Accept the differences of a comparison; then the comparison again, as it is now."""
    permissions.check_can_set_budget(request.roles)
    try:
        back = forms.unseal(team=request.team, sealed=request.POST.get("sealed", ""))
    except BadInvoice as error:
        return _refused(request, error)
    booked = actions.book(
        team=request.team, comparison=_again(request, back), name=back.name, by=request.user
    )
    told = list(_told(booked, request.team.currency))
    if not back.invoice.is_whole:
        for tone, text in told:
            (messages.info if tone == "ok" else messages.error)(request, text)
        messages.info(request, "Choose the file again to see what is left of it.")
        return redirect("invoice", slug=request.team.slug)
    shown = _compared(request, _again(request, back), back.name)
    return _page(request, _form(request, fresh=True), told=told, **shown)


@require_POST
@in_team
def download(request: TeamRequest) -> HttpResponse:
    """A comparison that is on the screen, as CSV."""
    permissions.check_can_set_budget(request.roles)
    try:
        back = forms.unseal(team=request.team, sealed=request.POST.get("sealed", ""))
    except BadInvoice as error:
        return _refused(request, error)
    return _csv(request, _again(request, back))


def _again(request: TeamRequest, back: forms.Sealed) -> Comparison:
    return reads.compare(
        team=request.team, invoice=back.invoice, provider=back.provider, month=back.month
    )


def _form(request: TeamRequest, *, fresh: bool = False) -> forms.InvoiceForm:
    sent = (request.POST, request.FILES) if request.method == "POST" and not fresh else ()
    return forms.InvoiceForm(
        *sent,
        currency=request.team.currency,
        providers=reads.providers(team=request.team),
        periods=budget.periods(team=request.team),
        initial={"month": request.GET.get("month", "")},
        auto_id="invoice-%s",
    )


def _page(
    request: TeamRequest, form: forms.InvoiceForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    values = {"form": form, "currency": request.team.currency, **context}
    return render(request, "invoices/invoice.html", values, status=status)


def _refused(request: TeamRequest, error: BadInvoice) -> HttpResponse:
    """Back to the file's form with the sentence above it."""
    form = _form(request, fresh=True)
    return _page(request, form, told=[("bad", error.text)], status=UNPROCESSABLE)


def _compared(request: TeamRequest, comparison: Comparison, name: str) -> dict[str, Any]:
    """What the page shows of a comparison, ready to print."""
    at_once = comparison.differing[: actions.MOST_AT_ONCE]
    sealed, is_whole = forms.seal(team=request.team, comparison=comparison, name=name)
    return {
        "comparison": comparison,
        "name": name,
        "sealed": sealed,
        # a part of an invoice can be booked, but says nothing about the rest of it
        "is_whole": is_whole,
        "at_once_count": len(at_once),
        "at_once_micros": sum(row.difference or 0 for row in at_once),
        "counts": [(state, *LOOKS[state], *rest) for state, *rest in comparison.counts],
        "rows": [(row, *LOOKS[row.state]) for row in comparison.rows[:SHOWN]],
        "hidden": max(0, len(comparison.rows) - SHOWN),
    }


def _told(booked: actions.Booked, currency: str) -> Iterator[tuple[str, str]]:
    """What accepting did, as (tone, sentence)."""
    if booked.count:
        corrections = plural(booked.count, "correction was booked,corrections were booked")
        yield "ok", f"{corrections}: {signed(booked.micros, currency)}."
    elif not booked.earlier_count and not booked.refused:
        yield "ok", "Nothing was booked: what stands in both books agrees."
    if booked.count and booked.equal_count:
        yield "ok", f"{plural(booked.equal_count, 'request,requests')} agreed already."
    if booked.earlier_count:
        yield (
            "warn",
            f"{plural(booked.earlier_count, 'request was,requests were')} booked from this file "
            "before and changed since. Nothing was booked for them again; look at them in the "
            "ledger.",
        )
    for request_id, text in booked.refused[:5]:
        yield "bad", f"{request_id} was not booked: {text}"
    if len(booked.refused) > 5:
        yield "bad", f"{len(booked.refused) - 5} more were not booked for such reasons."
    if booked.left_count:
        left = plural(booked.left_count, "difference is,differences are")
        yield "warn", f"{left} left: accept again to book the next."


def _csv(request: TeamRequest, comparison: Comparison) -> HttpResponse:
    month = comparison.month.key if comparison.month else ""
    name = "-".join(filter(None, ("invoice", request.team.slug, month)))
    rows = (_cells(row, request.team.currency) for row in comparison.rows)
    return HttpResponse(
        csv_rows.to_bytes(COLUMNS, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def _units(micros: int | None) -> Decimal | None:
    return None if micros is None else micros / MICROS


def _cells(row: reads.Row, currency: str) -> list[csv_rows.Cell]:
    call = row.call
    return [
        row.state.label,
        row.request_id,
        _units(row.theirs),
        _units(row.ours),
        _units(row.difference),
        currency,
        row.line_count if row.theirs is not None else None,
        row.model,
        call.title if call else "",
        call.asset_id if call else None,
        call.stage if call else "",
        call.model_label if call else "",
        call.provider if call else "",
        call.created_at.isoformat(timespec="seconds") if call else "",
    ]
