"""Cut the subject out of its surroundings: a soft mask, its box, and how sure we are.

U2-Net-p finds what stands out; when the faces say that it missed people, a small people model
is joined in (if installed). The edge is refined with a guided filter on the full picture.
Models are loaded at the first call of a process, or by `load` in one that forks afterwards: they
run in one thread, so that a fork of a process that only loaded them is sound.
It must not decide what to do with the subject.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from imaging import faces as face_finder
from imaging import weights
from imaging.faces import Face
from imaging.geometry import Box, limit_side

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)
SIDE = 320
GLANCE = 320
# The network answers at six depths and takes its own mean of them. More than half of its work is
# the last, at full size, for the edge of a cut-out; for boxes the one before, at half the size, is
# as good. Names of the layers that make that one: its features, and the 3 x 3 that weighs them.
HALF_FEATURES, HALF_ANSWER = "onnx_node!Add_789", "onnx_node!Conv_946"
PEOPLE_SIDE = 256
EDGE_SIDE = 1350
HAND = 0.004  # how far from an edge a hand paints, in long sides
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class CutOut:
    """The subject of a picture.

    alpha: float32 HxW, 0 = surroundings, 1 = subject. box: around the subject (alpha > 0.5).
    confidence: 0..1, how clearly subject and surroundings part. isolated: whether the mask is
    good enough to put the subject onto another background without asking a person.
    """

    alpha: NDArray[np.float32]
    box: Box
    confidence: float
    isolated: bool


def load() -> None:
    """Have the networks ready before a fork. What is not installed is left out."""
    with suppress(weights.WeightsMissing):
        _session(weights.path("u2netp").as_posix())
        _half_network(weights.path("u2netp").as_posix())
    with suppress(weights.WeightsMissing):
        _people_network(weights.path("selfie").as_posix())


def cut_out(rgb: NDArray[np.uint8], *, faces: Sequence[Face] | None = None) -> CutOut:
    """Find the subject of an RGB uint8 HxWx3 picture.

    `faces` spares a second detection when they are known already. Raises
    imaging.weights.WeightsMissing when u2netp is not installed; the people model is optional.
    """
    raw = coarse(rgb, faces=faces)
    alpha = _refine(rgb, raw)
    return _judge(alpha, raw)


def cut_along(rgb: NDArray[np.uint8], marked: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The soft mask (float32 HxW) of a subject that a person painted, `marked` HxW True.

    Its rim follows the picture's own edges where they run near the painted one; elsewhere it stays
    as painted. Needs no network.
    """
    painted = np.asarray(marked, dtype=np.float32)
    reach = max(1.5, HAND * max(painted.shape))
    return _refine(rgb, np.asarray(cv2.GaussianBlur(painted, (0, 0), reach), dtype=np.float32))


def coarse(rgb: NDArray[np.uint8], *, faces: Sequence[Face] | None = None) -> NDArray[np.float32]:
    """The unrefined mask, float32 320x320 for the whole picture: enough for a box or a weight."""
    mask = _salient(rgb)
    known = _find_faces(rgb) if faces is None else list(faces)
    if _misses_people(mask, known, rgb.shape[1], rgb.shape[0]) and weights.is_present("selfie"):
        people = cv2.resize(_people(rgb), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        mask = np.maximum(mask, people)
    return mask


def glance(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What stands out, float32 GLANCE x GLANCE for the whole picture, with edges too soft for a
    cut-out, at less than half its cost. Raises WeightsMissing."""
    network = _half_network(weights.path("u2netp").as_posix())
    kernel, bias = (network.getParam(network.getLayerId(HALF_ANSWER), part) for part in (0, 1))
    with _lock:
        network.setInput(_batch(rgb, GLANCE))
        features = network.forward(HALF_FEATURES)[0]
    answer = np.full(features.shape[1:], bias.item(), dtype=np.float32)
    for layer, part in zip(features, kernel[0], strict=True):
        answer += cv2.filter2D(layer, cv2.CV_32F, part, borderType=cv2.BORDER_CONSTANT)
    whole = cv2.resize(answer, (GLANCE, GLANCE), interpolation=cv2.INTER_LINEAR)
    return _spread(np.asarray(1 / (1 + np.exp(-whole)), dtype=np.float32))


def people(rgb: NDArray[np.uint8], faces: Sequence[Face]) -> NDArray[np.float32]:
    """Where the people with these faces are, float32 GLANCE x GLANCE; zeros when no face is given.

    Only parts of the people mask that touch a face count: on things without a face the network
    guesses. Raises WeightsMissing when the people model is not installed.
    """
    if not faces:
        return np.zeros((GLANCE, GLANCE), dtype=np.float32)
    mask = cv2.resize(_people(rgb), (GLANCE, GLANCE), interpolation=cv2.INTER_LINEAR)
    count, labels = cv2.connectedComponents((mask > 0.5).astype(np.uint8))
    x, y = GLANCE / rgb.shape[1], GLANCE / rgb.shape[0]
    supported = np.zeros(count, dtype=bool)
    for face in faces:
        box = face.box.scale(x, y).grow(1).clamp(GLANCE, GLANCE)
        supported[np.unique(labels[box.top : box.bottom, box.left : box.right])] = True
    supported[0] = False
    return np.asarray(mask * supported[labels], dtype=np.float32)


def foreground(rgb: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The subject's own colors, with the old background's color taken out of soft edges.

    RGB uint8 HxWx3, same size; only meaningful where alpha > 0. Blur fusion after Forte 2021
    (arXiv 2006.14970): two passes of box blurs, radius 90 then 6.
    """
    solid = np.argwhere(alpha > 0.004)
    if not len(solid):
        return rgb.copy()
    height, width = alpha.shape
    (top, left), (bottom, right) = solid.min(axis=0), solid.max(axis=0) + 1
    box = Box(int(left), int(top), int(right), int(bottom)).grow(48).clamp(width, height)
    area = np.s_[box.top : box.bottom, box.left : box.right]
    image = np.asarray(rgb[area] / np.float32(255), dtype=np.float32)
    part = alpha[area]
    front, back = _fuse(image, image, image, part, 90)
    front, _ = _fuse(image, front, back, part, 6)
    result = rgb.copy()
    result[area] = np.round(front * 255).astype(np.uint8)
    return result


def _fuse(
    image: NDArray[np.float32],
    front: NDArray[np.float32],
    back: NDArray[np.float32],
    alpha: NDArray[np.float32],
    radius: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    size = (radius, radius)
    soft = alpha[:, :, None]
    blurred = cv2.blur(alpha, size)[:, :, None]
    front = cv2.blur(front * soft, size) / (blurred + 1e-5)
    back = cv2.blur(back * (1 - soft), size) / ((1 - blurred) + 1e-5)
    front = front + soft * (image - soft * front - (1 - soft) * back)
    return np.asarray(np.clip(front, 0, 1), np.float32), np.asarray(back, np.float32)


@lru_cache(maxsize=1)
def _session(file: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One thread: workers run side by side, and two would cost a fifth more in all.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=1)
def _half_network(file: str) -> cv2.dnn.Net:
    return cv2.dnn.readNetFromONNX(file)


def _salient(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    session = _session(weights.path("u2netp").as_posix())
    name = session.get_inputs()[0].name
    first = session.get_outputs()[0].name
    return _spread(np.asarray(session.run([first], {name: _batch(rgb, SIDE)})[0])[0, 0])


def _batch(rgb: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """The network wants the brightest at 1, then the usual mean and deviation, channels first."""
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    scaled = (small / max(float(small.max()), 1e-6) - MEAN) / DEVIATION
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None], dtype=np.float32)


def _spread(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    low, high = float(raw.min()), float(raw.max())
    # Stretching a picture of nothing to the full range would invent a subject.
    if high - low < 0.3:
        return np.asarray(np.clip(raw, 0, 1), dtype=np.float32)
    return np.asarray((raw - low) / (high - low), dtype=np.float32)


@lru_cache(maxsize=1)
def _people_network(file: str) -> cv2.dnn.Net:
    cv2.setNumThreads(1)
    return cv2.dnn.readNetFromTFLite(file)


def _people(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    size = (PEOPLE_SIDE, PEOPLE_SIDE)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    blob = cv2.dnn.blobFromImage(small, 1 / 255.0, size, (0, 0, 0), False, False)
    with _lock:
        network = _people_network(weights.path("selfie").as_posix())
        network.setInput(blob)
        return np.array(network.forward(), dtype=np.float32).reshape(size)


def _find_faces(rgb: NDArray[np.uint8]) -> list[Face]:
    try:
        return face_finder.detect(rgb)
    except weights.WeightsMissing:
        return []


def _misses_people(
    mask: NDArray[np.float32], faces: Sequence[Face], width: int, height: int
) -> bool:
    """A face the mask leaves out: then the mask is about something else than the people."""
    for face in faces:
        box = face.box.scale(SIDE / width, SIDE / height).grow(1).clamp(SIDE, SIDE)
        if float(mask[box.top : box.bottom, box.left : box.right].mean()) < 0.6:
            return True
    return len(faces) >= 2


def _refine(rgb: NDArray[np.uint8], mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """Guided filter (He 2010) solved at a work size and applied to the full picture's gray."""
    height, width = rgb.shape[:2]
    work_width, work_height, _ = limit_side(width, height, EDGE_SIDE)
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    guide = cv2.resize(gray, (work_width, work_height), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(mask, (work_width, work_height), interpolation=cv2.INTER_CUBIC)
    target = np.clip(soft, 0, 1)
    radius = max(2, round(max(work_width, work_height) / SIDE * 2))
    size = (2 * radius + 1, 2 * radius + 1)
    mean_guide, mean_target = cv2.blur(guide, size), cv2.blur(target, size)
    variance = cv2.blur(guide * guide, size) - mean_guide * mean_guide
    covariance = cv2.blur(guide * target, size) - mean_guide * mean_target
    slope = covariance / (variance + 2e-4)
    base = mean_target - slope * mean_guide
    slope_here = cv2.resize(cv2.blur(slope, size), (width, height), interpolation=cv2.INTER_LINEAR)
    base_here = cv2.resize(cv2.blur(base, size), (width, height), interpolation=cv2.INTER_LINEAR)
    alpha = np.clip((slope_here * gray + base_here - 0.06) / 0.88, 0, 1)
    # Far from the coarse mask the filter only adds mist, and deep inside it only takes away.
    reach = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    alpha = np.where(reach < 0.02, 0, alpha)
    return np.where(reach > 0.98, 1, alpha).astype(np.float32)


def _judge(alpha: NDArray[np.float32], mask: NDArray[np.float32]) -> CutOut:
    height, width = alpha.shape
    solid = (mask > 0.5).astype(np.uint8)
    area = float(solid.mean())
    box = box_of(alpha)
    if area < 0.002 or box.is_empty:
        return CutOut(alpha=alpha, box=box, confidence=0.0, isolated=False)
    unsure = float(((mask > 0.15) & (mask < 0.85)).mean())
    clear = max(0.0, 1 - unsure / (unsure + area))
    count, _, stats, _ = cv2.connectedComponentsWithStats(solid)
    largest = float(stats[1:, cv2.CC_STAT_AREA].max()) / float(solid.sum()) if count > 1 else 0.0
    sides = sum(
        float(edge.mean()) > 0.35 for edge in (solid[0], solid[-1], solid[:, 0], solid[:, -1])
    )
    confidence = clear * (0.6 + 0.4 * largest) * (1.0 if area < 0.8 else 0.6)
    confidence = round(max(0.0, confidence - 0.1 * max(0, sides - 1)), 3)
    isolated = confidence >= 0.6 and 0.01 <= area <= 0.85 and sides <= 2
    return CutOut(
        alpha=alpha, box=box.clamp(width, height), confidence=confidence, isolated=isolated
    )


def box_of(alpha: NDArray[np.float32], *, level: float = 0.5) -> Box:
    """The box around everything above `level`, without stray specks; empty when there is none."""
    solid = (alpha > level).astype(np.uint8)
    count, _labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count < 2:
        return Box(0, 0, 0, 0)
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.nonzero(areas >= max(1, 0.02 * areas.max()))[0] + 1
    left = int(stats[kept, cv2.CC_STAT_LEFT].min())
    top = int(stats[kept, cv2.CC_STAT_TOP].min())
    right = int((stats[kept, cv2.CC_STAT_LEFT] + stats[kept, cv2.CC_STAT_WIDTH]).max())
    bottom = int((stats[kept, cv2.CC_STAT_TOP] + stats[kept, cv2.CC_STAT_HEIGHT]).max())
    return Box(left, top, right, bottom)
