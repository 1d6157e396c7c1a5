"""What the meters found, as shapes to lay over a picture: prepared values for one small SVG.

Reads findings that are at hand already; asks the database nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from campaigns.models import Finding

NAMES = ("untouched", "placement", "cast", "protected", "texture")


@dataclass(frozen=True, slots=True)
class Mark:
    """A rectangle in the source's pixels with its words; `kind` is largest, same, moved,
    changed. Its words stand at `tag_x`, `tag_y`, `tag_size` pixels high."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    text: str
    tag_x: float
    tag_y: float
    tag_size: float


@dataclass(frozen=True, slots=True)
class Cell:
    """A run of cells of a grid; `level` is 1 to 3, or 0 for the masked part."""

    x: int
    y: int
    width: int
    level: int


@dataclass(frozen=True, slots=True)
class Overlay:
    """Everything drawn over one picture. `frame` says where the source lies in it; `width` and
    `height` are the picture's, `of_width` and `of_height` the source's, in pixels."""

    width: int
    height: int
    frame: tuple[int, int, int, int]
    of_width: int
    of_height: int
    columns: int
    rows: int
    cells: tuple[Cell, ...]
    marks: tuple[Mark, ...]
    text: str
    figures: tuple[tuple[str, str], ...]
    basis: str


def overlay(findings: Iterable[Finding], *, width: int, height: int) -> Overlay | None:
    """What to draw over a candidate of `width` x `height`; None when nothing was measured."""
    by_name = {row.name: row for row in findings if row.name in NAMES}
    area = next((by_name[name] for name in ("untouched", "texture") if name in by_name), None)
    things = by_name.get("protected")
    detail: Mapping[str, Any] = {
        **(things.detail if things else {}),
        **(area.detail if area else {}),
    }
    size = detail.get("size")
    if not isinstance(size, list) or len(size) != 2:
        return None
    frame = detail.get("frame") or [0, 0, width, height]
    grid = detail.get("grid") or [1, 1]
    spoken = [f"{row.label}: {row.value_text}." for row in by_name.values()]
    return Overlay(
        width=width,
        height=height,
        frame=(frame[0], frame[1], frame[2] - frame[0], frame[3] - frame[1]),
        of_width=size[0],
        of_height=size[1],
        columns=grid[0],
        rows=grid[1],
        cells=tuple(_cells(detail)),
        marks=tuple(_marks(detail, size)),
        text=" ".join(spoken),
        figures=tuple(_figures(by_name, detail)),
        basis=str(detail.get("basis", "")),
    )


def _cells(detail: Mapping[str, Any]) -> list[Cell]:
    masked = [Cell(x, y, width, 0) for y, x, width, _ in detail.get("inside", [])]
    return masked + [Cell(x, y, width, level) for y, x, width, level in detail.get("heat", [])]


def _marks(detail: Mapping[str, Any], size: Sequence[int]) -> list[Mark]:
    found = []
    text_size = max(size) / 44
    told = [row["box"] for row in detail.get("boxes", []) if row["state"] != "same"]
    largest = detail.get("largest")
    if largest:
        words = f"largest change, ΔE {detail.get('largest_distance', 0):.0f}"
        if any(_overlap(largest, box) for box in told):  # that box says more
            words = ""
        found.append(_mark(largest, "largest", words, text_size, size))
    for row in detail.get("boxes", []):
        words = row["text"] if row["state"] != "same" else ""
        found.append(_mark(row["box"], row["state"], words, text_size, size))
    return found


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    across = one[0] < other[2] and other[0] < one[2]
    return across and one[1] < other[3] and other[1] < one[3]


def _mark(
    box: Sequence[float], kind: str, words: str, text_size: float, size: Sequence[int]
) -> Mark:
    """Words stand beside their frame, for lines of text lie close above each other; where there
    is no room, above or below it, within the picture."""
    left, top, right, bottom = box
    long = 0.55 * text_size * len(words)
    x, y = right + 0.4 * text_size, (top + bottom) / 2 + 0.35 * text_size
    if x + long > size[0]:
        x = max(0.0, min(left, size[0] - long))
        over = top - text_size * 0.35
        y = over if over > text_size else bottom + text_size
    return Mark(
        x=left,
        y=top,
        width=right - left,
        height=bottom - top,
        kind=kind,
        text=words,
        tag_x=round(x, 1),
        tag_y=round(y, 1),
        tag_size=round(text_size, 1),
    )


def _figures(by_name: Mapping[str, Finding], detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    if "untouched" in by_name:
        found = [
            ("Pixel by pixel", f"{detail.get('as_is', 0):.1%}"),
            ("Laid in place, toned alike", f"{detail.get('content', 0):.1%}"),
        ]
        if detail.get("largest"):
            found.append(("Largest change (ΔE)", f"{detail.get('largest_distance', 0):.0f}"))
    for row in detail.get("regions", []):
        found.append((str(row["name"]), str(row["text"])))
    for row in detail.get("boxes", []):
        words = str(row["text"]).removeprefix(f"{row['name']} ")
        found.append((str(row["name"]).capitalize(), f"{words}, alike {row['likeness']:.2f}"))
    return found
