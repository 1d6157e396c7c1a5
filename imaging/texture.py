"""How much of a picture's own fine texture a polish kept, by region. It measures; a person judges.

Energy alone misleads: sharpening raises it, honest denoising lowers it, invented grain hides what
is gone. So each block of the source is looked for in the result: the fine bands of the source are
regressed on the result's. Noise of the source has no partner in a clean result and is taken out
of the account; grain that was added has no partner in the source and does not help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import untouched
from imaging.geometry import Box, limit_side
from imaging.pixels import soften

Gray = NDArray[np.float32]
BLOCK = 16
FINE = ((0.8, 1.6), (1.6, 3.2))  # band passes in pixels of the source
COARSE = (3.2, 6.4)  # tells contrast from texture
EDGES = 88  # blocks of strong edges, by percentile, say nothing about texture
ENOUGH = 0.04
GONE = 0.6
SHIFTED_PX = 0.08
SKIN_REACH = 12  # how far skin may lie from the face's middle in Cr and Cb
GRID = 48


@dataclass(frozen=True, slots=True)
class Region:
    """One part of a picture. `kept`: what the worst fifth of its textured area kept, 1 = all, None
    with too little texture to judge. `lost`: share of that area that kept less than 60 %.
    `energy`: texture after over before, whatever it shows. `coverage`: share with texture."""

    name: str
    kept: float | None
    lost: float
    energy: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Texture:
    """The whole picture, its regions (none for an empty one), and a grid of rows of what is
    missing, 0 to 1."""

    whole: Region
    regions: tuple[Region, ...]
    heat: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Per block: texture of the source without noise, what the result has of it, its energy."""

    power: Gray
    joint: Gray
    after: Gray
    textured: NDArray[np.bool_]
    gain: float


def measure(
    before: NDArray[np.uint8], after: NDArray[np.uint8], faces: Sequence[Box] = ()
) -> Texture:
    """Compare two RGB uint8 HxWx3 pictures of the same framing at `before`'s scale; `faces` are
    boxes in `before`'s pixels and give the region "faces and skin" beside "the rest"."""
    height, width = before.shape[:2]
    laid = _laid(before, untouched.resized(after, width, height))
    blocks = _blocks(_light(before), _light(laid))
    everywhere = np.ones_like(blocks.textured)
    whole = _region("whole picture", blocks, everywhere)
    regions = []
    if faces:
        skin = _by_block(skin_of(before, faces).astype(np.float32) / np.float32(255)) > 0.5
        regions = [
            _region(name, blocks, where)
            for name, where in (("faces and skin", skin), ("the rest", ~skin))
            if where.any()
        ]
    return Texture(whole, tuple(regions), _heat(blocks, width, height))


def skin_of(rgb: NDArray[np.uint8], faces: Sequence[Box]) -> NDArray[np.uint8]:
    """White on faces and on what has their color within two face sizes: necks, arms, hands."""
    height, width = rgb.shape[:2]
    tones = cv2.cvtColor(cv2.GaussianBlur(rgb, (0, 0), 2), cv2.COLOR_RGB2YCrCb).astype(np.float32)
    mask = np.zeros((height, width), np.uint8)
    for face in faces:
        inner = face.grow(-face.width * 0.25, -face.height * 0.25).clamp(width, height)
        if inner.is_empty:
            continue
        core = tones[inner.top : inner.bottom, inner.left : inner.right, 1:].reshape(-1, 2)
        middle = np.median(core, axis=0)
        near = face.grow(face.width * 2, face.height * 2).clamp(width, height)
        area = np.s_[near.top : near.bottom, near.left : near.right]
        gap = np.abs(tones[area][:, :, 1:] - middle).max(axis=2)
        mask[area] |= np.where(gap <= SKIN_REACH, 255, 0).astype(np.uint8)
        x, y = face.center
        axes = (max(1, face.width // 2), max(1, face.height // 2))
        cv2.ellipse(mask, (round(x), round(y)), axes, 0, 0, 360, 255, -1)
    return mask


def _laid(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """`after` to a fraction of a pixel on `before`: fine bands forgive no shift."""
    placed = untouched.place(before, after)
    if not placed.is_found or not SHIFTED_PX < placed.most_px < 0.03 * max(before.shape):
        return after
    matrix = np.array(placed.matrix, dtype=np.float64).reshape(2, 3)
    how = cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP
    size = (after.shape[1], after.shape[0])
    moved = cv2.warpAffine(after, matrix, size, flags=how, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.uint8)


def _light(rgb: NDArray[np.uint8]) -> Gray:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def _band(light: Gray, band: tuple[float, float]) -> Gray:
    return soften(light, band[0]) - soften(light, band[1])


def _by_block(values: Gray) -> Gray:
    """Means of blocks of 16 pixels; the rim that fills no block is left out."""
    tall, wide = (max(1, side // BLOCK) for side in values.shape)
    part = np.ascontiguousarray(values[: tall * BLOCK, : wide * BLOCK])
    small = cv2.resize(part, (wide, tall), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32).reshape(tall, wide)


def _blocks(one: Gray, other: Gray) -> _Blocks:
    edges = soften(one, 2.5)
    slope = np.hypot(cv2.Sobel(edges, cv2.CV_32F, 1, 0), cv2.Sobel(edges, cv2.CV_32F, 0, 1))
    strong = (slope > np.percentile(slope, EDGES)).astype(np.uint8)
    calm = (cv2.dilate(strong, np.ones((5, 5), np.uint8)) == 0).astype(np.float32)
    room = _by_block(calm)
    shape = room.shape
    power, joint, after = (np.zeros(shape, np.float32) for _ in range(3))
    noise_all = 0.0
    for band in FINE:
        fine_one, fine_other = _band(one, band) * calm, _band(other, band) * calm
        squares = _by_block(fine_one * fine_one)
        there = squares[room > 0.5] / room[room > 0.5]
        noise = float(np.percentile(there, 5)) if there.size else 0.0
        noise_all += noise
        power += np.maximum(squares - noise * room, 0)
        joint += _by_block(fine_one * fine_other)
        after += _by_block(fine_other * fine_other)
    wide_one, wide_other = _band(one, COARSE) * calm, _band(other, COARSE) * calm
    spread = float((wide_one * wide_one).sum())
    gain = float((wide_one * wide_other).sum()) / spread if spread > 0 else 1.0
    textured = (power > np.maximum(2.0 * noise_all, 0.25) * room) & (room > 0.25)
    return _Blocks(power, joint, after, textured, min(3.0, max(0.3, gain)))


def _region(name: str, blocks: _Blocks, where: NDArray[np.bool_]) -> Region:
    picked = blocks.textured & where
    coverage = float(picked.sum()) / max(1, int(where.sum()))
    if coverage < ENOUGH or int(picked.sum()) < 12:
        return Region(name, None, 0.0, 1.0, round(coverage, 3))
    power = blocks.power[picked]
    kept = blocks.joint[picked] / power / blocks.gain
    return Region(
        name=name,
        kept=round(_weighted(kept, np.sqrt(power), 0.2), 3),
        lost=round(float((kept < GONE).mean()), 3),
        energy=round(float(blocks.after[picked].sum() / power.sum()), 3),
        coverage=round(coverage, 3),
    )


def _weighted(values: Gray, weights: Gray, share: float) -> float:
    """The value that `share` of the weight lies below."""
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    at = int(np.searchsorted(sums, share * float(sums[-1])))
    return float(values[order][min(at, len(values) - 1)])


def _heat(blocks: _Blocks, width: int, height: int) -> tuple[tuple[float, ...], ...]:
    kept = blocks.joint / np.maximum(blocks.power, 1e-6) / blocks.gain
    missing = np.where(blocks.textured, np.clip(1 - kept, 0, 1), 0).astype(np.float32)
    wide, tall, _ = limit_side(width, height, GRID)
    wide, tall = min(wide, missing.shape[1]), min(tall, missing.shape[0])
    cells = cv2.resize(missing, (wide, tall), interpolation=cv2.INTER_AREA).reshape(tall, wide)
    return tuple(tuple(round(float(value), 2) for value in row) for row in cells)
