"""Make the pictures of the evaluation set from set.json: framings of photos, and composed ads.

Photos come out of installed packages; nothing of them is in the repository. The same packages and
the same set give the same pictures.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from imaging.geometry import Box, around
from tests.bench.crop import ads

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CARRIERS = Path(os.environ.get("SWITCHYARD_BENCH_DIR") or ROOT / "data" / "bench").resolve()
MADE_BY = ("set.json", "ads.py")
RECIPE = 1  # raise it when this module makes other pictures of the same set
LEAST_SHOWN = 0.5  # of a face or a line, or it is not counted as in the picture


@dataclass(frozen=True, slots=True)
class Truth:
    """One picture with what is in it, boxes in its own pixels. category: photo or ad; `kind` says
    what the picture tests. texts[0] is the headline."""

    name: str
    category: str
    kind: str
    file: str
    width: int
    height: int
    subject: list[int]
    faces: list[list[int]]
    texts: list[list[int]]


def build(folder: Path, *, say: Callable[[str], None] = print) -> list[Truth]:
    """All pictures of the set below `folder`, made unless they are there already."""
    stamp = folder / "truth.json"
    recipe = [str(RECIPE).encode(), *((HERE / name).read_bytes() for name in MADE_BY)]
    digest = hashlib.sha256(b"".join(recipe)).hexdigest()
    if stamp.is_file():
        known = json.loads(stamp.read_text(encoding="utf-8"))
        if known["made_by"] == digest:
            return [Truth(**entry) for entry in known["pictures"]]
    folder.mkdir(parents=True, exist_ok=True)
    data = json.loads((HERE / "set.json").read_text(encoding="utf-8"))
    plain = [{"photo": name, "name": "whole"} for name in data["photos"]]
    truths = [_framing(data, entry, folder) for entry in [*plain, *data["framings"]]]
    say(f"{len(truths)} photos cut to their framings; composing {len(data['ads'])} ads ...")
    truths += [_ad(data, entry, folder) for entry in data["ads"]]
    text = json.dumps({"made_by": digest, "pictures": [asdict(truth) for truth in truths]})
    stamp.write_text(text, encoding="utf-8")
    return truths


@lru_cache(maxsize=4)
def photo(source: str, folder: str, file: str) -> NDArray[np.uint8]:
    """The pixels of a photo of a package, RGB."""
    if source == "environment":
        package = folder.split("/")[0]
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            raise SystemExit(f"switchyard: the package {package} is not installed.")
        path = Path(found.origin).parent.parent / folder / file
    elif source == "npm":
        path = CARRIERS / "js" / "node_modules" / folder / file
    else:
        path = CARRIERS / "python" / folder / file
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"), dtype=np.uint8)


def framed(
    data: Mapping[str, Any],
    name: str,
    cut: list[float],
    mirror: bool = False,
    subject_shares: list[float] | None = None,
) -> tuple[NDArray[np.uint8], Box, list[Box], list[Box]]:
    """A cut of a photo (shares) with its subject, faces and texts in the cut's pixels."""
    entry = data["photos"][name]
    source = data["sources"][entry["source"]]
    whole = photo(source["from"], source["folder"], entry["file"])
    height, width = whole.shape[:2]
    area = Box.from_list([cut[0] * width, cut[1] * height, cut[2] * width, cut[3] * height])

    def shown(shares: list[float]) -> Box:
        box = Box.from_list(
            [shares[0] * width, shares[1] * height, shares[2] * width, shares[3] * height]
        )
        inside = box.intersect(area).shift(-area.left, -area.top)
        if inside.area < LEAST_SHOWN * box.area:
            return Box(0, 0, 0, 0)
        if mirror:
            return Box(
                area.width - inside.right, inside.top, area.width - inside.left, inside.bottom
            )
        return inside

    part = whole[area.top : area.bottom, area.left : area.right]
    rgb = np.ascontiguousarray(part[:, ::-1] if mirror else part)
    faces = [box for box in map(shown, entry.get("faces", [])) if not box.is_empty]
    texts = [box for box in map(shown, entry.get("texts", [])) if not box.is_empty]
    subject = shown(subject_shares or entry["subject"])
    if subject.is_empty:
        raise SystemExit(f"switchyard: the framing {cut} of {name} loses its subject.")
    return rgb, subject, faces, texts


def resized(rgb: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture at another size."""
    image = Image.fromarray(rgb).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(image, dtype=np.uint8)


def _framing(data: Mapping[str, Any], entry: Mapping[str, Any], folder: Path) -> Truth:
    cut = list(entry.get("cut", [0, 0, 1, 1]))
    rgb, subject, faces, texts = framed(
        data, entry["photo"], cut, bool(entry.get("mirror")), entry.get("subject")
    )
    factor = 1.0
    if "megapixels" in entry:
        factor = (entry["megapixels"] * 1e6 / (rgb.shape[0] * rgb.shape[1])) ** 0.5
        rgb = resized(rgb, round(rgb.shape[1] * factor), round(rgb.shape[0] * factor))
    name = f"{entry['photo']}-{entry['name']}"
    kind = "text" if texts else "group" if len(faces) > 1 else "person" if faces else "thing"
    return _kept(
        folder, name, "photo", kind, rgb, subject.scale(factor),
        [box.scale(factor) for box in faces], [box.scale(factor) for box in texts],
    )  # fmt: skip


def _ad(data: Mapping[str, Any], entry: Mapping[str, Any], folder: Path) -> Truth:
    width, height = entry["size"]
    if entry["how"] == "photo":
        rgb, subject, faces, texts = framed(data, entry["photo"], entry["cut"])
        x, y = width / rgb.shape[1], height / rgb.shape[0]
        picture = resized(rgb, width, height)
        scene = ads.Scene(picture, subject.scale(x, y), [box.scale(x, y) for box in faces], None)
        labels = [box.scale(x, y) for box in texts]
    else:
        scene = ads.stage(entry, _alone(data, entry["photo"]))
        labels = []
    if "second" in entry:
        scene = ads.beside(entry, scene, _alone(data, entry["second"]))
    lettered = ads.letter(entry, scene)
    return _kept(
        folder, f"ad-{entry['name']}", "ad", entry["how"], lettered.rgb, scene.subject,
        scene.faces, [*lettered.texts, *labels],
    )  # fmt: skip


def _alone(data: Mapping[str, Any], name: str) -> ads.Photo:
    rgb, _, faces, _ = framed(data, name, [0, 0, 1, 1])
    return ads.Photo(rgb, faces)


def _kept(
    folder: Path,
    name: str,
    category: str,
    kind: str,
    rgb: NDArray[np.uint8],
    subject: Box,
    faces: list[Box],
    texts: list[Box],
) -> Truth:
    height, width = rgb.shape[:2]
    for box in (subject, *faces, *texts):
        if box.is_empty or not Box.whole(width, height).contains(around([box])):
            raise SystemExit(f"switchyard: a box of {name} leaves its picture: {box.as_list()}")
    file = folder / f"{name}.jpg"
    Image.fromarray(rgb).save(file, "JPEG", quality=92, subsampling=0)
    return Truth(
        name, category, kind, file.as_posix(), width, height, subject.as_list(),
        [box.as_list() for box in faces], [box.as_list() for box in texts],
    )  # fmt: skip
