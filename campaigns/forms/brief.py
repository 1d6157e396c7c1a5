"""The brief: at most five fields must be filled, everything else has a default or may be empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

from django import forms

from campaigns.forms.set_up import check_locale
from campaigns.models import AdSet, Media
from campaigns.models.choices import FileKind, Motion, MotionProfile, Platform, Purpose
from campaigns.stages import edit, polish
from routing.complexity import Demands
from routing.demands import MOST, read
from routing.stages import PASS, Stage, operations_of

MOST_PHOTOS = 12
GOAL_LENGTH = 4000
TITLE_LENGTH = 120
NEW_CAMPAIGN = "new"
AUTOMATIC = ("", "Automatic")
ORIGINS = (
    ("none", "A photograph"),
    ("ai_modified", "Edited with AI"),
    ("ai_generated", "Made by AI"),
    ("unknown", "Not known yet; QA asks again"),
)
LOCALES = ("en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "pt-PT", "pt-BR", "it-IT", "nl-NL", "ja-JP")


def _operations(stage: Stage, nothing: str) -> list[tuple[str, str]]:
    offered = [(op.key, op.label) for op in operations_of(stage)]
    return [AUTOMATIC, (PASS, nothing), *offered]


class TooLong:
    """A length check whose message names both figures and never echoes the text."""

    def __init__(self, most: int) -> None:
        self.most = most

    def __call__(self, value: str) -> None:
        if len(value) > self.most:
            raise forms.ValidationError(
                f"Shorten this to {self.most:,} characters; it has {len(value):,}."
            )


def _text(label: str, most: int, *, required: bool = False, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, required=required, validators=[TooLong(most)], **more)


def _few(label: str) -> forms.IntegerField:
    text = f"Enter a whole number from 0 to {MOST}."
    return forms.IntegerField(
        label=label,
        min_value=0,
        max_value=MOST,
        required=False,
        error_messages={"min_value": text, "max_value": text, "invalid": text},
        widget=forms.NumberInput(attrs={"placeholder": "As the words say"}),
    )


class BriefForm(forms.Form):
    """One brief. `photos` are uploads of the team that the page already holds.

    `ad_sets` is what may be chosen; when it is empty, or "new" is chosen, the names of a new
    campaign and its ad set are asked instead.
    """

    goal = _text(
        "What should it do?",
        GOAL_LENGTH,
        required=True,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto", "autofocus": True}),
        error_messages={"required": "Say in a sentence what this creative should do."},
    )
    product = _text(
        "Product",
        200,
        required=True,
        widget=forms.TextInput(attrs={"dir": "auto"}),
        error_messages={"required": "Name the product or offer."},
    )
    ad_set = forms.ChoiceField(
        label="Campaign and ad set",
        error_messages={
            "required": "Choose where it belongs.",
            "invalid_choice": "This ad set is not there any more. Choose another one.",
        },
    )
    campaign_name = _text("New campaign", 120, initial="First campaign")
    ad_set_name = _text("Its ad set", 120, initial="Prospecting")
    platforms = forms.MultipleChoiceField(
        choices=Platform.choices,
        widget=forms.CheckboxSelectMultiple,
        initial=list(Platform.values),
        error_messages={"required": "Tick at least one platform."},
    )
    purpose = forms.ChoiceField(
        choices=Purpose.choices,
        initial=Purpose.SOCIAL,
        error_messages={"required": "Choose what it is for."},
    )
    title = _text("Title", TITLE_LENGTH, widget=forms.TextInput(attrs={"dir": "auto"}))
    as_is = forms.BooleanField(label="Use the photo as it is", required=False)
    photo_origin = forms.ChoiceField(
        label="How the photo was made", choices=ORIGINS, initial="none", required=False
    )
    headline = _text("Headline", 120, widget=forms.TextInput(attrs={"dir": "auto"}))
    subline = _text("Subline", 160, widget=forms.TextInput(attrs={"dir": "auto"}))
    cta = _text("Button text", 40, widget=forms.TextInput(attrs={"dir": "auto"}))
    locale = forms.CharField(
        max_length=12,
        initial="en-US",
        validators=[check_locale],
        required=False,
        widget=forms.TextInput(attrs={"list": "locales", "autocomplete": "off"}),
    )
    count = forms.IntegerField(
        label="Candidates",
        min_value=1,
        max_value=12,
        required=False,
        error_messages={
            "min_value": "Ask for 1 to 12 candidates.",
            "max_value": "Ask for 1 to 12 candidates.",
            "invalid": "Enter a whole number from 1 to 12.",
        },
    )
    people = _few("People in it")
    hands = forms.ChoiceField(
        label="Hands show",
        choices=[("", "As the words say"), ("yes", "Yes"), ("no", "No")],
        required=False,
    )
    objects = _few("Different objects")
    interactions = _few("Interactions")
    deadline = forms.DateField(
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": "Enter a date such as 2027-03-31."},
    )
    clip = forms.BooleanField(label="Make a clip as well", required=False)
    motion = forms.ChoiceField(choices=Motion.choices, initial=Motion.PUSH_IN, required=False)
    motion_profile = forms.ChoiceField(
        label="What moves",
        choices=MotionProfile.choices,
        initial=MotionProfile.CAMERA_ONLY,
        required=False,
    )
    edit_operation = forms.ChoiceField(
        label="Edit", choices=_operations(Stage.EDIT, "Nothing"), required=False
    )
    surface = forms.ChoiceField(
        label="New background",
        choices=[(name, name.capitalize()) for name in edit.SURFACES],
        required=False,
    )
    ratio = forms.ChoiceField(
        label="Expand to", choices=[(name, name) for name in edit.RATIOS], required=False
    )
    polish_operation = forms.ChoiceField(
        label="Polish", choices=_operations(Stage.POLISH, "Nothing"), required=False
    )
    factor = forms.ChoiceField(
        label="Upscale by", choices=[(name, f"{name}×") for name in polish.FACTORS], required=False
    )

    def __init__(
        self,
        data: Any = None,
        *,
        ad_sets: Sequence[AdSet],
        photos: Sequence[Media] = (),
        today: date,
        may_set_up: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(data, **more)
        self._ad_sets = {str(row.pk): row for row in ad_sets}
        self.photos = list(photos)
        self._today = today
        choices = [(str(row.pk), f"{row.campaign.name} · {row.name}") for row in ad_sets]
        if may_set_up:
            choices.append((NEW_CAMPAIGN, "+ A new campaign"))
        self.fields["ad_set"].choices = choices  # type: ignore[attr-defined]

    @property
    def has_ad_sets(self) -> bool:
        """False for a team that has no open campaign yet."""
        return bool(self._ad_sets)

    @property
    def ad_set_locales(self) -> dict[str, str]:
        """The locale that each ad set suggests."""
        return {pk: row.locale or row.campaign.default_locale for pk, row in self._ad_sets.items()}

    @property
    def chosen(self) -> AdSet | None:
        """The ad set, if one that exists is chosen."""
        return self._ad_sets.get(str(self.cleaned_data.get("ad_set", "")))

    def clean_count(self) -> int:
        """0 when it is left empty: as many as routing finds best."""
        return self.cleaned_data["count"] or 0

    def clean_locale(self) -> str:
        """American English when it is left empty."""
        return self.cleaned_data["locale"] or "en-US"

    def clean_photo_origin(self) -> str:
        """Not known when nothing is said."""
        return self.cleaned_data["photo_origin"] or "unknown"

    def clean_deadline(self) -> date | None:
        """Not in the past."""
        wanted: date | None = self.cleaned_data["deadline"]
        if wanted is not None and wanted < self._today:
            raise forms.ValidationError("This day has passed. Choose a later one.")
        return wanted

    def clean(self) -> dict[str, Any]:
        """Fields that depend on one another."""
        values = super().clean() or {}
        if values.get("ad_set") == NEW_CAMPAIGN:
            for name, text in (
                ("campaign_name", "Name the campaign."),
                ("ad_set_name", "Name its first ad set."),
            ):
                if name in values and not values[name]:
                    self.add_error(name, text)
        if len(self.photos) > MOST_PHOTOS:
            self.add_error(None, f"Use at most {MOST_PHOTOS} photos. Remove some of them.")
        if self.photos and self.photos[0].kind == FileKind.CLIP:
            self.add_error(
                None, "The first file has to be a photo. Remove the clip, or put it last."
            )
        if not self.photos and values.get("as_is"):
            self.add_error("as_is", "Add the photo first, or untick this.")
        if not self.photos and "headline" in values and not values["headline"]:
            self.add_error(
                "headline",
                "There is no photo, so the picture is made of words: write a headline, "
                "or add a product photo.",
            )
        return values

    @property
    def most_micros(self) -> int | None:
        """The most that the first stage may cost by the plan the page showed; None without one.

        Without a script the plan stays as it was while the count is changed, so it grows with it.
        """
        micros, count = (str(self.data.get(name, "")) for name in ("seen_micros", "seen_count"))
        if not all(one.isascii() and one.isdigit() and len(one) < 16 for one in (micros, count)):
            return None
        shown, of, wanted = int(micros), int(count), self.cleaned_data["count"]
        return shown if wanted <= of else -(-shown * wanted // max(1, of))

    def demands(self) -> Demands:
        """What must be in the frame: as the person says, else as the words are read."""
        values = self.cleaned_data
        found = read(f"{values.get('goal', '')} {values.get('product', '')}")
        said = {
            name: values[name]
            for name in ("people", "objects", "interactions")
            if values.get(name) is not None
        }
        if values.get("hands"):
            said["hands"] = values["hands"] == "yes"
        if "objects" in said:
            said["counts"] = found.counts if said["objects"] else 0
        return replace(found, **said)

    def card_title(self) -> str:
        """The title; without one, product and headline."""
        values = self.cleaned_data
        made = ", ".join(str(values[name]) for name in ("product", "headline") if values.get(name))
        return " ".join(str(values.get("title") or made).split())[:TITLE_LENGTH] or "Untitled"

    def deadline_at(self) -> datetime | None:
        """The end of the chosen day, UTC."""
        wanted = self.cleaned_data.get("deadline")
        return datetime.combine(wanted, time(23, 59), tzinfo=UTC) if wanted else None

    def wanted(self) -> Mapping[str, Mapping[str, Any]]:
        """Stages that the person decided: {stage: {"operation", "params"}}."""
        values = self.cleaned_data
        found: dict[str, dict[str, Any]] = {}
        for stage in (Stage.EDIT, Stage.POLISH):
            operation = values.get(f"{stage}_operation") or ""
            if operation:
                found[str(stage)] = {"operation": operation, "params": {}}
        edited = found.get(str(Stage.EDIT), {})
        if edited.get("operation") == "background_replace" and values.get("surface"):
            edited["params"]["surface"] = values["surface"]
        if edited.get("operation") == "outpaint" and values.get("ratio"):
            edited["params"]["ratio"] = values["ratio"]
        polished = found.get(str(Stage.POLISH), {})
        if polished.get("operation") == "upscale" and values.get("factor"):
            polished["params"]["factor"] = values["factor"]
        return found


def photo_ids(written: Sequence[str]) -> list[int]:
    """Whole numbers of the hidden inputs; anything else is left out."""
    return [int(one) for one in written if one.isascii() and one.isdigit() and len(one) < 18]
