"""Meters: how two pictures differ, and how sharp and well exposed one is.

Each gives a number with a stated meaning; none of them judges. Thresholds live with whoever
asks. All take RGB uint8 HxWx3 (sizes may differ unless said).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.geometry import limit_side
from imaging.pixels import shrink, soften

WORK_SIDE = 512


@dataclass(frozen=True, slots=True)
class Exposure:
    """Mean luma 0..1, and the shares of pixels that are pure black, pure white, or either."""

    mean: float
    black_share: float
    white_share: float
    clipped_share: float


def sharpness(rgb: NDArray[np.uint8]) -> float:
    """0..1: how much finest detail the sharpest tenth of the picture has against its contrast.

    Gradient after minus before a small blur (Crete 2007), by block, so that a soft background
    behind a sharp subject does not count against it. 0 for a plain surface.
    """
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    blurred = np.asarray(cv2.blur(gray, (5, 5)), dtype=np.float32)
    own, soft = _gradient(gray), _gradient(blurred)
    lost = np.maximum(own - soft, 0)
    block = max(8, min(rgb.shape[:2]) // 16)
    size = (max(1, rgb.shape[1] // block), max(1, rgb.shape[0] // block))
    energy = cv2.resize(own, size, interpolation=cv2.INTER_AREA).ravel()
    fine = cv2.resize(lost, size, interpolation=cv2.INTER_AREA).ravel()
    busy = energy > 1.0
    if not busy.any():
        return 0.0
    ratio = fine[busy] / energy[busy]
    strong = energy[busy] >= np.percentile(energy[busy], 50)
    return round(float(np.percentile(ratio[strong], 90)), 4)


def exposure(rgb: NDArray[np.uint8]) -> Exposure:
    """Brightness, and how much of the picture is clipped to black or white."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    black, white = float((gray <= 1).mean()), float((gray >= 254).mean())
    return Exposure(
        mean=round(float(gray.mean()) / 255, 4),
        black_share=round(black, 4),
        white_share=round(white, 4),
        clipped_share=round(black + white, 4),
    )


def likeness(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """0..1: how alike two pictures look: structure, coarse layout and color; 1 = the same.

    Forgives a few pixels' shift and re-compression; falls with new content, color or framing.
    Measures pixels, not identity: it cannot say whether two people are the same.
    """
    width, height, _ = limit_side(a.shape[1], a.shape[0], WORK_SIDE)
    one, other = shrink(a, width, height), shrink(b, width, height)
    structure = max(0.0, _structure(_luma(one), _luma(other)))
    tiny_one, tiny_other = _luma(shrink(one, 32, 32)), _luma(shrink(other, 32, 32))
    layout = max(0.0, _structure(tiny_one, tiny_other))
    color = _color(one, other)
    return round(0.35 * structure + 0.35 * layout + 0.3 * color, 4)


def _luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _gradient(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    across = np.abs(np.diff(gray, axis=1, append=gray[:, -1:]))
    down = np.abs(np.diff(gray, axis=0, append=gray[-1:]))
    return np.asarray(across + down, dtype=np.float32)


def _structure(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Mean SSIM (Wang 2004), Gaussian window of 1.5 px after a blur that forgives small shifts."""
    one, other = soften(one, 1.2), soften(other, 1.2)
    mean_one, mean_other = soften(one, 1.5), soften(other, 1.5)
    spread_one = soften(one * one, 1.5) - mean_one**2
    spread_other = soften(other * other, 1.5) - mean_other**2
    both = soften(one * other, 1.5) - mean_one * mean_other
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    value = (2 * mean_one * mean_other + low) * (2 * both + high)
    value /= (mean_one**2 + mean_other**2 + low) * (spread_one + spread_other + high)
    return float(value.mean())


def _color(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Intersection of Lab histograms (8 bins a channel), blurred over neighboring bins."""
    shares = []
    for rgb in (one, other):
        lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).reshape(-1, 3)
        counts, _ = np.histogramdd(lab, bins=(8, 8, 8), range=((0, 256),) * 3)
        for axis in range(3):
            counts = counts + 0.5 * (np.roll(counts, 1, axis) + np.roll(counts, -1, axis))
        shares.append(counts / counts.sum())
    return float(np.minimum(shares[0], shares[1]).sum())
