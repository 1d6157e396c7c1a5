"""A smaller copy of a picture, without decoding more of it than needed.

A JPEG is decoded at a half, a quarter or an eighth by its own decoder, which averages as it does
so. `small` is for looking at; what is delivered comes from `shrunk`, at least as large as it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from imaging import probe
from imaging.geometry import Box, limit_side
from imaging.pixels import shrink
from imaging.see import WORK_SIDE

STEPS = (8, 4, 2)


def small(image: Image.Image, side: int = WORK_SIDE) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """RGB of an opened still, upright, on white where it is transparent, at most `side` long; and
    the (width, height) of the whole picture as seen. Decodes `image`. OSError when damaged."""
    width, height = image.size
    if probe.orientation(image) >= 5:
        width, height = height, width
    draft_width, draft_height, _ = limit_side(image.width, image.height, side)
    image.draft("RGB", (draft_width, draft_height))
    upright = ImageOps.exif_transpose(image)
    if probe.has_alpha(upright):
        layer = upright.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        upright = Image.alpha_composite(ground, layer)
    rgb = np.asarray(upright.convert("RGB"), dtype=np.uint8)
    small_width, small_height, _ = limit_side(rgb.shape[1], rgb.shape[0], side)
    return shrink(rgb, small_width, small_height), (width, height)


def step(box: Box, width: int, height: int) -> int:
    """How many times smaller a picture may be decoded so that `box` still has width x height
    pixels: 1, 2, 4 or 8."""
    return next(
        (size for size in STEPS if box.width >= size * width and box.height >= size * height), 1
    )


def shrunk(image: Image.Image, by: int) -> NDArray[np.uint8]:
    """RGB of an opened, upright still, on white where it is transparent; a JPEG `by` times smaller
    (1, 2, 4, 8), any other at its own size. Decodes `image`. OSError when damaged."""
    if by > 1:
        image.draft("RGB", (max(1, image.width // by), max(1, image.height // by)))
    if image.mode in ("RGBA", "LA", "P"):
        rgba = image.convert("RGBA")
        image = Image.new("RGB", rgba.size, (255, 255, 255))
        image.paste(rgba, mask=rgba.getchannel("A"))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"), dtype=np.uint8)
