"""Replace the background: the subject, in its place and size, before a surface or a photo.

The subject's own pixels keep their color but for a breath of the new light. It must not move the
subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import composite, surfaces
from imaging.composite import Piece
from imaging.geometry import Box
from imaging.palette import TONES, palette
from imaging.surfaces import Light, Stand
from routing.providers.base import Output, Request
from routing.providers.local import checks, pictures
from routing.providers.local.background_remove import isolate


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """One picture per seed in the base's size; the seed picks tone, light and details."""
    asked = checks.choice(request.params, "surface", "auto", ("auto", *surfaces.KINDS))
    colors, _ = checks.brand(request.params)
    picture = checks.base(request)
    behind = checks.picture(request, "background") if request.input("background") else None
    piece, note = isolate(picture, checks.marked(request, picture))
    on_progress(0.3)
    for position, seed in enumerate(request.seeds):
        if position in have:
            continue
        rng = np.random.default_rng([seed & 0xFFFFFFFF, 23])
        tone = TONES[int(rng.integers(len(TONES)))]
        light = surfaces.light_of(surfaces.LIGHTS[int(rng.integers(len(surfaces.LIGHTS)))], seed)
        kinds = ("sweep", "table", "gradient", "shapes")
        kind = kinds[int(rng.integers(len(kinds)))] if asked == "auto" else asked
        box = Box.from_list(note["box"])
        height, width = piece.alpha.shape
        if behind is not None:
            scene, has_floor = _photo(behind.rgb, width, height), False
            kind = "photo"
        else:
            stand = Stand(
                box.center[0],
                float(box.bottom),
                float(box.width),
                float(box.height),
                composite.foot_depth(piece.alpha),
            )
            made = surfaces.make(kind, width, height, palette(colors, tone), light, seed, stand)
            scene, has_floor = made.rgb, made.has_floor
        rgb = _set(piece, box, scene, light, has_floor=has_floor and box.bottom < height - 4)
        yield pictures.save(
            request, position, rgb, {**note, "surface": kind, "tone": tone, "light": light.name}
        )
        on_progress(0.3 + 0.7 * (position + 1) / len(request.seeds))


def _photo(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The new background filling the frame, a touch out of focus so that the subject leads."""
    filled = pictures.cover(rgb, width, height, Box.whole(rgb.shape[1], rgb.shape[0]))
    blur = max(0.6, 0.0022 * max(width, height))
    return np.asarray(cv2.GaussianBlur(filled, (0, 0), blur), dtype=np.uint8)


def _set(
    piece: Piece, box: Box, scene: NDArray[np.uint8], light: Light, *, has_floor: bool
) -> NDArray[np.uint8]:
    if has_floor:
        darkness = composite.standing_shadow(piece.alpha, light)
    else:
        darkness = composite.lying_shadow(piece.alpha, light) * np.float32(0.55)
    shaded = composite.darken(scene, darkness)
    return composite.over(shaded, composite.match_light(piece, shaded, light, strength=0.8))
