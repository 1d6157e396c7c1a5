"""Reads one file of `campaigns/specs/` and refuses it, naming file and field, when it is wrong.

A misspelled field is an error too: a limit that nobody reads would pass everything in silence.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from campaigns.formats.spec import (
    ALL,
    KINDS,
    LEVELS,
    MEDIA,
    OPERATORS,
    PLATFORMS,
    UNITS,
    Disclosure,
    Export,
    Limit,
    Ratio,
    SafeZone,
    Source,
    Spec,
    SpecFile,
    TextLimit,
    ratio_value,
)
from campaigns.formats.spec_fields import Fields, SpecError, as_pair

SCHEMA = 1

_READ = (
    "id",
    "platform",
    "placement",
    "media",
    "paid",
    "confidence",
    "aspect_tolerance_pct",
    "aspect_ratios",
    "export",
    "limits",
    "texts",
    "safe_zone",
    "note",
)
# kept beside the numbers so that a later reader sees why they are what they are
_FOR_PEOPLE = (
    "network",
    "conflicts",
    "crop_guides",
    "profile_image",
    "thumbnail",
    "safe_zone_relaxed",
    "bulk_import",
    "ai_disclosure",
)


def load(path: Path) -> SpecFile:
    """Read and check one file. Raises SpecError naming file and field."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"{path.name}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise SpecError(f"{path.name}: not valid JSON ({error}).") from error
    return parse(value, path.name)


def parse(value: Any, name: str) -> SpecFile:
    """Check parsed JSON; `name` stands in front of every message. Raises SpecError."""
    top = Fields.of(f"{name}:", value)
    top.only(
        "schema",
        "platform",
        "name",
        "version",
        "note",
        "defaults",
        "disclosure",
        "sources",
        "specs",
    )
    if top.whole("schema") != SCHEMA:
        raise top.error("schema", f"this program reads schema {SCHEMA}.")
    platform = top.choice("platform", (*PLATFORMS, ALL))
    sources = {key: _source(top.sub("sources"), key) for key in top.sub("sources").values}
    reader = _Reader(platform, top.text("name"), top.text("version"), sources)
    disclosure = reader.disclosure(top.sub("disclosure")) if top.has("disclosure") else None
    specs = tuple(reader.spec(fields, disclosure) for fields in top.subs("specs"))
    ids = [spec.id for spec in specs]
    for index, spec_id in enumerate(ids):
        if spec_id in ids[:index]:
            raise top.error(f"specs[{index}].id", f"{spec_id!r} is there twice.")
    defaults = top.sub("defaults")
    for kind in defaults.values:
        chosen = next((spec for spec in specs if spec.id == defaults.text(kind)), None)
        if kind not in KINDS or chosen is None or chosen.kind != kind:
            raise defaults.error(kind, "name a still and a clip spec of this file.")
    if platform != ALL and set(defaults.values) != set(KINDS):
        raise top.error("defaults", "name a spec for still and one for clip.")
    return SpecFile(platform, reader.name, reader.version, dict(defaults.values), specs)


def _source(sources: Fields, key: str) -> Source:
    fields = sources.sub(key)
    fields.only("title", "url", "date", "kind")
    return Source(
        key, fields.text("title"), fields.text("url", ""), fields.text("date"), fields.text("kind")
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    platform: str
    name: str
    version: str
    sources: Mapping[str, Source]

    def source(self, fields: Fields, name: str = "source") -> Source:
        key = fields.text(name)
        if key not in self.sources:
            raise fields.error(name, f"{key!r} is not among the sources of this file.")
        return self.sources[key]

    def disclosure(self, fields: Fields) -> Disclosure:
        fields.only("when_ai", "when_not_ai", "source")
        return Disclosure(fields.text("when_ai"), fields.text("when_not_ai"), self.source(fields))

    def spec(self, fields: Fields, disclosure: Disclosure | None) -> Spec:
        fields.only(*_READ, *_FOR_PEOPLE)
        ratios = tuple(_ratio(item) for item in fields.subs("aspect_ratios"))
        if sum(ratio.recommended for ratio in ratios) != 1:
            raise fields.error("aspect_ratios", "exactly one ratio must be the recommended one.")
        limits = tuple(self.limit(item) for item in fields.subs("limits"))
        if not limits:
            raise fields.error("limits", "a spec without limits checks nothing.")
        if fields.choice("platform", (*PLATFORMS, ALL)) != self.platform:
            raise fields.error("platform", f"this file is for {self.platform}.")
        return Spec(
            id=fields.text("id"),
            version=self.version,
            platform=self.platform,
            platform_name=self.name,
            placement=fields.text("placement"),
            media=fields.choice("media", MEDIA),
            paid=fields.flag("paid"),
            confidence=fields.choice("confidence", ("high", "medium", "low")),
            aspect_tolerance=fields.number("aspect_tolerance_pct") / 100,
            ratios=ratios,
            export=_export(fields.sub("export")) if fields.has("export") else None,
            limits=limits,
            texts=tuple(self.text(item) for item in fields.subs("texts")),
            safe_zone=self.safe_zone(fields.sub("safe_zone")),
            disclosure=disclosure,
            note=fields.text("note", ""),
        )

    def limit(self, fields: Fields) -> Limit:
        fields.only("key", "op", "value", "unit", "level", "source", "note")
        op = fields.choice("op", OPERATORS)
        unit = fields.text("unit", "")
        if unit not in UNITS:
            raise fields.error("unit", f"{unit!r} is not one of {', '.join(UNITS)}.")
        return Limit(
            key=fields.text("key"),
            op=op,
            value=_value(fields, op, unit),
            unit=unit,
            level=fields.choice("level", LEVELS),
            source=self.source(fields),
            note=fields.text("note", ""),
        )

    def text(self, fields: Fields) -> TextLimit:
        fields.only(*TextLimit.__slots__)
        has_visible_source = fields.has("visible_source")
        return TextLimit(
            name=fields.text("name"),
            level=fields.choice("level", LEVELS),
            source=self.source(fields),
            max=fields.whole("max"),
            min=fields.optional_whole("min") or 0,
            max_wide=fields.optional_whole("max_wide"),
            visible=fields.optional_whole("visible"),
            visible_source=self.source(fields, "visible_source") if has_visible_source else None,
            count=fields.optional_whole("count"),
            lines=fields.optional_whole("lines"),
            chars_per_line=fields.optional_whole("chars_per_line"),
            required=fields.flag("required", False),
            forbid=fields.texts("forbid"),
            note=fields.text("note", ""),
        )

    def safe_zone(self, fields: Fields) -> SafeZone:
        width, height = fields.pair("canvas")
        rail = fields.sub("rail") if fields.has("rail") else None
        keys = fields.texts("sources")
        for key in keys:
            if key not in self.sources:
                raise fields.error("sources", f"{key!r} is not among the sources of this file.")
        zone = SafeZone(
            width=width,
            height=height,
            top=fields.whole("top"),
            bottom=fields.whole("bottom"),
            left=fields.whole("left"),
            right=fields.whole("right"),
            rail=(rail.whole("from_y"), rail.whole("right")) if rail else None,
            level=fields.choice("level", LEVELS),
            sources=tuple(self.sources[key] for key in keys),
            basis=fields.text("basis", ""),
            why=fields.text("why", ""),
            right_to_left=_turned(fields),
        )
        if sum(zone.right_to_left or ()) >= width:
            raise fields.error("rtl", "the insets leave nothing clear.")
        if zone.left + zone.right >= width or zone.top + zone.bottom >= height:
            raise fields.error("canvas", "the insets leave nothing clear.")
        if not zone.sources:
            raise fields.error("sources", "name at least one source.")
        return zone


def _turned(fields: Fields) -> tuple[int, int] | None:
    if not fields.has("rtl"):
        return None
    turned = fields.sub("rtl")
    return turned.whole("left"), turned.whole("right")


def _ratio(fields: Fields) -> Ratio:
    name = fields.text("ratio")
    try:
        ratio_value(name)
    except (ValueError, ZeroDivisionError) as error:
        raise fields.error("ratio", f'{name!r} is not a ratio such as "9:16".') from error
    return Ratio(
        name,
        fields.flag("recommended", False),
        fields.optional_pair("min"),
        fields.optional_pair("exact"),
    )


def _export(fields: Fields) -> Export:
    width = fields.whole("width")
    return Export(
        width=width,
        height=fields.whole("height"),
        container=fields.text("container"),
        quality=fields.optional_whole("quality") or 0,
        video_kbps=fields.optional_whole("v_bitrate_kbps") or 0,
        note=fields.text("note", ""),
        fast_video_kbps=fields.optional_whole("v_bitrate_kbps_60fps") or 0,
    )


def _value(fields: Fields, op: str, unit: str) -> Any:
    """The limit's value in the shape its operator needs."""
    value = fields.get("value")
    where = fields.at("value")
    if op == "==":
        if value is None or isinstance(value, list | dict):
            raise fields.error("value", "expected one value.")
        return value
    if op == "between":
        numbers = isinstance(value, list) and len(value) == 2
        if not numbers or not all(type(n) in (int, float) for n in value) or value[0] > value[1]:
            raise fields.error("value", "expected [least, most].")
        return (value[0], value[1])
    if op == "in":
        if not isinstance(value, list) or not value:
            raise fields.error("value", "expected a list of what is allowed.")
        if unit == "px":
            return tuple(as_pair(where, item) for item in value)
        return tuple(value)
    if unit == "px" and isinstance(value, list):
        return as_pair(where, value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise fields.error("value", "expected a number.")
    return value
