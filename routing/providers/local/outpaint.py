"""Expand a picture to another ratio: its own pixels stay, the rest is grown from its edges.

The subject is never copied from, unless it touches an edge that is extended. Where much has to
be added the note says "best effort".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import fill, subject, weights
from routing.providers.base import InvalidRequest, Output, Request
from routing.providers.local import checks, pictures, subjects

GOOD_SHARE = 0.45
MOST_SHARE = 0.85
KEEP_SHARE = 0.35


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """One lossless picture per seed with the ratio of width:height around the unscaled base."""
    wanted_width = checks.whole(request.params, "width", 1080, 16, 8192)
    wanted_height = checks.whole(request.params, "height", 1920, 16, 8192)
    picture = checks.base(request)
    height, width = picture.rgb.shape[:2]
    canvas_width, canvas_height = grown(width, height, wanted_width, wanted_height)
    added = 1 - width * height / (canvas_width * canvas_height)
    if added > MOST_SHARE:
        raise InvalidRequest(
            "height" if canvas_height > height else "width",
            f"{added:.0%} of the result would be invented. Choose a ratio nearer to the picture's.",
        )
    found = _subject(picture.rgb)
    left = _before(canvas_width - width, found, "left", "right")
    top = _before(canvas_height - height, found, "top", "bottom")
    forbidden = _forbidden(found)
    note = {
        "added_share": round(added, 4),
        "best_effort": added > GOOD_SHARE,
        "base_box": [left, top, left + width, top + height],
    }
    on_progress(0.2)
    for position, seed in enumerate(request.seeds):
        if position in have:
            continue
        rgb = fill.extend(
            picture.rgb, canvas_width, canvas_height, left, top, seed=seed, forbidden=forbidden
        )
        yield pictures.save(request, position, rgb, note, lossless=True)
        on_progress(0.2 + 0.8 * (position + 1) / len(request.seeds))


def grown(width: int, height: int, wanted_width: int, wanted_height: int) -> tuple[int, int]:
    """The smallest size of the wanted ratio around width x height."""
    if width * wanted_height >= height * wanted_width:
        return width, max(height, round(width * wanted_height / wanted_width))
    return max(width, round(height * wanted_width / wanted_height)), height


@dataclass(frozen=True, slots=True)
class _Found:
    """The subject with a margin, its faces alike, and the sides it is cut off by."""

    mask: NDArray[np.bool_]
    faces: NDArray[np.bool_]
    touches: frozenset[str]


def _subject(rgb: NDArray[np.uint8]) -> _Found:
    height, width = rgb.shape[:2]
    known = subjects.find_faces(rgb)
    faces = np.zeros((height, width), dtype=np.bool_)
    for face in known:
        box = face.box.grow(face.box.width * 0.5, face.box.height * 0.6).clamp(width, height)
        faces[box.top : box.bottom, box.left : box.right] = True
    try:
        alpha = subject.cut_out(rgb, faces=known).alpha
    except weights.WeightsMissing:
        return _Found(faces, faces, frozenset())
    reach = max(3, round(0.02 * max(height, width))) | 1
    solid = (alpha > 0.3).astype(np.uint8)
    mask = cv2.dilate(solid, np.ones((reach, reach), np.uint8)) > 0
    return _Found(np.asarray(mask | faces, dtype=np.bool_), faces, subjects.touched(alpha))


def _before(amount: int, found: _Found, first: str, second: str) -> int:
    """How much is added before the picture: all of it when the subject is cut off behind, so
    that no body has to be invented; else half."""
    if second in found.touches and first not in found.touches:
        return amount
    if first in found.touches and second not in found.touches:
        return 0
    return amount // 2


def _forbidden(found: _Found) -> dict[str, NDArray[np.bool_]]:
    """What not to copy from, per side: the subject; where it is cut off, only the part of it
    away from that side, and faces always."""
    height, width = found.mask.shape
    rows, columns = np.arange(height)[:, None], np.arange(width)[None, :]
    away = {
        "top": rows >= KEEP_SHARE * height,
        "bottom": rows < (1 - KEEP_SHARE) * height,
        "left": columns >= KEEP_SHARE * width,
        "right": columns < (1 - KEEP_SHARE) * width,
    }
    return {
        side: (found.mask & region) | found.faces if side in found.touches else found.mask
        for side, region in away.items()
    }
