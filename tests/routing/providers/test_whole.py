"""What stands behind the end of a file is cut off, and nothing else is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from routing.providers import whole
from tests.factories import COFFEE
from tests.stand_in import pictures

PAGE = b"<html><script>alert(1)</script></html>"


def encoded(kind: str, **values: object) -> bytes:
    out = io.BytesIO()
    with Image.open(COFFEE) as photo:
        photo.resize((150, 101)).save(out, kind, **values)
    return out.getvalue()


FILES = {
    "png": ("image/png", lambda: encoded("PNG")),
    "jpeg": ("image/jpeg", lambda: encoded("JPEG")),
    "progressive": ("image/jpeg", lambda: encoded("JPEG", progressive=True)),
    "jpeg with restarts": ("image/jpeg", lambda: encoded("JPEG", restart_marker_rows=1)),
    "webp": ("image/webp", lambda: encoded("WEBP")),
    "lossless webp": ("image/webp", lambda: encoded("WEBP", lossless=True)),
    "mp4": (
        "video/mp4",
        lambda: pictures.clip(width=64, height=64, seconds=1, seed=1, source=None),
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_cuts_off_what_is_not_its_own(tmp_path: Path, name: str) -> None:
    kind, make = FILES[name]
    data, path = make(), tmp_path / "file"
    path.write_bytes(data)
    assert whole.trim(path, kind) == 0
    path.write_bytes(data + PAGE)
    assert whole.trim(path, kind) == len(PAGE)
    assert path.read_bytes() == data


@pytest.mark.parametrize("name", FILES)
def test_leaves_a_cut_off_file_to_the_decoder(tmp_path: Path, name: str) -> None:
    kind, make = FILES[name]
    path = tmp_path / "file"
    data = make()[:-100]
    path.write_bytes(data)
    assert whole.trim(path, kind) == 0
    assert path.read_bytes() == data


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"\xff\xd8\xff", PAGE])
def test_knows_no_end_of_anything_else(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    for kind in ("image/png", "image/jpeg", "image/gif"):
        assert whole.length(path, kind) is None
