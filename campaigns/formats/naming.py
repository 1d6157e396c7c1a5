"""File and ad names by a pattern: `{brand}_{campaign}_{concept}_{platform}_{ratio}_…_{code}`.

Letters of every script stay (in NFC); what a file system, a shell, a spreadsheet or a bidirectional
screen could read as an order does not: signs, emoji, control and formatting characters go. The
creative code is never shortened. Nothing here touches a disk.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

DEFAULT_PATTERN = "{brand}_{campaign}_{concept}_{platform}_{ratio}_{len}_{lang}_v{n}_{code}"
FIELDS = ("brand", "campaign", "concept", "platform", "ratio", "len", "lang", "n", "code")
SHRINKABLE = ("campaign", "concept", "brand")
MAX_LENGTH = 120  # characters, extension included
MAX_BYTES = 240  # most file systems take 255 bytes for one name
_MAX_PATTERN = 200
_LONGEST_SLUG = 60
_LONGEST_FOLDER = 30
_ROOM = 5  # for the number `unique` may add behind the code

_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"]
)
_FIELD = re.compile(r"\{([^{}]*)\}")


class BadPattern(ValueError):
    """The pattern cannot make names; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A checked pattern: literal text and fields in turn, beginning and ending with text."""

    text: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameParts:
    """What a name is made of. `ratio` is "9:16"; `length_s` None for a still; `version` from 1."""

    brand: str
    campaign: str
    concept: str
    platform: str
    ratio: str
    language: str
    version: int
    code: str
    length_s: float | None = None

    def values(self) -> dict[str, str]:
        """Slugs by field name."""
        length = "still" if self.length_s is None else f"{max(1, round(self.length_s))}s"
        return {
            "brand": slug(self.brand, fallback="brand"),
            "campaign": slug(self.campaign, fallback="campaign"),
            "concept": slug(self.concept, fallback="concept"),
            "platform": slug(self.platform, fallback="platform"),
            "ratio": slug(self.ratio.replace(":", "x"), fallback="ratio"),
            "len": length,
            "lang": slug(self.language, fallback="und"),
            "n": str(self.version),
            "code": slug(self.code, fallback="code"),
        }


def parse_pattern(text: str) -> Pattern:
    """Check a pattern that a person wrote. Raises BadPattern with the cure."""
    if len(text) > _MAX_PATTERN:
        raise BadPattern(f"The pattern is too long; {_MAX_PATTERN} characters are the most.")
    parts = tuple(_FIELD.split(text))
    for name in parts[1::2]:
        if name not in FIELDS:
            raise BadPattern(f"There is no field {{{name[:30]}}}; use {', '.join(FIELDS)}.")
    for literal in parts[::2]:
        wrong = re.search(r"[^A-Za-z0-9_\-]", literal)
        if wrong:
            raise BadPattern(
                f"Between fields only letters, digits, _ and - may stand, not {wrong.group()!r}."
            )
    if parts[1::2].count("code") != 1:
        raise BadPattern("The pattern needs {code} exactly once: results are joined by it.")
    # a letter or digit beside the code would hide it from everyone who looks for it
    at = parts.index("code", 1)
    if re.search(r"[A-Za-z0-9]$", parts[at - 1]) or re.search(r"^[A-Za-z0-9]", parts[at + 1]):
        raise BadPattern("Put _ or - around {code}, so that it can be found again.")
    if (not parts[at - 1] and at > 1) or (not parts[at + 1] and at + 2 < len(parts)):
        raise BadPattern("Put _ or - between {code} and the field beside it.")
    return Pattern(text, parts)


def build(parts: NameParts, *, extension: str, pattern: Pattern | None = None) -> str:
    """One file name of at most MAX_LENGTH characters, the extension (without point) included.

    Long campaign, concept and brand names are shortened in this order. Raises ValueError when the
    extension is not plain letters and digits, or when even shortened the name is too long.
    """
    if not re.fullmatch(r"[a-z0-9]{1,8}", extension):
        raise ValueError(f"{extension!r} is not a file extension.")
    pattern = pattern or parse_pattern(DEFAULT_PATTERN)
    values = parts.values()
    name = _fill(pattern, values, extension)
    while not _fits(name, room=_ROOM):
        longest = max(SHRINKABLE, key=lambda field: (len(values[field]), field))
        if len(values[longest]) <= 4 or longest not in pattern.parts[1::2]:
            raise ValueError("The name pattern makes names that are too long; leave fields out.")
        values[longest] = _tidy(values[longest][:-1])
        name = _fill(pattern, values, extension)
    return name


def unique(names: Iterable[str], *, taken: Iterable[str] = ()) -> list[str]:
    """The names in order, later doubles numbered (`-2` before the extension).

    Two names are the same when they differ only in case or in Unicode form: so do Windows and macOS
    see it. Every result fits MAX_LENGTH.
    """
    seen = {fold(name) for name in taken}
    result = []
    for name in names:
        free, count = name, 1
        while fold(free) in seen:
            count += 1
            free = _numbered(name, count)
        seen.add(fold(free))
        result.append(free)
    return result


def slug(text: str, *, fallback: str) -> str:
    """Letters and digits of any script, joined by `-`; never empty, reserved or longer than 60.

    A text without any (only emoji) becomes `fallback` and four characters of its hash, so that two
    such names stay apart; an empty text becomes `fallback`.
    """
    normal = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text[:1000]))
    kept: list[str] = []
    marks = 0
    for letter in normal:
        category = unicodedata.category(letter)[0]
        marks = marks + 1 if category == "M" else 0
        if category in "LN" or (category == "M" and kept and kept[-1] != "-" and marks <= 2):
            kept.append(letter)
        elif category != "M" and kept and kept[-1] != "-":
            kept.append("-")
    result = _tidy(unicodedata.normalize("NFC", "".join(kept))[:_LONGEST_SLUG])
    if not any(unicodedata.category(letter)[0] in "LN" for letter in result):
        if not text.strip():
            return fallback
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:4]
        return f"{fallback}-{digest}"
    return f"{result}-x" if is_reserved(result) else result


def folder(text: str, *, fallback: str) -> str:
    """A folder's name: a slug of at most 30, so that two of them and a file name fit a path."""
    return _tidy(slug(text, fallback=fallback)[:_LONGEST_FOLDER]) or fallback


def is_reserved(name: str) -> bool:
    """Does Windows read this name (its part before the first point) as a device?"""
    return name.partition(".")[0].strip().lower() in _RESERVED


def fold(name: str) -> str:
    """The form in which two names are the same file for the least exact file system."""
    once = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def _fill(pattern: Pattern, values: Mapping[str, str], extension: str) -> str:
    stem = "".join(values[part] if index % 2 else part for index, part in enumerate(pattern.parts))
    stem = unicodedata.normalize("NFC", stem)
    return f"{stem}-x.{extension}" if is_reserved(stem) else f"{stem}.{extension}"


def _fits(name: str, *, room: int = 0) -> bool:
    return len(name) + room <= MAX_LENGTH and len(name.encode()) + room <= MAX_BYTES


def _tidy(text: str) -> str:
    return text.strip("-")


def _numbered(name: str, count: int) -> str:
    stem, point, extension = name.rpartition(".")
    if not point:
        stem, extension = name, ""
    tail = f"-{count}{point}{extension}"
    while stem and not _fits(stem + tail):
        stem = stem[:-1]
    return stem + tail
