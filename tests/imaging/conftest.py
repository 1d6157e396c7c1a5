"""Real photographs and small real clips for the tests of imaging."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage
import sklearn.datasets
from numpy.typing import NDArray
from PIL import Image

from imaging import encode, weights

SKIMAGE = Path(skimage.__file__).parent / "data"
SKLEARN = Path(sklearn.datasets.__file__).parent / "images"
PHOTOS = {
    "astronaut": SKIMAGE / "astronaut.png",
    "coffee": SKIMAGE / "coffee.png",
    "cat": SKIMAGE / "chelsea.png",
    "rocket": SKIMAGE / "rocket.jpg",
    "motorcycle": SKIMAGE / "motorcycle_left.png",
    "china": SKLEARN / "china.jpg",
    "flower": SKLEARN / "flower.jpg",
}

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="session")
def photo() -> Callable[[str], Pixels]:
    """The named photograph as RGB pixels."""

    def load(name: str) -> Pixels:
        with Image.open(PHOTOS[name]) as image:
            return np.asarray(image.convert("RGB"))

    return load


@pytest.fixture
def models() -> None:
    """Skips where set-up has not installed the model files."""
    os.environ.setdefault(weights.ENVIRONMENT, "/tmp/sy-models")  # noqa: S108 - read only
    if not (weights.is_present("centerface") and weights.is_present("u2netp")):
        pytest.skip("The model files are not installed: run bin/start once.")


def panning(image: Pixels, count: int, width: int = 360, height: int = 360) -> list[Pixels]:
    """Frames that move over a photograph, 4 px a step."""
    return [image[:height, index * 4 : index * 4 + width] for index in range(count)]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, photo: Callable[[str], Pixels]) -> Path:
    """One second of a moving photograph, 360x360, 30 fps, with silence."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    encode.write_clip(panning(photo("china"), 30), path, 30, 360, 360)
    return path
