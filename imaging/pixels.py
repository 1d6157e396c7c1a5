"""Resize pixel arrays, typed: the one place that calls OpenCV's resampler for 8-bit pictures.

For looking at pictures, not for delivering them: files for platforms go through render.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def shrink(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture at width x height by area averaging: no moire when made smaller."""
    if rgb.shape[1] == width and rgb.shape[0] == height:
        return rgb
    return np.asarray(
        cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


def stretch(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture at width x height by linear interpolation."""
    return np.asarray(
        cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8
    )


def soften(values: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """One float32 channel after a Gaussian blur of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), dtype=np.float32)
