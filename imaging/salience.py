"""Where the eye goes in a small copy without a network, how busy each part is, and the same copy
without an ad's type.

Networks take a headline, a button or the panel below them for the subject, and look past the
product beside it; with the type painted over they find what it stood on. It must not decide what
counts: that is see's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.subject import GLANCE
from imaging.wording import Line

RIM = 0.25  # heights of a line beyond its box: serifs, shadows
CARD_RIM = 3  # pixels of the copy beyond a plate


def without_copy(rgb: NDArray[np.uint8], lines: Sequence[Line]) -> NDArray[np.uint8]:
    """An RGB picture at GLANCE x GLANCE with every line that is no label painted over, each with
    its plate, from what is around it (Telea 2004)."""
    height, width = rgb.shape[:2]
    small = cv2.resize(rgb, (GLANCE, GLANCE), interpolation=cv2.INTER_AREA)
    hole = np.zeros((GLANCE, GLANCE), dtype=np.uint8)
    for line in lines:
        if line.kind == "label":
            continue
        rim = RIM * line.box.height if line.card is None else CARD_RIM
        box = (line.card or line.box).grow(rim).scale(GLANCE / width, GLANCE / height)
        box = box.grow(1).clamp(GLANCE, GLANCE)
        hole[box.top : box.bottom, box.left : box.right] = 1
    return np.asarray(cv2.inpaint(small, hole, 3, cv2.INPAINT_TELEA), dtype=np.uint8)


def detail(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much fine structure there is around each part, 0..1, at the mask's size."""
    side = GLANCE
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    return np.asarray(_stretch(cv2.GaussianBlur(edges, (0, 0), side / 32)), dtype=np.float32)


def classical(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Where the eye goes without any network, float32 GLANCE x GLANCE, 0..1.

    Color distance from the picture's rim plus fine structure, favoring the middle
    (after Achanta 2009, frequency-tuned saliency, with the rim instead of the mean).
    """
    side = GLANCE
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (5, 5), 0), cv2.COLOR_RGB2LAB).astype(np.float32)
    rim = np.concatenate(
        [lab[:6].reshape(-1, 3), lab[-6:].reshape(-1, 3), lab[:, :6].reshape(-1, 3)]
    )
    color = np.linalg.norm(lab - np.median(rim, axis=0), axis=2)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = cv2.GaussianBlur(np.abs(cv2.Laplacian(gray, cv2.CV_32F)), (0, 0), 4)
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    middle = np.exp(-(axis[None, :] ** 2 + axis[:, None] ** 2) / 1.2)
    mixed = (_stretch(color) + 0.5 * _stretch(detail)) * middle
    return np.asarray(_stretch(cv2.GaussianBlur(mixed, (0, 0), 3)), dtype=np.float32)


def _stretch(values: NDArray[Any]) -> NDArray[Any]:
    low, high = (float(value) for value in np.percentile(values, (2, 99)))
    if high - low < 1e-3:
        return np.zeros_like(values)
    return np.asarray(np.clip((values - low) / (high - low), 0, 1))
