"""The form for a call whose answer was lost: billed or not, how much, and how one knows."""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.forms.amounts import AmountField

DECISIONS = [
    ("billed", "It was billed"),
    ("unbilled", "It was not billed"),
    ("found", "It was found"),
]
WORDS = "Choose whether it was found, billed or not. Nothing was changed."


class UnsettledForm(forms.Form):
    """An empty amount means the whole hold; what may be settled at most the action knows.

    The provider's request id lets a later invoice find the call.
    """

    decision = forms.ChoiceField(
        choices=DECISIONS, error_messages=dict.fromkeys(("required", "invalid_choice"), WORDS)
    )
    amount = AmountField(label="Amount", required=False)
    request_id = forms.CharField(
        label="Request id",
        max_length=200,
        required=False,
        error_messages={"max_length": "A request id has at most 200 characters."},
    )
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        error_messages={
            "required": "Say how you know, such as the number of the invoice. Nothing was changed.",
            "max_length": "Keep the reason to 200 characters. Nothing was changed.",
        },
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount: Any = self.fields["amount"]
        amount.currency = currency
