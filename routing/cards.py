"""What is known of a model: its card, with prices, profile and life-cycle. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


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
