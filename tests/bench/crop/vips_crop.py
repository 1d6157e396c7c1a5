"""libvips' own smartcrop through pyvips, for both of its ways of looking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyvips

from imaging.geometry import fit_ratio


def cropper(
    targets: dict[str, list[int]], interesting: str
) -> Callable[[dict[str, Any]], dict[str, list[int]]]:
    """Decode once; the picture that libvips cuts out says where it lay (xoffset, yoffset)."""

    def boxes(picture: dict[str, Any]) -> dict[str, list[int]]:
        image = pyvips.Image.new_from_file(picture["file"]).copy_memory()
        found = {}
        for name, (width, height) in targets.items():
            wide, tall = fit_ratio(image.width, image.height, width, height)
            part = image.smartcrop(wide, tall, interesting=interesting)
            left, top = -part.xoffset, -part.yoffset
            found[name] = [left, top, left + part.width, top + part.height]
        return found

    return boxes
