"""Freshen faces mildly: less block noise, a little more edge, only inside the faces.

It is called enhancement. It must never be called restoration: it invents nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imaging import enhance, faces
from routing.providers.base import Output, Request
from routing.providers.local import checks, pictures


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """The picture with its faces freshened; unchanged pixels and `faces: 0` when there is none."""
    strength = checks.number(request.params, "strength", 0.5, 0, 1)
    picture = checks.base(request)
    on_progress(0.1)
    found = faces.detect(picture.rgb)
    on_progress(0.5)
    rgb = enhance.faces(picture.rgb, [face.box for face in found], strength=strength)
    note = {"faces": len(found), "boxes": [face.box.as_list() for face in found]}
    for position in range(len(request.seeds)):
        if position not in have:
            yield pictures.save(request, position, rgb, note, alpha=picture.alpha, lossless=True)
    on_progress(1.0)
