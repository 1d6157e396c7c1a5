"""The package smartcrop as its own command line calls it: 100 pixels on the short side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import smartcrop
from PIL import Image

SHORT = 100


def cropper(
    targets: dict[str, list[int]], zone: dict[str, Any]
) -> Callable[[dict[str, Any]], dict[str, list[int]]]:
    """Decode once, analyze for every target."""
    tool = smartcrop.SmartCrop()

    def boxes(picture: dict[str, Any]) -> dict[str, list[int]]:
        with Image.open(picture["file"]) as image:
            rgb = image.convert("RGB")
        found = {}
        for name, (width, height) in targets.items():
            factor = SHORT / min(width, height)
            best = tool.crop(rgb, round(width * factor), round(height * factor))["top_crop"]
            box = [best["x"], best["y"], best["x"] + best["width"], best["y"] + best["height"]]
            found[name] = [round(value) for value in box]
        return found

    return boxes
