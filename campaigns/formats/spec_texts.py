"""Counts ad texts the way platforms do and compares them with a spec's text limits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from campaigns.formats.spec import Source, TextLimit

# one text of the brief, several names on the platforms
_SAME = {"ad_text": ("primary_text", "caption"), "primary_text": ("ad_text", "caption")}
_LINK = re.compile(
    r"(?:https?://|www\.)\S|\b[a-z0-9\-]+\.(?:com|net|org|io|co|app|shop|store|me|tv|ly|de|uk)\b",
    re.IGNORECASE,
)
_FORBIDDEN = {"@": "no @", "#": "no #", "link": "no links"}


@dataclass(frozen=True, slots=True)
class TextResult:
    """One text against one limit."""

    name: str
    value_text: str
    limit_text: str
    level: str
    verdict: str
    source: Source
    remedy: str


def check(
    limits: Iterable[TextLimit], texts: Mapping[str, str | Sequence[str]]
) -> Iterator[TextResult]:
    """One result for each text that a limit speaks about, and for each required one missing."""
    for limit in limits:
        given = _given(limit.name, texts)
        if not given:
            if limit.required:
                yield _result(limit, "not given", "info", "Fill it in when you set up the ad.")
            continue
        if limit.count and len(given) > limit.count:
            cure = f"Keep the {limit.count} best; the platform takes no more."
            yield _result(limit, f"{len(given)} texts", limit.level, cure)
        for text in given:
            yield _judge(limit, text)


def length(text: str, limit: TextLimit) -> int:
    """Characters as the platform counts them: wide (CJK) letters weigh more where it says so."""
    letters = list(unicodedata.normalize("NFC", text.strip()))
    if not limit.max_wide:
        return len(letters)
    weight = limit.max / limit.max_wide
    return ceil(sum(weight if _is_wide(letter) else 1 for letter in letters))


def _judge(limit: TextLimit, text: str) -> TextResult:
    count = length(text, limit)
    shown = f"{count} characters"
    found = [sign for sign in limit.forbid if _has(text, sign)]
    if count > limit.max:
        cure = f"Shorten it by {count - limit.max} characters."
        return _result(limit, shown, limit.level, cure)
    if count < limit.min:
        return _result(limit, shown, limit.level, f"Write at least {limit.min} characters.")
    if found:
        named = " and ".join("a link" if sign == "link" else sign for sign in found)
        cure = f"Take {named} out; the platform refuses it here."
        return _result(limit, f"{shown}, with {named}", limit.level, cure)
    if limit.visible and count > limit.visible:
        cure = f"Put what matters into the first {limit.visible} characters; the rest is folded."
        return _result(limit, shown, "info", cure)
    return _result(limit, shown, "pass", "")


def _given(name: str, texts: Mapping[str, str | Sequence[str]]) -> list[str]:
    for key in (name, *_SAME.get(name, ())):
        value = texts.get(key)
        if value:
            several = [value] if isinstance(value, str) else list(value)
            return [text for text in several if text.strip()]
    return []


def _has(text: str, sign: str) -> bool:
    return bool(_LINK.search(text)) if sign == "link" else sign in text


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in {"W", "F"}


def _result(limit: TextLimit, shown: str, verdict: str, remedy: str) -> TextResult:
    source = limit.visible_source if verdict == "info" and limit.visible_source else limit.source
    return TextResult(limit.name, shown, _limit_text(limit), limit.level, verdict, source, remedy)


def _limit_text(limit: TextLimit) -> str:
    if limit.min:
        text = f"{limit.min} to {limit.max} characters"
    else:
        text = f"at most {limit.max} characters"
    if limit.max_wide:
        text += f" ({limit.max_wide} in Chinese, Japanese or Korean)"
    if limit.lines and limit.chars_per_line:
        text = f"{limit.lines} lines of {limit.chars_per_line} characters"
    if limit.visible:
        text += f", {limit.visible} shown"
    if limit.count:
        text += f", up to {limit.count} of them"
    return ", ".join([text, *(_FORBIDDEN.get(sign, f"no {sign}") for sign in limit.forbid)])
