"""The forms of a person's consent: record and revoke. Shapes only; the rules are the action's."""

from __future__ import annotations

from typing import Any

from django import forms

DAY = {"invalid": "Enter the day as 2027-12-31.", "required": "Enter the day as 2027-12-31."}
PHOTOS = "image/jpeg,image/png,image/webp,image/heic,image/avif,image/tiff"


def _day(label: str, hint: str = "") -> forms.DateField:
    return forms.DateField(
        label=label,
        help_text=hint,
        error_messages=DAY,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class ConsentForm(forms.Form):
    """Who agreed, to what, and until when, with the photo of their face."""

    face = forms.FileField(
        label="Photo of the face",
        help_text="One person, seen from the front, a face of at least 80 pixels.",
        error_messages={"required": "Choose a photo of the face."},
        widget=forms.FileInput(attrs={"accept": PHOTOS}),
    )
    person_name = forms.CharField(
        label="Who",
        max_length=120,
        error_messages={"required": "Write the name of the person."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    covers = forms.CharField(
        label="What for",
        max_length=300,
        help_text="In the words of the agreement, such as “Autumn campaign, social media, EU”.",
        error_messages={"required": "Write what the person agreed to."},
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    valid_from = _day("From")
    valid_until = _day("Until, that day included")
    release = forms.FileField(
        label="Signed release",
        required=False,
        help_text="PDF, JPEG or PNG, at most 10 MB. Kept as it is; managers and admins open it.",
        widget=forms.FileInput(attrs={"accept": "application/pdf,image/jpeg,image/png"}),
    )
    is_agreed = forms.BooleanField(
        label="This person agreed to it, and I can show that",
        error_messages={"required": "Tick this only when the person really agreed."},
    )

    def refuse(self, field: str, text: str) -> None:
        """Say what the action could not take, at its field."""
        self.add_error(field if field in self.fields else None, text)


class RevokeForm(forms.Form):
    """Why a consent ends now."""

    reason = forms.CharField(
        max_length=300,
        error_messages={
            "required": "Say in a few words why it is revoked. Nothing was changed.",
            "max_length": "Keep the reason to 300 characters. Nothing was changed.",
        },
    )

    @property
    def problem(self) -> str:
        """The first thing that is wrong."""
        found: Any = next(iter(self.errors.values()), [""])
        return str(found[0])
