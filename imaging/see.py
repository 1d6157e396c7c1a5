"""What is in a picture, as numbers: faces, people, products, text, each with weight and origin.

Uses every detector that is installed and says which ones it used; without any of them a
classical measure (edges, color contrast, nearness to the middle) finds a subject. It must not
decide what to cut: that is crop's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging import faces as face_finder
from imaging import ground, memory, weights, wording
from imaging import subject as subject_finder
from imaging import text as text_finder
from imaging.geometry import Box, around, limit_side
from imaging.pixels import shrink
from imaging.wording import Line

VERSION = 3
FIELD = 32
WORK_SIDE = 960
FACE_SIDE = 480
TEXT_SIDE = 640
FACE_WEIGHT = 3.0
SUBJECT_WEIGHT = 2.0
TEXT_WEIGHTS = {
    "headline": 1.5, "button": 1.2, "line": 1.0, "logo": 0.8, "small": 0.5, "label": 0.2
}  # fmt: skip
# How sure a kind is that follows from place and size alone.
KIND_SURE = {"headline": 0.9, "button": 0.8, "line": 0.9, "logo": 0.4, "small": 0.8, "label": 0.7}
# The finder's boxes end this share of their height beyond the letters, or a little more.
LINE_MARGIN = 0.1
# How sure a mask's cores and edges are. Thin parts of things come out faint, and count where they
# hang on to a core: masts, handles, lamp arms. People come out with a faint halo instead.
CORE, EDGE = 0.5, 0.2
PERSON_CORE, PERSON_EDGE = 0.6, 0.5
LEAST_BLOB = 0.06
LEAST_LEFT = 0.4


@dataclass(frozen=True, slots=True)
class SeenBox:
    """One thing in the picture: its box in pixels, how much it matters, how sure we are, who says
    so, and what it is ("face", "person", "product", "subject" or a kind of imaging.wording)."""

    box: Box
    weight: float
    score: float
    origin: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was seen. `field` is a FIELD x FIELD grid (rows) of how much each part matters,
    0..1; `missing` names detectors that could not run. `subject` is the box around all `people`
    and `products`; `headline` the box around its lines, which also stand in `texts`; `labels` is
    text that belongs to a product and is no copy of the ad."""

    width: int
    height: int
    faces: tuple[SeenBox, ...]
    texts: tuple[SeenBox, ...]
    subject: SeenBox | None
    field: tuple[tuple[float, ...], ...]
    missing: tuple[str, ...] = ()
    headline: SeenBox | None = None
    labels: tuple[SeenBox, ...] = ()
    people: tuple[SeenBox, ...] = ()
    products: tuple[SeenBox, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values for storing; `from_json` reads them back to an equal value."""
        return {
            "version": VERSION,
            "width": self.width,
            "height": self.height,
            "subject": _box_json(self.subject) if self.subject else None,
            "headline": _box_json(self.headline) if self.headline else None,
            "field": [list(row) for row in self.field],
            "missing": list(self.missing),
            **{name: [_box_json(item) for item in getattr(self, name)] for name in _LISTS},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Seen:
        """The value that `as_json` wrote. KeyError or ValueError on anything else, also on what
        an earlier version of this module saw: look again then."""
        if data.get("version") != VERSION:
            raise ValueError("This was seen by another version.")
        return cls(
            width=int(data["width"]),
            height=int(data["height"]),
            subject=_box_from(data["subject"]) if data["subject"] else None,
            headline=_box_from(data["headline"]) if data["headline"] else None,
            field=tuple(tuple(float(value) for value in row) for row in data["field"]),
            missing=tuple(str(name) for name in data["missing"]),
            **{name: tuple(_box_from(item) for item in data[name]) for name in _LISTS},
        )


_LISTS = ("faces", "texts", "labels", "people", "products")


@dataclass(frozen=True, slots=True)
class Glance:
    """What the detectors said of a small copy, in its pixels; masks float32 0..1."""

    rgb: NDArray[np.uint8]
    faces: list[face_finder.Face]
    texts: list[text_finder.TextBox]
    mask: NDArray[np.float32]
    people: NDArray[np.float32]
    origin: str
    missing: tuple[str, ...]


def load() -> None:
    """Have the networks ready in a process that forks for its work: its children share them."""
    subject_finder.load()
    text_finder.load()


def see(
    rgb: NDArray[np.uint8],
    *,
    with_text: bool = True,
    work_side: int = WORK_SIDE,
    size: tuple[int, int] | None = None,
) -> Seen:
    """Look at an RGB uint8 HxWx3 picture; boxes come back in its own pixels. Deterministic.

    A small copy is enough: `size` is then the (width, height) of the picture it was made from, and
    boxes come back in that one's pixels. A detector whose files are not installed is named in
    `missing`, never an error.
    """
    width, height = size or (rgb.shape[1], rgb.shape[0])
    return weigh(look(rgb, with_text=with_text, work_side=work_side), width, height)


def look(rgb: NDArray[np.uint8], *, with_text: bool = True, work_side: int = WORK_SIDE) -> Glance:
    """Run every detector that is installed on a copy of at most `work_side`."""
    memory.give_back_large_blocks()
    small_width, small_height, _ = limit_side(rgb.shape[1], rgb.shape[0], work_side)
    small = shrink(rgb, small_width, small_height)
    missing: list[str] = []
    faces = _faces(small, missing)
    mask, origin = _mask(small, missing)
    texts = _texts(small, missing) if with_text else []
    return Glance(small, faces, texts, mask, _people(small, faces), origin, tuple(missing))


def weigh(glance: Glance, width: int, height: int) -> Seen:
    """What the detectors' answers mean for a picture of width x height."""
    small_height, small_width = glance.rgb.shape[:2]
    x, y = width / small_width, height / small_height
    plain = ground.find(glance.rgb, subject_finder.GLANCE)
    mask = glance.mask
    if glance.origin != "classical":
        mask = np.where(plain.panels > 0, np.float32(0), mask)
    everything = np.maximum(mask, glance.people)
    lines = wording.sort_out(glance.rgb, glance.texts, everything, plain.flat)
    copy = [line for line in lines if line.kind != "label"]
    bare = _without(everything, copy, small_width, small_height)
    if glance.origin != "classical":
        bare = _off_ground(bare, plain.flat, glance.people)
    busy = bare * (0.4 + 0.6 * _detail(glance.rgb))
    field = cv2.resize(busy, (FIELD, FIELD), interpolation=cv2.INTER_AREA)
    persons = _parts(glance.people, "person", "selfie", width, height)
    beside = np.where(glance.people > 0.5, np.float32(0), bare)
    things = _parts(beside, "product", glance.origin, width, height)
    people, products = _main(persons, things)

    def text_box(line: Line) -> SeenBox:
        sure = round(line.score * KIND_SURE[line.kind], 3)
        box = line.box.scale(x, y)
        if line.kind != "button":  # that one's box is its plate
            box = box.grow(-LINE_MARGIN * min(box.width, box.height))
        box = box.clamp(width, height)
        return SeenBox(box, TEXT_WEIGHTS[line.kind], sure, "pp-ocr", line.kind)

    texts = tuple(text_box(line) for line in copy)
    return Seen(
        width=width,
        height=height,
        faces=tuple(
            SeenBox(
                face.box.scale(x, y).clamp(width, height),
                FACE_WEIGHT,
                face.score,
                "centerface",
                "face",
            )
            for face in glance.faces
        ),
        texts=texts,
        subject=_subject(people, products),
        field=tuple(tuple(round(float(value), 3) for value in row) for row in field),
        missing=glance.missing,
        headline=_whole([item for item in texts if item.kind == "headline"]),
        labels=tuple(text_box(line) for line in lines if line.kind == "label"),
        people=people,
        products=products,
    )


def _faces(rgb: NDArray[np.uint8], missing: list[str]) -> list[face_finder.Face]:
    try:
        return face_finder.detect(rgb, long_side=FACE_SIDE)
    except weights.WeightsMissing:
        missing.append("faces")
        return []


def _texts(rgb: NDArray[np.uint8], missing: list[str]) -> list[text_finder.TextBox]:
    try:
        return text_finder.detect(rgb, long_side=TEXT_SIDE)
    except text_finder.TextReaderMissing:
        missing.append("text")
        return []


def _mask(rgb: NDArray[np.uint8], missing: list[str]) -> tuple[NDArray[np.float32], str]:
    try:
        return subject_finder.glance(rgb), "u2netp"
    except weights.WeightsMissing:
        missing.append("subject")
        return classical(rgb), "classical"


def _people(rgb: NDArray[np.uint8], faces: list[face_finder.Face]) -> NDArray[np.float32]:
    try:
        return subject_finder.people(rgb, faces)
    except weights.WeightsMissing:
        return np.zeros((subject_finder.GLANCE, subject_finder.GLANCE), dtype=np.float32)


def _without(
    mask: NDArray[np.float32], lines: Sequence[Line], width: int, height: int
) -> NDArray[np.float32]:
    """The mask without the copy: a headline stands out, but it is not the subject."""
    rows, columns = mask.shape
    result = mask.copy()
    for line in lines:
        pad = 2 * width / columns if line.card is not None else 0.4 * line.box.height
        box = (
            (line.card or line.box)
            .grow(pad)
            .scale(columns / width, rows / height)
            .clamp(columns, rows)
        )
        result[box.top : box.bottom, box.left : box.right] = 0
    # Where text covers nearly all of the mask, it is the label of the product: keep the mask.
    if float((result > 0.5).sum()) < 0.25 * float((mask > 0.5).sum()):
        return mask
    return result


def _off_ground(
    mask: NDArray[np.float32], flat: NDArray[np.uint8], people: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The mask without plain ground that reaches the rim: a table top, a glow around a headline.

    Unless most of what stands out would go with it: then the subject itself is plain.
    """
    result = np.where((flat > 0) & (people < 0.5), np.float32(0), mask)
    left, before = float((result > CORE).sum()), float((mask > CORE).sum())
    return result if left >= LEAST_LEFT * before else mask


def _detail(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much fine structure there is around each part, 0..1, at the mask's size."""
    side = subject_finder.GLANCE
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    edges = np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    return np.asarray(_stretch(cv2.GaussianBlur(edges, (0, 0), side / 32)), dtype=np.float32)


def classical(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Where the eye goes without any network, float32 GLANCE x GLANCE, 0..1.

    Color distance from the picture's rim plus fine structure, favoring the middle
    (after Achanta 2009, frequency-tuned saliency, with the rim instead of the mean).
    """
    side = subject_finder.GLANCE
    small = cv2.resize(rgb, (side, side), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (5, 5), 0), cv2.COLOR_RGB2LAB).astype(np.float32)
    rim = np.concatenate(
        [lab[:6].reshape(-1, 3), lab[-6:].reshape(-1, 3), lab[:, :6].reshape(-1, 3)]
    )
    color = np.linalg.norm(lab - np.median(rim, axis=0), axis=2)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = cv2.GaussianBlur(np.abs(cv2.Laplacian(gray, cv2.CV_32F)), (0, 0), 4)
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    middle = np.exp(-(axis[None, :] ** 2 + axis[:, None] ** 2) / 1.2)
    mixed = (_stretch(color) + 0.5 * _stretch(detail)) * middle
    return np.asarray(_stretch(cv2.GaussianBlur(mixed, (0, 0), 3)), dtype=np.float32)


def _stretch(values: NDArray[Any]) -> NDArray[Any]:
    low, high = (float(value) for value in np.percentile(values, (2, 99)))
    if high - low < 1e-3:
        return np.zeros_like(values)
    return np.asarray(np.clip((values - low) / (high - low), 0, 1))


def _parts(
    mask: NDArray[np.float32], kind: str, origin: str, width: int, height: int
) -> list[SeenBox]:
    """The things of one kind that stand out, in picture pixels, each with its solid area as
    weight for the moment."""
    rows, columns = mask.shape
    found: list[SeenBox] = []
    solid, edge = (PERSON_CORE, PERSON_EDGE) if kind == "person" else (CORE, EDGE)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((mask > edge).astype(np.uint8))
    for index in range(1, count):
        left, top, wide, tall, area = (int(value) for value in stats[index])
        inside = labels[top : top + tall, left : left + wide] == index
        core = int((inside & (mask[top : top + tall, left : left + wide] > solid)).sum())
        if core < 4:
            continue
        box = Box(left, top, left + wide, top + tall)
        scaled = box.scale(width / columns, height / rows).clamp(width, height)
        found.append(SeenBox(scaled, core / mask.size, round(core / area, 3), origin, kind))
    return found


def _main(
    people: Sequence[SeenBox], products: Sequence[SeenBox]
) -> tuple[tuple[SeenBox, ...], tuple[SeenBox, ...]]:
    """The parts that count, largest first: specks and what fills the whole picture do not."""
    areas = [part.weight for part in (*people, *products)]
    if not areas or not 0.002 < sum(areas) < 0.95:
        return (), ()
    least = LEAST_BLOB * max(areas)

    def kept(parts: Sequence[SeenBox]) -> tuple[SeenBox, ...]:
        ordered = sorted(parts, key=lambda part: (-part.weight, part.box.as_list()))
        return tuple(
            replace(part, weight=SUBJECT_WEIGHT) for part in ordered if part.weight >= least
        )

    return kept(people), kept(products)


def _subject(people: Sequence[SeenBox], products: Sequence[SeenBox]) -> SeenBox | None:
    """One box around all that stands out."""
    parts = [*people, *products]
    if not parts:
        return None
    largest = max(parts, key=lambda item: item.box.area)
    kind = largest.kind if not (people and products) else "subject"
    box = around(item.box for item in parts)
    return SeenBox(box, SUBJECT_WEIGHT, largest.score, largest.origin, kind)


def _whole(lines: Sequence[SeenBox]) -> SeenBox | None:
    if not lines:
        return None
    box = around(item.box for item in lines)
    score = min(item.score for item in lines)
    return SeenBox(box, lines[0].weight, score, lines[0].origin, "headline")


def _box_json(item: SeenBox) -> dict[str, Any]:
    return {
        "box": item.box.as_list(),
        "weight": item.weight,
        "score": item.score,
        "origin": item.origin,
        "kind": item.kind,
    }


def _box_from(data: Mapping[str, Any]) -> SeenBox:
    return SeenBox(
        Box.from_list(data["box"]), float(data["weight"]), float(data["score"]),
        str(data["origin"]), str(data["kind"]),
    )  # fmt: skip
