"""Fields for money: typed in units, kept in micro-units."""

from __future__ import annotations

from typing import Any

from django import forms

from routing import money


class AmountField(forms.CharField):
    """An amount such as 12.50; `clean` gives integer micro-units."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 24)
        kwargs.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        )
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        """Micro-units, or None when it is empty and not required."""
        written = super().clean(value)
        if not written:
            return None
        try:
            return money.parse(written)
        except money.BadAmount as error:
            raise forms.ValidationError(str(error)) from error
