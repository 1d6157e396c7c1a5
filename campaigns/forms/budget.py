"""Forms of the budget screens: a campaign's money, the team's month, standing rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User

from campaigns.forms.amounts import AmountField
from campaigns.models import Campaign, Team
from campaigns.models.choices import Tier


class _Money(forms.Form):
    """Amounts of one currency; an action's refusal can be put at the field it names."""

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.currency = currency

    def refuse(self, text: str, field: str) -> None:
        """Show what an action refused at its field, or above all fields."""
        self.add_error(field if field in self.fields else None, text)


class BudgetForm(_Money):
    """What a campaign and its tiers may spend in a month."""

    total = AmountField(label="Total", help_text="All that this campaign may spend in a month.")
    low = AmountField(label="Low tier", help_text="Fast drafts.")
    medium = AmountField(label="Medium tier", help_text="Precise edits.")
    high = AmountField(label="High tier", help_text="Hero and video.")
    ask_above = AmountField(
        label="Ask above",
        required=False,
        help_text="A single run that may cost more waits for a manager. Empty: any amount.",
    )
    carries_over = forms.BooleanField(
        required=False, label="What a month leaves is added to the next"
    )

    def tiers(self) -> dict[str, int]:
        """The cleaned amounts of the tiers in micro-units."""
        return {tier: self.cleaned_data[tier] for tier in Tier.values}


class MonthForm(_Money):
    """What all campaigns of a team may spend in a month."""

    month = AmountField(
        label="Limit a month",
        required=False,
        above_zero=True,
        help_text="Of all campaigns together. Empty: no limit. To stop everything, freeze it.",
    )


class _Person(forms.ModelChoiceField):
    """A member by name."""

    def label_from_instance(self, obj: User) -> str:
        """The full name, else what the person signs in with."""
        return obj.get_full_name() or obj.get_username()


class RuleForm(_Money):
    """A manager's yes given beforehand."""

    tier = forms.ChoiceField(
        choices=[("low", "Low"), ("medium", "Medium and below"), ("high", "Any tier")],
        label="Tier",
        initial="low",
        error_messages={"invalid_choice": "Tier is not known. Choose low, medium or high."},
    )
    day = AmountField(
        label="Amount a day",
        above_zero=True,
        help_text="In each campaign. A run above what is left of it asks as usual.",
    )
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(),
        required=False,
        label="Campaign",
        empty_label="Every campaign",
        error_messages={"invalid_choice": "Campaign is not one of this team. Choose another."},
    )
    person = _Person(
        User.objects.none(),
        required=False,
        label="For",
        empty_label="Everybody",
        error_messages={"invalid_choice": "For: this person is not in the team. Choose another."},
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, currency=team.currency, **kwargs)
        campaigns: Any = self.fields["campaign"]
        campaigns.queryset = team.campaigns.filter(archived_at__isnull=True).order_by("name", "pk")
        people: Any = self.fields["person"]
        members = User.objects.filter(memberships__team=team, is_active=True)
        people.queryset = members.distinct().order_by("first_name", "username")
