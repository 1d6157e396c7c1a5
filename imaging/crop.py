"""Choose which part of a picture to show at a target size, and say why.

Numbers in, a box and its reasons out: windows over position and scale are scored for whole faces
with headroom, the subject kept, no text cut through, nothing that matters under the platform's
own buttons, a balanced picture, and enough pixels. The same input gives the same box. It must
not touch pixels; it never widens beyond the picture, but says so when only that would help.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.findings import (
    MOST_ENLARGED,
    Alternative,
    Crop,
    CropFinding,
    headline_of,
    judge,
    judge_fit,
    prominence,
)
from imaging.geometry import Box, fit_ratio
from imaging.safezone import SafeZone
from imaging.see import Seen, SeenBox
from imaging.windows import Windows, candidates

TORSO = 2.5  # heights of a face below the chin


@dataclass(frozen=True, slots=True)
class CropWeights:
    """What counts how much (points), and the limits (factors and shares).

    The order follows from the sizes: faces, then the subject, then the headline, then other text,
    then the platform's interface, then looks."""

    face: float = 10.0
    face_cut: float = 14.0
    face_air: float = 3.0
    face_headroom: float = 2.5
    no_face: float = 24.0
    subject: float = 12.0
    parts: float = 7.0
    subject_whole: float = 3.0
    upper: float = 2.5
    subject_air: float = 0.012
    field: float = 5.0
    headline: float = 3.0
    headline_cut: float = 1.0
    text: float = 0.5
    text_cut: float = 2.4
    most_text_cut: float = 3.0
    sliver: float = 0.3
    label: float = 0.6
    clear_face: float = 3.0
    clear_headline: float = 2.0
    clear_subject: float = 3.0
    interface_text: float = 1.0
    balance: float = 0.8
    zoom: float = 4.0
    enlarge: float = 1.2
    focus: float = 80.0
    most_enlarged: float = MOST_ENLARGED
    least_scale: float = 0.55
    least_scale_small: float = 0.7


__all__ = ["Alternative", "Crop", "CropFinding", "CropWeights", "decide", "judge", "judge_fit"]

WEIGHTS = CropWeights()


def decide(
    seen: Seen,
    target_width: int,
    target_height: int,
    zone: SafeZone | None = None,
    focus: tuple[float, float] | None = None,
    *,
    weights: CropWeights = WEIGHTS,
) -> Crop:
    """The best window of the target's ratio inside the picture.

    `zone` is the platform's covered area (any canvas of the target's ratio); `focus` a point a
    person chose, as shares (0..1) of width and height, kept as near to the middle as possible.
    ValueError for sizes that are not positive.
    """
    full = fit_ratio(seen.width, seen.height, target_width, target_height)
    enlarged = weights.most_enlarged * full[0] / target_width
    least = max(weights.least_scale, min(weights.least_scale_small, 1 / enlarged))
    windows = candidates(seen, full, least)
    scores = _score(seen, windows, target_width, target_height, zone, focus, weights)
    best = int(np.argmax(np.round(scores, 6)))
    box = windows.box(best)
    return judge(seen, box, target_width, target_height, zone)


def _score(
    seen: Seen,
    windows: Windows,
    width: int,
    height: int,
    zone: SafeZone | None,
    focus: tuple[float, float] | None,
    weights: CropWeights,
) -> NDArray[np.float64]:
    scores = weights.field * windows.field_share(seen.field, seen.width, seen.height)
    scores += _faces(seen, windows, weights)
    scores += _subject(seen, windows, weights)
    scores += _texts(seen, windows, weights)
    if zone is not None:
        scores += _clear(seen, windows, zone.scaled(width, height), weights)
    scores -= weights.zoom * (1 - windows.scale)
    enlarged = np.maximum(0.0, width / windows.width - 1.0)
    scores -= weights.enlarge * (enlarged - enlarged.min())
    scores -= weights.balance * _imbalance(seen, windows, width, height, zone)
    if focus is not None:
        x, y = focus[0] * seen.width, focus[1] * seen.height
        dx = (windows.left + windows.width / 2 - x) / seen.width
        dy = (windows.top + windows.height / 2 - y) / seen.height
        scores -= weights.focus * np.hypot(dx, dy)
    return np.asarray(scores)


def _faces(seen: Seen, windows: Windows, weights: CropWeights) -> NDArray[np.float64]:
    scores = np.zeros(len(windows.left))
    shown = np.zeros(len(windows.left))
    largest = max((face.box.area for face in seen.faces), default=1)
    for face in seen.faces:
        # A face far smaller than the largest is a passer-by: it may stay outside, not be cut.
        importance = min(1.0, 0.15 + (face.box.area / largest) ** 0.5) * min(1.0, face.score / 0.8)
        share = windows.share_of(face.box)
        cut = (share > 0.02) & (share < 0.995)
        shown = np.maximum(shown, importance * share)
        scores += importance * (weights.face * share - weights.face_cut * cut)
        # Detectors end at the brow and the chin's edge: a little air keeps the whole face.
        air = face.box.grow(0.06 * face.box.width, 0.08 * face.box.height)
        whole = windows.share_of(air.clamp(seen.width, seen.height)) >= 0.995
        scores += importance * weights.face_air * whole
        room = windows.share_of(headroom(face.box).clamp(seen.width, seen.height))
        scores += importance * weights.face_headroom * room
    # Where every face would be cut, leaving all of them out is no way around it.
    return scores - weights.no_face * (1 - shown) if seen.faces else scores


def _subject(seen: Seen, windows: Windows, weights: CropWeights) -> NDArray[np.float64]:
    scores = np.zeros(len(windows.left))
    if seen.subject is None:
        return scores
    share, whole = _kept(seen.subject.box, seen, windows, weights)
    sure = 0.5 + 0.5 * seen.subject.score
    # Of what any window can keep: half of a wide subject is all there is to lose.
    kept = share / max(float(share.max()), 1e-6)
    scores += sure * (weights.subject * kept + weights.subject_whole * whole)
    parts = [*((part, 1.5) for part in seen.people), *((part, 1.0) for part in seen.products)]
    total = sum(value * part.box.area for part, value in parts)
    for part, value in parts:
        importance = value * part.box.area / total
        inside, whole = _kept(part.box, seen, windows, weights)
        scores += importance * weights.parts * (inside + 0.5 * whole)
    uppers = [_upper(part, seen) for part in seen.people]
    for upper in uppers:
        inside = windows.share_of(_airy(upper, seen, weights.subject_air))
        complete = inside / max(float(inside.max()), 1e-6) > 0.995
        scores += weights.upper * (inside + complete) / len(uppers)
    return scores


def _kept(
    box: Box, seen: Seen, windows: Windows, weights: CropWeights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How much of a thing with its air each window keeps, and how whole it is: a mask's edge is
    never exact, so a little air makes it surer, but where only the bare box fits that counts."""
    shares = [
        windows.share_of(_airy(box, seen, air * weights.subject_air)) for air in (0.0, 0.5, 1.0)
    ]
    whole = np.mean([share > 0.995 for share in shares], axis=0)
    return np.mean(shares, axis=0), whole


def _upper(person: SeenBox, seen: Seen) -> Box:
    """Head and torso: what of a person must stay when not all of the body can."""
    inside = [face.box for face in seen.faces if face.box.share_inside(person.box) > 0.5]
    if not inside:
        return person.box
    lowest = max(round(face.bottom + TORSO * face.height) for face in inside)
    box = person.box
    return Box(box.left, box.top, box.right, min(box.bottom, max(lowest, box.top + 1)))


def _rim(box: Box, seen: Seen) -> Box:
    """A line with the tails of its letters, which detectors clip."""
    air = 0.12 * min(box.width, box.height)
    return box.grow(air).clamp(seen.width, seen.height)


def _airy(box: Box, seen: Seen, air: float) -> Box:
    """With a little air, a share of the long side: things should not touch the rim."""
    return box.grow(air * max(seen.width, seen.height)).clamp(seen.width, seen.height)


def _texts(seen: Seen, windows: Windows, weights: CropWeights) -> NDArray[np.float64]:
    scores = np.zeros(len(windows.left))
    headline = headline_of(seen)
    if headline is not None:
        share = windows.share_of(_rim(headline.box, seen))
        cut = (share > 0.02) & (share < 0.99)
        scores += weights.headline * (share >= 0.99) - weights.headline_cut * cut
    bad = np.zeros(len(windows.left))
    for item in seen.texts:
        share = windows.share_of(_rim(item.box, seen))
        cut = (share > 0.02) & (share < 0.99)
        # The rim of a letter or the plate of a label: a sliver of it looks like a mistake.
        rim = item.box.grow(0.5 * item.box.height, 0.3 * item.box.height)
        rim_share = windows.share_of(rim.clamp(seen.width, seen.height))
        sliver = (share <= 0.02) & (rim_share > 0.001)
        big = prominence(item, seen)
        scores += big * weights.text * (share >= 0.99)
        bad += big * (weights.text_cut * cut + weights.sliver * sliver)
    # Many cut lines are no worse than a few: else small print would outweigh the subject.
    scores -= np.minimum(bad, weights.most_text_cut)
    for item in seen.labels:
        share = windows.share_of(item.box)
        cut = (share > 0.02) & (share < 0.99)
        scores += weights.label * prominence(item, seen) * ((share >= 0.99) * 1.0 - cut)
    return scores


def _clear(
    seen: Seen, windows: Windows, zone: SafeZone, weights: CropWeights
) -> NDArray[np.float64]:
    """What is shown and lies under no part of the interface, per window.

    Counted as a gain: counted as a loss, leaving a thing out would be as good as keeping it clear.
    """
    parts = zone.covering()

    def clear(box: Box) -> NDArray[np.float64]:
        return windows.share_of(box) - windows.covered(box, parts, zone.width)

    scores = np.zeros(len(windows.left))
    if seen.faces:
        worth = sum(face.box.area for face in seen.faces)
        for face in seen.faces:
            scores += weights.clear_face * face.box.area / worth * clear(face.box)
    if seen.subject is not None:
        scores += weights.clear_subject * clear(seen.subject.box)
    headline = headline_of(seen)
    if headline is not None:
        scores += weights.clear_headline * clear(headline.box)
    for item in seen.texts:
        covered = windows.covered(item.box, parts, zone.width)
        scores -= weights.interface_text * prominence(item, seen) * covered
    return scores


def _imbalance(
    seen: Seen, windows: Windows, width: int, height: int, zone: SafeZone | None
) -> NDArray[np.float64]:
    """How far the main thing lies from where the eye expects it, in shares of the window."""
    main = seen.subject or max(seen.faces, key=lambda face: face.box.area, default=None)
    if main is None:
        return np.hypot(
            (windows.left + windows.width / 2) / seen.width - 0.5,
            (windows.top + windows.height / 2) / seen.height - 0.5,
        )
    clear = zone.scaled(width, height).clear_box() if zone else Box.whole(width, height)
    aim_x, aim_y = clear.center[0] / width, clear.center[1] / height
    at_x = (main.box.center[0] - windows.left) / windows.width
    at_y = (main.box.center[1] - windows.top) / windows.height
    # On a line of thirds is as good as in the middle, sideways; up and down it may drift more.
    beside = np.minimum(np.abs(at_x - aim_x), 0.06 + np.abs(np.abs(at_x - 0.5) - 1 / 6))
    return np.asarray(beside + 0.6 * np.abs(at_y - aim_y))


def headroom(face: Box) -> Box:
    """The face with hair, chin and some air: half its height above, a quarter around."""
    return Box(
        face.left - round(0.25 * face.width),
        face.top - round(0.5 * face.height),
        face.right + round(0.25 * face.width),
        face.bottom + round(0.3 * face.height),
    )
