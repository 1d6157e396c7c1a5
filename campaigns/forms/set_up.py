"""Forms of campaigns, people, team settings and models."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from campaigns.actions.setting_up import MOST_BRAND, UNASKED
from campaigns.formats import naming
from campaigns.forms.amounts import AmountField
from campaigns.models.choices import Ceiling, Role, Tier

LOCALE = re.compile(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")
COLOR = re.compile(r"^#[0-9a-fA-F]{6}$")
MOST_AD_SETS = 200


def check_locale(value: str) -> None:
    """Raises ValidationError unless `value` looks like en, en-GB or zh-Hant-TW."""
    if not LOCALE.match(value):
        raise forms.ValidationError("Write a locale such as en-GB or pt-PT.")


def _brand() -> forms.CharField:
    return forms.CharField(
        max_length=MOST_BRAND,
        required=False,
        help_text="Goes into file names, and to YouTube "
        "as the business name (at most 25 characters). Empty: the team's name.",
    )


class CampaignForm(forms.Form):
    """A new campaign with its first ad sets."""

    name = forms.CharField(max_length=120, label="Campaign name")
    ad_sets = forms.CharField(
        label="Ad sets",
        help_text="One a line.",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    default_locale = forms.CharField(
        max_length=12, label="Locale", initial="en-US", validators=[check_locale]
    )
    ceiling = forms.ChoiceField(
        choices=Ceiling.choices,
        initial=Ceiling.LOW,
        label="What runs without asking",
        help_text="Anything above waits for a manager.",
    )
    brand = _brand()

    def __init__(self, *args: Any, may_raise: bool, **kwargs: Any) -> None:
        """Without `may_raise` only ceilings that need no manager are offered."""
        super().__init__(*args, **kwargs)
        if not may_raise:
            field = self.fields["ceiling"]
            field.choices = [  # type: ignore[attr-defined]
                (value, label) for value, label in Ceiling.choices if value in UNASKED
            ]
            field.help_text = "Anything above waits for a manager, who may raise this later."

    def clean_ad_sets(self) -> list[str]:
        """Names, one a line, without doubles."""
        names = [line.strip() for line in self.cleaned_data["ad_sets"].splitlines()]
        names = list(dict.fromkeys(name for name in names if name))
        if not names:
            raise forms.ValidationError("Write at least one ad set.")
        if len(names) > MOST_AD_SETS:
            raise forms.ValidationError(f"At most {MOST_AD_SETS} ad sets at once.")
        if any(len(name) > 120 for name in names):
            raise forms.ValidationError("An ad set's name has at most 120 characters.")
        return names


class BrandForm(forms.Form):
    """The name a campaign's ads go out under."""

    brand = _brand()


class CeilingForm(forms.Form):
    """Which tiers run unasked."""

    ceiling = forms.ChoiceField(choices=Ceiling.choices, label="What runs without asking")


class AdSetForm(forms.Form):
    """One more ad set."""

    name = forms.CharField(max_length=120)
    audience = forms.CharField(max_length=200, required=False)
    locale = forms.CharField(max_length=12, required=False, validators=[check_locale])


class InviteForm(forms.Form):
    """An address and the roles it gets."""

    email = forms.EmailField(label="E-mail address")
    roles = forms.MultipleChoiceField(
        choices=Role.choices, widget=forms.CheckboxSelectMultiple, label="Roles"
    )


class RolesForm(forms.Form):
    """The roles of a member; none removes them."""

    roles = forms.MultipleChoiceField(
        choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class TeamNameForm(forms.Form):
    """A new team."""

    name = forms.CharField(max_length=120, label="Team name")


class TeamForm(forms.Form):
    """A team's settings."""

    name = forms.CharField(max_length=120, label="Team name")
    gate_threshold_percent = forms.IntegerField(
        min_value=0, max_value=100, label="Gate", help_text="Percent of a checklist that is enough."
    )
    review_rate = AmountField(
        label="Review time, an hour", help_text="What an hour of a curator's time costs you."
    )
    brand_colors = forms.CharField(
        max_length=200,
        required=False,
        label="Brand colors",
        help_text="Up to six, such as #3b4cca #f4efe6. They color composed backgrounds.",
    )
    name_pattern = forms.CharField(max_length=200, label="File names")
    baseline_hours = forms.FloatField(
        required=False,
        min_value=0.1,
        max_value=10_000,
        label="The old way, hours",
        help_text="From brief to approved creative before; Throughput compares with it.",
    )
    explore_percent = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=100,
        label="Learning, percent",
        help_text="How much more than the best on averages a run may cost to try a model; 0: off.",
    )
    self_approval_allowed = forms.BooleanField(
        required=False, label="Managers may approve their own requests"
    )

    def clean_brand_colors(self) -> list[str]:
        """Hex colors."""
        found = self.cleaned_data["brand_colors"].replace(",", " ").split()
        for color in found:
            if not COLOR.match(color):
                raise forms.ValidationError(f"{color[:20]} is no color; write #3b4cca.")
        if len(found) > 6:
            raise forms.ValidationError("At most six colors.")
        return [color.lower() for color in found]

    def clean_name_pattern(self) -> str:
        """A pattern that makes names."""
        pattern: str = self.cleaned_data["name_pattern"]
        try:
            naming.parse_pattern(pattern)
        except naming.BadPattern as error:
            raise forms.ValidationError(str(error)) from error
        return pattern


class ModelForm(forms.Form):
    """What an admin changes of a model."""

    tier = forms.ChoiceField(choices=Tier.choices)
    price = AmountField(required=False)
    starts = forms.DateField(
        required=False,
        error_messages={"invalid": "Enter the day as 2026-12-31, or leave it empty."},
    )
    source = forms.CharField(required=False, max_length=200)
    basis = forms.CharField(required=False, max_length=200)
    is_enabled = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        """An enabled model needs a price."""
        values = super().clean() or {}
        if values.get("is_enabled") and values.get("price") is None and "price" not in self.errors:
            self.add_error("price", "Enter a price, or switch the model off.")
        return values


class JoinForm(forms.Form):
    """A new person's name and password."""

    name = forms.CharField(max_length=150, label="Your name")
    password = forms.CharField(
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        validators=[validate_password],
        help_text="At least 12 characters.",
    )
