"""Meters that several stages read. Each advises; none decides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from campaigns.stages.base import Measured, Reading
from imaging import compare

SOFT_BELOW = 0.12
LARGEST_SIDE = 1600


def pixels(path: Path) -> np.ndarray:
    """RGB uint8 HxWx3 of a stored still, at most 1600 px a side (meters need no more)."""
    with Image.open(path) as picture:
        picture.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        flat: Image.Image = picture
        if picture.mode in ("RGBA", "LA", "P"):
            rgba = picture.convert("RGBA")
            flat = Image.new("RGB", rgba.size, (255, 255, 255))
            flat.paste(rgba, mask=rgba.getchannel("A"))
        small = ImageOps.contain(flat.convert("RGB"), (LARGEST_SIDE, LARGEST_SIDE))
        return np.asarray(small, dtype=np.uint8)


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
