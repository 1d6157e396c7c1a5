"""The limit: decode, cut, resize and encode with Pillow alone. `bare_files.py WAY FILE BOXES N`."""

from __future__ import annotations

import io
import json
import sys
import time

import peak
from PIL import Image

SIZE = (1080, 1920)


def files(path: str, boxes: list[list[int]], shrunk: bool) -> int:
    """Bytes of the files of these boxes; `shrunk` lets libjpeg decode at a half or a quarter."""
    total = 0
    with Image.open(path) as image:
        whole = image.width
        if shrunk:
            least = min(box[2] - box[0] for box in boxes)
            image.draft("RGB", (whole * SIZE[0] // least, image.height * SIZE[0] // least))
        rgb = image.convert("RGB")
    factor = rgb.width / whole
    for box in boxes:
        left, top = box[0] * factor, box[1] * factor
        right, bottom = min(rgb.width, box[2] * factor), min(rgb.height, box[3] * factor)
        part = rgb.resize(SIZE, Image.Resampling.LANCZOS, box=(left, top, right, bottom))
        out = io.BytesIO()
        part.save(out, "JPEG", quality=92, subsampling="4:4:4", optimize=True, progressive=True)
        total += out.tell()
    return total


def main(way: str, path: str, boxes: str, rounds: str) -> None:
    """Once to warm up, then `rounds` times; the answer is one line of JSON."""
    places = json.loads(boxes)
    files(path, places, way == "bare_shrunk")
    cpu, wall = [], []
    for _ in range(int(rounds)):
        begun = time.process_time(), time.perf_counter()
        files(path, places, way == "bare_shrunk")
        cpu.append(time.process_time() - begun[0])
        wall.append(time.perf_counter() - begun[1])
    print(json.dumps({"cpu_s": cpu, "wall_s": wall, "peak_mb": peak.megabytes()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
