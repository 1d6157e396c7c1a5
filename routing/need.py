"""What a frame needs, in the terms that decide a route.

Values only: nothing here knows a model, a price or a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TIERS: tuple[str, ...] = ("low", "medium", "high")

# What each purpose usually asks of fidelity, 0..1. Judgment: a brainstorm is thrown away, primary
# spend is looked at for weeks. A brief may say otherwise.
FIDELITY_OF: dict[str, float] = {
    "brainstorm": 0.2,
    "social": 0.4,
    "localized": 0.5,
    "ab_test": 0.6,
    "primary": 0.9,
}


@dataclass(frozen=True, slots=True)
class Need:
    """One stage's work to be routed.

    `count` candidates are wanted. `seconds` is the clip's length, 0 for stills. `ceiling` is the
    highest tier that runs unasked ("none" asks always); `highest_tier` the highest that may run at
    all, "" for any. `headline_locale` matters where a model sets text. `has_base` says that a
    picture comes in, `wants_mask` that only a painted part of it may change.

    `fidelity`, `temporal_consistency` (ignored for stills) and `surgicality` lie in 0..1; 0 asks
    for nothing in particular. `width` and `height` are pixels the output must reach, 0 for any;
    `megapixels` is how large it will be, for what is priced by it, 0 where nobody can say.
    `money_left_micros` bounds the whole batch, `price_limit_micros` one output, `deadline_s` is
    the time left; None bounds nothing. `people`, `objects` and `interactions` count what must be in
    the frame, `counts` how many exact numbers are asked for, `hands` and `text_words` are the
    demands that break most often.
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
    fidelity: float = 0.0
    temporal_consistency: float = 0.0
    surgicality: float = 0.0
    width: int = 0
    height: int = 0
    megapixels: float = 0.0
    wants_mask: bool = False
    reference_count: int = 0
    highest_tier: str = ""
    price_limit_micros: int | None = None
    money_left_micros: int | None = None
    deadline_s: float | None = None
    headline_locale: str = ""
    people: int = 0
    hands: bool = False
    text_words: int = 0
    objects: int = 0
    counts: int = 0
    interactions: int = 0


def stored_need(values: Any) -> Need | None:
    """The need that was stored with a decision, also by an older release; None for none."""
    if not isinstance(values, dict) or not {"stage", "operation"} <= values.keys():
        return None
    return Need(**{name: x for name, x in values.items() if name in Need.__dataclass_fields__})
