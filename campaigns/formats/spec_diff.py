"""What differs between two versions of a platform's limits, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.formats import spec_words
from campaigns.formats.spec import FAST_FPS, Export, Limit, Spec, SpecFile, TextLimit

MISSING = "–"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs; "–" stands where it is not there at all."""

    placement: str
    what: str
    before: str
    after: str


def changes(old: SpecFile, new: SpecFile) -> list[Change]:
    """Every difference that changes a check or a file, placement by placement."""
    before = {spec.id: spec for spec in old.specs}
    after = {spec.id: spec for spec in new.specs}
    found: list[Change] = []
    for spec_id in [*after, *(key for key in before if key not in after)]:
        one, other = before.get(spec_id), after.get(spec_id)
        name = next(spec.placement for spec in (other, one) if spec is not None)
        left, right = _lines(one), _lines(other)
        for what in [*right, *(key for key in left if key not in right)]:
            was, is_now = left.get(what, MISSING), right.get(what, MISSING)
            if was != is_now:
                found.append(Change(name, what, was, is_now))
    return found


def _lines(spec: Spec | None) -> dict[str, str]:
    """Each comparable part of a spec by its name. A limit there are several of is numbered."""
    if spec is None:
        return {}
    lines: dict[str, str] = {}
    for what, text in _parts(spec):
        name, number = what, 1
        while name in lines:
            number += 1
            name = f"{what} ({number})"
        lines[name] = text
    return lines


def _parts(spec: Spec) -> Iterator[tuple[str, str]]:
    for limit in spec.limits:
        yield spec_words.label(limit.key), _limit(limit)
    for text in spec.texts:
        yield f"Text: {text.name.replace('_', ' ')}", _text(text)
    zone = spec.safe_zone
    rail = f", right {zone.rail[1]} from {zone.rail[0]}" if zone.rail else ""
    yield (
        "Safe zone",
        f"top {zone.top}, bottom {zone.bottom}, left {zone.left}, right {zone.right}{rail} "
        f"of {zone.width} × {zone.height} px, {zone.level}",
    )
    if spec.export:
        export = spec.export
        size = f"{export.width} × {export.height}"
        yield "Exported as", f"{size} {export.container.upper()}{_rate(export)}"


def _rate(export: Export) -> str:
    """How many bits, as far as the placement says."""
    rate = f", {export.video_kbps:,} kbps" if export.video_kbps else ""
    fast = f", {export.fast_video_kbps:,} from {FAST_FPS} fps" if export.fast_video_kbps else ""
    quality = f", quality {export.quality}" if export.quality else ""
    return f"{rate}{fast}{quality}"


def _limit(limit: Limit) -> str:
    source = f"{limit.source.title}, {limit.source.date}"
    return f"{spec_words.limit_text(limit)}, {limit.level} ({source})"


def _text(text: TextLimit) -> str:
    least = f"{text.min} to " if text.min else "at most "
    forbidden = f", no {', '.join(text.forbid)}" if text.forbid else ""
    return f"{least}{text.max} characters{forbidden}, {text.level} ({text.source.title})"
