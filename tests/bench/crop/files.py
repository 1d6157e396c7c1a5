"""`bin/bench files [--rounds 5] [--throughput] [--pictures 24] [--json FILE]`.

Three platform files of 1080 x 1920 from one 12-megapixel JPEG, as a worker makes them
(`actions/cutting.cut`: decode, see, decide, cut, encode, label, check), beside the bare
decode + resize + encode of the same boxes, in one run, each way in a process of its own.
`--throughput`: pictures a second into three files with two processes, beside smartcrop.js.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from campaigns.actions import platform_files
from campaigns.formats import specs
from campaigns.models.choices import Role
from tests import factories
from tests.bench.crop import measures, pictures
from tests.campaigns import ready

MASTER = "woman-mirrored-12mp"
PLACEMENTS = (
    "tiktok.infeed_video.auction",
    "instagram.reels.image_ad",
    "youtube.demand_gen.image_9x16",
)
WORDS = {
    "bare": "bare: Pillow decodes once, resizes and encodes three",
    "bare_shrunk": "bare, JPEG shrunk while decoding",
    "cached": "ours, detection cached",
    "fresh": "ours, detection too",
}


def main() -> None:
    """Print times and memory of each way."""
    parser = argparse.ArgumentParser(prog="bin/bench files")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--throughput", action="store_true", help="pictures a second instead")
    parser.add_argument("--pictures", type=int, default=24, help="for --throughput")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    truths = pictures.build(pictures.CARRIERS / "pictures")
    if options.throughput:
        found = throughput(options.pictures, truths)
    else:
        master = next(Path(truth.file) for truth in truths if truth.name == MASTER)
        found = files(master, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


def files(master: Path, rounds: int) -> dict[str, Any]:
    """The four ways of making the same three files."""
    boxes = _prepare(master)
    found: dict[str, Any] = {}
    print(f"{'three files from 12 megapixels':54}{'CPU s':>8}{'wall s':>8}{'x bare':>8}{'MB':>7}")
    for name, words in WORDS.items():
        if name.startswith("bare"):
            answer = _child([str(pictures.HERE / "bare_files.py"), name, str(master),
                             json.dumps(boxes), str(rounds)])  # fmt: skip
        else:
            answer = _child(["-m", "tests.bench.crop.platform_files", name, str(rounds)])
        cpu, wall = statistics.median(answer["cpu_s"]), statistics.median(answer["wall_s"])
        found[name] = {**answer, "cpu_s_median": cpu, "wall_s_median": wall}
        ratio = cpu / found["bare"]["cpu_s_median"]
        peak = answer["peak_mb"]
        print(f"{words:54}{cpu:8.3f}{wall:8.3f}{ratio:8.2f}{peak:7.0f}", flush=True)
    print("x bare compares CPU seconds. Wanted: 1.5 with detection cached, 3 with detection.")
    return found


def _prepare(master: Path) -> list[list[int]]:
    """An asset in QA whose three files were made once; their boxes."""
    logging.disable(logging.WARNING)  # no queue runs here: what it would do is done by drain()
    call_command("migrate", verbosity=0)
    team = factories.team()
    mara = factories.member(team, "Mara", Role.MARKETER, Role.CURATOR)
    asset = ready.in_qa(factories.ad_set(team, by=mara), by=mara, path=master)
    rows = platform_files.of_asset(asset)
    if len(rows) != 3 or any(row.media is None for row in rows):
        raise SystemExit("switchyard: the three platform files could not be made.")
    connection.close()
    return [row.box for row in rows]


def throughput(count: int, truths: list[pictures.Truth]) -> dict[str, Any]:
    """Two workers each; the same masters of 12 megapixels, again and again."""
    large = [truth.file for truth in truths if truth.width * truth.height > 11e6]
    masters = [large[at % len(large)] for at in range(count)]
    zones = [specs.by_id(name).safe_zone.as_dict() for name in PLACEMENTS]
    targets = [measures.TARGETS["9:16"]] * len(zones)
    work = json.dumps({"files": masters, "targets": targets, "zones": zones})
    found: dict[str, Any] = {}
    print(f"{count} pictures of 12 megapixels into three files of 1080 x 1920, two workers")
    print(f"{'':16}{'pictures/s':>12}{'CPU s each':>12}{'MB a process':>14}")
    node = shutil.which("node")
    ways = {"ours": [sys.executable, str(pictures.HERE / "throughput.py")]}
    if node:
        ways["smartcrop.js"] = [node, str(pictures.HERE / "throughput.mjs"),
                                str(pictures.CARRIERS / "js")]  # fmt: skip
    for name, command in ways.items():
        answer = _run(command, work)
        found[name] = answer
        print(
            f"{name:16}{answer['per_s']:12.2f}{answer['cpu_s'] / count:12.3f}"
            f"{answer['peak_mb']:14.0f}",
            flush=True,
        )
    return found


def _child(arguments: list[str]) -> dict[str, Any]:
    return _run([sys.executable, *arguments], "")


def _run(command: list[str], work: str) -> dict[str, Any]:
    done = subprocess.run(
        command,
        input=work,
        text=True,
        capture_output=True,
        check=False,
        cwd=pictures.ROOT,
        env={**os.environ, "PYTHONPATH": str(pictures.ROOT)},
    )
    if done.returncode:
        raise SystemExit(f"switchyard: {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    main()
