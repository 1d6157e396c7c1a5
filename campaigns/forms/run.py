"""The form of one operation: what to do, how often, with which model and mask.

Checks shapes only; the parameters of an operation are checked by its stage.
"""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.formats.price_seen import MOST_MICROS, Seen
from campaigns.stages.base import BadParams
from imaging.geometry import Box
from routing.stages import OPERATIONS

PARAMS = (
    "ratio",
    "surface",
    "factor",
    "strength",
    "motion",
    "motion_profile",
    "seconds",
    "headline",
    "subline",
    "cta",
)
MOST_PIXELS = 30_000
MOST_ID = 10**18


class RunForm(forms.Form):
    """One operation on the current version. The rectangle stands in for a painted mask."""

    operation = forms.ChoiceField(choices=[(key, op.label) for key, op in OPERATIONS.items()])
    token = forms.CharField(max_length=64, min_length=8, required=False)
    count = forms.IntegerField(min_value=1, max_value=12, required=False)
    model = forms.CharField(max_length=60, required=False)
    reason = forms.CharField(max_length=300, required=False)
    consent = forms.IntegerField(min_value=1, max_value=MOST_ID, required=False)
    mask = forms.FileField(required=False, allow_empty_file=True)
    left = forms.IntegerField(min_value=0, max_value=MOST_PIXELS, required=False)
    top = forms.IntegerField(min_value=0, max_value=MOST_PIXELS, required=False)
    width = forms.IntegerField(min_value=1, max_value=MOST_PIXELS, required=False)
    height = forms.IntegerField(min_value=1, max_value=MOST_PIXELS, required=False)
    seen_micros = forms.IntegerField(min_value=0, max_value=MOST_MICROS, required=False)
    seen_for = forms.CharField(required=False)
    seen_prices = forms.CharField(required=False)

    @property
    def given(self) -> dict[str, Any]:
        """The operation's own values as they were sent; its stage checks them."""
        return {name: self.data[name][:200] for name in PARAMS if self.data.get(name)}

    @property
    def seen(self) -> Seen | None:
        """The price that the page showed; None when it showed none."""
        values = self.cleaned_data
        return Seen.read(
            micros=values["seen_micros"], wish=values["seen_for"], prices=values["seen_prices"]
        )

    @property
    def box(self) -> Box | None:
        """The rectangle by numbers, when all four are there."""
        values = self.cleaned_data
        left, top = values.get("left"), values.get("top")
        width, height = values.get("width"), values.get("height")
        if left is None or top is None or not width or not height:
            return None
        return Box(left, top, left + width, top + height)


class PickForm(forms.Form):
    """A point in a picture as shares of its width and height, or none."""

    x = forms.FloatField(min_value=0, max_value=1, required=False)
    y = forms.FloatField(min_value=0, max_value=1, required=False)

    @property
    def point(self) -> tuple[float, float] | None:
        """The point, when both shares are there."""
        x, y = self.cleaned_data["x"], self.cleaned_data["y"]
        return None if x is None or y is None else (x, y)


def checked(form: forms.Form) -> dict[str, Any]:
    """The clean values of `form`. Raises BadParams with its first field and what to enter."""
    if form.is_valid():
        return form.cleaned_data
    field = next(iter(form.errors))
    raise BadParams("" if field == "__all__" else field, str(form.errors[field][0]))
