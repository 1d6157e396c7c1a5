"""Expand a picture to another ratio: its own pixels stay, the rest is grown from its edges.

The subject is never copied from, unless it touches an edge that is extended. Where much has to
be added the note says "best effort".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import fill, subject, weights
from routing.providers.base import InvalidRequest, Output, Request
from routing.providers.local import checks, pictures, subjects

GOOD_SHARE = 0.45
MOST_SHARE = 0.85


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
    left, top = (canvas_width - width) // 2, (canvas_height - height) // 2
    forbidden = _forbidden(picture.rgb, left, top)
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


def _forbidden(rgb: NDArray[np.uint8], left: int, top: int) -> NDArray[np.bool_] | None:
    """The subject with a margin; None when it touches an extended edge and must go on there."""
    try:
        found = subject.cut_out(rgb, faces=subjects.find_faces(rgb))
    except weights.WeightsMissing:
        return None
    solid = found.alpha > 0.3
    lines = [solid[:, 0], solid[:, -1]] if left else []
    lines += [solid[0], solid[-1]] if top else []
    if any(float(line.mean()) > 0.02 for line in lines):
        return None
    reach = max(3, round(0.02 * max(rgb.shape[:2]))) | 1
    grown_mask = cv2.dilate(solid.astype(np.uint8), np.ones((reach, reach), np.uint8))
    return np.asarray(grown_mask > 0, dtype=np.bool_)
