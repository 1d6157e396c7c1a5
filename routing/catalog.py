"""The catalog of models as data: `catalog.toml`, each row with its source and date.

Reads the file and nothing else. A wrong row is refused with its name, field and remedy.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from routing import money
from routing.need import TIERS
from routing.stages import OPERATIONS

CATALOG_FILE = Path(__file__).with_name("catalog.toml")
UNITS: tuple[str, ...] = ("output", "megapixel", "second")


class BadCatalog(ValueError):
    """A row of the catalog cannot be used; the message names row, field and remedy."""


@dataclass(frozen=True, slots=True)
class PriceRule:
    """One published price: `micros` for one `unit` where size, quality, resolution and audio are
    as said ("" and None for any), in force from a day on."""

    micros: int
    unit: str
    start: date
    source: str
    basis: str = ""
    size: str = ""
    quality: str = ""
    resolution: str = ""
    audio: bool | None = None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model of one provider.

    `price_micros` is per `price_unit` (output, megapixel or second of clip), or None while it is
    unknown; such a model is never chosen. `approval_prior` is the chance that a person keeps one
    output, before anything was learned. `seconds_each` is the usual time for one output.
    `price_rules` hold what the maker publishes in full.

    The profile (`fidelity` to `surgicality`) lies in 0..1, None where nobody has said. Sizes are
    pixels, 0 where unknown; `motion_profiles` empty and `text_locales` None mean any.
    `life_cycle` is active, frozen, deprecated or retired.
    """

    key: str
    label: str
    provider: str
    version: str
    operations: tuple[str, ...]
    tier: str
    price_micros: int | None
    price_unit: str
    price_basis: str
    price_from: date | None
    approval_prior: float
    seconds_each: float
    source: str
    limits: str = ""
    licence: str = ""
    is_enabled: bool = True
    currency: str = "USD"
    fidelity: float | None = None
    prompt_adherence: float | None = None
    anatomy: float | None = None
    text: float | None = None
    temporal_consistency: float | None = None
    surgicality: float | None = None
    motion_profiles: tuple[str, ...] = ()
    max_width: int = 0
    max_height: int = 0
    max_seconds: float = 0.0
    takes_mask: bool | None = None
    max_references: int | None = None
    text_locales: tuple[str, ...] | None = None
    is_commercial: bool | None = None
    life_cycle: str = "active"
    deprecated_on: date | None = None
    retired_on: date | None = None
    capabilities: tuple[str, ...] = ()
    price_rules: tuple[PriceRule, ...] = ()


def _card(row: Mapping[str, Any]) -> ModelCard:
    key = str(row.get("key", "?"))

    def want(field: str, kind: type | tuple[type, ...]) -> Any:
        value = row.get(field)
        if not isinstance(value, kind) or value == "" or value == []:
            raise BadCatalog(f'catalog.toml, model "{key}": field "{field}" is missing or wrong.')
        return value

    for name in want("operations", list):
        if name not in OPERATIONS:
            raise BadCatalog(
                f'catalog.toml, model "{key}": operation "{name}" is unknown; '
                f"use one of {', '.join(OPERATIONS)}."
            )
    if want("tier", str) not in TIERS:
        raise BadCatalog(f'catalog.toml, model "{key}": tier must be one of {", ".join(TIERS)}.')
    unit = row.get("price_unit", "output")
    if unit not in UNITS:
        raise BadCatalog(
            f'catalog.toml, model "{key}": price_unit "{unit}" is unknown; '
            f"use one of {', '.join(UNITS)}."
        )
    price: int | None = None
    if "price" in row:
        try:
            price = money.promise(Decimal(want("price", str)))
        except InvalidOperation as error:
            raise BadCatalog(
                f'catalog.toml, model "{key}": write the price as text, such as "0.04".'
            ) from error
        if price < 0:
            raise BadCatalog(f'catalog.toml, model "{key}": a price cannot be negative.')
        if not isinstance(row.get("price_from"), date):
            raise BadCatalog(f'catalog.toml, model "{key}": a price needs price_from = a date.')
    enabled = bool(row.get("enabled", True))
    if enabled and price is None:
        raise BadCatalog(
            f'catalog.toml, model "{key}": it is enabled but has no price; '
            "add one or set enabled = false."
        )
    prior = float(want("approval_prior", (int, float)))
    if not 0 < prior < 1:
        raise BadCatalog(f'catalog.toml, model "{key}": approval_prior must lie between 0 and 1.')
    return ModelCard(
        key=key,
        label=want("label", str),
        provider=want("provider", str),
        version=want("version", str),
        operations=tuple(row["operations"]),
        tier=row["tier"],
        price_micros=price,
        price_unit=unit,
        price_basis=str(row.get("price_basis", "")),
        price_from=row.get("price_from"),
        approval_prior=prior,
        seconds_each=float(want("seconds_each", (int, float))),
        source=want("source", str),
        limits=str(row.get("limits", "")),
        licence=str(row.get("licence", "")),
        is_enabled=enabled,
    )


def parse(text: str) -> tuple[ModelCard, ...]:
    """Cards of a catalog file's text. Raises BadCatalog."""
    try:
        rows = tomllib.loads(text).get("model", [])
    except tomllib.TOMLDecodeError as error:
        raise BadCatalog(f"catalog.toml is not valid TOML: {error}") from error
    cards = tuple(_card(row) for row in rows)
    keys = [card.key for card in cards]
    doubled = {key for key in keys if keys.count(key) > 1}
    if doubled:
        raise BadCatalog(f'catalog.toml: two models are called "{doubled.pop()}"; rename one.')
    return cards


@lru_cache(maxsize=1)
def shipped() -> tuple[ModelCard, ...]:
    """The cards of the catalog that ships with the project."""
    return parse(CATALOG_FILE.read_text(encoding="utf-8"))
