"""Find faces: where they are and where their eyes, nose and mouth corners lie.

CenterFace (MIT) through OpenCV's own network reader. It must not run in a process that forks
afterwards. It says where a face is, never whose.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import weights
from imaging.geometry import Box, limit_side
from imaging.pixels import shrink

STRIDE = 32
HEAT_STEP = 4
OUTPUTS = ("537", "538", "539", "540")
OVERLAP = 0.3
# One at a time: two would hold twice the memory.
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Face:
    """One face. Landmarks are five (x, y): left eye, right eye, nose, two mouth corners,
    left and right as seen in the picture."""

    box: Box
    score: float
    landmarks: tuple[tuple[int, int], ...]


def detect(rgb: NDArray[np.uint8], *, threshold: float = 0.5, long_side: int = 640) -> list[Face]:
    """Faces in an RGB uint8 HxWx3 picture, best first; an empty list when there is none.

    `long_side` is the size the network sees: at 640 faces from about 2 % of the long side are
    found. Raises imaging.weights.WeightsMissing when the model file is not installed.
    """
    height, width = rgb.shape[:2]
    small_width, small_height, _ = limit_side(width, height, long_side)
    side = max(STRIDE, -(-max(small_width, small_height) // STRIDE) * STRIDE)
    # Always a square, black where the picture ends: one network serves every shape.
    small = np.zeros((side, side, 3), dtype=np.uint8)
    small[:small_height, :small_width] = shrink(rgb, small_width, small_height)
    blob = cv2.dnn.blobFromImage(small, 1.0, (side, side), (0, 0, 0), False, False)
    with _lock:
        network = _network(weights.path("centerface").as_posix())
        network.setInput(blob)
        heat, scale, offset, marks = network.forward(OUTPUTS)
    found = _decode(heat[0, 0], scale[0], offset[0], marks[0], threshold)
    factors = (width / small_width, height / small_height)
    return [_face(row, factors, width, height) for row in found]


# OpenCV keeps the first input size inside the network and answers later sizes with faces
# everywhere; and between calls it holds 70 MB. So each call has a network of its own (10 ms).
def _network(file: str) -> cv2.dnn.Net:
    cv2.setNumThreads(1)
    return cv2.dnn.readNetFromONNX(file)


def _decode(
    heat: NDArray[np.float32],
    scale: NDArray[np.float32],
    offset: NDArray[np.float32],
    marks: NDArray[np.float32],
    threshold: float,
) -> list[NDArray[np.float64]]:
    """Rows of (left, top, right, bottom, score, five x y pairs) in network pixels, best first."""
    ys, xs = np.nonzero(heat > threshold)
    rows = np.zeros((len(ys), 15), dtype=np.float64)
    tall = np.exp(scale[0, ys, xs]) * HEAT_STEP
    wide = np.exp(scale[1, ys, xs]) * HEAT_STEP
    rows[:, 0] = (xs + offset[1, ys, xs] + 0.5) * HEAT_STEP - wide / 2
    rows[:, 1] = (ys + offset[0, ys, xs] + 0.5) * HEAT_STEP - tall / 2
    rows[:, 2] = rows[:, 0] + wide
    rows[:, 3] = rows[:, 1] + tall
    rows[:, 4] = heat[ys, xs]
    for mark in range(5):
        rows[:, 5 + 2 * mark] = marks[2 * mark + 1, ys, xs] * wide + rows[:, 0]
        rows[:, 6 + 2 * mark] = marks[2 * mark, ys, xs] * tall + rows[:, 1]
    # Position breaks ties, so that equal scores always come in the same order.
    order = np.lexsort((rows[:, 0], rows[:, 1], -rows[:, 4]))
    kept: list[NDArray[np.float64]] = []
    for index in order:
        if all(_overlap(rows[index], other) <= OVERLAP for other in kept):
            kept.append(rows[index])
    return kept


def _overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    both = wide * tall
    total = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return float(both / (total - both))


def _face(row: NDArray[np.float64], factors: tuple[float, float], width: int, height: int) -> Face:
    x, y = factors
    box = Box.from_list([row[0] * x, row[1] * y, row[2] * x, row[3] * y]).clamp(width, height)
    marks = tuple(
        (round(float(row[5 + 2 * mark] * x)), round(float(row[6 + 2 * mark] * y)))
        for mark in range(5)
    )
    return Face(box=box, score=round(float(row[4]), 4), landmarks=marks)
