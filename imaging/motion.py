"""Camera moves over a still: each frame is computed from the keyframe, none from the frame before.

Positions are sub-pixel and eased, so slow moves glide. Two layers give parallax: the cut-out in
front of a filled plate. It must not move anything inside the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, pi

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.geometry import Box

# How far a move goes, as a share of the frame: people little, action much.
OVERSIZE = 1.3
REACH = {"subtle_human": 0.055, "product": 0.085, "camera_only": 0.10, "high_action": 0.16}


@dataclass(frozen=True, slots=True)
class Layers:
    """What moves, at the clip's ratio and a little above its size.

    rgb: the whole keyframe, RGB uint8. plate, front, alpha: background without subject, subject
    colors and its mask (float32), or None for a flat picture.
    """

    rgb: NDArray[np.uint8]
    plate: NDArray[np.uint8] | None
    front: NDArray[np.uint8] | None
    alpha: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the camera is: zoom >= 1 and its middle as a share of the frame (0.5 = middle)."""

    zoom: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole move: `count` frames from `first` to `last`; `depth` is how much nearer the front
    layer seems; softness 0 (even speed) to 1 (slow start and end)."""

    count: int
    first: Pose
    last: Pose
    depth: float
    softness: float


def plan(motion: str, profile: str, seconds: float, fps: int, seed: int) -> Plan:
    """The move of a name and profile; the seed varies reach, focus and easing a little.

    KeyError for an unknown name or profile.
    """
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 31])
    reach = REACH[profile] * float(rng.uniform(0.85, 1.15))
    drift = float(rng.uniform(-0.5, 0.5))
    softness = 0.35 if profile == "high_action" else float(rng.uniform(0.6, 0.9))
    room = 1 + reach
    slack = reach / room / 2
    near = Pose(room, 0.5 + drift * slack, 0.5 - abs(drift) * slack)
    far = Pose(1.0, 0.5, 0.5)
    side = drift * slack * 0.3
    moves = {
        "push_in": (far, near),
        "pull_out": (near, far),
        "pan_left": (Pose(room, 0.5 + slack, 0.5 + side), Pose(room, 0.5 - slack, 0.5 - side)),
        "pan_right": (Pose(room, 0.5 - slack, 0.5 + side), Pose(room, 0.5 + slack, 0.5 - side)),
        "pan_up": (Pose(room, 0.5 + side, 0.5 + slack), Pose(room, 0.5 - side, 0.5 - slack)),
        "parallax": (
            Pose(1 + reach * 0.35, 0.5 - slack * 0.30 * np.sign(drift or 1.0), 0.5),
            Pose(1 + reach * 0.60, 0.5 + slack * 0.34 * np.sign(drift or 1.0), 0.5),
        ),
    }
    first, last = moves[motion]
    depth = 0.55 if motion == "parallax" else 0.0
    return Plan(max(2, round(seconds * fps)), first, last, depth, softness)


def flat(rgb: NDArray[np.uint8], width: int, height: int) -> Layers:
    """A keyframe that moves as one picture."""
    return Layers(_work(rgb, width, height), None, None, None)


def layered(
    rgb: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    front: NDArray[np.uint8],
    plate: NDArray[np.uint8],
    width: int,
    height: int,
) -> Layers:
    """A keyframe with its subject as a layer of its own (all of one size)."""
    whole = _work(rgb, width, height)
    size = (whole.shape[1], whole.shape[0])
    soft = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)
    return Layers(
        whole, _work(plate, width, height), _work(front, width, height), np.clip(soft, 0, 1)
    )


def frames(layers: Layers, plan: Plan, width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """The move's frames, RGB uint8 height x width x 3, in order."""
    for index in range(plan.count):
        pose = at(plan, index / (plan.count - 1))
        if layers.plate is None or layers.front is None or layers.alpha is None:
            yield _shot(layers.rgb, pose, width, height)
        else:
            yield _deep(layers, plan, pose, width, height)


def seen_from(
    rgb: NDArray[np.uint8], plan: Plan, index: int, width: int, height: int
) -> NDArray[np.uint8]:
    """The untouched keyframe as the camera of frame `index` sees it: what to compare it with."""
    return _shot(rgb, at(plan, index / (plan.count - 1)), width, height)


def at(plan: Plan, share: float) -> Pose:
    """The camera at a share (0..1) of the move: eased, zoom even in the eye (geometric)."""
    eased = (1 - cos(pi * share)) / 2
    way = share + (eased - share) * plan.softness
    first, last = plan.first, plan.last
    zoom = first.zoom * (last.zoom / first.zoom) ** way
    return Pose(zoom, first.x + (last.x - first.x) * way, first.y + (last.y - first.y) * way)


def _work(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The layer a little above the clip's size, resampled well once: each frame then needs only
    linear interpolation, at a seventh of a cubic one's cost and without its ringing."""
    size = (round(width * OVERSIZE), round(height * OVERSIZE))
    how = cv2.INTER_AREA if rgb.shape[1] > size[0] else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(rgb, size, interpolation=how), dtype=np.uint8)


def _matrix(layer: NDArray[np.generic], pose: Pose, width: int, height: int) -> NDArray[np.float64]:
    """From layer pixels to frame pixels, keeping the view inside the layer."""
    tall, wide = layer.shape[:2]
    scale = pose.zoom * max(width / wide, height / tall)
    half_x, half_y = width / scale / 2, height / scale / 2
    x = min(max(pose.x * wide, half_x), wide - half_x)
    y = min(max(pose.y * tall, half_y), tall - half_y)
    # Pixel centers lie at .5, hence the halves.
    return np.array(
        [
            [scale, 0, width / 2 - x * scale + (scale - 1) / 2],
            [0, scale, height / 2 - y * scale + (scale - 1) / 2],
        ],
        dtype=np.float64,
    )


def _shot(rgb: NDArray[np.uint8], pose: Pose, width: int, height: int) -> NDArray[np.uint8]:
    warped = cv2.warpAffine(
        rgb,
        _matrix(rgb, pose, width, height),
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, dtype=np.uint8)


def _deep(layers: Layers, plan: Plan, pose: Pose, width: int, height: int) -> NDArray[np.uint8]:
    if layers.plate is None or layers.front is None or layers.alpha is None:
        raise ValueError("Parallax needs a plate, a front and its mask.")
    back = Pose(
        1 + (pose.zoom - 1) * (1 - plan.depth),
        0.5 + (pose.x - 0.5) * (1 - plan.depth),
        0.5 + (pose.y - 0.5) * (1 - plan.depth),
    )
    frame = _shot(layers.plate, back, width, height)
    matrix = _matrix(layers.front, pose, width, height)
    size = (width, height)
    alpha = np.asarray(
        cv2.warpAffine(layers.alpha, matrix, size, flags=cv2.INTER_LINEAR), dtype=np.float32
    )
    seen = _seen(alpha)
    if seen.is_empty:
        return frame
    area = np.s_[seen.top : seen.bottom, seen.left : seen.right]
    # Only the subject's own box is resampled and mixed: it is most of the cost.
    moved = matrix.copy()
    moved[:, 2] -= (seen.left, seen.top)
    front = cv2.warpAffine(
        layers.front,
        moved,
        (seen.width, seen.height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    share = alpha[area]
    frame[area] = cv2.blendLinear(
        np.ascontiguousarray(front), np.ascontiguousarray(frame[area]), share, 1 - share
    )
    return frame


def _seen(alpha: NDArray[np.float32]) -> Box:
    solid = alpha > 0.002
    rows, columns = np.nonzero(solid.any(axis=1))[0], np.nonzero(solid.any(axis=0))[0]
    if not len(rows):
        return Box(0, 0, 0, 0)
    return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
