"""The form of the what-if page: what might be otherwise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from campaigns.forms.amounts import AmountField
from campaigns.models.choices import Tier
from campaigns.queries.routes import PERIODS, Change
from routing.catalog import ModelCard
from routing.stages import ORDER, Stage

ALL = [("", "All stages but QA")]


class WhatIfForm(forms.Form):
    """Stage and period of the history, then the change. Unbound it stands at "as it is"."""

    stage = forms.ChoiceField(
        choices=ALL + [(str(s), str(s).capitalize()) for s in ORDER if s is not Stage.QA],
        required=False,
    )
    days = forms.ChoiceField(
        choices=[(str(days), f"{days} days") for days in PERIODS], initial="90", label="History"
    )
    highest_tier = forms.ChoiceField(
        choices=[("", "Any tier"), *Tier.choices], required=False, label="Highest tier allowed"
    )
    limit = AmountField(required=False, above_zero=True, label="Most one output may cost")
    model = forms.ChoiceField(required=False, label="Another price for")
    price = AmountField(required=False, label="Its price would be")
    use = forms.MultipleChoiceField(
        required=False,
        label="Models that may be used",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": "%(value)s is no model with a known price. Choose from the list."
        },
    )

    def __init__(
        self,
        data: QueryDict | None,
        *,
        cards: Sequence[ModelCard],
        usable: Collection[str],
        currency: str,
    ) -> None:
        if data is not None and "use" not in data:  # a link that speaks of no model: as they are
            data = data.copy()
            data.setlist("use", sorted(usable))
        super().__init__(data)
        named = sorted(((card.key, card.label) for card in cards), key=lambda one: one[1].lower())
        self.usable = frozenset(usable)
        self.fields["model"].choices = [("", "No model"), *named]  # type: ignore[attr-defined]
        self.fields["use"].choices = named  # type: ignore[attr-defined]
        self.fields["use"].initial = sorted(usable)
        for name in ("limit", "price"):
            field = self.fields[name]
            if isinstance(field, AmountField):
                field.currency = currency

    def clean(self) -> dict[str, Any]:
        """A price belongs to a model, and a model to a price."""
        values = super().clean() or {}
        if values.get("model") and values.get("price") is None and "price" not in self.errors:
            self.add_error("price", "Write the price that the model would have, such as 0.05.")
        if values.get("price") is not None and not values.get("model"):
            self.add_error("model", "Choose the model that would have this price.")
        return values

    def change(self) -> Change:
        """What is asked; valid forms only."""
        values = self.cleaned_data
        picked = frozenset(values["use"])
        return Change(
            use=picked if picked != self.usable else None,
            highest_tier=values["highest_tier"],
            price_limit_micros=values["limit"],
            prices={values["model"]: values["price"]} if values["model"] else None,
        )

    def boxes(self) -> list[tuple[str, str, list[Any]]]:
        """The boxes of the models in two groups: (title, hint, boxes)."""
        every = list(self["use"])
        here = [box for box in every if box.data["value"] in self.usable]
        others = [box for box in every if box.data["value"] not in self.usable]
        return [
            ("Usable here", "Untick one to see what its loss would cost.", here),
            ("Not usable here", "Tick one to see what a key or its switch would bring.", others),
        ]

    @property
    def is_other_set(self) -> bool:
        """True when other models are ticked than those that are usable."""
        return self.is_bound and frozenset(self["use"].value() or ()) != self.usable
