"""What can be mended without a person's taste, and what a person has to do instead.

Values only: `way` says it for one finding, `file_mends.mend` has it done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.formats import placement_texts
from campaigns.formats.house_checks import CROP
from campaigns.formats.spec import Spec

# The recipe keeps these, so making the file again mends a file made for other limits.
MADE_SO = frozenset({
    "aspect_ratio", "aspect_9x16", "vertical_or_square", "exact_size", "width", "side_px",
    "max_side",
    "min_resolution", "min_resolution_9x16", "min_resolution_1x1", "min_resolution_16x9",
    "recommended_resolution", "container", "file_type", "file_size", "color_space", "srgb",
    "bitrate_total", "bitrate_video", "fps", "cfr", "video_codec", "pix_fmt",
    "sample_aspect_ratio", "interlaced", "closed_gop", "moov_front", "edit_lists",
    "audio_present", "audio_codec", "audio_bitrate", "audio_sample_rate", "audio_channels",
})  # fmt: skip
SILENT = frozenset({"audio_present"})
BRAND = "text.business_name"
WHY_NOT = {
    "sharpness": "Detail that is not there is not invented here.",
    "twin": "Which of the two runs is for a person to say.",
    "disclosure": "Only a person knows how the base photo was made.",
    "image_count": "A second card or a clip needs a person's choice.",
}


@dataclass(frozen=True, slots=True)
class Way:
    """`words` name the button when it `can` be mended, else say why not. `sets` are the mends to
    store; `is_recrop` goes back to the automatic crop."""

    can: bool
    words: str
    sets: Mapping[str, Any]
    is_recrop: bool = False


def way(
    finding: Mapping[str, Any],
    spec: Spec,
    *,
    measured: Mapping[str, Any],
    mends: Mapping[str, Any],
    is_manual: bool,
    is_tried: bool,
) -> Way | None:
    """How a failing or warning finding of a file can be mended; None when it keeps its limit.

    `is_tried`: the same was done before and the file came out the same.
    """
    key = str(finding.get("key", ""))
    if finding.get("verdict") not in {"fail", "warn"}:
        return None
    if is_tried:
        return Way(False, "It was made again and came out the same.", {})
    if key == "duration":
        return _duration(spec, measured.get("duration_s"))
    if key == "safe_zone" or key.startswith(CROP):
        if is_manual:
            return Way(True, "Use the automatic crop", {}, is_recrop=True)
        return Way(False, "The automatic crop is in use and finds no better place.", {})
    if key == "banding":
        if spec.kind == "clip":
            return Way(False, "Grain does not outlive the encoding of a clip.", {})
        if mends.get("grain"):
            return Way(False, "The fine grain is on already.", {})
        return Way(True, "Add a fine grain", {"grain": True})
    if key in MADE_SO:
        words = "Add a silent track" if key in SILENT else "Make it again"
        return Way(True, words, {})
    if key.startswith("text."):
        source = placement_texts.WRITTEN_AS.get(key.removeprefix("text."), "one of the ad's texts")
        cure = "change it on the campaign's page" if key == BRAND else "write a new brief"
        words = f"This is {source}. Words are shortened by people: {cure}, "
        words += "or a manager lets it pass."
        return Way(False, words, {})
    return Way(False, WHY_NOT.get(key, "This needs a person."), {})


def most_seconds(spec: Spec) -> float | None:
    """The longest a clip may be without failing or warning; None when there is no end."""
    ends = [
        float(limit.value[1] if limit.op == "between" else limit.value)
        for limit in spec.limits_of("duration")
        if limit.op in {"between", "<="} and limit.level in {"fail", "warn"}
    ]
    return min(ends, default=None)


def _duration(spec: Spec, seconds: float | None) -> Way:
    most = most_seconds(spec)
    if most is not None and seconds is not None and seconds > most:
        return Way(True, f"Shorten to {most:g} s", {"shorten_s": most})
    return Way(False, "A clip is not stretched: stitch another one to it in Animate.", {})
