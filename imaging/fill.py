"""Fill holes: erase an object, extend a picture, make the plate behind a subject.

PatchMatch (pypatchmatch) does the work behind one function, so that it can be swapped; Telea is
the instant preview and the switch for who may not use PatchMatch. Pixels outside the hole come
back bit for bit. It must not decide whether a hole is too large to be good.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray
from patchmatch import patch_match

from imaging import filters
from imaging.geometry import Box, limit_side
from imaging.pixels import shrink
from imaging.upscale import resize as enlarge

WORK_SIDE = 700
PATCH = 3
FEATHER_PX = 2
# The native code keeps one global seed, so two fills must not overlap.
_lock = threading.Lock()


def fill(
    rgb: NDArray[np.uint8],
    mask: NDArray[np.bool_],
    *,
    seed: int,
    forbidden: NDArray[np.bool_] | None = None,
    work_side: int = WORK_SIDE,
) -> NDArray[np.uint8]:
    """Fill `mask` (HxW, True = hole) of an RGB uint8 HxWx3 picture from its surroundings.

    `forbidden` (HxW) is never copied from. Works on the hole's neighborhood at no more than
    `work_side` pixels; everything outside the hole is returned unchanged. Same seed, same bytes.
    """
    if not mask.any() or mask.all():
        return rgb.copy()
    area = _neighborhood(mask)
    cut = np.s_[area.top : area.bottom, area.left : area.right]
    part, hole = rgb[cut], mask[cut]
    width, height, factor = limit_side(area.width, area.height, work_side)
    small = shrink(part, width, height)
    # Any touched pixel belongs to the hole, or the old object would bleed into the source.
    spread = filters.resize(hole.astype(np.float32), width, height)
    small_hole = np.asarray(
        cv2.dilate((spread > 0.01).astype(np.uint8), np.ones((3, 3), np.uint8)), dtype=np.uint8
    )
    banned = None
    if forbidden is not None:
        near = cv2.resize(
            forbidden[cut].astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
        )
        banned = np.asarray(near * (1 - small_hole), dtype=np.uint8)
        # With nearly nothing left to copy from, a doubled subject is the smaller evil.
        if int(((banned == 0) & (small_hole == 0)).sum()) < 0.08 * banned.size:
            banned = None
    done = _patchmatch(small, small_hole, banned, seed)
    if factor < 1:
        done = _regrain(enlarge(done, area.width, area.height), part, hole, seed)
    result = rgb.copy()
    result[cut] = _feather(part, done, hole)
    return result


def preview(rgb: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The instant version (Telea): right for scratches and wires, a smear for more."""
    filled = cv2.inpaint(rgb, mask.astype(np.uint8) * 255, 5, cv2.INPAINT_TELEA)
    result = rgb.copy()
    result[mask] = filled[mask]
    return result


def plate(rgb: NDArray[np.uint8], alpha: NDArray[np.float32], *, seed: int) -> NDArray[np.uint8]:
    """The picture without its subject (alpha float32 HxW 0..1), for a layer that moves behind.

    Invented and soft by nature: only narrow strips of it should ever be seen.
    """
    reach = max(5, round(max(alpha.shape) * 0.012)) | 1
    hole = cv2.dilate((alpha > 0.02).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    if hole.mean() > 0.92:
        return rgb.copy()
    return fill(rgb, hole, seed=seed, work_side=480)


def extend(
    rgb: NDArray[np.uint8],
    width: int,
    height: int,
    left: int,
    top: int,
    *,
    seed: int,
    forbidden: Mapping[str, NDArray[np.bool_]] | None = None,
) -> NDArray[np.uint8]:
    """Put the picture at (left, top) of a width x height canvas and invent the rest.

    The picture's own pixels stay bit for bit. `forbidden` names per side ("top", "bottom",
    "left", "right") what of the picture (HxW) is not copied from there. Side after side, since
    what continues below a person must not appear above. ValueError when the picture does not
    fit the canvas there.
    """
    own_height, own_width = rgb.shape[:2]
    right, bottom = width - left - own_width, height - top - own_height
    if min(left, top, right, bottom) < 0:
        raise ValueError("The picture must lie inside the canvas it is extended to.")
    canvas, own = rgb, Box.whole(own_width, own_height)
    for side, amount in (("left", left), ("right", right), ("top", top), ("bottom", bottom)):
        if amount == 0:
            continue
        add = {name: amount if name == side else 0 for name in ("top", "bottom", "left", "right")}
        canvas = np.asarray(
            cv2.copyMakeBorder(
                canvas, add["top"], add["bottom"], add["left"], add["right"], cv2.BORDER_REPLICATE
            ),
            dtype=np.uint8,
        )
        own = own.shift(add["left"], add["top"])
        hole = np.zeros(canvas.shape[:2], dtype=np.bool_)
        tall, wide = canvas.shape[:2]
        hole[: add["top"]] = True
        hole[tall - add["bottom"] :] = True
        hole[:, : add["left"]] = True
        hole[:, wide - add["right"] :] = True
        banned = None
        if forbidden is not None and side in forbidden:
            banned = np.zeros((tall, wide), dtype=np.bool_)
            banned[own.top : own.bottom, own.left : own.right] = forbidden[side]
        canvas = fill(canvas, hole, seed=seed, forbidden=banned, work_side=768)
    return canvas


def _neighborhood(mask: NDArray[np.bool_]) -> Box:
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    hole = Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    reach = max(48, round(0.75 * max(hole.width, hole.height)))
    return hole.grow(reach).clamp(mask.shape[1], mask.shape[0])


def _patchmatch(
    rgb: NDArray[np.uint8],
    hole: NDArray[np.uint8],
    banned: NDArray[np.uint8] | None,
    seed: int,
) -> NDArray[np.uint8]:
    with _lock:
        patch_match.set_random_seed(seed & 0xFFFFFFFF)
        filled = patch_match.inpaint(
            np.ascontiguousarray(rgb), hole * 255, global_mask=banned, patch_size=PATCH
        )
    return np.asarray(filled, dtype=np.uint8)


def _regrain(
    filled: NDArray[np.uint8], around: NDArray[np.uint8], hole: NDArray[np.bool_], seed: int
) -> NDArray[np.uint8]:
    """Give an enlarged fill the grain of its surroundings, or it shows as a smooth patch."""
    gray = cv2.cvtColor(around, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = gray - cv2.GaussianBlur(gray, (0, 0), 1.2)
    # The median ignores edges, which are detail and not grain. 1.48: median to deviation.
    strength = min(4.0, 1.48 * float(np.median(np.abs(fine[~hole])))) if (~hole).any() else 0.0
    noise = np.random.default_rng(seed).normal(0, 1, hole.shape).astype(np.float32)
    grain = noise - cv2.GaussianBlur(noise, (0, 0), 1.2)
    grained = filled.astype(np.float32) + (grain * strength)[:, :, None]
    return np.clip(np.round(grained), 0, 255).astype(np.uint8)


def _feather(
    part: NDArray[np.uint8], filled: NDArray[np.uint8], hole: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """Blend inside the hole's outermost pixels, so that nothing outside changes."""
    # A border of surroundings keeps the frame's own edge from counting as an edge of the hole.
    depth = cv2.distanceTransform(
        cv2.copyMakeBorder(hole.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE),
        cv2.DIST_L2,
        3,
    )[1:-1, 1:-1]
    share = np.clip(depth / (FEATHER_PX + 1), 0, 1)[:, :, None].astype(np.float32)
    blended = part.astype(np.float32) * (1 - share) + filled.astype(np.float32) * share
    result = part.copy()
    result[hole] = np.round(blended[hole]).astype(np.uint8)
    return result
