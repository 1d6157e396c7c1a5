"""Proof of what an edit left alone: pictures laid on one another, compared outside the mask.

A model that hands back the whole picture a pixel further left, a percent larger or a little
warmer has changed no content, but it has changed the picture: place, color and content are told
apart. It measures; it must not judge.

All pictures are RGB uint8 HxWx3 in sRGB; masks uint8 HxW, white where the edit was wanted.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.geometry import Box, limit_side
from imaging.pixels import shrink, soften

Gray = NDArray[np.float32]
SEAM_SHARE = 0.0075  # of the long side around the mask belongs to the edit: feathers, latents
COARSE_SIDE, FINE_SIDE = 192, 768
IN_PLACE_PX = 0.35
MOST_STRETCH = 1.004
GRID = 48
# What re-encoding leaves: a flat part of JPEG and WebP noise and one that grows with the detail.
FLAT_NOISE, DETAIL_NOISE = 2.6, 0.16


@dataclass(frozen=True, slots=True)
class Placement:
    """How a picture lies on another: shift of the middle in its pixels, size as a factor, and
    the largest distance that any corner moved. `is_found` is False when nothing fits."""

    dx: float
    dy: float
    scale: float
    most_px: float
    is_found: bool
    matrix: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Patch:
    """One changed place: its box, and how far its colors went (CIE76 distance)."""

    box: Box
    distance: float


@dataclass(frozen=True, slots=True)
class Rest:
    """What happened outside the mask. Shares 0..1 of the pixels there.

    `share` stayed the same once the picture is laid in place; `as_is` without that; `content`
    with an even change of light and color taken out as well. `cast` is that change (CIE76), and
    `cast_lab` its direction. `largest` and `heat` show changes of content: `heat` is a grid of
    rows over the picture, 0 to 1, `inside` the same grid with the share of each cell masked.
    """

    share: float
    as_is: float
    content: float
    cast: float
    cast_lab: tuple[float, float, float]
    placement: Placement
    largest: Patch | None
    heat: tuple[tuple[float, ...], ...]
    inside: tuple[tuple[float, ...], ...]
    has_outside: bool


def compare(
    before: NDArray[np.uint8], after: NDArray[np.uint8], mask: NDArray[np.uint8] | None = None
) -> Rest:
    """What changed outside the mask; without a mask, anywhere. Sizes may differ: `after` is
    brought to `before`'s size first. ValueError when the mask is not of `before`'s size.
    """
    height, width = before.shape[:2]
    edited = np.zeros((height, width), np.uint8) if mask is None else mask
    if edited.shape != (height, width):
        raise ValueError("The mask must have the size of the picture before.")
    outside = _outside(edited)
    after = resized(after, width, height)
    one, as_is = _lab(before), _lab(_kept(before, after, outside))
    noise = _noise(one[:, :, 0])
    everywhere = np.ones((height, width), dtype=bool)
    plain = _changed(one, as_is, noise, everywhere)
    share_as_is = _share(~plain, outside)
    placement = place(before, after, outside)
    other, pixels, seen, changed = as_is, after, everywhere, plain
    if placement.is_found and placement.most_px >= IN_PLACE_PX:
        moved, valid = laid_in_place(after, placement)
        laid = _lab(_kept(before, moved, outside))
        found = _changed(one, laid, noise, valid)
        # A placement that explains nothing, or that spoils what fitted before, is an accident of
        # the content (one thing moved before a plain ground), not a shift of the picture.
        fitted = outside & valid & ~plain
        better = _share(~found, outside & valid) > share_as_is + 0.002
        if better and _gap(one, laid, fitted) <= 1.05 * _gap(one, as_is, fitted) + 0.02:
            other, pixels, seen, changed = laid, moved, valid, found
        else:
            placement = Placement(0.0, 0.0, 1.0, 0.0, True)
    there = outside & seen
    cast_lab, cast = _cast(one, other, there)
    even = changed
    if cast >= 1:  # an even change would hide where something else happened
        other = _lab(_kept(before, _toned(before, pixels, there), outside))
        even = _changed(one, other, noise, seen)
    excess = np.where(there & even, _distance(one, other), 0).astype(np.float32)
    return Rest(
        share=round(_share(~changed, there), 5),
        as_is=round(share_as_is, 5),
        content=round(_share(~even, there), 5),
        cast=round(cast, 2),
        cast_lab=cast_lab,
        placement=placement,
        largest=_largest(excess),
        heat=_grid(np.minimum(excess / 30, 1)),
        inside=_grid((~outside).astype(np.float32)),
        has_outside=bool(outside.any()),
    )


def outside_share(box: Box, mask: NDArray[np.uint8]) -> float:
    """The share of a box that no mask covers."""
    part = mask[box.top : box.bottom, box.left : box.right]
    return float((part <= 127).mean()) if part.size else 0.0


def resized(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture at width x height: area averaging down, Lanczos up."""
    if rgb.shape[1] >= width and rgb.shape[0] >= height:
        return shrink(rgb, width, height)
    return np.asarray(
        cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LANCZOS4), dtype=np.uint8
    )


def place(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    outside: NDArray[np.bool_] | None = None,
) -> Placement:
    """How `after` lies on `before` (same size): an affine map found by correlation
    (Evangelidis 2008), coarse to fine, looking only where `outside` is True."""
    height, width = before.shape[:2]
    looked = np.ones((height, width), bool) if outside is None else outside
    matrix = np.eye(2, 3, dtype=np.float32)
    scale = 1.0
    for side in (COARSE_SIDE, FINE_SIDE):
        wide, tall, factor = limit_side(width, height, side)
        matrix[:, 2] *= factor / scale
        scale = factor
        one, other = gray(shrink(before, wide, tall)), gray(shrink(after, wide, tall))
        valid = cv2.resize(looked.astype(np.uint8), (wide, tall), interpolation=cv2.INTER_NEAREST)
        if int(valid.sum()) < 400 or float(one[valid > 0].std()) < 2:
            return Placement(0.0, 0.0, 1.0, 0.0, False)
        until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
        try:
            _, found = cv2.findTransformECC(
                one, other, matrix, cv2.MOTION_AFFINE, until, valid * 255, 5
            )
        except cv2.error:  # it does not converge on pictures that have little in common
            return Placement(0.0, 0.0, 1.0, 0.0, False)
        matrix = np.asarray(found, dtype=np.float32).reshape(2, 3)
    matrix[:, 2] /= scale
    # Stretched one way only: that is content drawing the map along, no model hands that back.
    widest, narrowest = np.linalg.svd(matrix[:, :2].astype(np.float64), compute_uv=False)
    if widest / max(narrowest, 1e-6) > MOST_STRETCH:
        return Placement(0.0, 0.0, 1.0, 0.0, True)
    return _placement(matrix, width, height)


def _placement(matrix: NDArray[np.float32], width: int, height: int) -> Placement:
    points = np.array(
        [[width / 2, height / 2], [0, 0], [width, 0], [0, height], [width, height]], np.float64
    )
    ways = points @ matrix[:, :2].T.astype(np.float64) + matrix[:, 2] - points
    size = float(np.sqrt(abs(np.linalg.det(matrix[:, :2].astype(np.float64)))))
    return Placement(
        dx=round(float(ways[0, 0]), 2),
        dy=round(float(ways[0, 1]), 2),
        scale=round(size, 5),
        most_px=round(float(np.hypot(ways[:, 0], ways[:, 1]).max()), 2),
        is_found=True,
        matrix=tuple(float(value) for value in matrix.ravel()),
    )


def laid_in_place(
    after: NDArray[np.uint8], placement: Placement
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """`after` where `before` has it, and where it has pixels at all."""
    height, width = after.shape[:2]
    matrix = np.array(placement.matrix, dtype=np.float64).reshape(2, 3)
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(after, matrix, (width, height), flags=how, borderMode=cv2.BORDER_REFLECT)
    full = np.full((height, width), 255, np.uint8)
    valid = cv2.warpAffine(full, matrix, (width, height), flags=cv2.WARP_INVERSE_MAP)
    inner = cv2.erode((valid > 250).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.asarray(laid, dtype=np.uint8), inner


def _outside(mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    reach = 2 * max(2, round(SEAM_SHARE * max(mask.shape))) + 1
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    return np.asarray(cv2.dilate((mask > 127).astype(np.uint8), near) == 0)


def _kept(
    before: NDArray[np.uint8], after: NDArray[np.uint8], outside: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """`after` outside, `before` inside: what was edited must not bleed out when softened."""
    return np.asarray(np.where(outside[:, :, None], after, before))


def _lab(rgb: NDArray[np.uint8]) -> Gray:
    """CIE L*a*b*, softened so that grain evens out; color more than light, for re-encoding keeps
    a color for every second pixel only."""
    lab = cv2.cvtColor(np.asarray(rgb / np.float32(255), np.float32), cv2.COLOR_RGB2LAB)
    lab[:, :, 0] = cv2.GaussianBlur(lab[:, :, 0], (0, 0), 1.2)
    lab[:, :, 1:] = cv2.GaussianBlur(lab[:, :, 1:], (0, 0), 3.0)
    return np.asarray(lab, dtype=np.float32)


def gray(rgb: NDArray[np.uint8]) -> Gray:
    """The light of a picture as float32 HxW, a little softened against noise."""
    return soften(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32), 0.8)


def _noise(light: Gray) -> Gray:
    """How far a pixel may go by re-encoding alone: more beside strong detail."""
    window = np.ones((7, 7), np.uint8)
    span = cv2.dilate(light, window) - cv2.erode(light, window)
    return np.asarray(FLAT_NOISE + DETAIL_NOISE * span, dtype=np.float32)


def _distance(one: Gray, other: Gray) -> Gray:
    return np.asarray(np.sqrt(((one - other) ** 2).sum(axis=2)), dtype=np.float32)


def _gap(one: Gray, other: Gray, where: NDArray[np.bool_]) -> float:
    """The mean difference of light in a part of two pictures."""
    return float(np.abs(one[:, :, 0] - other[:, :, 0])[where].mean()) if where.any() else 0.0


def _changed(one: Gray, other: Gray, noise: Gray, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    raw = ((_distance(one, other) > noise) & valid).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(raw, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0)


def _share(same: NDArray[np.bool_], where: NDArray[np.bool_]) -> float:
    return float(same[where].mean()) if where.any() else 1.0


def _cast(
    one: Gray, other: Gray, where: NDArray[np.bool_]
) -> tuple[tuple[float, float, float], float]:
    """Direction and size of the change that half of the picture shares."""
    if not where.any():
        return (0.0, 0.0, 0.0), 0.0
    ways = (other - one)[where]
    middle = np.median(ways, axis=0)
    size = float(np.median(np.sqrt((ways**2).sum(axis=1))))
    return (
        round(float(middle[0]), 2),
        round(float(middle[1]), 2),
        round(float(middle[2]), 2),
    ), size


def _toned(
    before: NDArray[np.uint8], after: NDArray[np.uint8], where: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """`after` with the one change of tone taken out that best maps it back onto `before`:
    a square of the three channels each, fitted twice, the second time without what does not
    fit, for that is content."""
    step = max(1, round((where.sum() / 40_000) ** 0.5))
    picked = where[::step, ::step]
    known = before[::step, ::step][picked] / np.float32(255)
    seen = _powers(after[::step, ::step][picked])
    if len(known) < 200:
        return after
    fits = np.ones(len(known), dtype=bool)
    weights = np.zeros((seen.shape[1], 3), np.float32)
    for _ in range(3):
        weights = np.linalg.lstsq(seen[fits], known[fits], rcond=None)[0]
        gap = np.abs(seen @ weights - known).max(axis=1)
        fits = gap <= np.percentile(gap, 80)
    toned = _powers(after.reshape(-1, 3)) @ weights
    flat = np.clip(np.round(toned * 255), 0, 255).astype(np.uint8)
    return np.asarray(flat.reshape(after.shape))


def _powers(pixels: NDArray[np.uint8]) -> Gray:
    values = pixels.astype(np.float32) / np.float32(255)
    ones = np.ones((len(values), 1), np.float32)
    return np.concatenate([values, values * values, ones], axis=1)


def _largest(excess: Gray) -> Patch | None:
    """The connected change that carries most, joined over small gaps."""
    solid = cv2.dilate((excess > 0).astype(np.uint8), np.ones((7, 7), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2:
        return None
    sums = np.bincount(labels.ravel(), weights=excess.ravel(), minlength=count)
    best = int(np.argmax(sums[1:])) + 1
    left, top, wide, tall = (int(value) for value in stats[best, :4])
    inside = excess[(labels == best) & (excess > 0)]
    box = Box(left, top, left + wide, top + tall)
    return Patch(box, round(float(np.percentile(inside, 90)), 1))


def _grid(values: Gray) -> tuple[tuple[float, ...], ...]:
    wide, tall, _ = limit_side(values.shape[1], values.shape[0], GRID)
    cells = cv2.resize(values, (wide, tall), interpolation=cv2.INTER_AREA)
    return tuple(tuple(round(float(value), 2) for value in row) for row in cells)
