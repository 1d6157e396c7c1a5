"""The middle of the picture at full size: what everything must beat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import Image

from imaging.geometry import fit_ratio


def cropper(
    targets: dict[str, list[int]], zone: dict[str, Any]
) -> Callable[[dict[str, Any]], dict[str, list[int]]]:
    """Decodes, as the others must."""

    def boxes(picture: dict[str, Any]) -> dict[str, list[int]]:
        with Image.open(picture["file"]) as image:
            wide, tall = image.convert("RGB").size
        found = {}
        for name, (width, height) in targets.items():
            full = fit_ratio(wide, tall, width, height)
            left, top = (wide - full[0]) // 2, (tall - full[1]) // 2
            found[name] = [left, top, left + full[0], top + full[1]]
        return found

    return boxes
