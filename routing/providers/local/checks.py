"""Read parameters and input files of a request, or say which field is wrong and why.

Every operation starts here, so that nothing is computed on a request that cannot be done. It
must not change a value silently: what is out of bounds is refused with its bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from imaging import palette
from routing.providers.base import InputFile, InvalidRequest, Request

MOST_PIXELS = 80_000_000
SHORTEST_SIDE = 16
LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Picture:
    """rgb uint8 HxWx3; alpha float32 HxW when the file has real transparency."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.float32] | None


def number(params: Mapping[str, Any], field: str, default: float, low: float, high: float) -> float:
    """A number of the parameters within low..high."""
    value = params.get(field, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidRequest(field, f"{field} must be a number from {low:g} to {high:g}.")
    return float(value)


def whole(params: Mapping[str, Any], field: str, default: int, low: int, high: int) -> int:
    """A whole number of the parameters within low..high."""
    value = number(params, field, default, low, high)
    if value != int(value):
        raise InvalidRequest(field, f"{field} must be a whole number from {low} to {high}.")
    return int(value)


def choice(params: Mapping[str, Any], field: str, default: str, choices: Sequence[str]) -> str:
    """One of the choices; absent or empty means the default."""
    value = params.get(field) or default
    if value not in choices:
        raise InvalidRequest(field, f"{field} must be one of: {', '.join(choices)}.")
    return str(value)


def text(params: Mapping[str, Any], field: str) -> str:
    """A text of at most 300 characters; absent means empty."""
    value = params.get(field) or ""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise InvalidRequest(field, f"{field} must be a text of at most {LONGEST_TEXT} characters.")
    return value.strip()


def brand(params: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """The brand's colors (hex) and its font family."""
    value = params.get("brand") or {}
    if not isinstance(value, Mapping):
        raise InvalidRequest("brand", "brand must hold colors and a font.")
    colors = tuple(str(color) for color in (value.get("colors") or ()))
    for color in colors:
        try:
            palette.parse(color)
        except ValueError as error:
            raise InvalidRequest("brand", str(error)) from error
    return colors, str(value.get("font") or "sans")


def base(request: Request) -> Picture:
    """The picture to work on."""
    return picture(request, "base")


def picture(request: Request, role: str) -> Picture:
    """An input picture, upright, in 8 bits. Pixel count is checked before decoding."""
    file = _input(request, role)
    try:
        with Image.open(file.path) as image:
            width, height = image.size
            _bounds(role, width, height)
            upright = ImageOps.exif_transpose(image)
            if "A" in upright.getbands() or "transparency" in upright.info:
                both = np.asarray(upright.convert("RGBA"))
                alpha = both[:, :, 3].astype(np.float32) / np.float32(255)
                if alpha.min() < 0.98:
                    return Picture(np.ascontiguousarray(both[:, :, :3]), alpha)
            return Picture(np.array(upright.convert("RGB")), None)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise InvalidRequest(role, f"The {role} picture cannot be read.") from error


def marked(request: Request, picture: Picture) -> NDArray[np.bool_] | None:
    """The subject as a person painted it (True), if they did."""
    height, width = picture.rgb.shape[:2]
    return mask(request, width, height) if request.input("mask") else None


def mask(request: Request, width: int, height: int) -> NDArray[np.bool_]:
    """The mask (True = painted); it must have the base picture's size and mark something."""
    file = _input(request, "mask")
    try:
        with Image.open(file.path) as image:
            if image.size != (width, height):
                raise InvalidRequest(
                    "mask",
                    f"The mask has {image.size[0]} x {image.size[1]} pixels, the picture "
                    f"{width} x {height}. Draw the mask on this picture.",
                )
            values = np.asarray(image.convert("L")) >= 128
    except (OSError, UnidentifiedImageError) as error:
        raise InvalidRequest("mask", "The mask cannot be read.") from error
    if not values.any():
        raise InvalidRequest("mask", "The mask is empty. Paint first.")
    if values.all():
        raise InvalidRequest("mask", "The mask covers everything; nothing is left to work with.")
    return np.asarray(values, dtype=np.bool_)


def _input(request: Request, role: str) -> InputFile:
    file = request.input(role)
    if file is None:
        raise InvalidRequest(role, f"This operation needs a {role} picture.")
    return file


def _bounds(role: str, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise InvalidRequest(
            role, f"The {role} picture has {width} x {height} pixels; 80 megapixels is the most."
        )
    if min(width, height) < SHORTEST_SIDE:
        raise InvalidRequest(
            role,
            f"The {role} picture has {width} x {height} pixels; {SHORTEST_SIDE} a side is the "
            "least.",
        )
