"""Requests to the embedded engine about three real photographs: a person, a product, a scene."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage
import sklearn.datasets
from numpy.typing import NDArray
from PIL import Image

from imaging import weights
from routing.providers.base import InputFile, Output, Request
from routing.providers.local import LocalEngine

PHOTOS = {
    "person": Path(skimage.__file__).parent / "data" / "astronaut.png",
    "product": Path(skimage.__file__).parent / "data" / "coffee.png",
    "scene": Path(sklearn.datasets.__file__).parent / "images" / "china.jpg",
}
COPY = {
    "headline": "Morning starts with a better cup",
    "subline": "Freshly roasted, at your door by Friday.",
    "cta": "Try it free",
    "locale": "en-GB",
    "brand": {"colors": ["#7a3b1d", "#e9a23b"], "font": "sans"},
}
Ask = Callable[..., Request]


@pytest.fixture(autouse=True)
def models() -> None:
    """Skips where set-up has not installed the model files."""
    os.environ.setdefault(weights.ENVIRONMENT, "/tmp/sy-models")  # noqa: S108 - read only
    if not (weights.is_present("centerface") and weights.is_present("u2netp")):
        pytest.skip("The model files are not installed: run bin/start once.")


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """See `asking`."""
    return asking(tmp_path)


def asking(folder: Path) -> Ask:
    """A request of an operation; `base` names a photograph or gives pixels."""

    def make(
        operation: str,
        base: str | NDArray[np.uint8] | None = None,
        *,
        seeds: tuple[int, ...] = (1,),
        mask: NDArray[np.uint8] | None = None,
        background: str = "",
        **params: Any,
    ) -> Request:
        inputs = []
        if isinstance(base, str):
            inputs.append(_file("base", PHOTOS[base]))
        elif base is not None:
            inputs.append(_file("base", _write(folder / "base.png", base)))
        if mask is not None:
            inputs.append(_file("mask", _write(folder / "mask.png", mask)))
        if background:
            inputs.append(_file("background", PHOTOS[background]))
        workdir = folder / f"work{len(list(folder.glob('work*')))}"
        workdir.mkdir()
        return Request("attempt-1", "local", operation, params, tuple(inputs), seeds, workdir)

    return make


def fetch(
    request: Request,
    *,
    have: frozenset[int] = frozenset(),
    told: list[float] | None = None,
) -> list[Output]:
    """Submit and fetch to the end."""
    engine = LocalEngine()
    ref = engine.submit(request).ref
    progress = told if told is not None else []
    found: Iterator[Output] = engine.fetch(request, ref, on_progress=progress.append, have=have)
    return list(found)


def pixels(output: Output) -> NDArray[np.uint8]:
    """The picture of an output as it is stored."""
    with Image.open(output.path) as image:
        return np.asarray(image)


def photo(name: str) -> NDArray[np.uint8]:
    """One of the three photographs."""
    with Image.open(PHOTOS[name]) as image:
        return np.asarray(image.convert("RGB"))


def _write(path: Path, values: NDArray[np.uint8]) -> Path:
    Image.fromarray(values).save(path)
    return path


def _file(role: str, path: Path) -> InputFile:
    kind = "image/jpeg" if path.suffix == ".jpg" else "image/png"
    return InputFile(role, path, kind, hashlib.sha256(path.read_bytes()).hexdigest())
