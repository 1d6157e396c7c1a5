"""The crop as numbers: what the editor sends, with or without a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from campaigns.queries.crop_editor import Editor
from campaigns.queries.fillings import LABELS

NUMBERS = ("left", "top", "width")
POINT = ("focus_x", "focus_y")


class CropForm(forms.Form):
    """Left, top and width of the crop in the master's pixels, and the height follows the ratio; or
    a point to keep in the middle; or one of the ways to show the whole master."""

    left = forms.IntegerField(label="Left", required=False)
    top = forms.IntegerField(label="Top", required=False)
    width = forms.IntegerField(label="Width", required=False)
    focus_x = forms.IntegerField(label="From the left, %", required=False)
    focus_y = forms.IntegerField(label="From the top, %", required=False)
    way = forms.ChoiceField(
        choices=[("crop", "Crop"), ("focus", "Focus point"), *LABELS.items()], required=False
    )
    color = forms.CharField(max_length=9, required=False)
    seen = forms.CharField(max_length=12, widget=forms.HiddenInput)
    action = forms.ChoiceField(
        choices=[("apply", "Apply"), ("everywhere", "Apply to all"), ("reset", "Reset")],
        required=False,
    )

    def __init__(self, *args: Any, editor: Editor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.editor = editor
        self._limit("left", 0, editor.master_width - editor.least_width)
        self._limit("top", 0, editor.master_height - 1)
        self._limit("width", editor.least_width, editor.most_width)
        for name in POINT:
            self._limit(name, 0, 100)

    @classmethod
    def of(cls, editor: Editor) -> CropForm:
        """The form as the page first shows it."""
        box = editor.box
        start = {"left": box.left, "top": box.top, "width": box.width, "seen": editor.seen}
        point = dict(zip(POINT, editor.focus_percent, strict=True))
        return cls(editor=editor, initial={**start, **point})

    def _limit(self, name: str, least: int, most: int) -> None:
        self.fields[name].widget.attrs.update(
            {"min": least, "max": most, "step": 1, "inputmode": "numeric", "data-crop-field": name}
        )

    @property
    def shown_way(self) -> str:
        """The way that is ticked."""
        given = str(self.data.get("way", "")) if self.is_bound else ""
        return given or self.editor.way

    @property
    def shown_color(self) -> str:
        """The color that is ticked; "" is the picture's own."""
        return str(self.data.get("color", "")) if self.is_bound else self.editor.color

    def clean(self) -> dict[str, Any]:
        """Only what the chosen way needs must be there, and must be possible."""
        data = super().clean() or {}
        data["action"] = data.get("action") or "apply"
        data["way"] = data.get("way") or "crop"
        needed: tuple[str, ...] = ()
        if data["action"] != "reset":
            needed = {"crop": NUMBERS, "focus": POINT}.get(data["way"], ())
        for name in (*NUMBERS, *POINT):
            if name not in needed:
                self.errors.pop(name, None)
            elif name not in self.errors:
                self._check(name, data)
        if data["action"] != "reset" and data["way"] not in {"crop", "focus"}:
            self._check_way(data)
        return data

    def _check(self, name: str, data: dict[str, Any]) -> None:
        least, most = self._room(name, data)
        value = data.get(name)
        if value is None or not least <= value <= most:
            unit = "percent" if name in POINT else "pixels"
            self.add_error(name, f"Enter {least} to {most} {unit}.")

    def _check_way(self, data: dict[str, Any]) -> None:
        color, colors = data.get("color", ""), self.editor.colors
        if data["way"] not in self.editor.ways:
            self.add_error(None, "This way is not possible for this picture. Choose another one.")
        elif color and color not in colors:
            self.add_error(None, "Choose one of the team's brand colors, or the picture's own.")
        elif data["way"] == "brand" and not color and not colors:
            self.add_error(None, "The team has no brand color any more. Choose another way.")
        elif data["way"] == "brand" and not color:
            data["color"] = colors[0]

    def _room(self, name: str, data: dict[str, Any]) -> tuple[int, int]:
        editor = self.editor
        if name in POINT:
            return 0, 100
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
        if data["action"] == "reset" or data["way"] != "crop":
            return []
        height = round(data["width"] * file.height / file.width)
        right, bottom = data["left"] + data["width"], data["top"] + height
        return [data["left"], data["top"], right, bottom]

    @property
    def filling(self) -> dict[str, str]:
        """The way to show the whole master, {way, color}; empty where a part is cut out."""
        data = self.cleaned_data
        if data["action"] == "reset" or data["way"] in {"crop", "focus"}:
            return {}
        has_color = data["color"] and data["way"] in {"brand", "above", "below"}
        return {"way": data["way"], **({"color": data["color"]} if has_color else {})}

    @property
    def focus(self) -> tuple[float, ...]:
        """The point to keep in the middle, as shares of the master; empty without one."""
        data = self.cleaned_data
        if data["action"] == "reset" or data["way"] != "focus":
            return ()
        return data["focus_x"] / 100, data["focus_y"] / 100

    @property
    def is_everywhere(self) -> bool:
        """True when all platforms of this source are meant; a focus point always is."""
        return self.cleaned_data["action"] == "everywhere" or bool(self.focus)

    @property
    def first_error(self) -> str:
        """One sentence for a script to show."""
        return next((str(text) for texts in self.errors.values() for text in texts), "")


class MarkForm(forms.Form):
    """Logos to keep whole: those that stay, and a new one in percent of the master."""

    left = forms.FloatField(label="Left, %", min_value=0, max_value=100, required=False)
    top = forms.FloatField(label="Top, %", min_value=0, max_value=100, required=False)
    wide = forms.FloatField(label="Width, %", min_value=0.5, max_value=100, required=False)
    high = forms.FloatField(label="Height, %", min_value=0.5, max_value=100, required=False)
    seen = forms.CharField(max_length=12, widget=forms.HiddenInput)

    def __init__(self, *args: Any, editor: Editor, kept: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **{"prefix": "mark", **kwargs})
        self.editor, self.kept = editor, kept
        for name in ("left", "top", "wide", "high"):
            self.fields[name].widget.attrs.update({"step": "0.1", "data-mark-field": name})

    def clean(self) -> dict[str, Any]:
        """All four figures or none, inside the picture."""
        data = super().clean() or {}
        given = [data.get(name) for name in ("left", "top", "wide", "high")]
        box = [float(value) for value in given if value is not None]
        if self.errors or not box:
            return data
        if len(box) < len(given):
            self.add_error(None, "Fill in all four figures of the logo, or none.")
        elif max(box[0] + box[2], box[1] + box[3]) > 100.01:
            self.add_error(None, "The logo must lie inside the picture.")
        return data

    @property
    def marks(self) -> list[list[float]]:
        """Every box that is kept, as shares of the master."""
        kept = set(self.kept)
        found = [
            [float(part) for part in mark.value.split(",")]
            for mark in self.editor.marks
            if mark.value in kept
        ]
        data = self.cleaned_data
        if data.get("wide") is not None:
            left, top = data["left"] / 100, data["top"] / 100
            right, bottom = left + data["wide"] / 100, top + data["high"] / 100
            found.append([left, top, min(right, 1.0), min(bottom, 1.0)])
        return found
