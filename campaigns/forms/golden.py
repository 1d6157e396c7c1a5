"""The form that makes a golden prompt of a kept run."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.http import QueryDict

from campaigns.actions.golden import EVERY
from campaigns.forms.amounts import AmountField
from campaigns.models import StageRun

WORDS = {0: "Only by a click", 7: "Every week", 14: "Every two weeks", 28: "Every four weeks"}


class GoldenForm(forms.Form):
    """Which request, how often, and what one check may cost."""

    run = forms.ChoiceField(
        label="Request",
        error_messages={
            "required": "Choose a run of which a picture was kept.",
            "invalid_choice": "Choose one of the runs in the list.",
        },
    )
    every = forms.ChoiceField(
        label="Check", choices=[(str(days), WORDS[days]) for days in EVERY], initial="7"
    )
    cap = AmountField(
        label="Most a check may cost",
        initial="0",
        error_messages={"required": "Write what one check may cost, such as 0.50, or 0."},
    )

    def __init__(self, data: QueryDict | None, *, runs: Sequence[StageRun], currency: str) -> None:
        super().__init__(data)
        named = [(str(run.pk), f"{run.model_label}: {run.asset.title}") for run in runs]
        self.fields["run"].choices = named  # type: ignore[attr-defined]
        field = self.fields["cap"]
        if isinstance(field, AmountField):
            field.currency = currency
