"""The production line: its stages in order, and what can be done in each.

Names only. Nothing here decides, reads or writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """One station of the line, in the order of work."""

    GENERATION = "generation"
    EDIT = "edit"
    POLISH = "polish"
    ANIMATE = "animate"
    QA = "qa"


ORDER: tuple[Stage, ...] = tuple(Stage)

PASS = "pass"  # noqa: S105 - the word for "this stage has nothing to do", not a password


@dataclass(frozen=True, slots=True)
class Operation:
    """One kind of work a stage can do.

    `needs_base` says that a picture must come in; `needs_mask` that a person paints what should
    go; `may_mark` that a person may paint the subject instead of letting it be found;
    `needs_face` that the face of somebody who agreed comes in beside it.
    """

    key: str
    stage: Stage
    label: str
    verb: str
    needs_base: bool = True
    needs_mask: bool = False
    may_mark: bool = False
    needs_face: bool = False
    makes_clip: bool = False


OPERATIONS: dict[str, Operation] = {
    operation.key: operation
    for operation in (
        Operation("compose", Stage.GENERATION, "Compose from photo", "Composing"),
        Operation(
            "compose_type",
            Stage.GENERATION,
            "Compose without a photo",
            "Composing",
            needs_base=False,
        ),
        Operation("adopt", Stage.GENERATION, "Use the photo as it is", "Taking over"),
        Operation(
            "background_remove", Stage.EDIT, "Remove background", "Cutting out", may_mark=True
        ),
        Operation(
            "background_replace",
            Stage.EDIT,
            "Replace background",
            "Swapping background",
            may_mark=True,
        ),
        Operation("object_erase", Stage.EDIT, "Erase object", "Erasing", needs_mask=True),
        Operation("outpaint", Stage.EDIT, "Expand to a ratio", "Expanding"),
        Operation("upscale", Stage.POLISH, "Upscale", "Upscaling"),
        Operation("face_enhance", Stage.POLISH, "Enhance faces (mild)", "Enhancing faces"),
        Operation("face_swap", Stage.POLISH, "Swap the face", "Swapping the face", needs_face=True),
        Operation("image_to_video", Stage.ANIMATE, "Animate", "Animating", makes_clip=True),
        Operation("check", Stage.QA, "Crop and check", "Checking"),
    )
}


def operations_of(stage: Stage) -> tuple[Operation, ...]:
    """Operations that belong to `stage`, in the order they are offered."""
    return tuple(op for op in OPERATIONS.values() if op.stage is stage)


def following(stage: Stage) -> Stage | None:
    """The stage after `stage`, or None after the last."""
    at = ORDER.index(stage) + 1
    return ORDER[at] if at < len(ORDER) else None
