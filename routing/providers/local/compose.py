"""Compose an ad from a photo: the subject on a brand surface, or the whole photo framed.

A trusted cut-out stands on the surface with contact and cast shadow; one that the photo's edge
cuts off rises out of a shape; anything unsure keeps its whole photo. It cannot draw a scene.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from imaging.palette import TONES, palette
from imaging.surfaces import LIGHTS
from routing.providers.base import Output, Request
from routing.providers.local import checks, layouts, lettering, pictures, scenes, subjects
from routing.providers.local.layouts import Frame, Layout
from routing.providers.local.lettering import Copy
from routing.providers.local.subjects import Subject


@dataclass(frozen=True, slots=True)
class Spec:
    """The checked parameters of compose and compose_type."""

    frame: Frame
    copy: Copy
    colors: tuple[str, ...]
    layout: str


def read(request: Request, names: tuple[str, ...]) -> Spec:
    """Check the parameters; `names` are the layouts that may be asked for."""
    params = request.params
    colors, font = checks.brand(params)
    asked = str(params.get("layout") or "")
    if asked:
        checks.choice(params, "layout", asked, names)
    return Spec(
        frame=Frame(
            checks.whole(params, "width", 1080, 320, 2160),
            checks.whole(params, "height", 1920, 320, 3840),
        ),
        copy=Copy(
            headline=checks.text(params, "headline"),
            subline=checks.text(params, "subline"),
            cta=checks.text(params, "cta"),
            locale=checks.text(params, "locale") or "en",
            font=font,
        ),
        colors=colors,
        layout=asked,
    )


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """One composed still per seed; InvalidRequest for wrong parameters."""
    spec = read(request, tuple(layouts.ALL))
    picture = checks.base(request)
    subject = subjects.find(picture, lambda share: on_progress(0.3 * share))
    for position, seed in enumerate(request.seeds):
        if position in have:
            continue
        yield _one(request, spec, subject, position, seed)
        on_progress(0.3 + 0.7 * (position + 1) / len(request.seeds))


def candidates(subject: Subject) -> tuple[Layout, ...]:
    """The layouts this subject can stand in without a visible flaw."""
    if subject.stands:
        return layouts.STANDING
    if subject.isolated and "bottom" in subject.touches and "top" not in subject.touches:
        return (*layouts.ANCHORED, *(name for name in layouts.PICTURE if name.name == "arch"))
    return layouts.PICTURE


def _one(request: Request, spec: Spec, subject: Subject, position: int, seed: int) -> Output:
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 11])
    fitting = candidates(subject)
    asked = layouts.ALL.get(spec.layout)
    # A layout that this subject would look broken in is not forced; the note names the real one.
    layout = asked if asked is not None and asked in fitting else fitting[seed % len(fitting)]
    tone = TONES[int(rng.integers(len(TONES)))]
    light = LIGHTS[int(rng.integers(len(LIGHTS)))]
    kind = layout.kinds[int(rng.integers(len(layout.kinds)))]
    colors = palette(spec.colors, tone)
    scene = scenes.build(spec.frame, layout, subject, colors, kind, light, seed)
    lettered = lettering.letter(
        scene.rgb,
        spec.copy,
        spec.frame.box(*layout.text),
        scene.palette,
        unit=spec.frame.unit,
        headline=layout.headline,
        align=layout.align,
        grow=layout.grow,
    )
    note: dict[str, Any] = {
        "layout": layout.name,
        "surface": kind,
        "tone": tone,
        "light": light,
        "boxes": [*lettered.boxes, {"kind": "product", "box": scene.product.as_list()}],
        "subject_isolated": subject.isolated,
        "confidence": subject.confidence,
        "contrast": lettered.contrast,
        "not_set": list(lettered.missing),
        "truncated": lettered.truncated,
    }
    return pictures.save(request, position, scene.rgb, note)
