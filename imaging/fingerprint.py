"""What a picture looks like in a few numbers, to see whether a model's outputs changed.

A perceptual hash says whether two pictures are the same composition; the numbers say how a
batch of pictures looks: color, contrast, sharpness, direction of edges, layout. Pixels in, plain
values out; it knows no model.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.pixels import shrink, soften

SIDE = 256
HASH_SIDE = 16
BANDS = (0.8, 1.6, 3.2, 6.4, 12.8)  # pixels (sigma) at SIDE
DIRECTIONS = 6
GRID = 4
LOOK = 6  # the first numbers: Lab means and spreads
NUMBERS = LOOK + len(BANDS) + DIRECTIONS + GRID * GRID


def numbers(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How a picture (uint8 HxWx3) looks, shape (33,).

    Lab means and spreads (CIE units), log energy of five bands, shares of six edge directions,
    lightness of a 4 x 4 grid around its mean.
    """
    small = shrink(rgb, SIDE, SIDE)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = np.asarray(lab[..., 0], dtype=np.float32)
    flat = lab.reshape(-1, 3)
    smooth = [light, *(soften(light, sigma) for sigma in BANDS)]
    bands = [
        float(np.log(np.mean((fine - coarse) ** 2) + 1e-3)) for fine, coarse in pairwise(smooth)
    ]
    across = cv2.Sobel(smooth[1], cv2.CV_32F, 1, 0)
    down = cv2.Sobel(smooth[1], cv2.CV_32F, 0, 1)
    strength = np.hypot(across, down)
    angle = (np.arctan2(down, across) % np.pi) / np.pi * DIRECTIONS
    edges = np.bincount(
        angle.astype(int).ravel() % DIRECTIONS, strength.ravel(), minlength=DIRECTIONS
    )
    grid = cv2.resize(light, (GRID, GRID), interpolation=cv2.INTER_AREA).ravel()
    found: NDArray[np.float64] = np.concatenate(
        [flat.mean(0), flat.std(0), bands, edges / max(edges.sum(), 1e-9), grid - grid.mean()]
    ).astype(np.float64)
    return found


def perceptual_hash(rgb: NDArray[np.uint8]) -> str:
    """256 bits as 64 hexadecimal digits: signs of the coarsest cosine waves (Zauner 2010)."""
    gray = cv2.cvtColor(shrink(rgb, 64, 64), cv2.COLOR_RGB2GRAY).astype(np.float32)
    waves = cv2.dct(gray)[:HASH_SIDE, :HASH_SIDE]
    bits = (waves > np.median(waves)).ravel()
    return np.packbits(bits).tobytes().hex()
