"""What a crop keeps, loses and covers, in sentences; and what else could be done.

Numbers in, verdicts out, the same for a crop that was chosen here and for one placed by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from imaging import extend
from imaging.geometry import Box
from imaging.safezone import SafeZone
from imaging.see import Seen, SeenBox

MOST_ENLARGED = 1.5
# what is not whole in the frame, if its verdict is not "pass"
LOSSES = frozenset(
    {"face_cut", "face_lost", "subject_cut", "text_cut", "headline_lost", "interface"}
)


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


def judge(
    seen: Seen,
    box: Box,
    target_width: int,
    target_height: int,
    zone: SafeZone | None = None,
) -> Crop:
    """The findings for a box somebody chose (also by hand). Same meaning as in `crop.decide`."""
    findings = [
        *_face_findings(seen, box),
        *_subject_findings(seen, box),
        *_text_findings(seen, box),
        *_zone_findings(seen, box, target_width, target_height, zone),
        *_size_findings(box, target_width, target_height),
    ]
    if seen.missing:
        names = ", ".join(seen.missing)
        findings.append(
            CropFinding("not_looked", "info", f"Not looked for, because not installed: {names}.")
        )
    cut = [item for item in findings if item.code in LOSSES and item.verdict != "pass"]
    return Crop(box=box, findings=tuple(findings), alternatives=_alternatives(cut, seen, box))


def judge_fit(
    seen: Seen,
    box: Box,
    target_width: int,
    target_height: int,
    zone: SafeZone | None = None,
    at: extend.Place | None = None,
    words: SeenBox | None = None,
) -> Crop:
    """The findings when `box`, of another ratio, is shown whole on an extended ground; `at` is its
    place where it does not stand in the middle, `words` are set beside it."""
    at = at or extend.place(box, target_width, target_height, zone)
    on = extend.seen_on(seen, at, target_width, target_height)
    if words is not None:
        on = replace(on, texts=(*on.texts, words))
    frame = Box.whole(target_width, target_height)
    share = at.width * at.height / frame.area
    text = f"The whole picture on an extended ground; it fills {share:.0%} of the frame."
    size = _size_findings(box, at.width, at.height)
    found = [CropFinding("fitted", "info", text), *size]
    return Crop(box, (*found, *judge(on, frame, target_width, target_height, zone).findings), ())


def prominence(item: SeenBox, seen: Seen) -> float:
    """0..1: how much a line of text matters, by its height against the picture and its score."""
    high = min(item.box.height, item.box.width) / min(seen.width, seen.height)
    return min(1.0, 0.2 + 16 * high) * min(1.0, item.score / 0.8)


def headline_of(seen: Seen) -> SeenBox | None:
    """The headline as one box; where nobody grouped it, the largest line of text, if it is large
    enough to be one (3 % of the short side)."""
    if seen.headline is not None:
        return seen.headline
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

    def on_frame(item: SeenBox) -> Box:
        inside = item.box.intersect(box).shift(-box.left, -box.top)
        return inside.scale(width / box.width, height / box.height)

    def covered(item: SeenBox) -> float:
        return fitted.covered(on_frame(item))

    faces = max((covered(face) for face in seen.faces), default=0.0)
    texts = max((covered(item) for item in seen.texts if prominence(item, seen) > 0.4), default=0.0)
    products = max(
        (covered(item) for item in seen.products if fitted.has_room_for(on_frame(item))),
        default=0.0,
    )
    found = []
    if products > 0.5:
        text = f"{products:.0%} of a product lies under the app's own buttons or caption."
        found.append(CropFinding("interface", "warn", text))
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


def _size_findings(box: Box, width: int, height: int) -> list[CropFinding]:
    factor = max(width / box.width, height / box.height)
    if factor <= 1.01:
        return []
    text = f"Enlarged {factor:.2f} times: {box.width} x {box.height} pixels for {width} x {height}."
    if factor <= MOST_ENLARGED:
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
