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

from imaging.geometry import Box, fit_ratio
from imaging.safezone import SafeZone
from imaging.see import Seen, SeenBox
from imaging.windows import Windows, candidates


@dataclass(frozen=True, slots=True)
class CropWeights:
    """What counts how much (points), and the limits (factors and shares)."""

    face: float = 8.0
    face_headroom: float = 1.5
    subject: float = 6.0
    subject_whole: float = 1.5
    field: float = 2.0
    headline: float = 3.0
    text: float = 0.8
    text_cut: float = 3.0
    sliver: float = 0.6
    interface_face: float = 3.0
    interface_text: float = 2.0
    interface_subject: float = 1.2
    balance: float = 0.6
    zoom: float = 1.6
    enlarge: float = 2.5
    focus: float = 25.0
    most_enlarged: float = 1.5
    least_scale: float = 0.55


WEIGHTS = CropWeights()


@dataclass(frozen=True, slots=True)
class CropFinding:
    """One thing to know about the crop; verdict is "pass", "warn", "fail" or "info"."""

    code: str
    verdict: str
    text: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another way to fill the target: "expand" (new surroundings) or "fit" (bars or blur)."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Crop:
    """The chosen box in picture pixels, what it keeps and loses, and what else could be done."""

    box: Box
    findings: tuple[CropFinding, ...]
    alternatives: tuple[Alternative, ...]


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
    windows = candidates(
        seen, full, (target_width, target_height), weights.most_enlarged, weights.least_scale
    )
    scores = _score(seen, windows, target_width, target_height, zone, focus, weights)
    best = int(np.argmax(np.round(scores, 6)))
    box = windows.box(best)
    return judge(seen, box, target_width, target_height, zone, weights=weights)


def judge(
    seen: Seen,
    box: Box,
    target_width: int,
    target_height: int,
    zone: SafeZone | None = None,
    *,
    weights: CropWeights = WEIGHTS,
) -> Crop:
    """The findings for a box somebody chose (also by hand). Same meaning as in `decide`."""
    findings = [
        *_face_findings(seen, box),
        *_subject_findings(seen, box),
        *_text_findings(seen, box),
        *_zone_findings(seen, box, target_width, target_height, zone),
        *_size_findings(box, target_width, target_height, weights),
    ]
    if seen.missing:
        names = ", ".join(seen.missing)
        findings.append(
            CropFinding("not_looked", "info", f"Not looked for, because not installed: {names}.")
        )
    lost = {"face_cut", "face_lost", "subject_cut", "text_cut", "headline_lost", "interface"}
    cut = [item for item in findings if item.code in lost and item.verdict != "pass"]
    return Crop(box=box, findings=tuple(findings), alternatives=_alternatives(cut, seen, box))


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
    largest = max((face.box.area for face in seen.faces), default=1)
    for face in seen.faces:
        # A face far smaller than the largest is a passer-by: it may stay outside, not be cut.
        importance = min(1.0, 0.15 + (face.box.area / largest) ** 0.5)
        share = windows.share_of(face.box)
        cut = (share > 0.02) & (share < 0.995)
        scores += importance * weights.face * (share - 1.2 * cut)
        scores += importance * weights.face_headroom * windows.share_of(headroom(face.box))
    if seen.subject is not None:
        share = windows.share_of(seen.subject.box)
        sure = 0.5 + 0.5 * seen.subject.score
        scores += sure * (weights.subject * share + weights.subject_whole * (share > 0.995))
    headline = headline_of(seen)
    for item in seen.texts:
        share = windows.share_of(item.box)
        cut = (share > 0.03) & (share < 0.995)
        # The plate of a button or label around the words: a sliver of it looks like a mistake.
        plate = item.box.grow(0.9 * item.box.height, 0.7 * item.box.height)
        plate_share = windows.share_of(plate.clamp(seen.width, seen.height))
        sliver = (share <= 0.03) & (plate_share > 0.001)
        big = prominence(item, seen)
        scores += big * (weights.text * (share >= 0.995) - weights.text_cut * cut)
        scores -= weights.sliver * big * sliver
        if item is headline:
            scores += weights.headline * (share >= 0.995)
    if zone is not None:
        scores -= _under_interface(seen, windows, zone.scaled(width, height), weights)
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


def _under_interface(
    seen: Seen, windows: Windows, zone: SafeZone, weights: CropWeights
) -> NDArray[np.float64]:
    parts = zone.covering()
    loss = np.zeros(len(windows.left))
    for face in seen.faces:
        loss += weights.interface_face * windows.covered(face.box, parts, zone.width)
    for item in seen.texts:
        big = prominence(item, seen)
        loss += weights.interface_text * big * windows.covered(item.box, parts, zone.width)
    if seen.subject is not None:
        covered = windows.covered(seen.subject.box, parts, zone.width)
        loss += weights.interface_subject * covered
    return loss


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


def prominence(item: SeenBox, seen: Seen) -> float:
    """0..1: how much a line of text matters, by its height against the picture and its score."""
    high = min(item.box.height, item.box.width) / min(seen.width, seen.height)
    return min(1.0, 0.2 + 16 * high) * min(1.0, item.score / 0.8)


def headline_of(seen: Seen) -> SeenBox | None:
    """The largest line of text, if it is large enough to be one (3 % of the short side)."""
    large = [item for item in seen.texts if item.box.height > 0.03 * min(seen.width, seen.height)]
    return max(large, key=lambda item: (item.box.area, -item.box.top), default=None)


def _face_findings(seen: Seen, box: Box) -> list[CropFinding]:
    shares = [face.box.share_inside(box) for face in seen.faces]
    cut = sum(0.02 < share < 0.995 for share in shares)
    lost = sum(share <= 0.02 for share in shares)
    whole = len(shares) - cut - lost
    found = []
    if cut:
        found.append(CropFinding("face_cut", "fail", f"{_count(cut, 'face')} cut through."))
    if lost:
        verdict = "warn" if whole else "fail"
        found.append(CropFinding("face_lost", verdict, f"{_count(lost, 'face')} left outside."))
    if whole:
        found.append(CropFinding("face_whole", "pass", f"{_count(whole, 'face')} whole."))
    return found


def _subject_findings(seen: Seen, box: Box) -> list[CropFinding]:
    if seen.subject is None:
        text = "No clear subject was found; the crop keeps the busiest part."
        return [CropFinding("no_subject", "info", text)]
    share = seen.subject.box.share_inside(box)
    if share > 0.995:
        return [CropFinding("subject_whole", "pass", "The subject is whole.")]
    verdict = "warn" if share >= 0.7 else "fail"
    return [CropFinding("subject_cut", verdict, f"{share:.0%} of the subject is inside.")]


def _text_findings(seen: Seen, box: Box) -> list[CropFinding]:
    shares = [(item, item.box.share_inside(box)) for item in seen.texts]
    cut = sum(0.03 < share < 0.97 for _, share in shares)
    found = []
    if cut:
        verdict = "fail" if any(
            0.03 < share < 0.97 and prominence(item, seen) > 0.5 for item, share in shares
        ) else "warn"  # fmt: skip
        found.append(CropFinding("text_cut", verdict, f"{_count(cut, 'line')} of text cut."))
    headline = headline_of(seen)
    if headline is not None and headline.box.share_inside(box) <= 0.03:
        text = "The largest line of text is left outside."
        found.append(CropFinding("headline_lost", "warn", text))
    whole = sum(share >= 0.97 for _, share in shares)
    if whole:
        found.append(CropFinding("text_whole", "pass", f"{_count(whole, 'line')} of text whole."))
    return found


def _zone_findings(
    seen: Seen, box: Box, width: int, height: int, zone: SafeZone | None
) -> list[CropFinding]:
    if zone is None:
        return []
    fitted = zone.scaled(width, height)

    def covered(item: SeenBox) -> float:
        inside = item.box.intersect(box).shift(-box.left, -box.top)
        return fitted.covered(inside.scale(width / box.width, height / box.height))

    faces = max((covered(face) for face in seen.faces), default=0.0)
    texts = max((covered(item) for item in seen.texts if prominence(item, seen) > 0.4), default=0.0)
    found = []
    if faces > 0.15:
        verdict = "fail" if faces > 0.5 else "warn"
        text = f"{faces:.0%} of a face lies under the app's own buttons or caption."
        found.append(CropFinding("interface", verdict, text))
    if texts > 0.1:
        verdict = "fail" if texts > 0.5 else "warn"
        text = f"{texts:.0%} of a line of text lies under the app's own buttons or caption."
        found.append(CropFinding("interface", verdict, text))
    if not found:
        text = "Faces and text are clear of the app's buttons."
        if not seen.faces and not seen.texts:
            text = "No face or text lies under the app's buttons."
        found.append(CropFinding("interface", "pass", text))
    return found


def _size_findings(box: Box, width: int, height: int, weights: CropWeights) -> list[CropFinding]:
    factor = max(width / box.width, height / box.height)
    if factor <= 1.01:
        return []
    text = f"Enlarged {factor:.2f} times: {box.width} x {box.height} pixels for {width} x {height}."
    if factor <= weights.most_enlarged:
        return [CropFinding("enlarged", "info", text)]
    remedy = "Upscale it first or use a larger original."
    return [CropFinding("enlarged", "warn", f"{text} It will look soft. {remedy}")]


def _alternatives(cut: list[CropFinding], seen: Seen, box: Box) -> tuple[Alternative, ...]:
    if not cut:
        return ()
    side = "above and below" if box.width < seen.width else "left and right"
    return (
        Alternative(
            "expand", f"Expand the picture {side} instead of cropping, so that everything stays in."
        ),
        Alternative("fit", "Show the whole picture on a blurred or brand-colored ground."),
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
