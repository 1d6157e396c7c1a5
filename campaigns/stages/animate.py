"""Animate: the approved still is the keyframe; several seeds, one is picked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.stages.base import Brief, Criterion, Measured, Reading, one_of, whole_number
from routing.stages import PASS, Stage

KEY = Stage.ANIMATE
WORK = "provider"
CRITERIA = (
    Criterion("likeness", "Likeness holds to the end", ("likeness",)),
    Criterion("motion", "Motion is calm and right for the product"),
    Criterion("edges", "No tearing at the edges"),
    Criterion("text", "Words stay legible"),
)
MOTIONS = ("push_in", "pull_out", "pan_left", "pan_right", "pan_up", "parallax")
PROFILES = ("camera_only", "product", "subtle_human", "high_action")
DEFAULT_SECONDS = 6


def default_operation(brief: Brief) -> str:
    """Animate when the brief asks for a clip."""
    return "image_to_video" if brief.wants_clip else PASS


def params(operation: str, given: Mapping[str, Any], brief: Brief) -> dict[str, Any]:
    """Motion, seconds (2 to 15) and the 9:16 size of the clip. Raises BadParams."""
    return {
        "motion": one_of(given, "motion", brief.motion or "push_in", MOTIONS),
        "motion_profile": one_of(
            given, "motion_profile", brief.motion_profile or "camera_only", PROFILES
        ),
        "seconds": whole_number(given, "seconds", DEFAULT_SECONDS, 2, 15),
        "fps": 30,
        "width": 1080,
        "height": 1920,
    }


def candidate_count(operation: str, brief: Brief) -> int:
    """Two seeds unless the brief asked for fewer, or left it open; a person may ask for more."""
    return min(brief.count, 2)


def read(measured: Measured) -> list[Reading]:
    """How long the clip stays like its keyframe."""
    holds = measured.note.get("holds_until_s")
    length = measured.note.get("duration_s")
    if not isinstance(holds, (int, float)) or not isinstance(length, (int, float)):
        return []
    whole = holds >= length - 0.25
    return [
        Reading(
            "likeness",
            "Likeness to keyframe",
            float(holds),
            f"holds {holds:.1f} s",
            "pass" if whole else "warn",
            "imaging.compare",
            float(length),
            {"likeness": list(measured.note.get("likeness", [])), "duration_s": length},
        )
    ]
