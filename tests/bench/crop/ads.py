"""Compose the ads of the set with the engine's own scenes and lettering; all boxes are known.

Places are shares of the ad. A staged product is cut out of its photo; its box is the cut-out's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging import composite, palette, surfaces, typeset
from imaging.geometry import Box
from imaging.palette import Palette
from imaging.typeset import Style
from routing.providers.local import lettering, scenes, subjects
from routing.providers.local.checks import Picture
from routing.providers.local.layouts import REFERENCE, Frame, Layout
from routing.providers.local.lettering import Copy

# which builder of the engine stages it
STAGES = {"standing": "hero_low", "lying": "flat_lay"}
LOGO = "Northwind"


@dataclass(frozen=True, slots=True)
class Photo:
    """A whole photo with its faces."""

    rgb: NDArray[np.uint8]
    faces: list[Box]


@dataclass(frozen=True, slots=True)
class Scene:
    """An ad before its type."""

    rgb: NDArray[np.uint8]
    subject: Box
    faces: list[Box]
    colors: Palette | None


@dataclass(frozen=True, slots=True)
class Lettered:
    """An ad with its type; texts[0] is the headline, a button counts with its plate."""

    rgb: NDArray[np.uint8]
    texts: list[Box]


def stage(entry: Mapping[str, Any], photo: Photo) -> Scene:
    """The product, cut out of its photo, on its surface."""
    frame = Frame(*entry["size"])
    subject = _subject(photo)
    colors = palette.palette(tuple(entry["colors"]), entry["tone"])
    layout = Layout(
        STAGES[entry["how"]], _reference(entry["text"]), _reference(entry["product"]),
        (entry["kind"],),
    )  # fmt: skip
    made = scenes.build(frame, layout, subject, colors, entry["kind"], entry["light"], 7)
    return Scene(made.rgb, made.product, [], colors)


def beside(entry: Mapping[str, Any], scene: Scene, photo: Photo) -> Scene:
    """A second subject, cut out of its photo, standing at `second_at`; both are the subject."""
    box = _box(entry["second_at"], Frame(*entry["size"]))
    rgb, place = _placed(scene.rgb, _subject(photo), box)
    return Scene(rgb, scene.subject.union(place), scene.faces, scene.colors)


def letter(entry: Mapping[str, Any], scene: Scene) -> Lettered:
    """Headline, subline, button and logo onto the scene."""
    frame = Frame(*entry["size"])
    rgb = scene.rgb.copy()
    colors = scene.colors or palette.palette((), "light")
    place = _box(entry["text"], frame)
    unit = max(frame.unit, min(frame.width, frame.height) / 1500)
    copy = Copy(entry["headline"], entry["subline"], entry["cta"], "en", "sans")
    set_in = lettering.letter(
        rgb, copy, place, colors, unit=unit, headline=entry.get("headline_px", 104),
        align=entry.get("align", "start"), grow=entry.get("grow", "top"),
    )  # fmt: skip
    if set_in.truncated:
        raise SystemExit(f"switchyard: the type of the ad {entry['name']} does not fit its place.")
    texts = [Box.from_list(box["box"]) for box in set_in.boxes]
    if "logo" in entry:
        texts.append(_logo(rgb, entry["logo"], frame, colors))
    return Lettered(rgb, texts)


def _logo(rgb: NDArray[np.uint8], at: list[float], frame: Frame, colors: Palette) -> Box:
    style = Style("display", 800, 1.1, "en")
    size = round(min(frame.width, frame.height) * 0.034)
    left, top = round(at[0] * frame.width), round(at[1] * frame.height)
    block = typeset.fit(
        LOGO, frame.width - left - 20, 3 * size, style,
        largest=size, smallest=size // 2, most_lines=1,
    )  # fmt: skip
    spot = Box(left, top, left + block.width, top + block.height).clamp(frame.width, frame.height)
    color, _ = typeset.readable(rgb, spot, [colors.ink, colors.paper])
    return typeset.draw(rgb, block, left, top, color)


def _subject(photo: Photo) -> subjects.Subject:
    return subjects.find(Picture(photo.rgb, None), lambda share: None)


def _placed(
    rgb: NDArray[np.uint8], subject: subjects.Subject, room: Box
) -> tuple[NDArray[np.uint8], Box]:
    piece = scenes.trimmed(subject)
    tall, wide = piece.alpha.shape
    factor = min(room.width / wide, room.height / tall)
    width, height = round(wide * factor), round(tall * factor)
    left = round(room.center[0] - width / 2)
    box = Box(left, room.bottom - height, left + width, room.bottom)
    placed = composite.place(piece, box, rgb.shape[1], rgb.shape[0])
    light = surfaces.light_of("soft", 7)
    ground = composite.darken(rgb, composite.standing_shadow(placed.alpha, light))
    return composite.over(ground, placed), box


def _box(shares: list[float], frame: Frame) -> Box:
    width, height = frame.width, frame.height
    return Box.from_list(
        [shares[0] * width, shares[1] * height, shares[2] * width, shares[3] * height]
    )


def _reference(shares: list[float]) -> tuple[int, int, int, int]:
    wide, tall = REFERENCE
    left, top, right, bottom = shares
    return round(left * wide), round(top * tall), round(right * wide), round(bottom * tall)
