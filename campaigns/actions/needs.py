"""From a brief and an operation to what routing is told that a frame needs.

Reads no rows. What a purpose or an operation usually asks is judgment, stated here once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from campaigns.stages.base import NONE, BadParams, Brief
from routing.need import FIDELITY_OF, Need
from routing.stages import OPERATIONS, Operation, Stage

# How little beside the wanted change may change, 0..1. A cut-out or an erased object leaves every
# other pixel alone; an expanded picture has to invent some.
SURGICALITY: dict[str, float] = {
    "background_remove": 0.9,
    "background_replace": 0.8,
    "object_erase": 0.9,
    "outpaint": 0.6,
    "upscale": 0.7,
    "face_enhance": 0.8,
    "face_swap": 0.8,
}

# How well a clip has to hold together, 0..1: a face betrays what a landscape forgives.
CONSISTENCY: dict[str, float] = {
    "subtle_human": 0.9,
    "product": 0.8,
    "high_action": 0.6,
    "camera_only": 0.5,
}

SOONEST_S = 3600.0  # a nearer deadline counts as an hour: it shortens the plan and forbids nothing


def need_of(
    *,
    brief: Brief,
    stage: str,
    operation: str,
    params: Mapping[str, Any],
    count: int,
    ceiling: str,
    has_base: bool,
    pinned_model: str,
    now: datetime,
) -> Need:
    """What `operation` needs for `brief`. QA asks nothing of a model but to be right."""
    motion = str(params.get("motion_profile", ""))
    demands = NONE if stage == Stage.QA else brief.demands
    is_clip = OPERATIONS[operation].makes_clip
    return Need(
        stage=stage,
        operation=operation,
        purpose=brief.purpose,
        count=count,
        seconds=float(params.get("seconds", 0) or 0),
        motion_profile=motion,
        ceiling=ceiling,
        has_base=has_base,
        pinned_model=pinned_model,
        fidelity=0.0 if stage == Stage.QA else FIDELITY_OF.get(brief.purpose, 0.0),
        temporal_consistency=CONSISTENCY.get(motion, 0.5) if is_clip else 0.0,
        surgicality=SURGICALITY.get(operation, 0.0),
        megapixels=_megapixels(brief, operation, params),
        people=demands.people,
        hands=demands.hands,
        objects=demands.objects,
        counts=demands.counts,
        interactions=demands.interactions,
        wants_mask=OPERATIONS[operation].needs_mask or bool(params.get("is_marked")),
        deadline_s=_seconds_left(brief.deadline_at, now),
    )


def _megapixels(brief: Brief, operation: str, params: Mapping[str, Any]) -> float:
    """How large an output will be: a hold has to cover what the provider will count.

    0 where nobody can say: a new picture has the size its model gives it.
    """
    width, height = float(brief.width), float(brief.height)
    if not width or not height or OPERATIONS[operation].stage is Stage.GENERATION:
        return 0.0
    if operation == "upscale":
        factor = float(params.get("factor", 1) or 1)
        width, height = factor * width, factor * height
    wide, high = float(params.get("width", 0) or 0), float(params.get("height", 0) or 0)
    if operation == "outpaint" and wide and high:  # a ratio: grown on one side until it fits
        width, height = max(width, height * wide / high), max(height, width * high / wide)
    return width * height / 1e6


def _seconds_left(deadline: datetime | None, now: datetime) -> float | None:
    """Whole hours to the deadline, so that a page and its click agree; None when past or none."""
    if deadline is None or deadline <= now:
        return None
    return max(SOONEST_S, (deadline - now).total_seconds() // 3600 * 3600)


def painted(spec: Operation, has_mask: bool) -> dict[str, Any]:
    """What a painted mask adds to the parameters: where the subject may be marked, routing then
    wants a model that keeps to it. Raises BadParams when a mask is missing."""
    if spec.needs_mask and not has_mask:
        raise BadParams("mask", "Paint over what should go, then start again.")
    return {"is_marked": True} if spec.may_mark and has_mask else {}
