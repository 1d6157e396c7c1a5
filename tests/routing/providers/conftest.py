"""What tests of adapters share: a desk to talk to and a request with a real picture."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from routing.providers.base import InputFile, Request
from tests.factories import COFFEE
from tests.routing.providers.desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as server:
        yield server


@pytest.fixture
def png() -> bytes:
    """A small real photograph."""
    out = io.BytesIO()
    with Image.open(COFFEE) as photo:
        photo.resize((90, 60)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def asked(tmp_path: Path, png: bytes) -> Callable[..., Request]:
    """Makes a request for an operation of a version, with a base picture unless told otherwise."""

    def make(version: str, operation: str, **values: Any) -> Request:
        path = tmp_path / "base.png"
        path.write_bytes(values.pop("base", png))
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        usual = {
            "attempt_key": "k" * 24,
            "model": "m",
            "params": {"width": 1080, "height": 1920, "prompt": "A red shoe."},
            "inputs": (InputFile("base", path, "image/png", digest),),
            "seeds": (11,),
            "workdir": work,
            "sent_at": 1_700_000_000.0,
        }
        return Request(version=version, operation=operation, **{**usual, **values})

    return make
