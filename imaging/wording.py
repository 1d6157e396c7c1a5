"""What the lines of text in a picture are: headline, button, logo, small print, label of a product.

Geometry and flat color only; nothing is read. What a kind is worth is crop's to say, and each kind
carries how sure we are, because none of them is certain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.geometry import Box, around
from imaging.text import TextBox

HEADLINE_HEIGHT = 0.028
SMALL_HEIGHT = 0.022
PROMOTED_HEIGHT = 0.05
LEVEL = 0.5
LITTLE = 0.07
MOST_CARD = 0.45
CLEAR = 0.8
MOST_BESIDE = 1.5  # of a card's area, what stands out in all where the card itself does
NEAR = (14, 8, 8)  # of 255 in L, a, b around the color beside the letters
FLOOD = 8 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)


@dataclass(frozen=True, slots=True)
class Line:
    """A line or button with its kind: "line", "headline", "button", "logo", "small" or "label".
    `card` is the plain shape it stands on, if there is one."""

    box: Box
    score: float
    kind: str
    card: Box | None = None


def sort_out(
    rgb: NDArray[np.uint8],
    found: Sequence[TextBox],
    mask: NDArray[np.float32],
    flat: NDArray[np.uint8],
) -> list[Line]:
    """The lines of a picture with their kinds, from top to bottom; `mask` is what stands out,
    0..1, and `flat` the plain ground, 0/1, both square. A button's box is its plate.
    Deterministic."""
    height, width = rgb.shape[:2]
    lines = _join([item for item in found if _is_plausible(item.box, width, height)])
    lab = cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), (3, 3), 0)
    smooth = np.asarray(lab, dtype=np.uint8)
    free, labels, result = [], [], []
    cards: dict[int, Box] = {}
    plates = {id(line): _plate(smooth, line.box) for line in lines}
    buttons = [
        Line(plate, line.score, "button", plate)
        for line in lines
        if (plate := plates[id(line)]) is not None and not _holds_others(plate, line, lines)
    ]
    result += buttons
    for line in lines:
        plate = plates[id(line)]
        if plate is not None and any(item.box is plate for item in buttons):
            continue
        card = plate if plate is not None else _card(smooth, line.box, lines)
        if card is not None:
            cards[id(line)] = card
        if _is_label(line, card, buttons, mask, flat, width, height):
            labels.append(line)
        else:
            free.append(line)
    # Copy goes on where its next line crosses what stands out; a label has its own lettering.
    onward = [line for line in labels if any(_belong(line.box, other.box) for other in free)]
    free += onward
    for line in labels:
        if line not in onward:
            result.append(Line(line.box, line.score, "label", cards.get(id(line))))
    headline = set(map(id, _headline(free, width, height)))
    for line in free:
        kind = "headline" if id(line) in headline else _plain_kind(line, free, width, height)
        result.append(Line(line.box, line.score, kind, cards.get(id(line))))
    if not headline:
        result = _promoted(result, width, height)
    result.sort(key=lambda item: (item.box.top, item.box.left))
    return result


def is_laid_out(lines: Sequence[Line], flat: NDArray[np.uint8], width: int, height: int) -> bool:
    """Whether somebody set these lines over a picture of width x height, as an ad's are: one stands
    on a plate or on plain ground. The letters of a sign or a shirt are part of the picture."""
    return any(
        line.kind != "label"
        and (
            line.card is not None
            or (line.score >= CLEAR and _sides(line.box, flat, width, height) >= 2)
        )
        for line in lines
    )


def _promoted(lines: list[Line], width: int, height: int) -> list[Line]:
    """Where nothing else can be the headline, large lettering set across the subject is."""
    labels = [TextBox(line.box, line.score) for line in lines if line.kind == "label"]
    boxes = {item.box for item in _headline(labels, width, height)}
    least = PROMOTED_HEIGHT * min(width, height)
    if not any(box.height >= least for box in boxes):
        return lines
    return [replace(line, kind="headline") if line.box in boxes else line for line in lines]


def _is_plausible(box: Box, width: int, height: int) -> bool:
    """A line is longer than high; high blocks are shelves, leaves or window frames."""
    high = box.height / min(width, height)
    return high < LITTLE or box.width > (1.5 if high < 0.15 else 2.2) * box.height


def _join(found: Sequence[TextBox]) -> list[TextBox]:
    """Words that the detector left apart, joined into lines."""
    lines: list[TextBox] = []
    for item in sorted(found, key=lambda one: (one.box.left, one.box.top)):
        for index, line in enumerate(lines):
            if _same_line(line.box, item.box):
                score = min(line.score, item.score)
                lines[index] = TextBox(line.box.union(item.box), score)
                break
        else:
            lines.append(item)
    lines.sort(key=lambda one: (one.box.top, one.box.left))
    return lines


def _same_line(one: Box, other: Box) -> bool:
    tall = min(one.height, other.height)
    level = min(one.bottom, other.bottom) - max(one.top, other.top)
    gap = max(one.left, other.left) - min(one.right, other.right)
    alike = max(one.height, other.height) < 1.6 * tall
    return alike and level > 0.6 * tall and gap < 0.8 * tall


def _plate(lab: NDArray[np.uint8], line: Box) -> Box | None:
    """The filled shape of one color around a short line, if there is one: a button or badge."""
    height, width = lab.shape[:2]
    tall = line.height
    if line.width > 14 * tall:
        return None
    reach = line.grow(4 * tall, 2.2 * tall).clamp(width, height)
    part = lab[reach.top : reach.bottom, reach.left : reach.right]
    inner = line.shift(-reach.left, -reach.top)
    best: Box | None = None
    step = max(2, round(0.22 * tall))
    middle = (inner.top + inner.bottom) // 2
    for x, y in (
        (inner.left - step, middle),
        (inner.right + step, middle),
        ((inner.left + inner.right) // 2, inner.top - step // 2),
        ((inner.left + inner.right) // 2, inner.bottom + step // 2),
    ):
        if not (0 <= x < reach.width and 0 <= y < reach.height):
            continue
        box = _flood(part, (x, y), inner)
        if box is not None and (best is None or box.area > best.area):
            best = box
    return best.shift(reach.left, reach.top) if best is not None else None


def _is_label(
    line: TextBox,
    card: Box | None,
    buttons: Sequence[Line],
    mask: NDArray[np.float32],
    flat: NDArray[np.uint8],
    width: int,
    height: int,
) -> bool:
    """Printed on a thing, as on a bottle: what stands out borders it on three sides."""
    if card is None:
        on_flat = _sides(line.box, flat, width, height) >= 2
        return not on_flat and _sides(line.box, mask, width, height) >= 3
    if any(item.box.share_inside(card) > 0.9 for item in buttons):
        return False  # a panel laid over the photo: no thing has a button
    if _sides(card, mask, width, height) >= 3:
        return True
    # The plain front of a box is a card too, and ends where the box does. Where as much stands out
    # beside it, it is a panel of the ad that the mask took in.
    alone = float((mask > LEVEL).sum()) / mask.size * width * height < MOST_BESIDE * card.area
    on_mask = _sides(line.box, mask, width, height) >= 3
    return alone and on_mask and _covered(card, mask, width, height) > 0.9


def _covered(box: Box, mask: NDArray[np.float32], width: int, height: int) -> float:
    """How much of the box the mask marks."""
    rows, columns = mask.shape
    part = box.scale(columns / width, rows / height).clamp(columns, rows)
    if part.is_empty:
        return 0.0
    return float((mask[part.top : part.bottom, part.left : part.right] > LEVEL).mean())


def _holds_others(plate: Box, line: TextBox, lines: Sequence[TextBox]) -> bool:
    """More than this line stands on the plate: a card with copy, not a button."""
    return any(
        other is not line and other.box.share_inside(plate) > 0.5
        and other.box.intersect(line.box).area < 0.5 * other.box.area
        for other in lines
    )  # fmt: skip


def _card(lab: NDArray[np.uint8], line: Box, lines: Sequence[TextBox]) -> Box | None:
    """The plain panel of any size on which a line stands. It may run off the picture on one side:
    on more it is the ground."""
    height, width = lab.shape[:2]
    x = line.left - max(2, round(0.22 * line.height))
    y = (line.top + line.bottom) // 2
    if not 0 <= x < width:
        return None
    mask = np.zeros((height + 2, width + 2), dtype=np.uint8)
    area, _, _, (left, top, w, h) = cv2.floodFill(lab, mask, (x, y), 0, NEAR, NEAR, FLOOD)
    box = Box(left, top, left + w, top + h)
    off = (left < 2) + (top < 2) + (box.right > width - 2) + (box.bottom > height - 2)
    if off > 1 or area < 0.3 * box.area or box.area > MOST_CARD * width * height:
        return None
    if not box.grow(2).contains(line):
        return None
    filled = mask[1:-1, 1:-1]
    for other in lines:
        part = other.box.grow(0.6 * other.box.height).clamp(width, height)
        filled[part.top : part.bottom, part.left : part.right] = 1
    return box if float(filled[top : top + h, left : left + w].mean()) > 0.85 else None


def _flood(part: NDArray[np.uint8], seed: tuple[int, int], line: Box) -> Box | None:
    high, wide = part.shape[:2]
    mask = np.zeros((high + 2, wide + 2), dtype=np.uint8)
    _, _, _, (left, top, w, h) = cv2.floodFill(part.copy(), mask, seed, 0, NEAR, NEAR, FLOOD)
    box = Box(left, top, left + w, top + h)
    if left <= 0 or top <= 0 or box.right >= wide or box.bottom >= high:
        return None  # runs on: the ground, not a plate
    if not 1.15 * line.height <= h <= 4.5 * line.height or w < 1.02 * line.width:
        return None
    if box.grow(2).intersect(line).area < 0.9 * line.area:
        return None
    filled = mask[1:-1, 1:-1].copy()
    filled[line.top : line.bottom, line.left : line.right] = 1
    return box if float(filled[top : top + h, left : left + w].mean()) > 0.72 else None


def _sides(line: Box, mask: NDArray[Any], width: int, height: int) -> int:
    """On how many of its four sides the line is bordered by what the mask marks."""
    rows, columns = mask.shape
    pad = max(2.0 * max(width / columns, height / rows), 0.6 * line.height)
    sides = (
        Box(line.left, round(line.top - pad), line.right, line.top),
        Box(line.left, line.bottom, line.right, round(line.bottom + pad)),
        Box(round(line.left - pad), line.top, line.left, line.bottom),
        Box(line.right, line.top, round(line.right + pad), line.bottom),
    )
    covered = 0
    for side in sides:
        box = side.scale(columns / width, rows / height).grow(0.5).clamp(columns, rows)
        if not box.is_empty:
            part = mask[box.top : box.bottom, box.left : box.right]
            covered += float((part > LEVEL).mean()) > 0.6
    return covered


def _headline(lines: Sequence[TextBox], width: int, height: int) -> list[TextBox]:
    """The lines of the largest lettering that stand together; empty when none is large enough."""
    least = HEADLINE_HEIGHT * min(width, height)
    groups = [group for group in _groups(lines) if max(i.box.height for i in group) >= least]

    def weight(group: list[TextBox]) -> tuple[float, int]:
        tallest = max(item.box.height for item in group)
        return (tallest**1.5 * around(item.box for item in group).width ** 0.5, -group[0].box.top)

    return max(groups, key=weight, default=[])


def _groups(lines: Sequence[TextBox]) -> list[list[TextBox]]:
    groups: list[list[TextBox]] = []
    for line in sorted(lines, key=lambda one: (one.box.top, one.box.left)):
        for group in groups:
            if any(_belong(line.box, other.box) for other in group):
                group.append(line)
                break
        else:
            groups.append([line])
    return groups


def _belong(one: Box, other: Box) -> bool:
    """Lines of about one size, close above each other, sharing an edge, the middle or a row."""
    tall = min(one.height, other.height)
    if max(one.height, other.height) > 1.55 * tall:
        return False
    gap = max(one.top, other.top) - min(one.bottom, other.bottom)
    aside = max(one.left, other.left) - min(one.right, other.right)
    if gap < -0.6 * tall:
        return aside < 1.6 * tall
    aligned = min(
        abs(one.left - other.left),
        abs(one.right - other.right),
        abs(one.left + one.right - other.left - other.right) / 2,
    )
    return gap < 0.9 * tall and aside < 0 and aligned < 1.2 * tall


def _plain_kind(line: TextBox, lines: Sequence[TextBox], width: int, height: int) -> str:
    short = min(width, height)
    if line.box.height < SMALL_HEIGHT * short:
        return "small"
    x, y = line.box.center
    in_corner = (y < 0.16 * height or y > 0.88 * height) and (x < 0.3 * width or x > 0.7 * width)
    alone = not any(
        other is not line and other.box.grow(2 * line.box.height).intersect(line.box).area
        for other in lines
    )
    brief = line.box.width < 0.3 * width and line.box.width < 9 * line.box.height
    return "logo" if in_corner and alone and brief else "line"
