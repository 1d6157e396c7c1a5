"""The proof that an edit left the rest alone, as readings: share, place, color, faces and words.

Thresholds with where they come from. Seven photographs of scikit-image and scikit-learn, handed
back re-encoded (JPEG 75 to 95, WebP 80), at two thirds of the size, with grain of 5 levels: at
least 99.96 % unchanged, colors off by at most 0.8, no change louder than 4, boxes at most 0.1 px
away and at least 0.98 alike. The same with a piece moved by 13 px or blurred: at most 99.4 %,
louder than 13, at most 0.72 alike (0.94 when only one eye of a face is blurred); a color cast of
6 %: 2.9 and more (measured 30 Nov 2026).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from campaigns.stages import readings
from campaigns.stages.base import Measured, Reading
from imaging import tracing, untouched
from imaging.geometry import Box
from imaging.see import Seen
from imaging.tracing import Traced
from imaging.untouched import Placement, Rest
from routing.stages import OPERATIONS

ORIGIN = "imaging.untouched"
UNCHANGED_AT_LEAST = 0.998
LOUD = 8.0  # one place that changed by this much is told, however small it is
CAST = 2.0  # CIE76; about 2.3 is just noticeable (Mahy 1994)
MOVED_PX = 1.0
RESIZED = 0.002
ALIKE = 0.95
MOST_BOXES = 24
BASIS = (
    "Seven photographs, re-encoded at JPEG quality 75 or better or at two thirds of their size, "
    "keep 99.96 % or more outside the mask; with a piece moved, 99.4 % or less."
)


def read(measured: Measured) -> list[Reading]:
    """What an edit did outside of what it was asked for; nothing without a source to compare."""
    if measured.source is None or measured.is_clip:
        return []
    source_size = _size(measured.source)
    before, after = readings.pixels(measured.source), readings.pixels(measured.path)
    height, width = before.shape[:2]
    frame = _frame(measured)
    if frame is not None:
        after = _cut(after, frame, _size(measured.path))
    mask = _mask(measured, width, height)
    factor = source_size[0] / width
    boxes = [] if measured.seen is None else _protected(measured, width, height, mask)
    found: list[Reading] = []
    placement = None
    shown: dict[str, Any] = {"size": list(source_size), "frame": frame}
    if mask is not None:
        rest = untouched.compare(before, after, mask)
        placement = rest.placement
        if rest.has_outside:
            found += [
                _share(rest, factor, shown, measured.operation),
                _placed(rest.placement, factor),
                _color(rest),
            ]
    if measured.seen is not None:
        names, places = [name for name, _ in boxes], [box for _, box in boxes]
        ways = tracing.trace(before, after, places, placement)
        found.append(_things(names, ways, factor, measured.seen, shown))
    return found


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def _frame(measured: Measured) -> list[int] | None:
    """Where the source lies in a larger result, in the result's pixels."""
    box = measured.note.get("base_box")
    if measured.operation != "outpaint" or not isinstance(box, Sequence) or len(box) != 4:
        return None
    return [int(value) for value in box]


def _cut(after: np.ndarray, frame: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    height, width = after.shape[:2]
    box = Box.from_list(frame).scale(width / size[0], height / size[1]).clamp(width, height)
    return after if box.is_empty else after[box.top : box.bottom, box.left : box.right]


def _mask(measured: Measured, width: int, height: int) -> np.ndarray | None:
    """White where the edit was wanted; None when that cannot be told."""
    if measured.mask is not None and not OPERATIONS[measured.operation].may_mark:
        with Image.open(measured.mask) as picture:
            gray = picture.convert("L").resize((width, height), Image.Resampling.BOX)
            return np.asarray(gray, dtype=np.uint8)
    if measured.operation == "outpaint" and _frame(measured) is not None:
        rim = np.zeros((height, width), np.uint8)
        wide = max(2, round(0.015 * max(width, height)))  # the new parts are blended in here
        rim[:wide] = rim[-wide:] = rim[:, :wide] = rim[:, -wide:] = 255
        return rim
    if measured.operation == "background_remove":
        return _surroundings(measured.path, width, height)
    return None


def _surroundings(path: Path, width: int, height: int) -> np.ndarray | None:
    """White where a cut-out lets anything through; None for a picture without transparency."""
    with Image.open(path) as picture:
        if picture.mode not in ("RGBA", "LA"):
            return None
        alpha = picture.getchannel("A").resize((width, height), Image.Resampling.BOX)
    return np.where(np.asarray(alpha) < 250, 255, 0).astype(np.uint8)


def _protected(
    measured: Measured, width: int, height: int, mask: np.ndarray | None
) -> list[tuple[str, Box]]:
    """Faces and lines of text that the edit had no business with, the largest first."""
    seen = measured.seen
    if seen is None:
        return []
    subject = seen.subject.box if seen.subject else None
    texts = [item.box for item in seen.texts]
    if measured.operation == "background_replace":  # words behind the subject may go
        texts = [box for box in texts if subject is not None and box.share_inside(subject) > 0.8]
    found: list[tuple[str, Box]] = []
    for name, boxes in (("face", [item.box for item in seen.faces]), ("text", texts)):
        scaled = [box.scale(width / seen.width, height / seen.height) for box in boxes]
        kept = [
            box.clamp(width, height)
            for box in scaled
            if mask is None or untouched.outside_share(box.clamp(width, height), mask) >= 0.95
        ]
        found += [(f"{name} {at + 1}", box) for at, box in enumerate(kept) if not box.is_empty]
    found.sort(key=lambda item: -item[1].area)
    return found[:MOST_BOXES]


def _share(rest: Rest, factor: float, shown: dict[str, Any], operation: str) -> Reading:
    largest = rest.largest
    is_loud = largest is not None and largest.distance >= LOUD
    # An even change of color has a reading of its own; here it would drown everything else.
    share = rest.content if rest.cast >= CAST else rest.share
    good = share >= UNCHANGED_AT_LEAST and not is_loud
    label = {"outpaint": "Original part", "background_remove": "Subject"}.get(
        operation, "Outside the mask"
    )
    shown |= {
        "heat": readings.runs(rest.heat, 0.03),
        "inside": readings.runs(rest.inside, 0.5),
        "grid": [len(rest.heat[0]), len(rest.heat)],
        "as_is": rest.as_is,
        "content": rest.content,
        "basis": BASIS,
    }
    if largest is not None:
        shown["largest"] = largest.box.scale(factor).as_list()
        shown["largest_distance"] = largest.distance
    text = f"{_floored(share)} unchanged"
    return Reading(
        "untouched",
        label,
        round(share, 5),
        text,
        "pass" if good else "warn",
        ORIGIN,
        UNCHANGED_AT_LEAST,
        dict(shown),
    )


def _floored(share: float) -> str:
    """A share in percent that only says 100 when nothing at all changed."""
    return "100 %" if share >= 1 else f"{int(share * 1000) / 10:.1f} %"


def _placed(placement: Placement, factor: float) -> Reading:
    label = "Whole picture"
    if not placement.is_found:
        text = "cannot be laid on the original"
        return Reading("placement", label, None, text, "info", ORIGIN, MOVED_PX)
    parts = []
    shift = float(np.hypot(placement.dx, placement.dy)) * factor
    if shift >= MOVED_PX:
        parts.append(f"moved {shift:.1f} px")
    if abs(placement.scale - 1) >= RESIZED:
        how = "larger" if placement.scale > 1 else "smaller"
        parts.append(f"{abs(placement.scale - 1):.1%} {how}".replace("%", " %"))
    most = placement.most_px * factor
    if not parts and most >= 2 * MOVED_PX:
        parts.append(f"bent by up to {most:.1f} px")
    return Reading(
        "placement",
        label,
        round(most, 2),
        ", ".join(parts) or "in place",
        "warn" if parts else "pass",
        ORIGIN,
        MOVED_PX,
        {"dx": round(placement.dx * factor, 2), "dy": round(placement.dy * factor, 2)},
    )


def _color(rest: Rest) -> Reading:
    light, _, warm = rest.cast_lab
    words = [
        word
        for value, more, less in ((light, "lighter", "darker"), (warm, "warmer", "cooler"))
        if abs(value) >= CAST / 2 and (word := more if value > 0 else less)
    ]
    text = "as before"
    if rest.cast >= CAST:
        text = f"{' and '.join(words) or 'shifted'} everywhere (ΔE {rest.cast:.1f})"
    return Reading(
        "cast",
        "Light and color",
        rest.cast,
        text,
        "warn" if rest.cast >= CAST else "pass",
        ORIGIN,
        CAST,
    )


def _things(
    names: Sequence[str],
    ways: Sequence[Traced],
    factor: float,
    seen: Seen,
    shown: Mapping[str, Any],
) -> Reading:
    label = "Faces and words"
    blind = [what for what in ("faces", "text") if what in seen.missing]
    if not ways:
        text = f"{' and '.join(blind)} not looked for" if blind else "none to protect"
        return Reading("protected", label, None, text, "info", ORIGIN, MOVED_PX)
    rows, told = [], []
    for name, way in zip(names, ways, strict=True):
        state, words = _state(name, way, factor)
        if state != "same":
            told.append((state, way.distance, words))
        rows.append(
            {
                "name": name,
                "box": way.box.scale(factor).as_list(),
                "dx": round(way.dx * factor, 1),
                "dy": round(way.dy * factor, 1),
                "likeness": way.likeness,
                "state": state,
                "text": words,
            }
        )
    told.sort(key=lambda item: (item[0] != "changed", -item[1]))
    text = f"{len(ways)} in place, unchanged"
    if told:
        more = f", {len(told) - 1} more" if len(told) > 1 else ""
        text = f"{told[0][2]}{more}"
    return Reading(
        "protected",
        label,
        float(len(told)),
        text[:80],
        "warn" if told else "pass",
        ORIGIN,
        MOVED_PX,
        {"size": shown["size"], "frame": shown["frame"], "boxes": rows},
    )


def _state(name: str, way: Traced, factor: float) -> tuple[str, str]:
    """same, moved or changed, with the words for it. A plain patch cannot be traced."""
    if way.likeness == 0:
        return "same", f"{name} is too plain to follow"
    if way.likeness < ALIKE:
        return "changed", f"{name} changed"
    if way.distance * factor > MOVED_PX:
        return "moved", f"{name} moved {way.distance * factor:.0f} px"
    return "same", f"{name} in place"
