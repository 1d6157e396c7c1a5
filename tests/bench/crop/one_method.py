"""One cropper over the whole set, in a process of its own: `one_method.py NAME < work > answers`.

Work is a JSON object: pictures (name, file, width, height), targets (name: [width, height]), zone.
Answers is one: for each picture its boxes and the time from the file to all of them, and the
process's peak memory. The first picture is done twice; loading models is not timed.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

import peak


def main(name: str) -> None:
    """Read the work, let the cropper of crop_NAME.py do it, print what came out."""
    work = json.load(sys.stdin)
    module = importlib.import_module(f"crop_{name}")
    crop = module.cropper(work["targets"], work["zone"])
    crop(work["pictures"][0])
    answers: list[dict[str, Any]] = []
    for picture in work["pictures"]:
        cpu, wall = time.process_time(), time.perf_counter()
        boxes = crop(picture)
        answers.append(
            {
                "name": picture["name"],
                "boxes": boxes,
                "cpu_s": time.process_time() - cpu,
                "wall_s": time.perf_counter() - wall,
            }
        )
    json.dump({"answers": answers, "peak_mb": peak.megabytes()}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
