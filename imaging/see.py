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
from imaging import ground, memory, salience, weights, wording
from imaging import subject as subject_finder
from imaging import text as text_finder
from imaging.geometry import Box, around, limit_side
from imaging.pixels import shrink
from imaging.wording import Line

VERSION = 4
FIELD = 32
CLASSICAL = "classical"
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
# Fainter than this nothing really stands out.
LEAST_SURE = 0.4
RIM = 0.005  # of the long side


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
    lines: list[Line]
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
    people = _people(small, faces)
    texts = _texts(small, missing) if with_text else []
    plain = ground.find(small, subject_finder.GLANCE)
    memory.give_back_now()
    mask, origin = _mask(small, missing)
    if origin != CLASSICAL:
        mask = _off_panels(mask, plain)
    lines = wording.sort_out(small, texts, np.maximum(mask, people), plain.flat)
    if origin != CLASSICAL and wording.is_laid_out(lines, plain.flat, small_width, small_height):
        again = subject_finder.glance(salience.without_copy(small, lines))
        mask = _off_panels(again, plain)
    return Glance(small, faces, lines, mask, people, origin, tuple(missing))


def weigh(glance: Glance, width: int, height: int) -> Seen:
    """What the detectors' answers mean for a picture of width x height."""
    small_height, small_width = glance.rgb.shape[:2]
    x, y = width / small_width, height / small_height
    everything = np.maximum(glance.mask, glance.people)
    copy = [line for line in glance.lines if line.kind != "label"]
    bare = _without(everything, copy, small_width, small_height)
    busy = bare * (0.4 + 0.6 * salience.detail(glance.rgb))
    field = cv2.resize(busy, (FIELD, FIELD), interpolation=cv2.INTER_AREA)
    persons = _parts(glance.people, "person", "selfie", width, height)
    beside = np.where(glance.people > 0.5, np.float32(0), bare)
    things = _parts(beside, "product", glance.origin, width, height)
    people, products = _main(persons, things, Box.whole(width, height))

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
        labels=tuple(text_box(line) for line in glance.lines if line.kind == "label"),
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
        return salience.classical(rgb), CLASSICAL


def _off_panels(mask: NDArray[np.float32], plain: ground.Ground) -> NDArray[np.float32]:
    return np.where(plain.panels > 0, np.float32(0), mask)


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
    people: Sequence[SeenBox], things: Sequence[SeenBox], picture: Box
) -> tuple[tuple[SeenBox, ...], tuple[SeenBox, ...]]:
    """The parts that count, largest first: not specks, not what fills the whole picture, not a leaf
    that reaches in from beyond its rim beside a larger whole thing, and nothing where all is faint.
    """
    areas = [part.weight for part in (*people, *things)]
    if not areas or not 0.002 < sum(areas) < 0.95:
        return (), ()
    least = LEAST_BLOB * max(areas)
    inner = picture.grow(-RIM * max(picture.width, picture.height))
    whole = max(
        (part.weight for part in (*people, *things) if inner.contains(part.box)), default=0.0
    )

    def kept(parts: Sequence[SeenBox]) -> tuple[SeenBox, ...]:
        ordered = sorted(parts, key=lambda part: (-part.weight, part.box.as_list()))
        return tuple(
            replace(part, weight=SUBJECT_WEIGHT) for part in ordered if part.weight >= least
        )

    products = [part for part in things if inner.contains(part.box) or part.weight > whole]
    found = kept(people), kept(products)
    sure = max(part.score if part.origin != CLASSICAL else 1.0 for part in (*found[0], *found[1]))
    return found if sure >= LEAST_SURE else ((), ())


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
