"""Measures a file against a spec: one finding a limit, each with value, limit, source and remedy.

The numbers come from the file itself (`measured`), never from what a row says about it. Nothing is
changed here and nothing decided: who may export in spite of a warning is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from campaigns.formats import media, spec_texts, spec_words
from campaigns.formats.measured import Measured, Unreadable, measure
from campaigns.formats.spec import Limit, Ratio, SafeZone, Spec
from imaging import safezone
from imaging.geometry import Box

__all__ = ["Measured", "Report", "SpecFinding", "Unreadable", "check", "check_measured"]

_WORST = ("fail", "warn", "info", "pass")
# kinds of boxes that must not be covered at all, and the share that is mere rounding
_STRICT = frozenset({"headline", "subline", "cta", "text", "logo", "face"})
_STRICT_SHARE = 0.02
_LOOSE_SHARE = 0.5
# measured values tremble: container time bases, 59.94 against 60
_SLACK = {"s": 0.05, "fps": 0.01, "ratio": 0.001}
_NOMINAL_SHARE = 0.05  # an encoder told a rate comes near it: "128 kbps" measures 122 to 134


@dataclass(frozen=True, slots=True)
class SpecFinding:
    """What was measured, what is allowed, what it means and what to do.

    `level` is the limit's own (fail, warn, info); `verdict` is "pass" when it is kept, else usually
    the level. `source` is the title of the page the limit was read on, `source_date` its date.
    `rule` is the limit to the last digit, where `limit_text` rounds it.
    """

    key: str
    label: str
    value_text: str
    limit_text: str
    level: str
    verdict: str
    source: str
    source_date: str
    remedy: str = ""
    source_url: str = ""
    rule: str = ""

    def as_json(self) -> dict[str, str]:
        """Plain values to store."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SpecFinding:
        """Back from `as_json`; unknown fields of later versions are left out."""
        return cls(**{name: str(value.get(name, "")) for name in cls.__slots__})


@dataclass(frozen=True, slots=True)
class Report:
    """All findings of one file against one spec, in the order of the spec."""

    spec_id: str
    spec_version: str
    findings: tuple[SpecFinding, ...]

    @property
    def verdict(self) -> str:
        """The worst verdict; "info" counts as "pass" here: it blocks nobody."""
        worst = worst_of(finding.verdict for finding in self.findings)
        return "pass" if worst == "info" else worst


def worst_of(verdicts: Iterable[str]) -> str:
    """The worst among fail, warn, info, pass; "pass" for none."""
    return min(verdicts, key=_WORST.index, default="pass")


def check(
    path: Path,
    spec: Spec,
    *,
    texts: Mapping[str, str | Sequence[str]] | None = None,
    boxes: Iterable[Mapping[str, Any]] | None = None,
    siblings: Sequence[tuple[int, int]] = (),
) -> Report:
    """Measure the file at `path` against `spec`.

    `texts` by name (`primary_text`, `headline`, …, one or several each); `boxes` are
    `{"kind", "box"}` in the file's own pixels; `siblings` are the sizes of the other cards of a
    carousel. Raises Unreadable with one clear sentence when the file cannot be measured.
    """
    return check_measured(measure(path), spec, texts=texts, boxes=boxes, siblings=siblings)


def check_measured(
    measured: Measured,
    spec: Spec,
    *,
    texts: Mapping[str, str | Sequence[str]] | None = None,
    boxes: Iterable[Mapping[str, Any]] | None = None,
    siblings: Sequence[tuple[int, int]] = (),
) -> Report:
    """As `check`, for a file that is measured already (against several specs, say)."""
    if measured.kind != spec.kind:
        return Report(spec.id, spec.version, (_wrong_kind(measured, spec),))
    measured = replace(measured, siblings=tuple(siblings))
    ratio = ratio_of(measured, spec)
    findings = [_extension(measured, spec)] if _is_misnamed(measured) else []
    for limit in spec.limits:
        finding = _judge(limit, measured, spec, ratio)
        if finding:
            findings.append(finding)
    if texts is not None:
        findings += [_text_finding(result) for result in spec_texts.check(spec.texts, texts)]
    if boxes is not None:
        findings.append(_safe_zone(measured, spec.safe_zone, boxes))
    return Report(spec.id, spec.version, tuple(findings))


def ratio_of(measured: Measured, spec: Spec) -> Ratio | None:
    """The ratio of the spec that the file has, within the spec's tolerance."""
    if not measured.height:
        return None
    value = measured.width / measured.height
    for ratio in spec.ratios:
        if abs(value / ratio.value - 1) <= spec.aspect_tolerance + 1e-9:
            return ratio
    return None


def _judge(limit: Limit, measured: Measured, spec: Spec, ratio: Ratio | None) -> SpecFinding | None:
    """The finding for one limit, or None when it does not speak about this file's ratio."""
    key = limit.key
    if key in spec_words.BY_HAND:
        by_hand = _finding(limit, spec_words.BY_HAND[key], "info", remedy=limit.note)
        if isinstance(limit.value, bool):
            return replace(by_hand, limit_text="needed" if limit.value else "not possible")
        return by_hand
    if key.startswith("min_resolution_"):
        if ratio is None or key != f"min_resolution_{ratio.name.replace(':', 'x')}":
            return None
    elif key == "recommended_resolution" and (ratio is None or not ratio.recommended):
        return None
    if key == "aspect_ratio" and limit.op == "in":
        value: Any = ratio.name if ratio and ratio.name in limit.value else None
        shown = f"{spec_words.ratio(measured.width, measured.height)}"
        verdict = "pass" if value else limit.level
        return _finding(limit, shown, verdict, remedy=spec_words.remedy(limit, spec))
    reader = spec_words.READERS.get(key)
    if reader is None:
        return _finding(limit, "not measured", "warn", remedy="Check this by hand.")
    value = reader(measured)
    if value is None:
        if spec_words.needs_audio(key) and not measured.has_audio:
            return None  # the missing sound is a finding of its own
        return _finding(limit, "not known", "warn", remedy="Check this by hand.")
    kept = is_kept(limit, value)
    verdict = "pass" if kept else limit.level
    if key == "image_count" and value < limit.value[0]:
        verdict = "warn"  # one file says nothing about the cards it may be joined by
    shown = spec_words.value_text(limit, value)
    return _finding(limit, shown, verdict, remedy=spec_words.remedy(limit, spec))


def is_kept(limit: Limit, value: Any) -> bool:
    """Does `value` keep the limit? Pairs are compared side by side."""
    slack = _SLACK.get(limit.unit, 0)
    match limit.op:
        case ">=" if isinstance(limit.value, tuple):
            return all(side >= least for side, least in zip(value, limit.value, strict=True))
        case "<=" if isinstance(limit.value, tuple):
            return all(side <= most for side, most in zip(value, limit.value, strict=True))
        case ">=":
            return bool(value >= limit.value - slack)
        case "<=":
            return bool(value <= limit.value + slack)
        case "between":
            # several values at once: both sides of a picture
            values = value if isinstance(value, tuple) else (value,)
            low, high = limit.value
            return all(low - slack <= one <= high + slack for one in values)
        case "in" if limit.unit == "ext":
            return any(media.same_extension(value, allowed) for allowed in limit.value)
        case "in":
            return value in limit.value
        case _ if limit.unit == "ratio":
            return bool(abs(value - limit.value) <= slack)
        case _ if limit.unit == "kbps":
            return bool(abs(value - limit.value) <= _NOMINAL_SHARE * limit.value)
        case _:
            return bool(value == limit.value)


def _finding(limit: Limit, shown: str, verdict: str, *, remedy: str) -> SpecFinding:
    return SpecFinding(
        key=limit.key,
        label=spec_words.label(limit.key),
        value_text=shown,
        limit_text=spec_words.limit_text(limit),
        level=limit.level,
        verdict=verdict,
        source=limit.source.title,
        source_date=limit.source.date,
        remedy="" if verdict == "pass" else remedy,
        source_url=limit.source.url,
        rule=f"{limit.op} {limit.value} {limit.unit}".strip(),
    )


def _text_finding(result: spec_texts.TextResult) -> SpecFinding:
    return SpecFinding(
        key=f"text.{result.name}",
        label=result.name.replace("_", " ").capitalize(),
        value_text=result.value_text,
        limit_text=result.limit_text,
        level=result.level,
        verdict=result.verdict,
        source=result.source.title,
        source_date=result.source.date,
        remedy=result.remedy,
        source_url=result.source.url,
    )


def _wrong_kind(measured: Measured, spec: Spec) -> SpecFinding:
    wanted = "a video" if spec.kind == "clip" else "a still picture"
    source = spec.limits[0].source
    return SpecFinding(
        key="kind",
        label="Kind of file",
        value_text=f"{measured.format.upper()}, {'a video' if measured.is_clip else 'a still'}",
        limit_text=wanted,
        level="fail",
        verdict="fail",
        source=source.title,
        source_date=source.date,
        remedy=f"Choose a placement for this kind of file, or make {wanted} of it.",
        source_url=source.url,
    )


def _is_misnamed(measured: Measured) -> bool:
    known = media.content_type_of(f"x.{measured.extension}") != media.UNKNOWN
    return known and not media.same_extension(measured.extension, measured.format)


def _extension(measured: Measured, spec: Spec) -> SpecFinding:
    return SpecFinding(
        key="extension",
        label="Name and content",
        value_text=f"named .{measured.extension}, contains {measured.format.upper()}",
        limit_text="the name's extension fits the content",
        level="warn",
        verdict="warn",
        source="Chosen by Switchyard",
        source_date=spec.version,
        remedy=f"Rename the file to .{measured.format}; upload forms go by the name.",
    )


def _safe_zone(
    measured: Measured, zone: SafeZone, boxes: Iterable[Mapping[str, Any]]
) -> SpecFinding:
    fits = abs((measured.width / measured.height) / (zone.width / zone.height) - 1) <= 0.01
    shape = safezone.SafeZone.from_spec(zone.as_dict())
    verdict, covered = "pass", []
    for item in boxes if fits else ():
        kind = str(item.get("kind", "subject"))
        on_canvas = _on_canvas(item["box"], measured, zone)
        share = shape.covered(on_canvas)
        allowed = _STRICT_SHARE if kind in _STRICT else _LOOSE_SHARE
        if share > allowed and (kind in _STRICT or shape.has_room_for(on_canvas)):
            verdict = zone.level
            covered.append(f"{kind} {share:.0%} covered")
    source = zone.sources[0]
    if not fits:
        verdict, covered = "info", [f"not known for {measured.width} x {measured.height}"]
    return SpecFinding(
        key="safe_zone",
        label="Clear of the app's interface",
        value_text=", ".join(covered) or "nothing covered",
        limit_text=(
            f"top {zone.top}, bottom {zone.bottom}, left {zone.left}, right {zone.right} "
            f"of {zone.width} x {zone.height} px"
        ),
        level=zone.level,
        verdict=verdict,
        source=source.title,
        source_date=source.date,
        remedy="Move the crop or the words into the clear area." if verdict == zone.level else "",
        source_url=source.url,
    )


def _on_canvas(box: Sequence[float], measured: Measured, zone: SafeZone) -> Box:
    across, down = zone.width / measured.width, zone.height / measured.height
    left, top, right, bottom = box
    return Box.from_list([left * across, top * down, right * across, bottom * down])
