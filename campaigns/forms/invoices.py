"""The form that takes an invoice, and the sealed copy that carries it from page to page.

The file itself is never kept. What was read of it travels in the page, signed and packed, and
comes back when a manager accepts or downloads; it says nothing that the file did not say.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django import forms
from django.core import signing

from campaigns.formats import invoices
from campaigns.formats.invoice_cells import BadInvoice
from campaigns.formats.invoices import Charge, Invoice
from campaigns.models import Team
from campaigns.queries.budget import Period
from campaigns.queries.invoices import Comparison

MAX_AGE_S = 2 * 60 * 60
MOST_SEALED = 1_500_000  # bytes; a request may bring 2 MB besides files
MOST_ROWS = 5_000  # of an invoice that is too large to be carried whole
MOST_NAME = 120
_SALT = "switchyard.invoice"
LOST = (
    "This comparison is older than two hours or did not come back whole. Choose the invoice's "
    "file again. Nothing was booked."
)


class InvoiceForm(forms.Form):
    """The file, and where to look for calls that it does not name."""

    file = forms.FileField(
        label="Invoice as CSV",
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={
            "required": "Choose the invoice's CSV file. Nothing was changed.",
            "empty": "The file is empty. Download the invoice again. Nothing was changed.",
            "invalid": "No file arrived. Choose the invoice's CSV file. Nothing was changed.",
        },
    )
    provider = forms.ChoiceField(
        label="Provider",
        required=False,
        error_messages={"invalid_choice": "Choose a provider of the list. Nothing was changed."},
    )
    month = forms.ChoiceField(
        label="Month",
        required=False,
        error_messages={"invalid_choice": "Choose a month of the list. Nothing was changed."},
    )

    def __init__(
        self, *args: Any, currency: str, providers: list[str], periods: list[Period], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        choices: Any = self.fields
        choices["provider"].choices = [
            ("", "As the rows say"),
            *((name, name) for name in providers),
        ]
        choices["month"].choices = [
            ("", "As the rows say"),
            *((one.key, f"{one.start:%B %Y}") for one in periods),
        ]

    def clean_file(self) -> Invoice:
        """The invoice that was read. Raises ValidationError with line, column and remedy."""
        file = self.cleaned_data["file"]
        try:
            return invoices.parse(file, currency=self.currency)
        except BadInvoice as error:
            raise forms.ValidationError(f"{error.text} Nothing was changed.") from error

    def clean_month(self) -> date | None:
        """The first day of the chosen month, None when the rows say it."""
        year, _, number = self.cleaned_data["month"].partition("-")
        return date(int(year), int(number), 1) if number else None


@dataclass(frozen=True, slots=True)
class Sealed:
    """What came back: the invoice, the name of its file, and the scope it was compared in."""

    invoice: Invoice
    name: str
    provider: str
    month: date | None


def seal(*, team: Team, comparison: Comparison, name: str) -> tuple[str, bool]:
    """A comparison's invoice as signed text of at most MOST_SEALED bytes, and whether all of it.

    One that does not fit is reduced to what differs most, which is what can be booked; "" when
    nothing that differs would be left.
    """
    invoice = comparison.invoice
    sealed = _sealed(team, comparison, invoice, name)
    is_whole, most = True, MOST_ROWS
    while len(sealed) > MOST_SEALED:
        kept = {one for row in comparison.differing[:most] for one in row.request_ids}
        if not kept:
            return "", False
        charges = tuple(charge for charge in invoice.charges if charge.request_id in kept)
        part = replace(invoice, charges=charges, is_whole=False)
        sealed = _sealed(team, comparison, part, name)
        is_whole, most = False, most // 2
    return sealed, is_whole


def _sealed(team: Team, comparison: Comparison, invoice: Invoice, name: str) -> str:
    content = {
        "team": team.pk,
        "name": name[:MOST_NAME],
        "sha256": invoice.sha256,
        "whole": invoice.is_whole,
        "provider": comparison.provider,
        "month": comparison.month.start.isoformat() if comparison.month else "",
        "charges": [
            [charge.request_id, charge.micros, charge.line_count, charge.model]
            for charge in invoice.charges
        ],
    }
    return signing.dumps(content, salt=_SALT, compress=True)


def unseal(*, team: Team, sealed: str) -> Sealed:
    """Back from `seal`. Raises BadInvoice when it is too old, changed, or another team's."""
    try:
        content = signing.loads(sealed, salt=_SALT, max_age=MAX_AGE_S)
    except signing.BadSignature:
        raise BadInvoice(LOST) from None
    if content["team"] != team.pk:
        raise BadInvoice(LOST)
    month = date.fromisoformat(content["month"]) if content["month"] else None
    invoice = Invoice(
        sha256=content["sha256"],
        charges=tuple(Charge(*values) for values in content["charges"]),
        month=month,
        is_whole=content["whole"],
    )
    return Sealed(invoice, content["name"], content["provider"], month)
