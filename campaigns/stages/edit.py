"""Edit: change one thing, keep the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.stages import proof, readings
from campaigns.stages.base import Brief, Criterion, Measured, Reading, one_of
from routing.stages import PASS, Stage

KEY = Stage.EDIT
WORK = "provider"
CRITERIA = (
    Criterion("change", "The change is what was asked for", ("erased_share",)),
    Criterion(
        "rest", "Everything else is untouched", ("untouched", "placement", "cast", "protected")
    ),
    Criterion("edges", "Edges and shadows look natural", ("added_share", "exposure")),
    Criterion("text", "Words are still legible"),
)
RATIOS = {"9:16": (1080, 1920), "4:5": (1080, 1350), "1:1": (1080, 1080), "16:9": (1920, 1080)}
SURFACES = ("auto", "studio", "gradient", "paper", "stone", "spotlight")
ERASE_GOOD_UP_TO = 0.15


def default_operation(brief: Brief) -> str:
    """Expand a wide photo that was taken as it is; else there is nothing to change yet."""
    if brief.as_is and brief.width and brief.height and brief.width / brief.height > 0.7:
        return "outpaint"
    return PASS


def params(operation: str, given: Mapping[str, Any], brief: Brief) -> dict[str, Any]:
    """Ratio or surface, depending on the operation. Raises BadParams."""
    if operation == "outpaint":
        width, height = RATIOS[one_of(given, "ratio", "9:16", tuple(RATIOS))]
        return {"width": width, "height": height}
    if operation == "background_replace":
        surface = one_of(given, "surface", "auto", SURFACES)
        chosen = {} if surface == "auto" else {"surface": surface}
        return {
            **chosen,
            "prompt": brief.goal[:2000],
            "brand": {"colors": list(brief.brand_colors), "font": "sans"},
        }
    return {}


def candidate_count(operation: str, brief: Brief) -> int:
    """Operations that differ by seed give several; a cut-out is the same each time."""
    if operation == "background_remove":
        return 1
    usual = {"object_erase": 2, "outpaint": 2}.get(operation, min(brief.count, 6))
    return usual if brief.count else 0


def read(measured: Measured) -> list[Reading]:
    """Quality, what was erased or invented, and what stayed untouched."""
    return [
        *readings.still_quality(measured),
        *proof.read(measured),
        *readings.share_noted(measured, "erased_share", "Erased area", ERASE_GOOD_UP_TO),
        *readings.share_noted(measured, "added_share", "Invented area", 0.5),
    ]
