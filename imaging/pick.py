"""Find the object a person points at: its outline, for a mask that nobody has to paint.

Runs in a child of imaging.sandbox, for it decodes a file and loads networks. The subject comes from
the cut-out network; anything else, and the subject where the network is missing, from GrabCut
(Rother 2004) seeded at the point. Outlines are shares of width and height, so that they fit the
picture at any size. It must not decide what to erase.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging import probe, see, subject, weights
from imaging.faces import detect
from imaging.formats import Limits
from imaging.geometry import Box, limit_side

SIDE = 480
STEPS = 4
SEED_SHARE = 0.014
WINDOW_SHARE = 0.42
LEAST_SHARE, MOST_SHARE = 0.0004, 0.7
MOST_POINTS = 400

Mask = NDArray[np.uint8]


def object_at(rgb: NDArray[np.uint8], x: float, y: float) -> tuple[Mask, str]:
    """The object at a point (shares of width and height): its mask, white on black and of the
    picture's size, and where it comes from ("cut-out", "grabcut"). Empty when nothing stands out.
    """
    height, width = rgb.shape[:2]
    column = min(width - 1, max(0, int(x * width)))
    row = min(height - 1, max(0, int(y * height)))
    soft = _cut_out(rgb)
    if soft is not None and soft[row, column] > 0.5:
        part = _part_at((soft > 0.5).astype(np.uint8), column, row)
        if LEAST_SHARE < float(part.mean()) / 255 < MOST_SHARE:
            return _tidy(part), "cut-out"
    seeded = _grabbed(rgb, column, row, soft)
    share = float((seeded > 0).mean())
    seed = np.pi * _seed(width, height) ** 2
    if share * width * height < 3 * seed or share > MOST_SHARE:  # only the point itself, or all
        return np.zeros((height, width), np.uint8), "grabcut"
    return _tidy(seeded), "grabcut"


def outlines(mask: Mask) -> list[list[float]]:
    """The closed outlines of a mask as flat lists x, y, x, y … of shares; holes are filled."""
    height, width = mask.shape
    found, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    result = []
    for line in sorted(found, key=cv2.contourArea, reverse=True)[:8]:
        slim = cv2.approxPolyDP(line, 0.8, True).reshape(-1, 2)
        if len(slim) < 3:
            continue
        step = max(1, len(slim) // MOST_POINTS)
        points = (slim[::step] + 0.5) / np.array([width, height])
        result.append([round(float(value), 4) for value in points.ravel()])
    return result


def _cut_out(rgb: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    try:
        faces = detect(rgb) if weights.is_present("centerface") else []
        return subject.cut_out(rgb, faces=faces).alpha
    except weights.WeightsMissing:
        return None


def _part_at(solid: NDArray[np.uint8], column: int, row: int) -> Mask:
    """The connected part of a mask that holds the point."""
    _, labels = cv2.connectedComponents(solid)
    here = labels[row, column]
    return np.where((labels == here) & (here > 0), 255, 0).astype(np.uint8)


def _grabbed(
    rgb: NDArray[np.uint8], column: int, row: int, soft: NDArray[np.float32] | None
) -> Mask:
    height, width = rgb.shape[:2]
    long_side = max(height, width)
    seed, reach = _seed(width, height), round(WINDOW_SHARE * long_side)
    box = Box(column - reach, row - reach, column + reach, row + reach).clamp(width, height)
    part = np.ascontiguousarray(rgb[box.top : box.bottom, box.left : box.right])
    at = (column - box.left, row - box.top)
    trimap = np.full(part.shape[:2], cv2.GC_PR_BGD, np.uint8)
    trimap[_alike(part, at) > 0] = cv2.GC_PR_FGD
    # The far rim of the window is taken for surroundings, unless it is the picture's own rim.
    rim = max(2, reach // 12)
    for edge, is_own in (
        (np.s_[:rim], box.top == 0),
        (np.s_[-rim:], box.bottom == height),
        (np.s_[:, :rim], box.left == 0),
        (np.s_[:, -rim:], box.right == width),
    ):
        if not is_own:
            trimap[edge] = cv2.GC_BGD
    if soft is not None:  # whoever points beside the subject does not mean it
        trimap[soft[box.top : box.bottom, box.left : box.right] > 0.6] = cv2.GC_BGD
    cv2.circle(trimap, at, seed, int(cv2.GC_FGD), -1)
    models = np.zeros((1, 65), np.float64), np.zeros((1, 65), np.float64)
    if not (trimap % 2 == 0).any():  # nothing could be surroundings
        return np.zeros((height, width), np.uint8)
    cv2.setRNGSeed(1)
    cv2.grabCut(part, trimap, (0, 0, 1, 1), *models, STEPS, cv2.GC_INIT_WITH_MASK)
    solid = ((trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)).astype(np.uint8)
    result = np.zeros((height, width), np.uint8)
    result[box.top : box.bottom, box.left : box.right] = _part_at(solid, *at)
    return result


def _seed(width: int, height: int) -> int:
    return max(2, round(SEED_SHARE * max(width, height)))


def _alike(rgb: NDArray[np.uint8], at: tuple[int, int]) -> Mask:
    """What runs into the point without a jump in color: a first guess at the object."""
    calm = cv2.pyrMeanShiftFiltering(rgb, 8, 14)
    field = np.zeros((rgb.shape[0] + 2, rgb.shape[1] + 2), np.uint8)
    flags = 8 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY
    cv2.floodFill(calm, field, at, (0, 0, 0), (9, 9, 9), (9, 9, 9), flags)
    return np.asarray(field[1:-1, 1:-1], dtype=np.uint8)


def _tidy(mask: Mask) -> Mask:
    """Without whiskers and pinholes, a pixel or two wider: an eraser wants the rim as well."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc)
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    kept = opened if opened.any() else closed
    return np.asarray(cv2.dilate(kept, disc), dtype=np.uint8)


def _small(path: Path, limits: Limits) -> NDArray[np.uint8]:
    opened, _ = probe.open_still(path, limits)
    with opened:
        opened.draft("RGB", (SIDE * 2, SIDE * 2))
        rgba = opened.convert("RGBA")
    wide, tall, _ = limit_side(rgba.width, rgba.height, SIDE)
    flat = Image.new("RGB", (wide, tall), (255, 255, 255))
    small = rgba.resize((wide, tall), Image.Resampling.BOX)
    flat.paste(small, mask=small.getchannel("A"))
    return np.asarray(flat, dtype=np.uint8)


def _object_at(arguments: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    rgb = _small(Path(arguments["path"]), limits)
    mask, origin = object_at(rgb, float(arguments["x"]), float(arguments["y"]))
    return {"outlines": outlines(mask), "origin": origin, "share": float((mask > 0).mean())}


def _find_objects(arguments: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    rgb = _small(Path(arguments["path"]), limits)
    height, width = rgb.shape[:2]
    seen = see.see(rgb)
    found = []
    soft = _cut_out(rgb)
    if soft is not None and LEAST_SHARE < float((soft > 0.5).mean()) < 0.95:
        mask = _tidy(np.where(soft > 0.5, 255, 0).astype(np.uint8))
        found.append({"name": "Subject", "outlines": outlines(mask)})
    for name, boxes in (("Face", seen.faces), ("Words", seen.texts)):
        for at, item in enumerate(boxes[:12]):
            box = item.box.grow(0.06 * item.box.height + 1).clamp(width, height)
            found.append({"name": f"{name} {at + 1}", "outlines": [_ring(box, width, height)]})
    return {"objects": found, "missing": list(seen.missing)}


def _ring(box: Box, width: int, height: int) -> list[float]:
    corners: Sequence[tuple[int, int]] = (
        (box.left, box.top),
        (box.right, box.top),
        (box.right, box.bottom),
        (box.left, box.bottom),
    )
    return [round(value, 4) for x, y in corners for value in (x / width, y / height)]


TASKS = {"object_at": _object_at, "find_objects": _find_objects}
