"""One row of the catalog file -> a model's card, or the reason why it cannot be used.

Checks values only; what a price means is `pricing`'s matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from routing import money
from routing.cards import ModelCard, PriceRule
from routing.need import TIERS
from routing.stages import OPERATIONS

UNITS: tuple[str, ...] = ("output", "megapixel", "second")
RULE_UNITS: tuple[str, ...] = (
    *UNITS,
    "first_megapixel",
    "extra_megapixel",
    "input_megapixel",
    "run",
    "gpu_second",
)
MOTION_PROFILES: tuple[str, ...] = ("subtle_human", "high_action", "product", "camera_only")
LIFE_CYCLES: tuple[str, ...] = ("active", "frozen", "deprecated", "retired")
PROFILE: tuple[str, ...] = (
    "fidelity",
    "prompt_adherence",
    "anatomy",
    "text",
    "temporal_consistency",
    "surgicality",
)
FIELDS: frozenset[str] = frozenset(
    {
        "key", "label", "provider", "version", "operations", "tier", "price", "price_unit",
        "price_basis", "price_from", "approval_prior", "seconds_each", "limits", "licence",
        "source", "enabled", "profile", "price_rule", "motion_profiles", "max_size",
        "max_seconds", "mask", "references", "text_locales", "commercial", "life_cycle",
        "deprecated_on", "retired_on", "capabilities",
    }
)  # fmt: skip
RULE_FIELDS: frozenset[str] = frozenset(
    {"price", "unit", "from", "source", "basis", "size", "quality", "resolution", "audio"}
)


class BadCatalog(ValueError):
    """A row of the catalog cannot be used; the message names line, row, field and remedy."""


class _Row:
    """One row while it is checked: knows how to complain about itself."""

    def __init__(self, row: Mapping[str, Any], line: int) -> None:
        self.row = row
        self.where = f'catalog.toml, line {line}, model "{row.get("key", "?")}"'

    def refuse(self, said: str) -> NoReturn:
        raise BadCatalog(f"{self.where}: {said}")

    def want(self, field: str, kind: type | tuple[type, ...]) -> Any:
        """The field's value; missing, empty or of another kind is refused."""
        value = self.row.get(field)
        if not isinstance(value, kind) or isinstance(value, bool) or value in ("", []):
            self.refuse(f'field "{field}" is missing or wrong; fill it in.')
        return value

    def known(self, field: str, values: Iterable[Any], allowed: Iterable[str]) -> tuple[str, ...]:
        """The values when each is allowed."""
        allowed = tuple(allowed)
        for value in values:
            if value not in allowed:
                self.refuse(f'{field} "{value}" is unknown; use one of {", ".join(allowed)}.')
        return tuple(values)

    def day(self, field: str) -> date | None:
        """A date or nothing."""
        value = self.row.get(field)
        if value is not None and not isinstance(value, date):
            self.refuse(f'field "{field}" must be a date such as 2026-11-23.')
        return value

    def listed(self, field: str) -> list[Any]:
        """A list, empty when the field is missing."""
        value = self.row.get(field, [])
        if not isinstance(value, list):
            self.refuse(f'field "{field}" must be a list.')
        return value

    def flag(self, field: str) -> bool | None:
        """True, false or unknown."""
        value = self.row.get(field)
        if value is not None and not isinstance(value, bool):
            self.refuse(f'field "{field}" must be true or false.')
        return value


def card(data: Mapping[str, Any], line: int, today: date | None = None) -> ModelCard:
    """The card of one row that starts at `line`. Raises BadCatalog."""
    row = _Row(data, line)
    for field in data:
        if field not in FIELDS:
            row.refuse(f'field "{field}" is unknown; correct its spelling or remove it.')
    enabled = data.get("enabled", True)
    if not isinstance(enabled, bool):
        row.refuse('field "enabled" must be true or false.')
    operations = data.get("operations")
    if not (operations == [] and not enabled and data.get("capabilities")):
        operations = row.want("operations", list)
    row.known("operation", operations, OPERATIONS)
    if row.want("tier", str) not in TIERS:
        row.refuse(f"tier must be one of {', '.join(TIERS)}.")
    (unit,) = row.known("price_unit", [data.get("price_unit", "output")], UNITS)
    source = row.want("source", str)
    price = _price(row, data) if "price" in data else None
    start = row.day("price_from")
    if price is not None and start is None:
        row.refuse("a price needs price_from = a date.")
    if enabled and price is None:
        row.refuse("it is enabled but has no price; add one or set enabled = false.")
    prior = float(row.want("approval_prior", (int, float)))
    if not 0 < prior < 1:
        row.refuse("approval_prior must lie between 0 and 1.")
    (life,) = row.known("life_cycle", [data.get("life_cycle", "active")], LIFE_CYCLES)
    retired_on = row.day("retired_on")
    ended = life == "retired" or (
        today is not None and retired_on is not None and retired_on <= today
    )
    if enabled and ended:
        row.refuse("it is retired but still enabled; set enabled = false.")
    width, height = _size(row)
    return ModelCard(
        key=row.want("key", str),
        label=row.want("label", str),
        provider=row.want("provider", str),
        version=row.want("version", str),
        operations=tuple(operations),
        tier=data["tier"],
        price_micros=price,
        price_unit=unit,
        price_basis=str(data.get("price_basis", "")),
        price_from=start,
        approval_prior=prior,
        seconds_each=float(row.want("seconds_each", (int, float))),
        source=source,
        limits=str(data.get("limits", "")),
        licence=str(data.get("licence", "")),
        is_enabled=enabled,
        **_profile(row),
        motion_profiles=row.known("motion profile", row.listed("motion_profiles"), MOTION_PROFILES),
        max_width=width,
        max_height=height,
        max_seconds=_number(row, "max_seconds"),
        takes_mask=row.flag("mask"),
        max_references=int(_number(row, "references")) if "references" in data else None,
        text_locales=tuple(row.listed("text_locales")) if "text_locales" in data else None,
        is_commercial=row.flag("commercial"),
        life_cycle=life,
        deprecated_on=row.day("deprecated_on"),
        retired_on=retired_on,
        capabilities=tuple(str(name) for name in row.listed("capabilities")),
        price_rules=_rules(row, source, price, unit, start),
    )


def _price(row: _Row, data: Mapping[str, Any]) -> int:
    """Micro-units of a price written as text."""
    written = data.get("price")
    if not isinstance(written, str) or not written:
        row.refuse('field "price" is missing or wrong; write the price as text, such as "0.04".')
    try:
        micros = money.promise(Decimal(written))
    except (InvalidOperation, ValueError, OverflowError):
        row.refuse('write the price as text, such as "0.04".')
    if micros < 0:
        row.refuse("a price cannot be negative.")
    return micros


def _number(row: _Row, field: str) -> float:
    value = row.row.get(field, 0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        row.refuse(f'field "{field}" must be a number, 0 or more.')
    return float(value)


def _size(row: _Row) -> tuple[int, int]:
    size = row.listed("max_size")
    if not size:
        return 0, 0
    whole = all(isinstance(side, int) and not isinstance(side, bool) for side in size)
    if len(size) != 2 or not whole or min(size) < 1:
        row.refuse("max_size must be [width, height] in pixels.")
    return size[0], size[1]


def _profile(row: _Row) -> dict[str, Any]:
    profile = row.row.get("profile", {})
    if not isinstance(profile, dict):
        row.refuse("profile must be a table of virtues.")
    row.known("profile", profile, PROFILE)
    for name, value in profile.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            row.refuse(f"profile.{name} must lie in 0 to 1.")
    return {name: float(value) for name, value in profile.items()}


def _rules(
    row: _Row, source: str, price: int | None, unit: str, start: date | None
) -> tuple[PriceRule, ...]:
    """The published prices; two for one date and the same case are refused."""
    rules = []
    seen: set[tuple[object, ...]] = set()
    if price is not None:
        seen.add((unit, "", "", "", None, start))
    for place, entry in enumerate(row.listed("price_rule"), 1):
        inner = _Row(entry, 0)
        inner.where = f"{row.where}, price rule {place}"
        for field in entry:
            if field not in RULE_FIELDS:
                inner.refuse(f'field "{field}" is unknown; correct its spelling or remove it.')
        (rule_unit,) = inner.known("unit", [entry.get("unit", unit)], RULE_UNITS)
        day = inner.day("from") or start
        if day is None:
            inner.refuse("a price needs from = a date.")
        rule = PriceRule(
            micros=_price(inner, entry),
            unit=rule_unit,
            start=day,
            source=str(entry.get("source") or source),
            basis=str(entry.get("basis", "")),
            size=str(entry.get("size", "")),
            quality=str(entry.get("quality", "")),
            resolution=str(entry.get("resolution", "")),
            audio=inner.flag("audio"),
        )
        case = (rule.unit, rule.size, rule.quality, rule.resolution, rule.audio, rule.start)
        if case in seen:
            inner.refuse(
                f"there are two prices for {rule.start}; keep one, or give the later its own date."
            )
        seen.add(case)
        rules.append(rule)
    return tuple(rules)
