"""Compose an ad from type and brand surfaces alone, for a brief without a photo.

It must not pretend to show a product: shapes and letters only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from imaging import surfaces, typeset
from imaging.palette import TONES, palette
from imaging.surfaces import LIGHTS, Stand
from routing.providers.base import InvalidRequest, Output, Request
from routing.providers.local import layouts, lettering, ornaments, pictures
from routing.providers.local.compose import Spec, read


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """One still per seed; InvalidRequest without a headline."""
    spec = read(request, tuple(layout.name for layout in layouts.TYPE))
    if not spec.copy.headline:
        raise InvalidRequest("headline", "Without a photo a headline is needed.")
    for position, seed in enumerate(request.seeds):
        if position in have:
            continue
        yield _one(request, spec, position, seed)
        on_progress((position + 1) / len(request.seeds))


def _one(request: Request, spec: Spec, position: int, seed: int) -> Output:
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 17])
    frame = spec.frame
    layout = layouts.ALL[spec.layout or layouts.TYPE[seed % len(layouts.TYPE)].name]
    tone = TONES[int(rng.integers(len(TONES)))]
    light = LIGHTS[int(rng.integers(len(LIGHTS)))]
    kind = layout.kinds[int(rng.integers(len(layout.kinds)))]
    colors = palette(spec.colors, tone)
    room = frame.box(*layout.product) if any(layout.product) else frame.box(140, 980, 940, 1500)
    stand = Stand(room.center[0], float(room.bottom), float(room.width), float(room.height))
    rgb = surfaces.make(
        kind, frame.width, frame.height, colors, surfaces.light_of(light, seed), seed, stand
    ).rgb
    ornaments.draw(rgb, layout.name, spec, colors, seed)
    lettered = lettering.letter(
        rgb,
        spec.copy,
        frame.box(*layout.text),
        colors,
        unit=frame.unit,
        headline=layout.headline,
        align=layout.align,
        grow=layout.grow,
    )
    note: dict[str, Any] = {
        "layout": layout.name,
        "surface": kind,
        "tone": tone,
        "light": light,
        "boxes": list(lettered.boxes),
        "subject_isolated": False,
        "confidence": 0.0,
        "contrast": lettered.contrast,
        "not_set": list(lettered.missing),
        "truncated": lettered.truncated,
        "font_found": typeset.font_path(spec.copy.font) is not None,
    }
    return pictures.save(request, position, rgb, note)
