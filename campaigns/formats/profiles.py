"""A card's profile as the plain values of its catalog row, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from routing.catalog import ModelCard

PROFILE = (
    "fidelity",
    "prompt_adherence",
    "anatomy",
    "text",
    "temporal_consistency",
    "surgicality",
    "motion_profiles",
    "max_width",
    "max_height",
    "max_seconds",
    "takes_mask",
    "max_references",
    "text_locales",
    "is_commercial",
    "life_cycle",
    "deprecated_on",
    "retired_on",
    "capabilities",
)
DATES = ("deprecated_on", "retired_on")


def stored(card: ModelCard) -> dict[str, Any]:
    """What a card says it can do, as plain values for its row."""
    found = {name: getattr(card, name) for name in PROFILE}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in found.items()
        if isinstance(value, bool) or value not in (None, (), "", 0)
    }


def read(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of a row as the fields of a card."""
    known = {name: kept[name] for name in PROFILE if name in kept}
    return {
        name: date.fromisoformat(value)
        if name in DATES
        else tuple(value)
        if isinstance(value, list)
        else value
        for name, value in known.items()
    }
