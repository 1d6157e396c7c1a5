"""Remove the background: the subject with soft edges and its own colors, as a PNG with alpha.

It says how sure it is; it must not pretend that an unsure cut-out is good.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging import composite, subject
from imaging.composite import Piece
from routing.providers.base import InvalidRequest, Output, Request
from routing.providers.local import checks, pictures, subjects
from routing.providers.local.checks import Picture


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """The cut-out in the picture's own size; InvalidRequest when there is no subject at all."""
    picture = checks.base(request)
    on_progress(0.1)
    piece, note = isolate(picture, checks.marked(request, picture))
    on_progress(0.8)
    for position in range(len(request.seeds)):
        if position not in have:
            yield pictures.save(request, position, piece.rgb, note, alpha=piece.alpha)
        on_progress(0.8 + 0.2 * (position + 1) / len(request.seeds))


def isolate(
    picture: Picture, marked: NDArray[np.bool_] | None = None
) -> tuple[Piece, dict[str, Any]]:
    """The cut-out of a picture with its note; of what a person `marked`, if they did. Raises
    WeightsMissing without model files and InvalidRequest when nothing stands out."""
    if marked is not None:
        alpha, confidence, isolated = subject.cut_along(picture.rgb, marked), 1.0, True
        if picture.alpha is not None:  # what is cut out already stays so
            alpha = np.minimum(alpha, picture.alpha)
        alpha = composite.clean_edge(alpha)
    elif picture.alpha is not None:
        alpha, confidence, isolated = picture.alpha, 1.0, True
    else:
        known = subjects.find_faces(picture.rgb)
        found = subject.cut_out(picture.rgb, faces=known)
        confidence, isolated = found.confidence, subjects.is_trusted(found)
        alpha = composite.clean_edge(found.alpha)
    box = subject.box_of(alpha)
    if box.is_empty:
        raise InvalidRequest(
            "base", "No subject stands out in this picture. Mark it yourself, then start again."
        )
    note = {"subject_isolated": isolated, "confidence": confidence, "box": box.as_list()}
    if marked is not None:
        note["is_marked"] = True
    return Piece(subject.foreground(picture.rgb, alpha), alpha), note
