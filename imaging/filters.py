"""OpenCV's blur, shift and warp for masks, typed: float32 in, float32 out.

Outside the mask is 0 unless asked otherwise. It must not know what a mask stands for.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]


def blur(field: Field, sigma: float) -> Field:
    """Gaussian blur with a deviation of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), dtype=np.float32)


def shift(field: Field, dx: float, dy: float, *, replicate: bool = False) -> Field:
    """The field moved by a sub-pixel amount; `replicate` continues its edges."""
    return warp(
        field, [[1, 0, dx], [0, 1, dy]], field.shape[1], field.shape[0], replicate=replicate
    )


def warp(
    field: Field,
    matrix: Sequence[Sequence[float]] | NDArray[np.float64],
    width: int,
    height: int,
    *,
    replicate: bool = False,
) -> Field:
    """An affine map (2x3, source to result pixels) with linear interpolation."""
    border = cv2.BORDER_REPLICATE if replicate else cv2.BORDER_CONSTANT
    moved = cv2.warpAffine(
        field,
        np.asarray(matrix, dtype=np.float64),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
    )
    return np.asarray(moved, dtype=np.float32)


def resize(field: Field, width: int, height: int) -> Field:
    """Area average down, cubic up; not clipped."""
    how = cv2.INTER_AREA if width < field.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(field, (width, height), interpolation=how), dtype=np.float32)


def bytes_of(picture: Field) -> NDArray[np.uint8]:
    """0..255 floats as rounded, clipped uint8."""
    return np.asarray(np.clip(np.round(picture), 0, 255), dtype=np.uint8)
