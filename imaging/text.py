"""Find and read text in a picture: headlines, buttons, labels, small print.

The PP-OCR networks (Apache-2.0) are read from the folder of the installed `rapidocr` package and
run directly, so that the size, the threads and the order of the results are ours; that package's
own code is not imported. Loaded at the first call of a process, or by `load` in one that forks.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from imaging.geometry import Box, limit_side
from imaging.pixels import shrink, stretch

STRIDE = 32
PIXEL_LEVEL = 0.3
BOX_LEVEL = 0.5
GROW = 1.6
LINE_HEIGHT = 48
TALLEST = 0.4
MOST_BOXES = 200


class TextReaderMissing(Exception):
    """The package that carries the text networks is not installed."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """One line or word group: where it lies, how sure we are, and what it says if it was read."""

    box: Box
    score: float
    text: str = ""


def detect(rgb: NDArray[np.uint8], *, long_side: int = 960) -> list[TextBox]:
    """Text in an RGB uint8 HxWx3 picture, from top to bottom; an empty list when there is none.

    `long_side` is the size the network sees; letters lower than about 1 % of it are not found.
    Raises TextReaderMissing when the networks are not installed.
    """
    height, width = rgb.shape[:2]
    small_width, small_height, _ = limit_side(width, height, long_side)
    in_width = max(STRIDE, round(small_width / STRIDE) * STRIDE)
    in_height = max(STRIDE, round(small_height / STRIDE) * STRIDE)
    small = shrink(rgb, in_width, in_height)
    heat = _run("det", _batch(small))[0, 0]
    return _boxes(heat, width / in_width, height / in_height, width, height)


def read(rgb: NDArray[np.uint8], *, long_side: int = 960) -> list[TextBox]:
    """Like `detect`, with the words in `text` and the score of the reading."""
    result = []
    for found in detect(rgb, long_side=long_side):
        box = found.box
        line = rgb[box.top : box.bottom, box.left : box.right]
        words, score = _read_line(line)
        result.append(TextBox(box=box, score=score, text=words))
    return result


def load() -> None:
    """Have the network that finds text ready before a fork, if it is installed."""
    with suppress(TextReaderMissing):
        _session("det")


def is_present() -> bool:
    """True when the text networks are installed."""
    try:
        _model_file("det")
    except TextReaderMissing:
        return False
    return True


@lru_cache(maxsize=2)
def _model_file(kind: str) -> Path:
    # find_spec of a top-level package does not run it.
    found = find_spec("rapidocr")
    for folder in (found.submodule_search_locations or []) if found else []:
        for file in sorted(Path(folder, "models").glob(f"*_{kind}_*.onnx")):
            return file
    raise TextReaderMissing(
        "The text reader is not installed: pip install rapidocr (part of requirements.lock)."
    )


@lru_cache(maxsize=2)
def _session(kind: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    file = _model_file(kind).as_posix()
    return onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])


def _batch(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The networks want blue first, -1..1, channels first."""
    scaled = rgb[:, :, ::-1].transpose(2, 0, 1)[None] / np.float32(127.5) - np.float32(1)
    return np.ascontiguousarray(scaled, dtype=np.float32)


def _run(kind: str, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    session = _session(kind)
    return np.asarray(session.run(None, {session.get_inputs()[0].name: batch})[0], np.float32)


def _boxes(heat: NDArray[np.float32], x: float, y: float, width: int, height: int) -> list[TextBox]:
    solid = (heat > PIXEL_LEVEL).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(solid, np.ones((2, 2))))
    found = []
    for index in range(1, count):
        left, top, wide, tall, area = (int(value) for value in stats[index])
        if min(wide, tall) < 3 or area < 12:
            continue
        inside = labels[top : top + tall, left : left + wide] == index
        score = float(heat[top : top + tall, left : left + wide][inside].mean())
        # Rims of cups and roofs light up as rings; a line of letters fills its box.
        if score < BOX_LEVEL or area < 0.4 * wide * tall or tall > TALLEST * heat.shape[0]:
            continue
        # The network marks the core of a line; its training shrank boxes by area over rim.
        reach = area * GROW / (2 * (wide + tall))
        box = Box.from_list(
            [
                (left - reach) * x,
                (top - reach) * y,
                (left + wide + reach) * x,
                (top + tall + reach) * y,
            ]
        )
        found.append(TextBox(box=box.clamp(width, height), score=round(score, 4)))
    found.sort(key=lambda item: (item.box.top, item.box.left))
    return found[:MOST_BOXES]


def _read_line(line: NDArray[np.uint8]) -> tuple[str, float]:
    if line.size == 0:
        return "", 0.0
    if line.shape[0] > 1.5 * line.shape[1]:
        line = np.ascontiguousarray(np.rot90(line))
    wide = max(STRIDE, min(2400, round(line.shape[1] * LINE_HEIGHT / line.shape[0])))
    small = stretch(line, wide, LINE_HEIGHT)
    chances = _run("rec", _batch(small))[0]
    picks = chances.argmax(axis=1)
    letters = _letters()
    kept = [
        (letters[pick], float(chances[step, pick]))
        for step, pick in enumerate(picks)
        if pick and (step == 0 or pick != picks[step - 1])
    ]
    if not kept:
        return "", 0.0
    score = round(sum(chance for _, chance in kept) / len(kept), 4)
    return "".join(letter for letter, _ in kept).strip(), score


@lru_cache(maxsize=1)
def _letters() -> list[str]:
    known = _session("rec").get_modelmeta().custom_metadata_map["character"].splitlines()
    return ["", *known, " "]
