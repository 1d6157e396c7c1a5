"""Polish: not look generated, and never over-smoothed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.stages import readings
from campaigns.stages.base import BadParams, Brief, Criterion, Measured, Reading
from imaging import compare
from routing.stages import PASS, Stage

KEY = Stage.POLISH
WORK = "provider"
CRITERIA = (
    Criterion("texture", "Texture is kept, nothing is smoothed away", ("texture",)),
    Criterion("faces", "Faces are right: the same people, or who agreed to a swap", ("likeness",)),
    Criterion("sharp", "Sharp enough at full size", ("sharpness",)),
    Criterion("natural", "It does not look generated"),
)
FACTORS = ("1.5", "2", "3", "4")
SMOOTHED_BELOW = 0.87
ENOUGH_PX = 1080


def default_operation(brief: Brief) -> str:
    """Upscale what is too small for the platforms, or what real money will be spent on."""
    if brief.as_is and 0 < min(brief.width, brief.height) < ENOUGH_PX:
        return "upscale"
    return "upscale" if brief.purpose == "primary" else PASS


def params(operation: str, given: Mapping[str, Any], brief: Brief) -> dict[str, Any]:
    """Factor of an upscale, strength (0 to 1) of a face enhancement. Raises BadParams."""
    if operation == "upscale":
        factor = str(given.get("factor") or "1.5")
        if factor not in FACTORS:
            raise BadParams("factor", f"Choose one of {', '.join(FACTORS)}.")
        return {"factor": float(factor)}
    if operation == "face_swap":  # whose face it is comes with its consent
        return {}
    try:
        strength = float(given.get("strength") or 0.4)
    except (TypeError, ValueError) as error:
        raise BadParams("strength", "Enter a number from 0 to 1.") from error
    if not 0 <= strength <= 1:
        raise BadParams("strength", "Enter a number from 0 to 1.")
    return {"strength": strength}


def candidate_count(operation: str, brief: Brief) -> int:
    """One: the result does not depend on a seed."""
    return 1


def read(measured: Measured) -> list[Reading]:
    """Quality, and how much fine texture is left against the source at the same size."""
    found = readings.still_quality(measured)
    if measured.source is not None:
        before, after = readings.pixels(measured.source), readings.pixels(measured.path)
        kept = float(compare.texture_kept(before, after))
        found.append(
            Reading(
                "texture",
                "Texture kept",
                round(kept, 3),
                f"{kept:.2f}",
                "pass" if kept >= SMOOTHED_BELOW else "warn",
                "imaging.compare",
                SMOOTHED_BELOW,
            )
        )
    return [*found, *readings.likeness_to_source(measured, "Likeness to source", 0.9)]
