"""Ours for `bin/bench files --throughput`: see, decide, cut and encode with two processes.

As a worker does: decoded once for looking and once for the files, each file with the safe zone of
its platform, and one cut for platforms that get the same window.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import peak
from numpy.typing import NDArray

from imaging import crop, peek, probe, render, see
from imaging.geometry import Box
from imaging.safezone import SafeZone

LIMITS = probe.Limits(max_pixels=120_000_000, max_side=20_000, min_side=1)
WORKERS = 2


def make(task: tuple[str, list[list[int]], list[dict[str, Any]]]) -> float:
    """One master into its files; this process's peak memory so far."""
    path, targets, zones = task
    image, _ = probe.open_still(Path(path), LIMITS)
    with image:
        rgb, size = peek.small(image)
    seen = see.see(rgb, size=size)
    decoded: dict[int, NDArray[np.uint8]] = {}
    with tempfile.TemporaryDirectory() as folder:
        made: dict[Box, Path] = {}
        for at, (width, height) in enumerate(targets):
            file = Path(folder) / f"{at}.jpg"
            box = crop.decide(seen, width, height, SafeZone.from_spec(zones[at])).box
            if box in made:
                file.write_bytes(made[box].read_bytes())
                continue
            step = peek.step(box, width, height)
            if step not in decoded:
                image, _ = probe.open_still(Path(path), LIMITS)
                with image:
                    decoded[step] = peek.shrunk(image, step)
            part = decoded[step]
            inside = box.scale(part.shape[1] / size[0], part.shape[0] / size[1])
            inside = inside.clamp(part.shape[1], part.shape[0])
            render.save_still(render.cut(part, inside, width, height), file, "jpeg")
            made[box] = file
    return peak.megabytes()


def main() -> None:
    """Each worker is warmed up first."""
    work = json.load(sys.stdin)
    tasks = [(file, work["targets"], work["zones"]) for file in work["files"]]
    context = multiprocessing.get_context("spawn")
    with context.Pool(WORKERS) as pool:
        pool.map(make, tasks[: 2 * WORKERS], chunksize=1)
        begun = time.perf_counter()
        peaks = pool.map(make, tasks, chunksize=1)
        wall = time.perf_counter() - begun
        pool.close()
        pool.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    share = len(tasks) / (len(tasks) + 2 * WORKERS)
    print(json.dumps({
        "per_s": len(tasks) / wall, "wall_s": wall, "peak_mb": max(peaks),
        "cpu_s": (used.ru_utime + used.ru_stime) * share,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
