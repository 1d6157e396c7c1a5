"""What is in a picture, as numbers: faces, text, subject, each with weight and origin.

Uses every detector that is installed and says which ones it used; without any of them a
classical measure (edges, color contrast, nearness to the middle) finds a subject. It must not
decide what to cut: that is crop's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import faces as face_finder
from imaging import subject as subject_finder
from imaging import text as text_finder
from imaging import weights
from imaging.geometry import Box, limit_side
from imaging.pixels import shrink

FIELD = 32
FACE_WEIGHT = 3.0
TEXT_WEIGHT = 1.0
SUBJECT_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class SeenBox:
    """One thing in the picture: its box in pixels, how much it matters, how sure we are."""

    box: Box
    weight: float
    score: float
    origin: str


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was seen. `field` is a FIELD x FIELD grid (rows) of how much each part matters,
    0..1; `missing` names detectors that could not run."""

    width: int
    height: int
    faces: tuple[SeenBox, ...]
    texts: tuple[SeenBox, ...]
    subject: SeenBox | None
    field: tuple[tuple[float, ...], ...]
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values for storing; `from_json` reads them back to an equal value."""
        return {
            "width": self.width,
            "height": self.height,
            "faces": [_box_json(item) for item in self.faces],
            "texts": [_box_json(item) for item in self.texts],
            "subject": _box_json(self.subject) if self.subject else None,
            "field": [list(row) for row in self.field],
            "missing": list(self.missing),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Seen:
        """The value that `as_json` wrote. KeyError or ValueError on anything else."""
        return cls(
            width=int(data["width"]),
            height=int(data["height"]),
            faces=tuple(_box_from(item) for item in data["faces"]),
            texts=tuple(_box_from(item) for item in data["texts"]),
            subject=_box_from(data["subject"]) if data["subject"] else None,
            field=tuple(tuple(float(value) for value in row) for row in data["field"]),
            missing=tuple(str(name) for name in data["missing"]),
        )


def see(rgb: NDArray[np.uint8], *, with_text: bool = True, work_side: int = 1280) -> Seen:
    """Look at an RGB uint8 HxWx3 picture; boxes come back in its own pixels. Deterministic.

    A detector whose files are not installed is named in `missing`, never an error.
    """
    height, width = rgb.shape[:2]
    small_width, small_height, _ = limit_side(width, height, work_side)
    small = shrink(rgb, small_width, small_height)
    x, y = width / small_width, height / small_height
    missing: list[str] = []
    faces = _faces(small, missing)
    mask, origin = _mask(small, faces, missing)
    texts = _texts(small, missing) if with_text else []
    mask = _without(mask, texts, small_width, small_height)
    subject = _subject(mask, origin, width, height)
    field = cv2.resize(mask, (FIELD, FIELD), interpolation=cv2.INTER_AREA)
    return Seen(
        width=width,
        height=height,
        faces=tuple(
            SeenBox(
                face.box.scale(x, y).clamp(width, height), FACE_WEIGHT, face.score, "centerface"
            )
            for face in faces
        ),
        texts=tuple(
            SeenBox(item.box.scale(x, y).clamp(width, height), TEXT_WEIGHT, item.score, "pp-ocr")
            for item in texts
        ),
        subject=subject,
        field=tuple(tuple(round(float(value), 3) for value in row) for row in field),
        missing=tuple(missing),
    )


def _faces(rgb: NDArray[np.uint8], missing: list[str]) -> list[face_finder.Face]:
    try:
        return face_finder.detect(rgb)
    except weights.WeightsMissing:
        missing.append("faces")
        return []


def _texts(rgb: NDArray[np.uint8], missing: list[str]) -> list[text_finder.TextBox]:
    try:
        return text_finder.detect(rgb)
    except text_finder.TextReaderMissing:
        missing.append("text")
        return []


def _mask(
    rgb: NDArray[np.uint8], faces: list[face_finder.Face], missing: list[str]
) -> tuple[NDArray[np.float32], str]:
    try:
        return subject_finder.coarse(rgb, faces=faces), "u2netp"
    except weights.WeightsMissing:
        missing.append("subject")
        return classical(rgb), "classical"


def _without(
    mask: NDArray[np.float32], texts: list[text_finder.TextBox], width: int, height: int
) -> NDArray[np.float32]:
    """The mask without lines of text: a headline stands out, but it is not the subject."""
    rows, columns = mask.shape
    result = mask.copy()
    for item in texts:
        pad = round(0.4 * item.box.height)
        box = item.box.grow(pad).scale(columns / width, rows / height).clamp(columns, rows)
        result[box.top : box.bottom, box.left : box.right] = 0
    # Where text covers nearly all of the mask, it is the label of the product: keep the mask.
    if float((result > 0.5).sum()) < 0.4 * float((mask > 0.5).sum()):
        return mask
    return result


def classical(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Where the eye goes without any network, float32 160x160, 0..1.

    Color distance from the picture's rim plus fine structure, favoring the middle
    (after Achanta 2009, frequency-tuned saliency, with the rim instead of the mean).
    """
    side = 160
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


def _subject(mask: NDArray[np.float32], origin: str, width: int, height: int) -> SeenBox | None:
    box = subject_finder.box_of(mask, level=0.5)
    area = float((mask > 0.5).mean())
    if box.is_empty or area < 0.002 or area > 0.95:
        return None
    unsure = float(((mask > 0.15) & (mask < 0.85)).mean())
    score = round(max(0.0, 1 - unsure / (unsure + area)), 3)
    rows, columns = mask.shape
    scaled = box.scale(width / columns, height / rows).clamp(width, height)
    return SeenBox(scaled, SUBJECT_WEIGHT, score, origin)


def _box_json(item: SeenBox) -> dict[str, Any]:
    return {
        "box": item.box.as_list(),
        "weight": item.weight,
        "score": item.score,
        "origin": item.origin,
    }


def _box_from(data: Mapping[str, Any]) -> SeenBox:
    return SeenBox(
        Box.from_list(data["box"]), float(data["weight"]), float(data["score"]), str(data["origin"])
    )
