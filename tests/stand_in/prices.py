"""What the stand-in takes for work, in millionths of a dollar, and which ends are free.

Written down apart from the catalog, so that a ledger can be held against it.
"""

from __future__ import annotations

import re
from typing import Any

OUTPUT, MEGAPIXEL, SECOND = "output", "megapixel", "second"
_PRICES: tuple[tuple[str, str, str, int], ...] = (
    ("fal", r"fal-ai/flux/schnell", MEGAPIXEL, 3_000),
    ("fal", r"fal-ai/flux/dev", MEGAPIXEL, 25_000),
    ("fal", r"fal-ai/flux-pro/v1\.1", MEGAPIXEL, 40_000),
    ("fal", r"fal-ai/bria/.*", OUTPUT, 40_000),
    ("fal", r"fal-ai/flux-pro/kontext", OUTPUT, 40_000),
    ("fal", r"fal-ai/bytedance/.*", SECOND, 52_000),
    ("fal", r"fal-ai/kling-video/.*", SECOND, 70_000),
    ("fal", r"fal-ai/veo.*", SECOND, 200_000),
    ("fal", r"half-moon-ai/ai-face-swap/.*", OUTPUT, 50_000),
    ("fal", r"fal-ai/face-swap", OUTPUT, 1_000),
    ("replicate", r"cdingram/face-swap", OUTPUT, 5_850),
    ("replicate", r"stability-ai/sdxl", OUTPUT, 6_000),
    ("google", r"gemini-2\.5-flash-image", OUTPUT, 39_000),
    ("google", r".*", OUTPUT, 67_200),
    ("comfyui", r".*", OUTPUT, 0),
    ("", r".*", OUTPUT, 40_000),
)
# models billed by the second of a machine, their price of one, and how long the stand-in takes
SECONDS = {"stability-ai/sdxl": 975, "cdingram/face-swap": 975}
TOOK_S = {"": 6.0}
BROKE_OFF_AFTER_S = 2.0
# how a job may end other than well, in the order in which they are looked for
ENDS = (
    "fails_500", "fails_in_result", "fails_timeout", "fails_refused", "fails_input",
    "fails_invalid", "fails_billed", "no_media", "aborted", "out_of_memory", "interrupted",
)  # fmt: skip
UNBILLED = frozenset({*ENDS, "cancelled_before", "cancelled"} - {"fails_billed"})


def took_s(outcome: str, started: bool) -> float:
    """Seconds of a machine that an ended job took."""
    return TOOK_S.get(outcome, BROKE_OFF_AFTER_S) if started else 0.0


def of(vendor: str, model: str, outputs: list[dict[str, Any]]) -> tuple[float, int]:
    """Units and price of a job."""
    unit, price = next(
        (unit, price)
        for whose, pattern, unit, price in _PRICES
        if whose in ("", vendor) and re.fullmatch(pattern, model)
    )
    if unit == SECOND:
        units = sum(float(one.get("seconds", 0)) for one in outputs)
    elif unit == MEGAPIXEL:
        # every picture counts as whole megapixels, rounded up
        units = float(sum(-(-one["width"] * one["height"] // 1_000_000) for one in outputs))
    else:
        units = float(len(outputs))
    return units, round(units * price)
