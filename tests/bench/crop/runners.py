"""Start each cropper in a process of its own, so that its memory and time are its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tests.bench.crop.measures import TARGETS
from tests.bench.crop.pictures import CARRIERS, HERE, ROOT, Truth

METHODS = ("ours", "center", "smartcrop", "smartcrop_js", "vips_attention", "vips_entropy")


def run(name: str, truths: Sequence[Truth], zone: dict[str, Any]) -> dict[str, Any]:
    """The answers of one cropper. SystemExit with its own words when it breaks."""
    work = {
        "pictures": [
            {key: value for key, value in asdict(truth).items() if key in {"name", "file"}}
            for truth in truths
        ],
        "targets": TARGETS,
        "zone": zone,
    }
    paths = [str(HERE), str(ROOT), str(CARRIERS / "python")]
    done = subprocess.run(
        command(name),
        input=json.dumps(work),
        text=True,
        capture_output=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    if done.returncode:
        raise SystemExit(f"switchyard: {name} failed:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def command(name: str) -> list[str]:
    """The command line of one cropper."""
    if name == "smartcrop_js":
        node = shutil.which("node")
        if node is None:
            raise SystemExit("switchyard: node is needed for smartcrop.js; or leave it out: --only")
        return [node, str(HERE / "crop_smartcrop_js.mjs"), str(CARRIERS / "js")]
    return [sys.executable, str(HERE / "one_method.py"), name]
