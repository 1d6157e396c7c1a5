"""Set headlines and buttons: fonts, line breaks, sizes that fit, colors that can be read.

A character no font has is left out and reported, never drawn as an empty box. It knows one thing
about screens: the part of a 9:16 frame that every platform leaves free.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging import filters
from imaging.fonts import Style, cap_height, font_path, is_right_to_left, length, settable, write
from imaging.geometry import Box
from imaging.palette import RGB, contrast, legible, luminance

# Free of interface on TikTok, Reels and Shorts alike, in 1080x1920.
CLEAR = Box(120, 288, 780, 1248)
__all__ = [
    "CLEAR",
    "Block",
    "Style",
    "backdrop",
    "button",
    "draw",
    "fit",
    "font_path",
    "readable",
]


@dataclass(frozen=True, slots=True)
class Block:
    """A text that was made to fit: its size in pixels, lines, extent, and what was left out."""

    lines: tuple[str, ...]
    size: int
    width: int
    height: int
    style: Style
    missing: tuple[str, ...]
    truncated: bool

    @property
    def is_right_to_left(self) -> bool:
        return is_right_to_left(" ".join(self.lines), self.style.locale)


def fit(
    text: str,
    width: int,
    height: int,
    style: Style,
    *,
    largest: int,
    smallest: int,
    most_lines: int,
) -> Block:
    """The largest setting of a text inside width x height pixels, its lines balanced.

    Whatever does not fit at `smallest` is cut with an ellipsis and `truncated` says so.
    Characters without a glyph are left out and listed in `missing`.
    """
    clean, missing = settable(text, style)
    size = largest
    while True:
        lines = _wrap(clean, width, size, style)
        tall = _height(len(lines), size, style)
        fits = len(lines) <= most_lines and tall <= height
        fits = fits and all(length(line, size, style) <= width for line in lines)
        if fits or size <= smallest:
            break
        size = max(smallest, round(size * 0.95))
    truncated = not fits
    if truncated:
        lines = _shorten(lines, width, height, size, style, most_lines)
    else:
        lines = _balance(clean, lines, width, size, style)
    extent = max((length(line, size, style) for line in lines), default=0)
    return Block(
        lines=tuple(lines),
        size=size,
        width=round(extent),
        height=_height(len(lines), size, style),
        style=style,
        missing=missing,
        truncated=truncated,
    )


def draw(
    rgb: NDArray[np.uint8],
    block: Block,
    left: int,
    top: int,
    color: RGB,
    *,
    align: str = "start",
    width: int | None = None,
) -> Box:
    """Draw a block onto the picture IN PLACE and return the box of its ink.

    align: start (left; right for right-to-left), center or end, within `width` from `left`.
    """
    height, full = rgb.shape[:2]
    mask = Image.new("L", (full, height), 0)
    pen = ImageDraw.Draw(mask)
    room = block.width if width is None else width
    rtl = block.is_right_to_left
    if align != "center":
        at_right = (align == "end") != rtl
    line_px = block.size * block.style.leading
    for index, line in enumerate(block.lines):
        extent = length(line, block.size, block.style)
        if align == "center":
            x = left + (room - extent) / 2
        else:
            x = left + room - extent if at_right else float(left)
        baseline = top + index * line_px + _rise(block.size, block.style)
        write(pen, line, x, baseline, block.size, block.style)
    share = np.asarray(mask, dtype=np.float32)[:, :, None] / 255
    ink = Image.fromarray(np.asarray(mask)).getbbox()
    if ink is None:
        return Box(left, top, left, top)
    cut = np.s_[ink[1] : ink[3], ink[0] : ink[2]]
    paint = np.asarray(color, dtype=np.float32) * 255
    part = rgb[cut].astype(np.float32)
    rgb[cut] = np.round(part + (paint - part) * share[cut]).astype(np.uint8)
    return Box(*ink)


def button(
    rgb: NDArray[np.uint8],
    text: str,
    left: int,
    top: int,
    width: int,
    fill: RGB,
    style: Style,
    *,
    align: str = "start",
    height: int = 96,
) -> tuple[Box, Block]:
    """Draw a call-to-action pill IN PLACE within `width` pixels from `left`; returns its box and
    the set label. The label takes the more legible of white and near-black."""
    label = fit(
        text,
        width - height,
        height,
        style,
        largest=round(height * 0.40),
        smallest=round(height * 0.24),
        most_lines=1,
    )
    wide = min(width, max(round(height * 2.2), label.width + round(height * 1.0)))
    rtl = label.is_right_to_left
    x = left + (width - wide) // 2 if align == "center" else left
    if align != "center" and (align == "end") != rtl:
        x = left + width - wide
    box = Box(x, top, x + wide, top + height)
    shape = _pill(rgb.shape[1], rgb.shape[0], box)
    shadow = filters.shift(filters.blur(shape, height * 0.16), 0, height * 0.12)
    dark = rgb.astype(np.float32) * (1 - 0.22 * shadow[:, :, None])
    filled = dark + (np.asarray(fill, dtype=np.float32) * 255 - dark) * shape[:, :, None]
    rgb[:] = np.round(filled).astype(np.uint8)
    color, _ = legible([luminance(fill)], [(1.0, 1.0, 1.0), (0.07, 0.07, 0.08)])
    cap = round(cap_height(label.size, label.style))
    rise = round(_rise(label.size, label.style))
    draw(
        rgb,
        label,
        box.left,
        box.top + (height + cap) // 2 - rise,
        color,
        align="center",
        width=wide,
    )
    return box, label


def backdrop(rgb: NDArray[np.uint8], box: Box) -> tuple[float, float]:
    """The dark and the light end (5th and 95th percentile) of relative luminance in a box."""
    part = rgb[box.top : box.bottom : 2, box.left : box.right : 2].astype(np.float32) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    light = linear @ np.asarray([0.2126, 0.7152, 0.0722], dtype=np.float32)
    low, high = np.percentile(light, [5, 95])
    return float(low), float(high)


def readable(rgb: NDArray[np.uint8], box: Box, wishes: list[RGB]) -> tuple[RGB, float]:
    """The best of the wished colors for text on this part of the picture, with its worst
    contrast ratio against the part's dark and light ends."""
    ends = backdrop(rgb, box)
    found, ratio = legible(ends, wishes)
    if ratio >= 4.5:
        return found, ratio
    plain: tuple[RGB, ...] = ((1.0, 1.0, 1.0), (0.06, 0.06, 0.07))
    best = max(plain, key=lambda color: min(contrast(luminance(color), end) for end in ends))
    best_ratio = min(contrast(luminance(best), end) for end in ends)
    return (best, best_ratio) if best_ratio > ratio else (found, ratio)


def _rise(size: int, style: Style) -> float:
    """From a line's top to its baseline: capitals sit in the middle of the line."""
    return (size * style.leading + cap_height(size, style)) / 2


def _height(lines: int, size: int, style: Style) -> int:
    return round(lines * size * style.leading)


def _pieces(text: str) -> list[str]:
    """What may not be broken: words, and single characters of scripts without spaces."""
    pieces: list[str] = []
    for word in text.split(" "):
        current = ""
        for character in word:
            wide = unicodedata.east_asian_width(character) in {"W", "F"}
            if wide and current and not _never_first(character):
                pieces.append(current)
                current = ""
            current += character
        pieces.append(current + " ")
    return pieces


def _never_first(character: str) -> bool:
    """Closing marks and small kana may not begin a line."""
    closing = unicodedata.category(character) in {"Pe", "Pf", "Po", "Lm"}
    return closing or " SMALL " in unicodedata.name(character, "")


def _wrap(text: str, width: float, size: int, style: Style) -> list[str]:
    lines, current = [], ""
    for piece in _pieces(text):
        if current and length((current + piece).rstrip(), size, style) > width:
            lines.append(current.rstrip())
            current = piece
        else:
            current += piece
    return [*lines, current.rstrip()] if current.strip() else lines


def _balance(text: str, lines: list[str], width: int, size: int, style: Style) -> list[str]:
    """The same number of lines, as even as they can be."""
    if len(lines) < 2:
        return lines
    low, high, best = 0.0, float(width), lines
    for _ in range(9):
        middle = (low + high) / 2
        tried = _wrap(text, middle, size, style)
        short = len(tried) <= len(lines)
        if short and all(length(line, size, style) <= width for line in tried):
            best, high = tried, middle
        else:
            low = middle
    return best


def _shorten(
    lines: list[str], width: int, height: int, size: int, style: Style, most: int
) -> list[str]:
    most = max(1, min(most, int(height / (size * style.leading))))
    cut = len(lines) > most
    kept = lines[:most]
    result = []
    for index, line in enumerate(kept):
        needs_mark = cut and index == len(kept) - 1
        tail = "…" if needs_mark else ""
        while line and length(line + tail, size, style) > width:
            line, tail = line[:-1].rstrip(), "…"
        result.append(line + tail)
    return result


def _pill(width: int, height: int, box: Box) -> NDArray[np.float32]:
    """Coverage of a pill in a picture of this size, antialiased by its exact distance."""
    y, x = np.ogrid[0:height, 0:width]
    radius = box.height / 2
    middle_y = (box.top + box.bottom) / 2
    nearest = np.clip(x + 0.5, box.left + radius, box.right - radius)
    away = np.hypot(x + 0.5 - nearest, y + 0.5 - middle_y)
    return np.clip(radius - away + 0.5, 0, 1).astype(np.float32)
