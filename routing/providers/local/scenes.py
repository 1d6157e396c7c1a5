"""Build the picture part of an ad: surface, light, shadow and subject, without type.

Every arrangement returns fresh pixels. It must not set type or choose the arrangement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import composite, surfaces, typeset
from imaging.composite import Piece
from imaging.geometry import Box
from imaging.palette import RGB, Palette, lch, mix, tint
from imaging.surfaces import Stand
from routing.providers.local.layouts import Frame, Layout
from routing.providers.local.pictures import cover
from routing.providers.local.subjects import Subject


@dataclass(frozen=True, slots=True)
class Scene:
    """rgb uint8 HxWx3 to be lettered; product: where the subject or photo shows; palette: the
    colors that suit what is behind the type."""

    rgb: NDArray[np.uint8]
    product: Box
    palette: Palette


@dataclass(frozen=True, slots=True)
class _Plan:
    frame: Frame
    layout: Layout
    subject: Subject
    palette: Palette
    kind: str
    light: str
    seed: int

    def surface(self, stand: Stand) -> surfaces.Surface:
        return surfaces.make(
            self.kind,
            self.frame.width,
            self.frame.height,
            self.palette,
            surfaces.light_of(self.light, self.seed),
            self.seed,
            stand,
        )


def build(
    frame: Frame,
    layout: Layout,
    subject: Subject,
    palette: Palette,
    kind: str,
    light: str,
    seed: int,
) -> Scene:
    """The scene of one layout. KeyError for a layout that has no photo."""
    plan = _Plan(frame, layout, subject, palette, kind, light, seed)
    return _BUILDERS[layout.name](plan)


def trimmed(subject: Subject) -> Piece:
    """The cut-out alone, without the photo's empty margins."""
    box = subject.box
    area = np.s_[box.top : box.bottom, box.left : box.right]
    return Piece(subject.piece.rgb[area], subject.piece.alpha[area])


def _fitted(piece: Piece, room: Box) -> Box:
    """The piece's place: as large as the room allows, standing on its lower edge."""
    tall, wide = piece.alpha.shape
    factor = min(room.width / wide, room.height / tall)
    width, height = round(wide * factor), round(tall * factor)
    left = round(room.center[0] - width / 2)
    return Box(left, room.bottom - height, left + width, room.bottom)


def _standing(plan: _Plan) -> Scene:
    piece = trimmed(plan.subject)
    place = _fitted(piece, plan.frame.box(*plan.layout.product))
    placed = composite.place(piece, place, plan.frame.width, plan.frame.height)
    x, width, height = place.center[0], float(place.width), float(place.height)
    depth = composite.foot_depth(placed.alpha)
    surface = plan.surface(Stand(x, float(place.bottom), width, height, depth))
    if plan.layout.name == "hero_high":
        # Below the type, where platforms lay their captions, a sheet closes the picture.
        level = plan.frame.box(0, 1370, 0, 1370).top
        color = mix(plan.palette.floor, plan.palette.accent, 0.85)
        ground = surfaces.sheet(surface.rgb, color, level, surface.light, plan.seed)
    else:
        ground = surface.rgb
    shadow = composite.standing_shadow(placed.alpha, surface.light)
    if plan.kind == "podium":
        shadow *= _falls_on(plan.frame, place)
    scene = composite.darken(ground, shadow)
    lit = composite.match_light(placed, scene, surface.light)
    return Scene(composite.over(scene, lit), _seen(place, plan.frame), plan.palette)


def _falls_on(frame: Frame, place: Box) -> NDArray[np.float32]:
    """A podium ends: its shadow fades to the sides and does not fall on the wall behind."""
    x = np.abs(np.arange(frame.width, dtype=np.float32) + 0.5 - place.center[0])
    share = np.clip(1.25 - (x / (place.width * 0.5 + 60)) ** 4, 0, 1)
    return np.asarray(np.broadcast_to(share, (frame.height, frame.width)), dtype=np.float32)


def _lying(plan: _Plan) -> Scene:
    piece = trimmed(plan.subject)
    place = _fitted(piece, plan.frame.box(*plan.layout.product))
    if plan.layout.name == "large_crop":
        place = place.shift(round(40 * plan.frame.unit), 0)
    stand = Stand(place.center[0], float(place.bottom), float(place.width), float(place.height))
    surface = plan.surface(stand)
    placed = composite.place(piece, place, plan.frame.width, plan.frame.height)
    scene = composite.darken(surface.rgb, composite.lying_shadow(placed.alpha, surface.light))
    lit = composite.match_light(placed, scene, surface.light)
    return Scene(composite.over(scene, lit), _seen(place, plan.frame), plan.palette)


def _popout(plan: _Plan) -> Scene:
    """The subject rises out of a shape that hides where the photo ends."""
    frame, unit = plan.frame, plan.frame.unit
    room = frame.box(*plan.layout.product)
    piece, place = _anchored_place(plan.subject, room)
    arch = plan.layout.name == "popout"
    head = place.top + (plan.subject.box.top * place.height) / plan.subject.rgb.shape[0]
    rise = (room.bottom - head) * 0.24
    shape_box = Box(room.left, round(head + rise), room.right, room.bottom)
    shape = composite.rounded(frame.width, frame.height, shape_box, 64 * unit, arch=arch)
    stand = Stand(room.center[0], float(room.bottom + 60), float(room.width), float(room.height))
    surface = plan.surface(stand)
    shadow = cv2.GaussianBlur(shape, (0, 0), 30 * unit) * 0.20
    scene = composite.darken(surface.rgb, np.asarray(shadow, dtype=np.float32))
    scene = _paint(scene, shape, shape_box, _apart(plan.subject.piece, plan.palette))
    placed = composite.place(piece, place, frame.width, frame.height)
    alpha = _clip_to(placed.alpha, shape)
    lit = composite.match_light(Piece(placed.rgb, alpha), scene, surface.light, strength=0.7)
    behind = composite.lying_shadow(alpha, surface.light, lift=0.8) * np.maximum(shape, 0.0)
    scene = composite.darken(scene, np.asarray(behind * 0.7, dtype=np.float32))
    product = Box(shape_box.left, round(head), shape_box.right, shape_box.bottom)
    return Scene(composite.over(scene, lit), product, plan.palette)


def _paint(
    scene: NDArray[np.uint8], shape: NDArray[np.float32], box: Box, color: RGB
) -> NDArray[np.uint8]:
    """Fill a shape with a color, lighter at its top."""
    top = np.asarray(tint(color, 0.82, 0.12), dtype=np.float32)
    low = np.asarray(tint(color, 0.68, 0.14), dtype=np.float32)
    y = np.clip((np.arange(scene.shape[0], dtype=np.float32) - box.top) / box.height, 0, 1)
    paint = (top + (low - top) * y[:, None])[:, None, :] * 255
    share = shape[:, :, None]
    mixed = scene.astype(np.float32) * (1 - share) + paint * share
    return np.clip(np.round(mixed), 0, 255).astype(np.uint8)


def _apart(piece: Piece, palette: Palette) -> RGB:
    """Of the brand's hues the one farthest from the subject's own, so that it stands out."""
    solid = piece.alpha > 0.8
    if not solid.any():
        return palette.accent
    red, green, blue = (float(value) for value in piece.rgb[solid].mean(axis=0) / 255)
    _, chroma, hue = lch((red, green, blue))

    def distance(color: RGB) -> float:
        own = lch(color)
        a_axis = own[1] * np.cos(own[2]) - chroma * np.cos(hue)
        b_axis = own[1] * np.sin(own[2]) - chroma * np.sin(hue)
        return float(np.hypot(a_axis, b_axis))

    return max((palette.accent, palette.ink, palette.shape), key=distance)


def _clip_to(alpha: NDArray[np.float32], shape: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whole above the first row that lies inside the shape; below it, inside the shape only."""
    solid = alpha > 0.3
    outside = (solid & (shape < 0.5)).any(axis=1)
    inside = solid.any(axis=1) & ~outside & (shape > 0.5).any(axis=1)
    rows = np.nonzero(inside)[0]
    first = int(rows[0]) if len(rows) else 0
    result = alpha * shape
    result[:first] = alpha[:first]
    return np.asarray(result, dtype=np.float32)


def _anchored_place(subject: Subject, room: Box) -> tuple[Piece, Box]:
    """Place the whole photo's cut-out so that every side it is cut off by leaves the room."""
    height, width = subject.rgb.shape[:2]
    sides = subject.touches & {"left", "right"}
    if sides == {"left", "right"}:
        factor = room.width / width
    else:
        factor = min(room.width / subject.box.width, room.height / subject.box.height)
    wide, tall = round(width * factor), round(height * factor)
    if sides == {"left"}:
        left = room.left
    elif sides == {"right"}:
        left = room.right - wide
    else:
        left = round(room.center[0] - subject.box.center[0] * factor)
    if sides == {"left", "right"}:
        left = room.left
    return subject.piece, Box(left, room.bottom - tall, left + wide, room.bottom)


def _anchored(plan: _Plan) -> Scene:
    """The subject grows out of the frame's lower edge."""
    frame = plan.frame
    room = frame.box(*plan.layout.product)
    if plan.subject.touches & {"left", "right"}:
        room = Box(0, room.top, frame.width, room.bottom)
    piece, place = _anchored_place(plan.subject, room)
    head = place.top + plan.subject.box.top * place.height / plan.subject.rgb.shape[0]
    stand = Stand(room.center[0], frame.height * 1.02, float(room.width), float(room.height))
    surface = plan.surface(stand)
    placed = composite.place(piece, place, frame.width, frame.height)
    behind = composite.lying_shadow(placed.alpha, surface.light, lift=1.3) * 0.55
    scene = composite.darken(surface.rgb, np.asarray(behind, dtype=np.float32))
    lit = composite.match_light(placed, scene, surface.light, strength=0.8)
    product = Box(room.left, round(head), room.right, frame.height)
    return Scene(composite.over(scene, lit), product, plan.palette)


def _framed(plan: _Plan) -> Scene:
    """The whole photo as a picture with a soft shadow on the surface."""
    frame, unit = plan.frame, plan.frame.unit
    room = frame.box(*plan.layout.product)
    height, width = plan.subject.rgb.shape[:2]
    arch = plan.layout.name == "arch"
    if not arch:
        # Keep the photo's own proportions as far as the room allows: less is cut away.
        ratio = min(max(width / height, 0.80), 1.05)
        tall = min(room.height, round(room.width / ratio))
        room = Box(room.left, room.top, room.right, room.top + tall)
    stand = Stand(room.center[0], float(room.bottom), float(room.width), float(room.height))
    surface = plan.surface(stand)
    shape = composite.rounded(frame.width, frame.height, room, 36 * unit, arch=arch)
    photo = cover(plan.subject.rgb, room.width, room.height, plan.subject.focus)
    full = np.zeros((frame.height, frame.width, 3), dtype=np.uint8)
    full[room.top : room.bottom, room.left : room.right] = photo
    shadow = composite.lying_shadow(shape, surface.light, lift=0.55)
    scene = composite.darken(surface.rgb, np.asarray(shadow * 0.8, dtype=np.float32))
    return Scene(composite.over(scene, Piece(full, shape)), room, plan.palette)


def _full_bleed(plan: _Plan) -> Scene:
    """The photo to all edges; behind the type it melts into a veil, as dark as reading needs."""
    frame = plan.frame
    photo = cover(plan.subject.rgb, frame.width, frame.height, plan.subject.focus)
    y = np.arange(frame.height, dtype=np.float32)[:, None, None] / frame.height
    reach = np.clip((0.56 - y) / 0.22, 0, 1)
    reach = reach * reach * (3 - 2 * reach)
    soft = cv2.GaussianBlur(photo, (0, 0), 30 * frame.unit).astype(np.float32)
    ground = photo.astype(np.float32) * (1 - reach) + soft * reach
    ink = np.asarray(tint(plan.palette.ground, 0.20, 0.06), dtype=np.float32) * 255
    text = frame.box(*plan.layout.text)
    rgb = photo
    for depth in (0.45, 0.55, 0.65, 0.74, 0.82, 0.90):
        veil = depth * reach + 0.30 * np.clip((y - 0.66) / 0.34, 0, 1)
        rgb = np.clip(np.round(ground * (1 - veil) + ink * veil), 0, 255).astype(np.uint8)
        # White type needs 4.5:1, that is a backdrop of at most 0.183.
        if typeset.backdrop(rgb, text)[1] <= 0.17:
            break
    whole = Box.whole(frame.width, frame.height)
    return Scene(rgb, whole, replace(plan.palette, is_dark=True, paper=(1.0, 1.0, 1.0)))


def _split(plan: _Plan) -> Scene:
    """Type on brand color above, the photo below to the edges."""
    frame = plan.frame
    room = frame.box(*plan.layout.product)
    stand = Stand(frame.width / 2, float(room.bottom), float(room.width), float(room.height))
    scene = plan.surface(stand).rgb.copy()
    photo = cover(plan.subject.rgb, room.width, room.height, plan.subject.focus)
    scene[room.top : room.bottom, room.left : room.right] = photo
    line = max(2, round(10 * frame.unit))
    accent = np.round(np.asarray(plan.palette.accent) * 255).astype(np.uint8)
    scene[room.top : room.top + line] = accent
    return Scene(scene, room, plan.palette)


def _seen(place: Box, frame: Frame) -> Box:
    return place.clamp(frame.width, frame.height)


_BUILDERS: dict[str, Callable[[_Plan], Scene]] = {
    "hero_low": _standing,
    "hero_high": _standing,
    "offset": _standing,
    "centered": _standing,
    "flat_lay": _lying,
    "large_crop": _lying,
    "popout": _popout,
    "popout_round": _popout,
    "anchored": _anchored,
    "framed": _framed,
    "arch": _framed,
    "full_bleed": _full_bleed,
    "split": _split,
}
