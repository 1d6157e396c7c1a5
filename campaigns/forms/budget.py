"""Forms of the budget and approvals screens."""

from __future__ import annotations

from django import forms

from campaigns.forms.amounts import AmountField


class LineForm(forms.Form):
    """What a tier may spend in all."""

    approved = AmountField(label="Approved amount", help_text="All that may ever be spent here.")


class DecisionForm(forms.Form):
    """A manager's decision on one or several requests."""

    decision = forms.ChoiceField(choices=[("approve", "Approve"), ("decline", "Decline")])
    reason = forms.CharField(max_length=500, required=False)
