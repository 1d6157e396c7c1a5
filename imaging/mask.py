"""Masks that people paint: read, checked against their picture, or made from a rectangle.

A mask is HxW uint8, 255 where a person painted and 0 elsewhere. It knows no picture but its size.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from imaging.formats import Unreadable
from imaging.geometry import Box
from imaging.probe import probe_still

Mask = np.ndarray
WHITE_FROM = 128
LEAST_PIXELS = 16
MOST_SHARE = 0.95


class BadMask(ValueError):
    """The mask cannot be used; `text` says what to paint instead."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def read(path: Path, width: int, height: int) -> Mask:
    """The mask in a PNG of exactly `width` x `height` pixels; white or opaque paint counts.

    Raises BadMask.
    """
    try:
        found = probe_still(path)
    except Unreadable as error:
        raise BadMask("The mask is not a PNG picture. Paint it again.") from error
    if found.content_type != "image/png":
        raise BadMask("The mask is not a PNG picture. Paint it again.")
    if (found.width, found.height) != (width, height):
        raise BadMask(
            f"The mask is {found.width} by {found.height} pixels and the picture "
            f"{width} by {height}. Reload the page and paint again."
        )
    with Image.open(path, formats=["PNG"]) as picture:
        layers = np.asarray(picture.convert("RGBA"), dtype=np.uint16)
    light = layers[:, :, :3].max(axis=2) * layers[:, :, 3] // 255
    return checked(np.where(light >= WHITE_FROM, 255, 0).astype(np.uint8))


def rectangle(box: Box, width: int, height: int) -> Mask:
    """A mask of `width` x `height` that is white inside `box`. Raises BadMask."""
    inside = box.clamp(width, height)
    mask = np.zeros((height, width), dtype=np.uint8)
    mask[inside.top : inside.bottom, inside.left : inside.right] = 255
    return checked(mask)


def checked(mask: Mask) -> Mask:
    """`mask` itself. Raises BadMask when next to nothing or nearly everything is painted."""
    painted = int(np.count_nonzero(mask))
    if painted < LEAST_PIXELS:
        raise BadMask("Nothing is painted. Paint over it first, then start again.")
    if painted > MOST_SHARE * mask.size:
        raise BadMask("Nearly everything is painted, so nothing is left to work with. Paint less.")
    return mask


def write(mask: Mask, path: Path) -> None:
    """Store a mask as an 8-bit gray PNG."""
    Image.fromarray(mask).save(path, format="PNG", optimize=False)
