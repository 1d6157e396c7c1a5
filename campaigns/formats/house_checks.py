"""Checks no platform publishes but every buyer makes: the crop, color, sharpness, banding, a twin.

Each is a finding like those of the specs, with our own limit and its reason. Only a crop fails a
file here, where it cuts through what the ad is about; the others leave it to a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from campaigns.formats.measured import Measured
from campaigns.formats.spec_check import SpecFinding
from imaging.findings import CropFinding

SOURCE = "Chosen by Switchyard"
DATE = "2026-11-30"
# Photographs at their own size show 0.27 to 0.7, enlarged twice 0.08 to 0.18, four times 0.03 to
# 0.05, out of focus by two pixels 0.02 to 0.03.
LEAST_DETAIL = 0.06
# A gradient over the whole picture in steps of three levels shows 0.3 and more, photographs 0.01.
MOST_BANDING = 0.15
# Photographs as JPEG keep 0.83 to 0.93 at quality 60, 0.75 to 0.89 at 30.
LEAST_LEFT = 0.85
# Of 256 bits: the same picture cropped or encoded anew differs by up to about 30, others by 90 up.
TWIN_BITS = 32

CROP = "crop."
CROP_REMEDY = "Move the crop, show the picture whole, or expand it."
TASTE = frozenset({"subject_cut", "enlarged"})
# what is looked at, and what a good crop shows
CROP_WORDS = {
    "face_cut": ("Faces in the crop", "no face cut through"),
    "face_lost": ("Faces left out", "every face inside"),
    "subject_cut": ("Subject in the crop", "the subject whole"),
    "text_cut": ("Words in the crop", "no line cut through"),
    "headline_lost": ("Headline in the crop", "the largest line inside"),
    "enlarged": ("Enlarged", "at most 1.5 times"),
}


@dataclass(frozen=True, slots=True)
class Twin:
    """Another creative of the campaign that looks the same; `is_kin`: made from the same picture
    or for another market, so that it is meant to."""

    title: str
    bits: int
    is_kin: bool


def check(
    measured: Measured, twins: Sequence[Twin] = (), *, left: float = 1.0
) -> list[SpecFinding]:
    """One finding a check; what was not measured is left out. `left` is what a ceiling of bytes
    left of the picture (imaging.quality.likeness), 1 where it took nothing."""
    found = [_color(measured)] if measured.kind == "still" else []
    if measured.fine_detail is not None:
        found.append(_sharpness(measured.fine_detail))
    if measured.banding is not None:
        found.append(_banding(measured.banding))
    if left < 1:
        found.append(_compression(left))
    return [*found, _twins(twins)]


def of_crop(findings: Sequence[CropFinding]) -> list[SpecFinding]:
    """What a crop cuts or loses, as findings of its file: so a manager lets it pass or nobody does,
    and the manifest says it. A face or a line cut through fails; how much of a wide subject a tall
    frame shows is for the person at the gate. What it keeps is left out, and what lies under the
    interface, which is the placement's own check."""
    found = []
    for one in findings:
        if one.code not in CROP_WORDS or one.verdict not in ("warn", "fail"):
            continue
        label, limit = CROP_WORDS[one.code]
        verdict = "warn" if one.code in TASTE else one.verdict
        found.append(
            _finding(
                f"{CROP}{one.code}", label, one.text.rstrip("."), limit,
                verdict=verdict, level=verdict, remedy=CROP_REMEDY,
            )
        )  # fmt: skip
    return found


def bits_apart(one: str, other: str) -> int:
    """How many bits two perceptual hashes (hexadecimal, equally long) differ by."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _finding(
    key: str, label: str, value: str, limit: str, *, verdict: str, remedy: str, level: str = "warn"
) -> SpecFinding:
    cure = "" if verdict == "pass" else remedy
    return SpecFinding(key, label, value, limit, level, verdict, SOURCE, DATE, cure)


def _color(measured: Measured) -> SpecFinding:
    space = measured.color_space
    return _finding(
        "srgb", "Color", space or "a profile that cannot be read", "sRGB, which phones show right",
        verdict="pass" if space == "sRGB" else "warn", remedy="Make it again; it is then in sRGB.",
    )  # fmt: skip


def _sharpness(detail: float) -> SpecFinding:
    soft = detail < LEAST_DETAIL
    return _finding(
        "sharpness", "Sharpness",
        f"{'soft' if soft else 'sharp'}, {detail:.0%} of its contrast is fine detail",
        f"at least {LEAST_DETAIL:.0%}",
        verdict="warn" if soft else "pass",
        remedy="Use a larger part of the master, or upscale the master in Polish.",
    )  # fmt: skip


def _banding(share: float) -> SpecFinding:
    return _finding(
        "banding", "Smooth gradients", f"{share:.0%} of the picture falls into steps",
        f"at most {MOST_BANDING:.0%}",
        verdict="warn" if share > MOST_BANDING else "pass",
        remedy="A fine grain hides the steps.",
    )  # fmt: skip


def _compression(left: float) -> SpecFinding:
    return _finding(
        "compression", "Detail after compression", f"{left:.0%} where it suffers most",
        f"at least {LEAST_LEFT:.0%}",
        verdict="warn" if left < LEAST_LEFT else "pass",
        remedy="The platform's file size takes it. Crop to a calmer part, or use another picture.",
    )  # fmt: skip


def _twins(twins: Sequence[Twin]) -> SpecFinding:
    nearest = min(twins, key=lambda twin: (twin.is_kin, twin.bits), default=None)
    key, label, limit = "twin", "Unlike the campaign's others", "no other creative looks the same"
    if nearest is None:
        return _finding(key, label, "no other looks like it", limit, verdict="pass", remedy="")
    if nearest.is_kin:
        return _finding(
            key, label, f"a version of “{nearest.title}”", limit, verdict="info", level="info",
            remedy="Meant to look the same; compare their words before both run.",
        )  # fmt: skip
    return _finding(
        key, label, f"looks like “{nearest.title}”", limit, verdict="warn",
        remedy="Two ads that look the same compete with each other; leave one out or change it.",
    )  # fmt: skip
