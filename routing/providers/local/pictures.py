"""Write outputs into the work folder and cut photos to fill a box.

It must not decide what is in them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging import render, upscale
from imaging.geometry import Box, fit_ratio
from routing.providers.base import Output, Request

QUALITY = 95


def save(
    request: Request,
    position: int,
    rgb: NDArray[np.uint8],
    note: dict[str, Any],
    *,
    alpha: NDArray[np.float32] | None = None,
    lossless: bool = False,
) -> Output:
    """One still as an output: PNG with an alpha or when lossless, else JPEG."""
    if alpha is not None:
        both = np.dstack([rgb, np.round(alpha * 255).astype(np.uint8)])
        image, kind = Image.fromarray(both), "png"
    else:
        image, kind = Image.fromarray(rgb), "png" if lossless else "jpeg"
    path = request.workdir / f"{position:02d}{render.EXTENSIONS[kind]}"
    render.save_still(image, path, kind, quality=QUALITY)
    return Output(
        position=position,
        seed=request.seeds[position],
        path=path,
        content_type=f"image/{kind}",
        note=note,
    )


def cover(rgb: NDArray[np.uint8], width: int, height: int, focus: Box) -> NDArray[np.uint8]:
    """The photo cut to fill width x height with the focus as near the middle as it can be."""
    box = cover_box(rgb.shape[1], rgb.shape[0], width, height, focus)
    return upscale.resize(rgb[box.top : box.bottom, box.left : box.right], width, height)


def cover_box(own_width: int, own_height: int, width: int, height: int, focus: Box) -> Box:
    """The largest box of the wanted ratio, as centered on the focus as the photo allows."""
    wide, tall = fit_ratio(own_width, own_height, width, height)
    x, y = focus.center
    left = min(own_width - wide, max(0, round(x - wide / 2)))
    # A face looks right in the upper part of the picture, not in its middle.
    top = min(own_height - tall, max(0, round(y - tall * 0.44)))
    return Box(left, top, left + wide, top + tall)
