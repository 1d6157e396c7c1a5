"""How a finished picture looks: soft, in steps, or worn by its encoder.

Pixels in, one number out each; thresholds and words are the caller's. It must not change a picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

TILE = 32
BLOCK = 64
WORST = 5  # percentile of blocks
BUSIEST = 0.1  # share of tiles, the most detailed ones: a blurred background is no fault
PLAIN = 2.0  # gray levels of contrast below which a tile says nothing about focus
GENTLE = (3.0, 40.0)  # gray levels that a smooth tile changes by from side to side
STEP = 1.5  # gray levels; a single one is all that 8 bits can do and is not seen


def _tiles(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """(count, TILE, TILE); what does not fill a tile at the right and below is left out."""
    down, across = gray.shape[0] // TILE, gray.shape[1] // TILE
    cut = gray[: down * TILE, : across * TILE]
    parts = cut.reshape(down, TILE, across, TILE).swapaxes(1, 2)
    tiles: NDArray[np.float32] = parts.reshape(-1, TILE, TILE)
    return tiles


def likeness(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """What an encoder left of `before` in `after` (uint8 HxWx3), 0..1, where it left least.

    SSIM (Wang 2004, Gaussian window of 11 px and 1.5 px, luma) averaged over blocks of 64 px; the
    twentieth of the blocks that suffered most decides, for that is where an eye goes. Seven
    photographs as JPEG: 0.96 to 0.99 at quality 92, 0.83 to 0.93 at 60, 0.75 to 0.89 at 30.
    """
    one, other = (
        cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) for rgb in (before, after)
    )
    mean_one, mean_other = _window(one), _window(other)
    spread_one = _window(one * one) - mean_one * mean_one
    spread_other = _window(other * other) - mean_other * mean_other
    both = _window(one * other) - mean_one * mean_other
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    value = (2 * mean_one * mean_other + low) * (2 * both + high)
    value /= (mean_one**2 + mean_other**2 + low) * (spread_one + spread_other + high)
    down, across = (max(1, side // BLOCK) for side in value.shape)
    blocks = cv2.resize(value, (across, down), interpolation=cv2.INTER_AREA)
    return round(float(np.percentile(blocks, WORST)), 4)


def _window(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(gray, (11, 11), 1.5), dtype=np.float32)


def fine_detail(rgb: NDArray[np.uint8]) -> float | None:
    """Share of the contrast of the busiest parts (uint8 HxWx3) that is finer than two pixels.

    A picture that was enlarged twice or more, or is out of focus everywhere, has almost none.
    None when there is nothing in it to tell by, such as one flat color.
    """
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    height, width = gray.shape
    half = cv2.resize(gray, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    back = cv2.resize(half, (width, height), interpolation=cv2.INTER_CUBIC)
    sharp = np.asarray(gray, dtype=np.float32)
    lost = _tiles(sharp - np.asarray(back, dtype=np.float32)).std(axis=(1, 2))
    contrast = _tiles(sharp).std(axis=(1, 2))
    busy = contrast > PLAIN
    if not busy.any():
        return None
    floor = np.quantile(lost[busy], 1 - BUSIEST)
    chosen = busy & (lost >= floor)
    return float(np.median(lost[chosen] / contrast[chosen]))


def banding(rgb: NDArray[np.uint8]) -> float:
    """Share of the picture's tiles where a smooth change falls into steps one can see, 0 to 1."""
    gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    tiles = _tiles(gray)
    if not len(tiles):
        return 0.0
    spread = tiles.max(axis=(1, 2)) - tiles.min(axis=(1, 2))
    across = np.abs(np.diff(tiles, axis=2))
    down = np.abs(np.diff(tiles, axis=1))
    flat = ((across < 0.5).mean(axis=(1, 2)) + (down < 0.5).mean(axis=(1, 2))) / 2
    steps = np.maximum(across.max(axis=(1, 2)), down.max(axis=(1, 2)))
    gentle = (spread >= GENTLE[0]) & (spread <= GENTLE[1])
    banded = gentle & (flat > 0.85) & (steps >= STEP) & (steps <= 8)
    return float(banded.mean())


def grained(rgb: NDArray[np.uint8], strength: float = 1.6) -> NDArray[np.uint8]:
    """The picture (uint8 HxWx3) with a fine gray grain of `strength` levels, always the same, so
    that steps in smooth parts cannot be seen."""
    noise = np.random.default_rng(7).normal(0, strength, rgb.shape[:2]).astype(np.float32)
    mixed = rgb.astype(np.float32) + noise[..., None]
    return np.asarray(np.clip(np.rint(mixed), 0, 255), dtype=np.uint8)
