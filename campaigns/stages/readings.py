"""Meters that several stages read. Each advises; none decides."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from campaigns.stages.base import Measured, Reading
from imaging import compare
from imaging.geometry import Box

SOFT_BELOW = 0.12
LARGEST_SIDE = 1600


def pixels(path: Path) -> np.ndarray:
    """RGB uint8 HxWx3 of a stored still, at most 1600 px a side (most meters need no more)."""
    with Image.open(path) as picture:
        picture.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        small = ImageOps.contain(_flat(picture), (LARGEST_SIDE, LARGEST_SIDE))
        return np.asarray(small, dtype=np.uint8)


def window(path: Path, width: int, height: int, box: Box) -> np.ndarray:
    """RGB uint8 of the part `box` of a stored still brought to `width` x `height`."""
    with Image.open(path) as picture:
        flat = _flat(picture)
        if flat.size != (width, height):
            shrinks = flat.width >= width
            how = Image.Resampling.BOX if shrinks else Image.Resampling.LANCZOS
            flat = flat.resize((width, height), how)
        return np.asarray(flat.crop((box.left, box.top, box.right, box.bottom)), dtype=np.uint8)


def _flat(picture: Image.Image) -> Image.Image:
    if picture.mode not in ("RGBA", "LA", "P"):
        return picture.convert("RGB")
    rgba = picture.convert("RGBA")
    flat = Image.new("RGB", rgba.size, (255, 255, 255))
    flat.paste(rgba, mask=rgba.getchannel("A"))
    return flat


def still_quality(measured: Measured) -> list[Reading]:
    """Sharpness and exposure of a still."""
    rgb = pixels(measured.path)
    sharp = float(compare.sharpness(rgb))
    exposure = compare.exposure(rgb)
    clipped = float(exposure.clipped_share)
    return [
        Reading(
            "sharpness",
            "Sharpness",
            round(sharp, 3),
            f"{sharp:.2f}",
            "pass" if sharp >= SOFT_BELOW else "warn",
            "imaging.compare",
            SOFT_BELOW,
        ),
        Reading(
            "exposure",
            "Exposure",
            round(clipped, 4),
            "balanced" if clipped <= 0.02 else f"{clipped:.0%} clipped",
            "pass" if clipped <= 0.02 else "info",
            "imaging.compare",
            0.02,
        ),
    ]


def likeness_to_source(measured: Measured, label: str, warn_below: float) -> list[Reading]:
    """How much of the source the output still shows, 0 to 1."""
    if measured.source is None:
        return []
    value = float(compare.likeness(pixels(measured.source), pixels(measured.path)))
    return [
        Reading(
            "likeness",
            label,
            round(value, 3),
            f"{value:.2f}",
            "pass" if value >= warn_below else "warn",
            "imaging.compare",
            warn_below,
        )
    ]


def share_noted(measured: Measured, name: str, label: str, good_up_to: float) -> list[Reading]:
    """A share (0 to 1) that the operation itself reported in its note."""
    value = measured.note.get(name)
    if not isinstance(value, (int, float)):
        return []
    return [
        Reading(
            name,
            label,
            float(value),
            f"{float(value):.0%}",
            "pass" if float(value) <= good_up_to else "warn",
            "engine",
            good_up_to,
        )
    ]


def runs(grid: Sequence[Sequence[float]], least: float) -> list[list[float]]:
    """Cells above `least` as [row, first column, cells, level 1 to 3], joined along rows."""
    found: list[list[float]] = []
    for row, values in enumerate(grid):
        for column, value in enumerate(values):
            level = 0 if value < least else 1 + (value > 0.15) + (value > 0.4)
            last = found[-1] if found else None
            if not level:
                continue
            if last and last[0] == row and last[1] + last[2] == column and last[3] == level:
                last[2] += 1
            else:
                found.append([row, column, 1, level])
    return found
