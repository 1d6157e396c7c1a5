"""What share a machine had in a picture: said by what was really done to it. Pure."""

from __future__ import annotations

AI_OF: dict[str, str] = {
    "compose_type": "none",
    "adopt": "inherit",
    "upscale": "ai_modified",
    "face_enhance": "ai_modified",
    "face_swap": "ai_modified",
    "object_erase": "ai_modified",
    "outpaint": "ai_modified",
    "background_remove": "inherit",
    "background_replace": "inherit",
    "compose": "inherit",
    "image_to_video": "inherit",
}
# what a model of somebody else makes of it: it invents pixels wherever it draws
AI_OF_HOSTED: dict[str, str] = {
    **AI_OF,
    "compose_type": "ai_generated",
    "compose": "ai_modified",
    "background_replace": "ai_modified",
    "image_to_video": "ai_generated",
}
AI_RANK = ("none", "unknown", "ai_modified", "ai_generated")


def ai_status(operation: str, sources: list[str], *, is_own_engine: bool = True) -> str:
    """What was really done: an operation that invents pixels marks the result; others inherit.

    The embedded engine places and moves what is there; a hosted model draws.
    """
    own = (AI_OF if is_own_engine else AI_OF_HOSTED).get(operation, "ai_generated")
    inherited = max(sources, key=AI_RANK.index, default="none")
    if own == "inherit":
        return inherited
    return max((own, inherited), key=AI_RANK.index)
