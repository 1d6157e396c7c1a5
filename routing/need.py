"""What a frame needs, in the terms that decide a route."""

from __future__ import annotations

from dataclasses import dataclass

TIERS: tuple[str, ...] = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Need:
    """One stage's work to be routed.

    `count` candidates are wanted. `seconds` is the clip's length, 0 for stills. `ceiling` is the
    highest tier that runs unasked ("none" asks always). `headline_locale` matters where a model
    sets text. `has_base` says that a picture comes in.
    """

    stage: str
    operation: str
    purpose: str = "social"
    count: int = 4
    seconds: float = 0.0
    motion_profile: str = ""
    ceiling: str = "low"
    has_base: bool = True
    pinned_model: str = ""
