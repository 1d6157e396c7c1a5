"""Brand colors: reading them, tinting them in a perceptual space, and measuring contrast.

Plain color arithmetic (OKLab after Ottosson 2020, contrast after WCAG 2.2). It must not look at
pictures or decide on a layout.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, sin

RGB = tuple[float, float, float]  # sRGB-coded, 0..1
HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
FALLBACK = ("#1f4b5f", "#e9a23b")
TONES = ("light", "vivid", "deep", "cream")


@dataclass(frozen=True, slots=True)
class Palette:
    """Colors of one picture. ground: the wall; floor: what things stand on; shape: behind the
    subject; accent: the button; ink: dark text; paper: light text; all sRGB 0..1."""

    ground: RGB
    floor: RGB
    shape: RGB
    accent: RGB
    ink: RGB
    paper: RGB
    is_dark: bool


def parse(text: str) -> RGB:
    """`#rrggbb` or `#rgb` to sRGB 0..1. ValueError when it is neither."""
    found = HEX.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a color such as #1f4b5f.")
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def luminance(color: RGB) -> float:
    """Relative luminance 0..1 (WCAG 2.2)."""
    red, green, blue = (_linear(value) for value in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: float, other: float) -> float:
    """Contrast ratio 1..21 of two relative luminances."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def lch(color: RGB) -> tuple[float, float, float]:
    """OKLCH: lightness 0..1, chroma, hue in radians."""
    red, green, blue = (_linear(value) for value in color)
    l_root = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    m_root = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    s_root = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    light = 0.2104542553 * l_root + 0.7936177850 * m_root - 0.0040720468 * s_root
    a_axis = 1.9779984951 * l_root - 2.4285922050 * m_root + 0.4505937099 * s_root
    b_axis = 0.0259040371 * l_root + 0.7827717662 * m_root - 0.8086757660 * s_root
    return light, hypot(a_axis, b_axis), atan2(b_axis, a_axis)


def from_lch(light: float, chroma: float, hue: float) -> RGB:
    """OKLCH to sRGB; chroma is lowered until the color can be shown."""
    light = min(1.0, max(0.0, light))
    for step in range(21):
        color = _from_lab(light, chroma * (1 - step / 20), hue)
        if all(-0.002 <= value <= 1.002 for value in color):
            break
    red, green, blue = (min(1.0, max(0.0, value)) for value in color)
    return red, green, blue


def tint(color: RGB, light: float, chroma: float | None = None, turn: float = 0.0) -> RGB:
    """The same hue at another lightness; `chroma` caps colorfulness, `turn` (radians) shifts."""
    _, own, hue = lch(color)
    return from_lch(light, own if chroma is None else min(own, chroma), hue + turn)


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """`share` of the other color in the first, 0..1."""
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def legible(backgrounds: Sequence[float], wishes: Sequence[RGB]) -> tuple[RGB, float]:
    """The first wished color that reads at 4.5:1 on all background luminances, or the best one;
    with its worst ratio."""
    best, best_ratio = wishes[0], 0.0
    for wish in wishes:
        ratio = min(contrast(luminance(wish), back) for back in backgrounds)
        if ratio >= 4.5:
            return wish, ratio
        if ratio > best_ratio:
            best, best_ratio = wish, ratio
    return best, best_ratio


def palette(colors: Sequence[str], tone: str) -> Palette:
    """The colors of a picture in one of TONES from a brand's colors (first = main, second =
    accent). Falls back to a calm pair without any. ValueError for an unreadable color."""
    brand = [parse(color) for color in (colors or FALLBACK)]
    main = brand[0]
    accent = brand[1] if len(brand) > 1 else _accent_for(main)
    light, chroma, _ = lch(main)
    ink, paper = tint(main, 0.22, 0.05), (1.0, 1.0, 1.0)
    if tone == "deep":
        ground, floor = tint(main, 0.30, 0.10), tint(main, 0.36, 0.10)
        shape = tint(main, 0.42, 0.12)
    elif tone == "vivid":
        level = min(0.72, max(0.46, light))
        ground, floor = tint(main, level, 0.17), tint(main, level + 0.05, 0.16)
        shape = tint(main, level + 0.10, 0.13)
    elif tone == "cream":
        ground = mix((0.945, 0.925, 0.890), tint(main, 0.93, 0.03), 0.25)
        floor, shape = (0.918, 0.888, 0.842), tint(accent, 0.82, 0.09)
    else:
        ground = tint(main, 0.885, min(0.05, chroma * 0.42 + 0.008))
        floor = tint(main, 0.915, min(0.032, chroma * 0.30 + 0.006))
        shape = tint(main, 0.80, min(0.10, chroma * 0.75 + 0.01))
    dark = luminance(ground) < 0.22
    if contrast(luminance(accent), luminance(ground)) < 1.5:
        accent = tint(accent, 0.80 if dark else 0.42)
    return Palette(ground, floor, shape, accent, ink, paper, dark)


def _accent_for(main: RGB) -> RGB:
    light, chroma, hue = lch(main)
    return from_lch(0.72 if light < 0.6 else 0.45, max(0.12, chroma), hue + 2.6)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _coded(value: float) -> float:
    if value <= 0.0031308:
        return 12.92 * value
    return float(1.055 * value ** (1 / 2.4) - 0.055)


def _from_lab(light: float, chroma: float, hue: float) -> RGB:
    a_axis, b_axis = chroma * cos(hue), chroma * sin(hue)
    l_cube = (light + 0.3963377774 * a_axis + 0.2158037573 * b_axis) ** 3
    m_cube = (light - 0.1055613458 * a_axis - 0.0638541728 * b_axis) ** 3
    s_cube = (light - 0.0894841775 * a_axis - 1.2914855480 * b_axis) ** 3
    return (
        _coded(4.0767416621 * l_cube - 3.3077115913 * m_cube + 0.2309699292 * s_cube),
        _coded(-1.2684380046 * l_cube + 2.6097574011 * m_cube - 0.3413193965 * s_cube),
        _coded(-0.0041960863 * l_cube - 0.7034186147 * m_cube + 1.7076147010 * s_cube),
    )
