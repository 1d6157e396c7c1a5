"""The crop as numbers: what the editor sends, with or without a script."""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.queries.crop_editor import Editor


class CropForm(forms.Form):
    """Left, top and width of the crop in the master's pixels; the height follows the ratio."""

    left = forms.IntegerField(label="Left")
    top = forms.IntegerField(label="Top")
    width = forms.IntegerField(label="Width")
    seen = forms.CharField(max_length=12, widget=forms.HiddenInput)
    action = forms.ChoiceField(
        choices=[
            ("apply", "Apply"),
            ("everywhere", "Apply to all"),
            ("reset", "Reset"),
            ("fit", "Show all of it"),
            ("fit_everywhere", "Show all of it everywhere"),
        ],
        required=False,
    )

    def __init__(self, *args: Any, editor: Editor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.editor = editor
        self._limit("left", 0, editor.master_width - editor.least_width)
        self._limit("top", 0, editor.master_height - 1)
        self._limit("width", editor.least_width, editor.most_width)

    @classmethod
    def of(cls, editor: Editor) -> CropForm:
        """The form as the page first shows it."""
        box = editor.box
        start = {"left": box.left, "top": box.top, "width": box.width, "seen": editor.seen}
        return cls(editor=editor, initial=start)

    def _limit(self, name: str, least: int, most: int) -> None:
        self.fields[name].widget.attrs.update(
            {"min": least, "max": most, "step": 1, "inputmode": "numeric", "data-crop-field": name}
        )

    def clean(self) -> dict[str, Any]:
        """The box must lie inside the picture; a reset or the whole picture needs no box."""
        data = super().clean() or {}
        data["action"] = data.get("action") or "apply"
        if data["action"] in {"reset", "fit", "fit_everywhere"}:
            for name in ("left", "top", "width"):
                self.errors.pop(name, None)
            return data
        for name in ("left", "top", "width"):
            value = data.get(name)
            least, most = self._room(name, data)
            if value is not None and not least <= value <= most:
                self.add_error(name, f"Enter {least} to {most} pixels.")
        return data

    def _room(self, name: str, data: dict[str, Any]) -> tuple[int, int]:
        editor = self.editor
        width = min(max(data.get("width") or 0, editor.least_width), editor.most_width)
        height = round(width * editor.file.height / editor.file.width)
        if name == "left":
            return 0, editor.master_width - width
        if name == "top":
            return 0, max(0, editor.master_height - height)
        return editor.least_width, editor.most_width

    @property
    def box(self) -> list[int]:
        """The wanted crop [left, top, right, bottom]; empty for the automatic one."""
        data, file = self.cleaned_data, self.editor.file
        if data["action"] in {"reset", "fit", "fit_everywhere"}:
            return []
        height = round(data["width"] * file.height / file.width)
        right, bottom = data["left"] + data["width"], data["top"] + height
        return [data["left"], data["top"], right, bottom]

    @property
    def is_fit(self) -> bool:
        """True when the whole picture is wanted, on an extended ground."""
        return self.cleaned_data["action"] in {"fit", "fit_everywhere"}

    @property
    def is_everywhere(self) -> bool:
        """True when all platforms of this source are meant."""
        return self.cleaned_data["action"] in {"everywhere", "fit_everywhere"}

    @property
    def first_error(self) -> str:
        """One sentence for a script to show."""
        return next((str(text) for texts in self.errors.values() for text in texts), "")
