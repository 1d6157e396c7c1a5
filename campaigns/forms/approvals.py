"""Forms of the managers' inbox: one decision, several at once, less than was asked.

Checks shapes only; whether a decision is allowed is the action's business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from campaigns.actions.approvals import NeedsReason
from campaigns.models import StageRun
from campaigns.queries.approvals import MOST, Option

DECISIONS = [("approve", "Approve"), ("decline", "Decline")]
REASONS = (
    "Too expensive for what it brings",
    "A cheaper model will do",
    "Not needed now",
    "Change the brief first",
)
LARGEST = 10**18


class Numbers(forms.Field):
    """Numbers of requests, each once; at most as many as the page shows."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[int]:
        """The numbers in the order they came. Raises ValidationError."""
        given = value or []
        if not given:
            raise forms.ValidationError("Tick at least one request. Nothing was changed.")
        if len(given) > MOST or not all(one.isdecimal() and len(one) < 18 for one in given):
            raise forms.ValidationError(f"Tick up to {MOST} requests. Nothing was changed.")
        return list(dict.fromkeys(int(one) for one in given))


class DecisionForm(forms.Form):
    """Yes or no. A no needs a reason: one of the quick ones, own words, or both."""

    decision = forms.ChoiceField(
        choices=DECISIONS,
        error_messages={
            "required": "Choose approve or decline. Nothing was changed.",
            "invalid_choice": "Choose approve or decline. Nothing was changed.",
        },
    )
    reason = forms.CharField(max_length=400, required=False)
    quick = forms.ChoiceField(choices=[(one, one) for one in REASONS], required=False)

    def clean(self) -> dict[str, Any]:
        """Join both reasons; a no without any is an error at `reason`."""
        values = super().clean() or {}
        parts = (values.get("quick"), values.get("reason"))
        values["reason"] = ": ".join(part.strip() for part in parts if part and part.strip())
        if values.get("decision") == "decline" and not values["reason"]:
            self.add_error("reason", NeedsReason.text)
        return values


class EachForm(DecisionForm):
    """One decision on several requests."""

    approvals = Numbers()


class SomeForm(forms.Form):
    """Several requests to put aside or to bring back."""

    approvals = Numbers()


class LessForm(forms.Form):
    """Fewer candidates, or another of the models that could do it."""

    seen_micros = forms.IntegerField(min_value=0, max_value=LARGEST, required=False)

    def __init__(self, *args: Any, run: StageRun, options: Sequence[Option], **kwargs: Any) -> None:
        """`run` as it was asked for, `options` what could do it."""
        super().__init__(*args, **kwargs)
        self.most = run.candidate_count
        words = f"Choose 1 to {self.most} candidates. Nothing was changed."
        self.fields["count"] = forms.IntegerField(
            min_value=1,
            max_value=self.most,
            error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), words),
        )
        words = "Choose one of the models on the page. Nothing was changed."
        self.fields["model"] = forms.ChoiceField(
            choices=[(one.key, one.label) for one in options],
            error_messages=dict.fromkeys(("required", "invalid_choice"), words),
        )

    @property
    def wanted(self) -> tuple[int, str] | None:
        """Count and model when both are usable."""
        if not self.is_valid():
            return None
        return self.cleaned_data["count"], self.cleaned_data["model"]


def smaller(run: StageRun, options: Sequence[Option], model: str = "") -> dict[str, Any]:
    """What the form proposes: `model` when it could do it; else half the candidates, else the
    cheapest other model."""
    if any(one.key == model for one in options[1:]):
        return {"count": run.candidate_count, "model": model}
    if run.candidate_count > 1:
        return {"count": run.candidate_count // 2, "model": run.model}
    other = min(options[1:], key=lambda one: one.maximum_micros, default=None)
    return {"count": run.candidate_count, "model": other.key if other else run.model}
