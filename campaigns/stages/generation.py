"""Generation: the visual anchor. Structurally sufficient, not perfect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.stages import readings
from campaigns.stages.base import BadParams, Brief, Criterion, Measured, Reading, one_of
from routing.stages import Stage

KEY = Stage.GENERATION
WORK = "provider"
CRITERIA = (
    Criterion("composition", "Composition works"),
    Criterion("product", "Product is right and whole", ("subject_isolated",)),
    Criterion("light", "Light and shadows hold together", ("exposure",)),
    Criterion("text", "Words are legible and correct"),
    Criterion("brand", "Fits the brand"),
)
RATIOS = {"9:16": (1080, 1920), "4:5": (1080, 1350), "1:1": (1080, 1080)}


def default_operation(brief: Brief) -> str:
    """Compose from the photo; the photo itself when asked; type alone without one."""
    if not brief.has_base:
        return "compose_type"
    return "adopt" if brief.as_is else "compose"


def params(operation: str, given: Mapping[str, Any], brief: Brief) -> dict[str, Any]:
    """Size, words and brand of the composition. Raises BadParams."""
    if operation == "adopt":
        return {}
    ratio = one_of(given, "ratio", "9:16", tuple(RATIOS))
    width, height = RATIOS[ratio]
    headline = str(given.get("headline") or brief.headline).strip()
    if operation == "compose_type" and not headline:
        raise BadParams(
            "headline",
            "There is no photo, so the picture is made of words: write a headline, "
            "or add a product photo.",
        )
    return {
        "prompt": brief.goal[:2000],
        "width": width,
        "height": height,
        "headline": headline[:120],
        "subline": str(given.get("subline") or brief.subline).strip()[:160],
        "cta": str(given.get("cta") or brief.cta).strip()[:40],
        "locale": brief.locale,
        "brand": {"colors": list(brief.brand_colors), "font": "sans"},
    }


def candidate_count(operation: str, brief: Brief) -> int:
    """As many as the brief asks for, 0 when it leaves that open; a photo as it is comes once."""
    return 1 if operation == "adopt" else brief.count


def read(measured: Measured) -> list[Reading]:
    """Quality of the still, and whether the product was cut out with confidence."""
    found = readings.still_quality(measured)
    isolated = measured.note.get("subject_isolated")
    if isinstance(isolated, bool):
        found.append(
            Reading(
                "subject_isolated",
                "Product cut out",
                1.0 if isolated else 0.0,
                "isolated" if isolated else "kept in its photo",
                "pass" if isolated else "info",
                "engine",
            )
        )
    return found
