"""Graphic parts of an ad made of type: a giant letter, a color band, spheres on a stage.

Tone on tone, so that the copy leads. It must not carry information.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import composite, typeset
from imaging.geometry import Box
from imaging.palette import RGB, Palette, lch, mix, tint
from imaging.typeset import Style
from routing.providers.local.compose import Spec
from routing.providers.local.layouts import Frame


def draw(rgb: NDArray[np.uint8], layout: str, spec: Spec, palette: Palette, seed: int) -> None:
    """Draw the layout's ornament IN PLACE; layouts without one stay as they are."""
    frame = spec.frame
    if layout == "initial":
        _letter(rgb, spec, palette)
    elif layout == "band":
        _band(rgb, frame, palette, seed)
    elif layout == "stage":
        _spheres(rgb, frame, palette, seed)
    elif layout == "poster":
        _discs(rgb, frame, palette, seed)


def _letter(rgb: NDArray[np.uint8], spec: Spec, palette: Palette) -> None:
    """The headline's first letter, larger than the frame, a shade off the ground."""
    first = next((char for char in spec.copy.headline if char.isalnum()), "")
    if not first:
        return
    size = round(1500 * spec.frame.unit)
    style = Style(spec.copy.font, 800, 1.0, spec.copy.locale)
    block = typeset.fit(
        first.upper(), 4 * size, 4 * size, style, largest=size, smallest=size, most_lines=1
    )
    color = mix(palette.ground, palette.shape, 0.75)
    left = round(spec.frame.width - block.width * 0.80)
    typeset.draw(rgb, block, left, round(-120 * spec.frame.unit), color)


def _band(rgb: NDArray[np.uint8], frame: Frame, palette: Palette, seed: int) -> None:
    """Slanted bands of shape and accent above and below the copy."""
    slope = 0.16 if seed % 2 else -0.16
    y, x = np.ogrid[0 : frame.height, 0 : frame.width]
    level = (y + slope * (x - frame.width / 2)) / frame.height * 1920
    bands = ((0, 290, palette.shape), (290, 330, palette.accent),
             (1330, 1370, palette.accent), (1370, 2600, palette.shape))  # fmt: skip
    for top, bottom, color in bands:
        top = -900 if top == 0 else top
        share = np.clip(level - top + 0.5, 0, 1) * np.clip(bottom - level + 0.5, 0, 1)
        _blend(rgb, color, share.astype(np.float32))


def _spheres(rgb: NDArray[np.uint8], frame: Frame, palette: Palette, seed: int) -> None:
    """Three lit spheres standing where a product would."""
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 5])
    base = 1462
    sizes = (150, 96, 62)
    places = ((540, base), (758, base + 22), (356, base + 30))
    colors = (palette.accent, tint(palette.shape, 0.62), palette.paper)
    for index in rng.permutation(3) if rng.random() < 0.3 else (0, 2, 1):
        radius = sizes[index] * frame.unit
        spot = frame.box(*places[index], *places[index])
        _sphere(rgb, spot.left, spot.top - radius, radius, colors[index])


def _sphere(rgb: NDArray[np.uint8], x: float, y: float, radius: float, color: RGB) -> None:
    height, width = rgb.shape[:2]
    rows, columns = np.ogrid[0:height, 0:width]
    across, down = (columns + 0.5 - x) / radius, (rows + 0.5 - y) / radius
    shadow = np.hypot((columns + 0.5 - x - radius * 0.25) / (radius * 1.15),
                      (rows + 0.5 - y - radius * 0.98) / (radius * 0.22))  # fmt: skip
    dark = np.clip(1 - shadow / 1.25, 0, 1) ** 1.4 * 0.5
    rgb[:] = composite.darken(rgb, dark.astype(np.float32))
    away = np.hypot(across, down)
    share = np.clip((1 - away) * radius + 0.5, 0, 1).astype(np.float32)
    depth = np.sqrt(np.clip(1 - away**2, 0, 1))
    lit = np.clip(-0.55 * across - 0.62 * down + 0.56 * depth, 0, 1)
    shade = 0.52 + 0.56 * lit + 0.10 * np.clip(down, 0, 1) * (1 - depth)
    gleam = np.exp(-((np.hypot(across + 0.36, down + 0.40) / 0.16) ** 2)) * 0.28
    paint = np.asarray(color, dtype=np.float32) * shade[:, :, None] + gleam[:, :, None]
    part = rgb.astype(np.float32)
    mixed = part + (np.clip(paint, 0, 1) * 255 - part) * share[:, :, None]
    rgb[:] = np.round(mixed).astype(np.uint8)


def _discs(rgb: NDArray[np.uint8], frame: Frame, palette: Palette, seed: int) -> None:
    """Two large soft-edged discs in the lower corner, one the accent."""
    side = 1 if seed % 2 else 0
    unit = frame.unit
    light = lch(palette.ground)[0]
    far = tint(palette.shape, min(0.97, light + 0.06))
    for x, y, radius, color in (
        (1080 * side, 1660, 520, far),
        (1080 * side + (-250 if side else 250), 1560, 210, palette.accent),
    ):
        spot = frame.box(x, y, x, y)
        box = Box(spot.left, spot.top, spot.left, spot.top).grow(round(radius * unit))
        shape = composite.rounded(frame.width, frame.height, box, radius * unit)
        shadow = np.asarray(cv2.GaussianBlur(shape, (0, 0), 30 * unit), dtype=np.float32)
        rgb[:] = composite.darken(rgb, shadow * np.float32(0.18))
        _blend(rgb, color, shape)


def _blend(rgb: NDArray[np.uint8], color: RGB, share: NDArray[np.float32]) -> None:
    part = rgb.astype(np.float32)
    paint = np.asarray(color, dtype=np.float32) * 255
    rgb[:] = np.round(part + (paint - part) * share[:, :, None]).astype(np.uint8)
