"""Find fonts and lay characters on them: which file has a glyph, in which order runs stand.

Fonts are files of packages in the models folder, read by path and never imported; shaping is
raqm's (inside Pillow). Without them Pillow's built-in font serves, for Latin letters only. It
must not break lines or choose sizes.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

from imaging.weights import ENVIRONMENT

FAMILIES: dict[str, str] = {
    "sans": "fontpkg_inter/files/Inter[opsz,wght].ttf",
    "display": "fontpkg_archivo/files/Archivo[wdth,wght].ttf",
    "serif": "fontpkg_source_serif_4/files/SourceSerif4[opsz,wght].ttf",
}
SCRIPT_FONTS = (
    "fontpkg_inter/files/Inter[opsz,wght].ttf",
    "fontpkg_noto_sans_arabic/files/NotoSansArabic[wdth,wght].ttf",
    "pylopdf_fonts_he/NotoSansHebrew-Variable.ttf",
    "fontpkg_noto_sans_devanagari/files/NotoSansDevanagari[wdth,wght].ttf",
    "fontpkg_noto_sans_thai/files/NotoSansThai[wdth,wght].ttf",
    "noto_cjk_sans_jp_bold/NotoSansCJKjp-Bold.otf",
)
RIGHT_TO_LEFT = {"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi"}


@dataclass(frozen=True, slots=True)
class Style:
    """How a block is set. weight: 400 regular .. 800 heavy. leading: line height in ems."""

    family: str = "sans"
    weight: int = 800
    leading: float = 1.08
    locale: str = "en"


def font_path(family: str, bold: bool = True) -> Path | None:
    """The file of a family ("sans", "display", "serif"; anything else means sans), or None when
    the models folder lacks it and Pillow's built-in font has to do. The files are variable:
    `bold` is chosen when the font is opened, so both answers name the same file."""
    return _find(FAMILIES.get(family, FAMILIES["sans"]))


def is_right_to_left(text: str, locale: str) -> bool:
    """Whether a text runs from right to left: its first strong character, then the locale."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in {"R", "AL"}:
            return True
        if direction == "L":
            return False
    return reads_right_to_left(locale)


def reads_right_to_left(locale: str) -> bool:
    """Whether people who read in a locale ("ar-SA", "he") do so from right to left."""
    return locale.replace("_", "-").split("-")[0].lower() in RIGHT_TO_LEFT


def _find(relative: str) -> Path | None:
    folder = os.environ.get(ENVIRONMENT, "")
    file = Path(folder) / relative
    return file if folder and file.is_file() else None


@lru_cache(maxsize=256)
def _font(file: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.RAQM)
    try:
        axes = font.get_variation_axes()
    except OSError:
        return font
    values: list[float] = []
    for axis in axes:
        # Pillow types the name as bytes or str by font; both say "Weight" or "Optical Size".
        name = str(axis["name"]).lower()
        low, high = int(axis["minimum"] or 0), int(axis["maximum"] or 0)
        wish = weight if "weight" in name else size if "optical" in name else axis["default"]
        values.append(min(high, max(low, int(wish or 0))))
    font.set_variation_by_axes(values)
    return font


@lru_cache(maxsize=16)
def _builtin(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType; text cannot be set.")
    return font


def _chain(family: str) -> tuple[str, ...]:
    first = FAMILIES.get(family, FAMILIES["sans"])
    names = (first, *(name for name in SCRIPT_FONTS if name != first))
    return tuple(str(file) for name in names if (file := _find(name)) is not None)


def _open(file: str, size: int, weight: int) -> ImageFont.FreeTypeFont:
    return _font(file, size, weight) if file else _builtin(size)


@lru_cache(maxsize=4096)
def _has(file: str, character: str) -> bool:
    """Whether a font has a glyph: one without draws the same box as a noncharacter."""
    if character.isspace() or unicodedata.category(character) in {"Cf", "Mn", "Me"}:
        return True
    font = _open(file, 32, 400)
    unknown = font.getmask("\U0010fffe")
    drawn = font.getmask(character)
    return drawn.size != unknown.size or bytes(drawn) != bytes(unknown)


def settable(text: str, style: Style) -> tuple[str, tuple[str, ...]]:
    """The text with single spaces and without what no font can draw, and those characters."""
    files = _chain(style.family) or ("",)
    kept, missing = [], []
    for character in " ".join(text.split()):
        invisible = unicodedata.category(character) in {"Cc", "Co", "Cs", "Cn"}
        pictured = 0xFE00 <= ord(character) <= 0xFE0F
        if not invisible and not pictured and any(_has(file, character) for file in files):
            kept.append(character)
        elif not pictured and character not in missing:
            missing.append(character)
    return " ".join("".join(kept).split()), tuple(missing)


def _runs(text: str, style: Style) -> list[tuple[str, str]]:
    """(font file, text) in reading order. One font for all of it when there is one, since raqm
    then orders mixed directions itself."""
    files = _chain(style.family) or ("",)
    for file in files:
        if all(_has(file, character) for character in text):
            return [(file, text)]
    runs: list[tuple[str, str]] = []
    for character in text:
        file = next((file for file in files if _has(file, character)), files[0])
        neutral = character.isspace() or unicodedata.category(character)[0] in "PMZ"
        if runs and ((neutral and _has(runs[-1][0], character)) or file == runs[-1][0]):
            runs[-1] = (runs[-1][0], runs[-1][1] + character)
        else:
            runs.append((file, character))
    return runs


def _visual(text: str, style: Style) -> list[tuple[str, str, str]]:
    """Runs from left to right as (font file, text, direction)."""
    base = is_right_to_left(text, style.locale)
    runs = [
        (file, part, "rtl" if is_right_to_left(part, style.locale) else "ltr")
        for file, part in _runs(text, style)
    ]
    if len(runs) == 1:
        return [(runs[0][0], runs[0][1], "rtl" if base else "ltr")]
    if not base:
        return runs
    ordered: list[tuple[str, str, str]] = []
    for run in runs:
        # Neighbors that run left to right keep their own order inside the reversed line.
        after = 0
        while run[2] == "ltr" and after < len(ordered) and ordered[after][2] == "ltr":
            after += 1
        ordered.insert(after, run)
    return ordered


def length(text: str, size: int, style: Style) -> float:
    """How wide a line is, in pixels."""
    return sum(
        _advance(_open(file, size, style.weight), part, direction)
        for file, part, direction in _visual(text, style)
    )


def write(
    pen: ImageDraw.ImageDraw, text: str, x: float, baseline: float, size: int, style: Style
) -> None:
    """Draw a line in full white with its left end at x."""
    for file, part, direction in _visual(text, style):
        font = _open(file, size, style.weight)
        # The built-in font comes without raqm, which alone understands a direction.
        way = direction if font.layout_engine == ImageFont.Layout.RAQM else None
        pen.text((x, baseline), part, font=font, fill=255, anchor="ls", direction=way)
        x += _advance(font, part, direction)


def cap_height(size: int, style: Style) -> float:
    """The height of a capital letter, in pixels."""
    file = next(iter(_chain(style.family)), "")
    return float(-_open(file, size, style.weight).getbbox("H", anchor="ls")[1])


def _advance(font: ImageFont.FreeTypeFont, text: str, direction: str) -> float:
    way = direction if font.layout_engine == ImageFont.Layout.RAQM else None
    return float(font.getlength(text, direction=way))
