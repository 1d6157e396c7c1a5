"""The forms of a batch: judging one candidate, passing the gate, rejecting all."""

from __future__ import annotations

from django import forms

from campaigns.models.choices import Defect, Verdict

JUDGMENTS = [(value, label) for value, label in Verdict.choices if value != Verdict.KEPT]


class JudgeForm(forms.Form):
    """A verdict for one candidate, or only a note when `verdict` is left out."""

    candidate = forms.IntegerField(min_value=1)
    verdict = forms.ChoiceField(choices=JUDGMENTS, required=False)
    defect = forms.ChoiceField(choices=Defect, required=False)
    comment = forms.CharField(max_length=2000, required=False)


class ApproveForm(forms.Form):
    """The keeper; the ticked criteria are read beside it."""

    candidate = forms.IntegerField(
        min_value=1, error_messages={"required": "Pick a candidate first. Nothing was changed."}
    )


class RejectForm(forms.Form):
    """Nothing of the batch is good enough; a defect and a note where they help."""

    defect = forms.ChoiceField(choices=Defect, required=False)
    comment = forms.CharField(max_length=2000, required=False)
