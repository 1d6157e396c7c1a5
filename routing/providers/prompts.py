"""What a model that reads words is told, from an operation and its parameters. Pure text.

The words of a brief go in as they are; nothing here invents a scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST = 1800  # characters; the shortest limit among the providers' models is 2 000

MOTIONS = {
    "push_in": "The camera pushes in slowly.",
    "pull_out": "The camera pulls out slowly.",
    "pan_left": "The camera pans left slowly.",
    "pan_right": "The camera pans right slowly.",
    "pan_up": "The camera tilts up slowly.",
    "parallax": "The camera drifts sideways, the foreground moves more than the background.",
}
PROFILES = {
    "camera_only": "Nothing moves but the camera.",
    "product": "Only the product moves, gently.",
    "subtle_human": "People move subtly and naturally.",
    "high_action": "Lively action.",
}


def text(operation: str, params: Mapping[str, Any]) -> str:
    """One instruction of at most MOST characters."""
    return _BY_OPERATION.get(operation, _plain)(params)[:MOST].strip()


def _goal(params: Mapping[str, Any]) -> str:
    return " ".join(str(params.get("prompt", "")).split())


def _plain(params: Mapping[str, Any]) -> str:
    return _goal(params)


def _draw(params: Mapping[str, Any]) -> str:
    return f"{_goal(params)} Photographic advertising picture. {_words(params)}"


def _compose(params: Mapping[str, Any]) -> str:
    return (
        f"{_goal(params)} Use the product in the picture exactly as it is: same shape, colors, "
        f"label and logo. Photographic advertising picture. {_words(params)}"
    )


def _words(params: Mapping[str, Any]) -> str:
    headline = str(params.get("headline", "")).strip()
    if not headline:
        return "No text in the picture."
    return f'Set only these words in the picture, spelled exactly: "{headline}".'


def _background(params: Mapping[str, Any]) -> str:
    scene = _goal(params) or f"a plain {params.get('surface', 'studio')} background"
    return (
        f"Replace only the background: {scene}. Keep the subject exactly as it is, with its "
        "position and size. Match light and shadows."
    )


def _erase(params: Mapping[str, Any]) -> str:
    return "Remove what is marked and continue the surroundings there. Change nothing else."


def _face(params: Mapping[str, Any]) -> str:
    return (
        "Give the person in the first picture the face of the person in the second picture. Keep "
        "hair, expression, pose, light and everything else of the first picture exactly as it is."
    )


def _outpaint(params: Mapping[str, Any]) -> str:
    return "Continue the picture naturally beyond its edges. Add no people, objects or text."


def _animate(params: Mapping[str, Any]) -> str:
    motion = MOTIONS.get(str(params.get("motion")), "")
    profile = PROFILES.get(str(params.get("motion_profile")), "")
    return f"{motion} {profile} Faces, product, logo and words keep their exact look. No cuts."


_BY_OPERATION = {
    "compose_type": _draw,
    "compose": _compose,
    "background_replace": _background,
    "object_erase": _erase,
    "face_swap": _face,
    "outpaint": _outpaint,
    "image_to_video": _animate,
}
