"""One placement's limits as fields of a form, and back into the spec's JSON.

Pure: reads and returns plain values. What is wrong is said in the words of the person who typed it,
field by field; whether the whole is a spec is `spec_file`'s to say.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from campaigns.formats import spec_words
from campaigns.formats.spec import LEVELS

LEVEL_WORDS = {
    "fail": "Stops the file",
    "warn": "Warns, a person decides",
    "info": "Is only said",
}
SIZES = {"bytes": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
WORDS = {">=": "at least", "<=": "at most", "between": "from – to", "in": "one of", "==": "exactly"}
ZONE = ("top", "bottom", "left", "right")
TURNED = ("left", "right")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_PAIR = re.compile(r"\s*(\d+)\s*[x×]\s*(\d+)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Input:
    """One box to type in: its name in the form, what it is called, what stands in it, and its
    error. `options` are (value, words) where there is a choice."""

    name: str
    label: str
    value: str
    options: tuple[tuple[str, str], ...] = ()
    error: str = ""

    @property
    def is_wide(self) -> bool:
        """True where words stand in it rather than a number."""
        return bool(self.options) or self.name.endswith(("-list", "-date", "-title", "-url"))


_IN_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Row:
    """One limit as a group of boxes; `words` stand before the value, `unit` behind it."""

    label: str
    words: str
    unit: str
    inputs: tuple[Input, ...]
    note: str = ""


@dataclass(slots=True)
class _Reading:
    """What was typed, and what was wrong with it."""

    given: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return str(self.given.get(name, "")).strip()

    def bad(self, name: str, text: str) -> None:
        self.errors.setdefault(name, text)

    def number(self, name: str, *, times: int = 1, is_whole: bool = False) -> int | float:
        """A number of at least 0; 0 and an error when it is none."""
        shown = self.text(name).replace("\u202f", "").replace(" ", "")
        if _IN_THOUSANDS.fullmatch(shown):
            shown = shown.replace(",", "")
        elif "," in shown:
            self.bad(name, "Write a point before the fraction, such as 0.5.")
            return 0
        try:
            value = Decimal(shown) * times
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or value < 0 or value > 10**15:
            self.bad(name, "Enter a number of at least 0, such as 60.")
            return 0
        if value == value.to_integral_value():
            return int(value)
        if is_whole or times > 1:
            self.bad(name, "Enter a whole number.")
        return float(value)


def seen(data: Mapping[str, Any]) -> str:
    """Changes whenever anything in the draft does."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def placement(data: Mapping[str, Any], spec_id: str) -> Mapping[str, Any]:
    """The placement with this id, or the first. ValueError without any."""
    specs: list[Mapping[str, Any]] = list(data.get("specs", []))
    if not specs:
        raise ValueError("This version has no placement.")
    return next((spec for spec in specs if spec["id"] == spec_id), specs[0])


def rows(
    data: Mapping[str, Any],
    spec: Mapping[str, Any],
    *,
    given: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> list[Row]:
    """The form of one placement; `given` and `errors` are those of a form that was refused."""
    said, wrong = given or {}, errors or {}

    def box(name: str, label: str, value: Any, options: Any = ()) -> Input:
        shown = said.get(name, str(value))
        return Input(name, label, shown, tuple(options), wrong.get(name, ""))

    def behind(at: str, entry: Mapping[str, Any]) -> Iterator[Input]:
        yield box(f"{at}-level", "Level", entry["level"], LEVEL_WORDS.items())
        if "source" in entry:
            titles = [(key, one["title"]) for key, one in data["sources"].items()]
            yield box(f"{at}-source", "Source", entry["source"], titles)
            yield box(f"{at}-date", "Read on", data["sources"][entry["source"]]["date"])

    found = []
    for index, limit in enumerate(spec["limits"]):
        at = f"limit-{index}"
        values = [
            box(name, label, value, options) for name, label, value, options in _boxes(at, limit)
        ]
        unit = (
            ""
            if limit.get("unit") in {"bytes", "bool", "ext", "codec", "ratio"}
            else limit.get("unit", "")
        )
        found.append(
            Row(
                spec_words.label(limit["key"]), WORDS[limit["op"]], unit,
                (*values, *behind(at, limit)), limit.get("note", ""),
            )
        )  # fmt: skip
    for index, text in enumerate(spec.get("texts", [])):
        at = f"text-{index}"
        ends = [
            box(f"{at}-min", "At least", text.get("min", 0)),
            box(f"{at}-max", "At most", text["max"]),
        ]
        label = f"Text: {text['name'].replace('_', ' ')}"
        found.append(Row(label, "", "characters", (*ends, *behind(at, text)), text.get("note", "")))
    zone = spec["safe_zone"]
    sides = [box(f"zone-{side}", side.capitalize(), zone[side]) for side in ZONE]
    if zone.get("rail"):
        sides.append(box("zone-rail_from", "Buttons from", zone["rail"]["from_y"]))
        sides.append(box("zone-rail_right", "Buttons, right", zone["rail"]["right"]))
    if zone.get("rtl"):
        words = "where people read from the right"
        sides += [
            box(f"zone-rtl_{side}", f"{side.capitalize()}, {words}", zone["rtl"][side])
            for side in TURNED
        ]
    wide, tall = zone["canvas"]
    found.append(
        Row("Covered by the app", "", f"px of {wide} × {tall}", (*sides, *behind("zone", zone)))
    )
    return found


def new_source(*, given: Mapping[str, str], errors: Mapping[str, str]) -> list[Input]:
    """The boxes of a source that is not there yet."""
    labels = {"title": "What the page is called", "url": "Its address", "date": "Read on"}
    return [
        Input(f"new-{name}", label, given.get(f"new-{name}", ""), (), errors.get(f"new-{name}", ""))
        for name, label in labels.items()
    ]


def _boxes(at: str, limit: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Any]]:
    """Name, label, value and options of each box of a limit's value."""
    value, op, unit = limit["value"], limit["op"], limit.get("unit", "")
    if op == "between":
        yield f"{at}-least", "At least", value[0], ()
        yield f"{at}-most", "At most", value[1], ()
    elif op == "in":
        yield f"{at}-list", "With commas between", ", ".join(map(_one, value)), ()
    elif isinstance(value, bool):
        yield f"{at}-value", "Must be", "yes" if value else "no", (("yes", "yes"), ("no", "no"))
    elif isinstance(value, list):
        yield f"{at}-width", "Width", value[0], ()
        yield f"{at}-height", "Height", value[1], ()
    elif unit == "bytes":
        name = next(
            name for name in ("GB", "MB", "KB", "bytes") if value >= SIZES[name] or name == "bytes"
        )
        yield f"{at}-value", "Number", _plain(Decimal(value) / SIZES[name]), ()
        yield f"{at}-unit", "Unit", name, [(key, key) for key in SIZES]
    else:
        yield f"{at}-value", "Number" if not isinstance(value, str) else "Value", value, ()


def _one(value: Any) -> str:
    return f"{value[0]} x {value[1]}" if isinstance(value, list) else str(value)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def apply(
    data: Mapping[str, Any], spec_id: str, given: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The whole spec file with one placement as it was typed, and the errors by field."""
    made: dict[str, Any] = deepcopy(dict(data))
    spec = placement(made, spec_id)
    reading = _Reading(given)
    for index, limit in enumerate(spec["limits"]):
        at = f"limit-{index}"
        limit["value"] = _value(reading, at, limit)
        _behind(reading, at, limit, made["sources"])
    for index, text in enumerate(spec.get("texts", [])):
        at = f"text-{index}"
        least, most = (reading.number(f"{at}-{end}", is_whole=True) for end in ("min", "max"))
        if most < max(least, 1):
            reading.bad(f"{at}-max", "It must be at least 1, and not below the other end.")
        text["max"] = most
        if least or "min" in text:
            text["min"] = least
        _behind(reading, at, text, made["sources"])
    _zone(reading, spec["safe_zone"])
    _new_source(reading, made["sources"])
    return made, reading.errors


def _value(reading: _Reading, at: str, limit: Mapping[str, Any]) -> Any:
    value, op, unit = limit["value"], limit["op"], limit.get("unit", "")
    if op == "between":
        least, most = reading.number(f"{at}-least"), reading.number(f"{at}-most")
        if least > most:
            reading.bad(f"{at}-most", "It must not be below the other end.")
        return [least, most]
    if op == "in":
        return _list(reading, f"{at}-list", value)
    if isinstance(value, bool):
        return reading.text(f"{at}-value") == "yes"
    if isinstance(value, list):
        sides = [reading.number(f"{at}-{side}", is_whole=True) for side in ("width", "height")]
        for side, pixels in zip(("width", "height"), sides, strict=True):
            if pixels < 1:
                reading.bad(f"{at}-{side}", "Enter pixels, at least 1.")
        return sides
    if isinstance(value, str):
        if not reading.text(f"{at}-value"):
            reading.bad(f"{at}-value", "Enter what it must be.")
        return reading.text(f"{at}-value")
    times = SIZES.get(reading.text(f"{at}-unit"), 1) if unit == "bytes" else 1
    return reading.number(f"{at}-value", times=times)


def _list(reading: _Reading, name: str, before: list[Any]) -> list[Any]:
    parts = [part.strip() for part in reading.text(name).split(",") if part.strip()]
    if not parts:
        reading.bad(name, "Enter at least one, several with commas between them.")
    if before and isinstance(before[0], list):
        pairs = [_PAIR.fullmatch(part) for part in parts]
        if not all(pairs):
            reading.bad(name, "Enter sizes such as 720 x 1280, with commas between them.")
        return [[int(pair[1]), int(pair[2])] for pair in pairs if pair]
    if before and isinstance(before[0], int | float):
        try:
            return [int(part) if part.isdigit() else float(part) for part in parts]
        except ValueError:
            reading.bad(name, "Enter numbers with commas between them.")
            return before
    return parts


def _behind(
    reading: _Reading, at: str, entry: dict[str, Any], sources: dict[str, dict[str, str]]
) -> None:
    level = reading.text(f"{at}-level")
    if level not in LEVELS:
        reading.bad(f"{at}-level", "Choose what happens when it is not kept.")
    entry["level"] = level
    if "source" not in entry:
        return
    before = sources[entry["source"]]["date"]
    key, date = reading.text(f"{at}-source"), reading.text(f"{at}-date")
    if key not in sources:
        reading.bad(f"{at}-source", "Choose where the number was read.")
        return
    if date != before:
        if not _DATE.fullmatch(date):
            reading.bad(f"{at}-date", "Enter the day it was read, such as 2026-11-30.")
            return
        key = _on(key, date, sources)
    entry["source"] = key


def _on(key: str, date: str, sources: dict[str, dict[str, str]]) -> str:
    """The same source as it was read on another day."""
    wanted = {**sources[key], "date": date}
    for other, one in sources.items():
        if one == wanted:
            return other
    base = re.sub(r"_\d{4}-\d\d-\d\d$", "", key)
    made = f"{base}_{date}"
    sources[made] = wanted
    return made


def _zone(reading: _Reading, zone: dict[str, Any]) -> None:
    for side in ZONE:
        zone[side] = reading.number(f"zone-{side}", is_whole=True)
    if zone.get("rail"):
        zone["rail"]["from_y"] = reading.number("zone-rail_from", is_whole=True)
        zone["rail"]["right"] = reading.number("zone-rail_right", is_whole=True)
    for side in TURNED if zone.get("rtl") else ():
        zone["rtl"][side] = reading.number(f"zone-rtl_{side}", is_whole=True)
    wide, tall = zone["canvas"]
    if zone.get("rtl") and zone["rtl"]["left"] + zone["rtl"]["right"] >= wide:
        reading.bad("zone-rtl_right", "Left and right together leave nothing clear.")
    if zone["left"] + zone["right"] >= wide:
        reading.bad("zone-right", "Left and right together leave nothing clear.")
    if zone["top"] + zone["bottom"] >= tall:
        reading.bad("zone-bottom", "Top and bottom together leave nothing clear.")
    _behind(reading, "zone", zone, {})


def _new_source(reading: _Reading, sources: dict[str, dict[str, str]]) -> None:
    title, url, date = (reading.text(f"new-{name}") for name in ("title", "url", "date"))
    if not (title or url):
        return
    if not title:
        reading.bad("new-title", "Enter what the page is called.")
    if url and not url.startswith("https://"):
        reading.bad("new-url", "Enter an address that begins with https://, or leave it empty.")
    if not _DATE.fullmatch(date):
        reading.bad("new-date", "Enter the day it was read, such as 2026-11-30.")
    number = next(n for n in range(1, len(sources) + 2) if f"own_{n}" not in sources)
    sources[f"own_{number}"] = {"title": title, "url": url, "date": date, "kind": "read_by_admin"}
