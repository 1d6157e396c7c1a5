"""Set a cut-out into a scene: clean edges, the scene's light on it, shadows under it.

Pictures are RGB uint8, masks float32 0..1. It must not decide where things stand.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import filters
from imaging.geometry import Box
from imaging.surfaces import Light

Mask = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Piece:
    """A cut-out: colors (RGB uint8 HxWx3, valid where alpha > 0) and alpha float32 HxW."""

    rgb: NDArray[np.uint8]
    alpha: Mask


def clean_edge(alpha: Mask, *, reach: float = 0.02) -> Mask:
    """The mask without haze: soft parts stay near the solid subject (hair, fur), fade within
    `reach` of the long side and are gone beyond it, as are specks."""
    solid = (alpha > 0.6).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2:
        return alpha.copy()
    areas = stats[1:, cv2.CC_STAT_AREA]
    keep = np.isin(labels, np.nonzero(areas >= 0.01 * areas.max())[0] + 1)
    away = cv2.distanceTransform((~keep).astype(np.uint8), cv2.DIST_L2, 5)
    limit = max(3.0, reach * max(alpha.shape))
    near = np.clip(1 - (away - 0.35 * limit) / (0.65 * limit), 0, 1)
    steep = np.clip((alpha - 0.07) / 0.86, 0, 1)
    return np.asarray(steep * near, dtype=np.float32)


def edge_softness(alpha: Mask, box: Box) -> float:
    """Width of the soft rim inside a box, in pixels of a 512 px picture: about 2 for a crisp
    product, above 6 where the cut-out guessed."""
    part = alpha[box.top : box.bottom, box.left : box.right]
    if part.size == 0:
        return 0.0
    solid = (part > 0.5).astype(np.uint8)
    rim = solid - cv2.erode(solid, np.ones((3, 3), np.uint8), borderValue=1)
    length = int(rim.sum())
    if length == 0:
        return 0.0
    soft = int(((part > 0.12) & (part < 0.88)).sum())
    return float(soft / length * 512 / max(alpha.shape))


def place(piece: Piece, box: Box, width: int, height: int) -> Piece:
    """The piece scaled to `box` on an empty width x height canvas; parts outside are cut off.

    Colors are resized premultiplied, so that no old background creeps into the rim.
    """
    size = (max(1, box.width), max(1, box.height))
    alpha = np.clip(filters.resize(piece.alpha, *size), 0, 1)
    colors = filters.resize(piece.rgb.astype(np.float32) * piece.alpha[:, :, None], *size)
    plain = filters.resize(piece.rgb.astype(np.float32), *size)
    colors = np.where(alpha[:, :, None] > 0.02, colors / np.maximum(alpha, 0.02)[:, :, None], plain)
    rgb = np.zeros((height, width, 3), dtype=np.uint8)
    mask = np.zeros((height, width), dtype=np.float32)
    seen = box.clamp(width, height)
    if seen.is_empty:
        return Piece(rgb, mask)
    out = np.s_[seen.top : seen.bottom, seen.left : seen.right]
    into = np.s_[
        seen.top - box.top : seen.bottom - box.top, seen.left - box.left : seen.right - box.left
    ]
    rgb[out] = np.clip(np.round(colors), 0, 255).astype(np.uint8)[into]
    mask[out] = alpha[into]
    return Piece(rgb, mask)


def match_light(
    piece: Piece, scene: NDArray[np.uint8], light: Light, *, strength: float = 1.0
) -> Piece:
    """Give a placed piece the scene's light: brighter towards it, a breath of its color, the
    floor's color from below. Mild on purpose: a product must keep its own color."""
    box = _extent(piece.alpha)
    if box.is_empty or strength <= 0:
        return piece
    area = np.s_[box.top : box.bottom, box.left : box.right]
    part = piece.rgb[area].astype(np.float32) / 255
    around = scene[area].astype(np.float32) / 255
    tone = around.mean(axis=(0, 1))
    cast = np.clip(tone / max(float(tone.mean()), 1e-3), 0.8, 1.25)
    part = part * (1 + (cast - 1) * 0.10 * strength)
    across = np.linspace(-1, 1, box.width, dtype=np.float32)[None, :, None]
    part = part * (1 + 0.09 * strength * light.x * across * (0.4 + light.hardness))
    down = np.linspace(0, 1, box.height, dtype=np.float32)[:, None, None]
    low = np.clip((down - 0.72) / 0.28, 0, 1) ** 2
    part = part * (1 - 0.10 * strength * low) + tone * (0.035 * strength) * low
    # Light wraps round a rim: the outermost pixels take a little of what is behind them.
    inside = cv2.distanceTransform((piece.alpha[area] > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    rim = np.clip(1 - inside / max(3.0, 0.008 * box.width), 0, 1)[:, :, None]
    behind = cv2.GaussianBlur(around, (0, 0), max(2.0, 0.02 * box.width))
    part = part + (behind - part) * (0.16 * strength) * rim
    rgb = piece.rgb.copy()
    rgb[area] = np.clip(np.round(part * 255), 0, 255).astype(np.uint8)
    return Piece(rgb, piece.alpha)


def standing_shadow(alpha: Mask, light: Light) -> Mask:
    """Darkness 0..1 behind a placed, standing piece: contact under it, soft around its foot, and
    a cast shadow lying on the floor away from the light."""
    box = _extent(alpha)
    if box.is_empty:
        return np.zeros_like(alpha)
    tall, wide = float(box.height), float(box.width)
    size = min(wide, 1.6 * tall)
    foot, rests = _foot(alpha, box)
    contact = _lay(alpha, foot, 0.06, 0.0, 0.010 * size)
    contact = filters.blur(contact, max(2.0, 0.008 * size))
    around = _lay(alpha, foot, 0.16, -0.15 * light.x, 0.022 * size)
    around = filters.blur(around, max(6.0, 0.034 * size))
    cast = _lay(alpha, foot, 0.36, -1.05 * light.x, 0.014 * size)
    # The farther from the foot, the softer and paler: two blurs mixed by distance.
    y = np.arange(alpha.shape[0], dtype=np.float32)[:, None]
    away = np.clip((foot[None, :] - y) / max(1.0, 0.36 * tall), 0, 1)
    near = filters.blur(cast, max(3.0, 0.014 * size))
    far = filters.blur(cast, max(10.0, 0.075 * size))
    cast = (near * (1 - away) + far * away) * (1 - 0.70 * away)
    dark = (0.55 * contact + 0.32 * around) * rests[None, :]
    dark += (0.18 + 0.22 * light.hardness) * cast * (0.35 + 0.65 * rests[None, :])
    return np.asarray(np.clip(dark, 0, 0.80), dtype=np.float32)


def lying_shadow(alpha: Mask, light: Light, *, lift: float = 1.0) -> Mask:
    """Darkness behind a piece that lies on, or hovers just above, a surface seen from above."""
    box = _extent(alpha)
    if box.is_empty:
        return np.zeros_like(alpha)
    size = max(box.width, box.height)
    layers = ((0.006, 0.006, 0.34), (0.022, 0.020, 0.26), (0.060, 0.055, 0.24))
    dark = np.zeros_like(alpha)
    for shift, blur, depth in layers:
        layer = filters.shift(alpha, -light.x * shift * size * lift * 1.3, shift * size * lift)
        dark += depth * filters.blur(layer, max(1.5, blur * size * lift))
    return np.asarray(np.clip(dark, 0, 0.75), dtype=np.float32)


def darken(scene: NDArray[np.uint8], darkness: Mask) -> NDArray[np.uint8]:
    """Multiply a shadow in; it keeps a little of the scene's color instead of going gray."""
    part = scene.astype(np.float32) / 255
    mean = part.mean(axis=(0, 1))
    hue = np.clip(mean / max(float(mean.max()), 1e-3), 0.35, 1)
    floor = 0.10 + 0.12 * hue
    shaded = part * (1 - darkness[:, :, None] * (1 - floor))
    return filters.bytes_of(shaded * 255)


def over(scene: NDArray[np.uint8], piece: Piece) -> NDArray[np.uint8]:
    """The placed piece over the scene."""
    share = piece.alpha[:, :, None]
    mixed = scene.astype(np.float32) * (1 - share) + piece.rgb.astype(np.float32) * share
    return filters.bytes_of(mixed)


def rounded(width: int, height: int, box: Box, radius: float, *, arch: bool = False) -> Mask:
    """Coverage of a rounded box on a width x height canvas; `arch` makes its top a half circle."""
    y, x = np.ogrid[0:height, 0:width]
    x, y = x + 0.5, y + 0.5
    curve = min(radius, box.width / 2, box.height / 2)
    inner_x = np.clip(x, box.left + curve, box.right - curve)
    inner_y = np.clip(y, box.top + curve, box.bottom - curve)
    share = np.clip(0.5 - (np.hypot(x - inner_x, y - inner_y) - curve), 0, 1)
    if arch:
        spring = box.top + min(box.width / 2, box.height)
        away = np.hypot(x - box.center[0], y - spring) - box.width / 2
        share = np.where(y < spring, np.minimum(share, np.clip(0.5 - away, 0, 1)), share)
        # The upper corners belong to the arch alone, not to the rounding.
        dome = (y < spring) & (np.abs(x - box.center[0]) < box.width / 2)
        share = np.where(dome, np.clip(0.5 - away, 0, 1), share)
    return np.asarray(share, dtype=np.float32)


def _extent(alpha: Mask) -> Box:
    rows, columns = (alpha > 0.3).any(axis=1), (alpha > 0.3).any(axis=0)
    if not rows.any():
        return Box(0, 0, 0, 0)
    ys, xs = np.nonzero(rows)[0], np.nonzero(columns)[0]
    return Box(int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1)


def foot_depth(alpha: Mask) -> float:
    """How far back the foot of a placed piece reaches, in pixels up from its lowest point: little
    for a bottle seen from the side, much for a saucer seen from above."""
    box = _extent(alpha)
    if box.is_empty:
        return 0.0
    foot, rests = _foot(alpha, box)
    touching = foot[box.left : box.right][rests[box.left : box.right] > 0.5]
    return float(box.bottom - np.percentile(touching, 5)) if len(touching) else 0.0


def _foot(alpha: Mask, box: Box) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each column the height (y) at which the piece meets the floor, and 0..1 whether it does.

    The height is its own lower outline, for a round foot touches lower in the middle; but what
    ends more than a third above the lowest point hangs in the air, like a handle.
    """
    solid = alpha > 0.5
    lowest = alpha.shape[0] - 1 - np.argmax(solid[::-1], axis=0)
    limit = box.bottom - 0.34 * box.height
    # Beside the piece its nearest column counts: a shadow must not jump where the piece ends.
    own = np.nonzero(solid.any(axis=0))[0]
    outline = np.interp(np.arange(alpha.shape[1]), own, lowest[own] + 1.0).astype(np.float32)
    rests = np.clip(1 - (limit - outline) / (0.05 * box.height), 0, 1).astype(np.float32)
    soft = max(2.0, 0.02 * box.width)
    smooth = filters.blur(np.clip(outline, limit, box.bottom)[None, :], soft)[0]
    return smooth, filters.blur(rests[None, :], soft)[0]


def _lay(alpha: Mask, foot: NDArray[np.float32], squash: float, lean: float, sink: float) -> Mask:
    """Lay the mask down on the floor: heights above the foot shrink to `squash`, tops move
    sideways by `lean` of their shrunk height, everything sinks by `sink` pixels."""
    height, width = alpha.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    up = foot[None, :] + sink - y
    from_x = x - lean * up
    columns = np.clip(np.round(from_x), 0, width - 1).astype(np.intp)
    from_y = foot[columns] - (foot[columns] + sink - y) / squash
    laid = cv2.remap(alpha, from_x, np.asarray(from_y, dtype=np.float32), cv2.INTER_LINEAR)
    return np.asarray(laid, dtype=np.float32)
