"""Freshen faces a little: less block noise, a little more edge, inside feathered face boxes.

It is called enhancement because it invents nothing; it must not be offered as restoration.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.geometry import Box


def faces(rgb: NDArray[np.uint8], boxes: Sequence[Box], *, strength: float) -> NDArray[np.uint8]:
    """The RGB uint8 picture with every face box freshened; strength 0 (nothing) to 1.

    Pixels away from the boxes (more than a third of a face) come back bit for bit.
    ValueError when the strength is out of range.
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"The strength lies between 0 and 1, not at {strength}.")
    result = rgb.copy()
    height, width = rgb.shape[:2]
    for box in boxes:
        reach = box.grow(box.width / 3, box.height / 3).clamp(width, height)
        if reach.is_empty or strength == 0:
            continue
        area = np.s_[reach.top : reach.bottom, reach.left : reach.right]
        before = result[area]
        share = _feathered(box, reach)[:, :, None]
        after = _freshen(before, box, strength).astype(np.float32)
        blended = before.astype(np.float32) * (1 - share) + after * share
        result[area] = np.clip(np.round(blended), 0, 255).astype(np.uint8)
    return result


def _freshen(part: NDArray[np.uint8], box: Box, strength: float) -> NDArray[np.uint8]:
    # Deblock the colors strongly and the light mildly: noise lives in chroma, likeness in luma.
    lab = cv2.cvtColor(part, cv2.COLOR_RGB2LAB)
    light = cv2.bilateralFilter(lab[:, :, 0], 5, 6 + 10 * strength, 3)
    light = cv2.addWeighted(light, 0.6 * strength, lab[:, :, 0], 1 - 0.6 * strength, 0)
    for channel in (1, 2):
        smooth = cv2.bilateralFilter(lab[:, :, channel], 7, 12, 5)
        lab[:, :, channel] = cv2.addWeighted(smooth, strength, lab[:, :, channel], 1 - strength, 0)
    radius = max(0.8, box.width / 90)
    fine = light.astype(np.float32)
    coarse = cv2.GaussianBlur(fine, (0, 0), radius)
    wide = cv2.GaussianBlur(fine, (0, 0), radius * 5)
    # Detail is limited so that an edge never rings; the wide term gives a little modelling.
    detail = np.clip(fine - coarse, -14, 14) * (0.9 * strength)
    detail += np.clip(coarse - wide, -18, 18) * (0.18 * strength)
    lab[:, :, 0] = np.clip(np.round(fine + detail), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)


def _feathered(box: Box, reach: Box) -> NDArray[np.float32]:
    """An ellipse around the face that falls to exactly 0 inside `reach`."""
    rows, columns = np.mgrid[reach.top : reach.bottom, reach.left : reach.right]
    x, y = box.center
    across = (columns + 0.5 - x) / (box.width * 0.78)
    down = (rows + 0.5 - y) / (box.height * 0.78)
    share = np.clip((1 - np.hypot(across, down)) / 0.35, 0, 1)
    return np.asarray(share, dtype=np.float32)
