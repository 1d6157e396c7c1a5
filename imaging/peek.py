"""A small copy of a picture for looking at, without decoding more of it than needed.

A JPEG is decoded at a half, a quarter or an eighth by its own decoder. For deciding, never for
delivering: what is cut for a platform comes from the whole picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from imaging import probe
from imaging.geometry import limit_side
from imaging.pixels import shrink
from imaging.see import WORK_SIDE


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
