"""Score crop windows against what is in a picture. Numbers only; README.md defines each measure.

Works on many windows at once, so that the best possible full-size window is found by looking at
every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.geometry import Box, fit_ratio
from imaging.safezone import SafeZone
from tests.bench.crop.pictures import Truth

WHOLE = 0.995
TEXT_IN, TEXT_OUT = 0.97, 0.03
# in the order of the table
NAMES = ("subject_kept", "subject_whole", "faces_whole", "text_uncut", "headline_in", "safe_zone")
TARGETS = {"9:16": (1080, 1920), "4:5": (1080, 1350), "1:1": (1080, 1080), "16:9": (1920, 1080)}

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One picture at one target, with the most that any full-size window could reach."""

    truth: Truth
    target: str
    zone: SafeZone | None
    full: tuple[int, int]
    attainable: dict[str, float]


def case(truth: Truth, target: str, zone: SafeZone | None) -> Case:
    """Look at every full-size window once.

    Headline and safe zone are only asked for as far as they cost nothing of the subject: where
    both do not fit, a headline can be set anew and a subject cannot.
    """
    width, height = TARGETS[target]
    full = fit_ratio(truth.width, truth.height, width, height)
    windows = every_window(truth, full)
    raw = _raw(truth, windows, zone)
    keeps = raw["subject_kept"] >= WHOLE * raw["subject_kept"].max()
    attainable = {
        name: float((values[keeps] if name in ("headline_in", "safe_zone") else values).max())
        for name, values in raw.items()
    }
    return Case(truth, target, zone, full, attainable)


def every_window(truth: Truth, full: tuple[int, int]) -> Numbers:
    """All full-size windows, one a pixel: rows of left, top, right, bottom."""
    wide, tall = full
    lefts = np.arange(truth.width - wide + 1, dtype=np.float64)
    tops = np.arange(truth.height - tall + 1, dtype=np.float64)
    if len(lefts) > len(tops):
        tops = np.zeros(len(lefts))
    else:
        lefts = np.zeros(len(tops))
    return np.stack([lefts, tops, lefts + wide, tops + tall], axis=1)


def measure(case: Case, windows: Numbers) -> dict[str, Numbers]:
    """Each measure that applies, 0..1 a window. What no full-size window can reach is left out."""
    raw = _raw(case.truth, windows, case.zone)
    found: dict[str, Numbers] = {}
    for name, values in raw.items():
        most = case.attainable[name]
        if name == "text_uncut":
            found[name] = values
        elif most > 0:
            found[name] = np.minimum(1.0, values / most)
    if "safe_zone" in found:
        found["safe_zone_plain"] = raw["safe_zone"]
    return found


def best_full_size(case: Case) -> list[int]:
    """The full-size window with the highest mean over the measures that apply (the oracle)."""
    windows = every_window(case.truth, case.full)
    found = measure(case, windows)
    total = np.mean([found[name] for name in NAMES if name in found], axis=0)
    middle = np.abs(windows[:, :2] - windows[:, :2].mean(axis=0)).sum(axis=1)
    at = int(np.lexsort((middle, -np.round(total, 9)))[0])
    return [int(value) for value in windows[at]]


def is_valid(case: Case, box: list[int]) -> bool:
    """Whole pixels inside the picture, not empty, the target's ratio within 2 % or a pixel.

    smartcrop rounds down twice and ends up to 1.4 % beside the ratio; whoever renders trims that.
    """
    if len(box) != 4 or any(int(value) != value for value in box):
        return False
    left, top, right, bottom = box
    if not (0 <= left < right <= case.truth.width and 0 <= top < bottom <= case.truth.height):
        return False
    wide, tall = right - left, bottom - top
    ratio = TARGETS[case.target][0] / TARGETS[case.target][1]
    return abs(wide - tall * ratio) <= max(1.0, ratio, 0.02 * wide)


def _raw(truth: Truth, windows: Numbers, zone: SafeZone | None) -> dict[str, Numbers]:
    subject, faces, texts = truth.subject, truth.faces, truth.texts
    kept = _inside(windows, subject)
    raw = {"subject_kept": kept, "subject_whole": (kept >= WHOLE).astype(np.float64)}
    if faces:
        raw["faces_whole"] = (
            np.sum([_inside(windows, face) >= WHOLE for face in faces], axis=0) * 1.0
        )
    if texts:
        shares = [_inside(windows, text) for text in texts]
        uncut = [(share >= TEXT_IN) | (share <= TEXT_OUT) for share in shares]
        raw["text_uncut"] = np.mean(uncut, axis=0)
        raw["headline_in"] = (shares[0] >= TEXT_IN).astype(np.float64)
    if zone is not None:
        clear = [_clear(windows, subject, zone)]
        if faces:
            clear.append(np.mean([_clear(windows, face, zone) for face in faces], axis=0))
        if texts:
            clear.append(_clear(windows, texts[0], zone))
        raw["safe_zone"] = np.mean(clear, axis=0)
    return raw


def _inside(windows: Numbers, box: list[int]) -> Numbers:
    """The share of the box's area inside each window."""
    area = max(1, (box[2] - box[0]) * (box[3] - box[1]))
    return _common(windows[:, 0], windows[:, 1], windows[:, 2], windows[:, 3], box) / area


def _clear(windows: Numbers, box: list[int], zone: SafeZone) -> Numbers:
    """The share of the box's area that is inside the window and under no interface."""
    area = max(1, (box[2] - box[0]) * (box[3] - box[1]))
    x = (windows[:, 2] - windows[:, 0]) / zone.width
    y = (windows[:, 3] - windows[:, 1]) / zone.height
    shown = _common(windows[:, 0], windows[:, 1], windows[:, 2], windows[:, 3], box)
    for part in zone.covering():
        shown = shown - _common(
            windows[:, 0] + part.left * x, windows[:, 1] + part.top * y,
            windows[:, 0] + part.right * x, windows[:, 1] + part.bottom * y, box,
        )  # fmt: skip
    return np.maximum(0.0, shown) / area


def _common(
    left: Numbers, top: Numbers, right: Numbers, bottom: Numbers, box: list[int]
) -> Numbers:
    wide = np.maximum(0.0, np.minimum(right, box[2]) - np.maximum(left, box[0]))
    tall = np.maximum(0.0, np.minimum(bottom, box[3]) - np.maximum(top, box[1]))
    return np.asarray(wide * tall)


def as_box(values: list[int]) -> Box:
    """A box of ours from four numbers."""
    return Box.from_list(values)
