"""For every limit of every spec a measurement that keeps it and one that breaks it.

The good one is the same for a whole spec and keeps all its limits at once; the bad one differs from
it in the one thing that the limit speaks about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from campaigns.formats.measured import Measured
from campaigns.formats.spec import Limit, Spec, TextLimit
from campaigns.formats.specs import SafeZone

Change = Callable[[Measured, Limit, Spec], Measured]

# an ordinary good clip and an ordinary good still
CLIP = Measured(
    kind="clip", format="mp4", extension="mp4", size_bytes=15_000_000, width=1080, height=1920,
    duration_s=12.0, fps=30.0, is_cfr=True, video_codec="h264", pix_fmt="yuv420p",
    sample_aspect_ratio=1.0, is_interlaced=False, has_closed_gop=True, video_kbps=8_000,
    total_kbps=8_200, edit_lists=0, is_moov_first=True, has_audio=True, audio_codec="aac",
    audio_kbps=128, audio_rate=48_000, audio_channels=2,
)  # fmt: skip
STILL = Measured(
    kind="still", format="jpeg", extension="jpg", size_bytes=90_000, width=1080, height=1920,
    color_space="sRGB",
)  # fmt: skip


def good(spec: Spec) -> Measured:
    """Keeps every limit of the spec."""
    if spec.kind == "clip":
        return CLIP
    most = [size for limit in spec.limits_of("recommended_resolution") for size in [limit.value]]
    width, height = max(most, default=None) or _export(spec)
    is_set = spec.media == "still_set"
    siblings = ((width, height),) if is_set else ()
    return replace(STILL, width=width, height=height, siblings=siblings)


def _export(spec: Spec) -> tuple[int, int]:
    return (spec.export.width, spec.export.height) if spec.export else (1080, 1920)


def bad(limit: Limit, spec: Spec) -> Measured:
    """Breaks this limit. KeyError for a key that has no way yet."""
    return BREAKS[limit.key](_of_ratio(limit, spec), limit, spec)


def kept(limit: Limit, spec: Spec) -> Measured:
    """Keeps this limit, in the shape it speaks about."""
    return _of_ratio(limit, spec)


def _of_ratio(limit: Limit, spec: Spec) -> Measured:
    """`good`, in the ratio of a limit such as `min_resolution_16x9`, just large enough."""
    if limit.key.startswith("min_resolution_"):
        return replace(good(spec), width=limit.value[0], height=limit.value[1])
    return good(spec)


def _smaller(measured: Measured, limit: Limit, spec: Spec) -> Measured:
    width, height = limit.value
    return replace(measured, width=round(width * 0.9), height=round(height * 0.9))


def _beyond(name: str, step: float = 1) -> Change:
    """One `step` over a ceiling, or under a floor."""

    def change(measured: Measured, limit: Limit, spec: Spec) -> Measured:
        low = limit.value[0] if limit.op == "between" else limit.value
        value = low + step if limit.op == "<=" else low - step
        return replace(measured, **{name: value})

    return change


def _to(**values: Any) -> Change:
    return lambda measured, limit, spec: replace(measured, **values)


def _cards(measured: Measured, limit: Limit, spec: Spec) -> Measured:
    return replace(measured, siblings=((measured.width, measured.height),) * limit.value[1])


BREAKS: Mapping[str, Change] = {
    "aspect_ratio": _to(width=5_000, height=100),
    "aspect_9x16": _to(width=1_080, height=1_080),
    "vertical_or_square": _to(width=1_920, height=1_080),
    "min_resolution": _smaller,
    "min_resolution_9x16": _smaller,
    "min_resolution_1x1": _smaller,
    "min_resolution_16x9": _smaller,
    "recommended_resolution": _smaller,
    "exact_size": _to(width=1_080, height=1_920),
    "width": lambda m, limit, spec: _beyond("width")(m, limit, spec),
    "side_px": _beyond("width"),
    "max_side": _beyond("width"),
    "container": _to(format="ogv", extension="ogv"),
    "file_type": _to(format="tiff", extension="tiff"),
    "file_size": _beyond("size_bytes"),
    "color_space": _to(color_space="Display P3"),
    "image_count": _cards,
    "same_aspect_all_cards": _to(siblings=((333, 777),)),
    "duration": _beyond("duration_s", 0.1),
    "duration_recommended": _beyond("duration_s", 0.1),
    "bitrate_total": _beyond("total_kbps"),
    "bitrate_video": _beyond("video_kbps"),
    "fps": _beyond("fps", 0.5),
    "cfr": _to(is_cfr=False),
    "video_codec": _to(video_codec="mpeg4"),
    "pix_fmt": _to(pix_fmt="yuv444p"),
    "sample_aspect_ratio": _to(sample_aspect_ratio=4 / 3),
    "interlaced": _to(is_interlaced=True),
    "closed_gop": _to(has_closed_gop=False),
    "moov_front": _to(is_moov_first=False),
    "edit_lists": _to(edit_lists=2),
    "audio_present": _to(has_audio=False, audio_codec=None, audio_kbps=None),
    "audio_codec": _to(audio_codec="mp3"),
    "audio_bitrate": _beyond("audio_kbps"),
    "audio_bitrate_nominal": _to(audio_kbps=96),
    "audio_sample_rate": _to(audio_rate=96_000),
    "audio_channels": _to(audio_channels=6),
}


def good_text(limit: TextLimit) -> str:
    """A text at its longest, as far as it is not folded."""
    return "a" * (limit.visible or limit.max)


def bad_texts(limit: TextLimit) -> list[str | list[str]]:
    """One text for each thing the limit forbids."""
    found: list[str | list[str]] = ["a" * (limit.max + 1)]
    found += ["a" * (limit.min - 1)] if limit.min > 1 else []
    found += ["字" * (limit.max_wide + 1)] if limit.max_wide else []
    found += [["a"] * (limit.count + 1)] if limit.count else []
    signs = {"@": "by @acme", "#": "#sale", "link": "acme.com"}
    return [*found, *(signs[sign] for sign in limit.forbid)]


def inside(zone: SafeZone, size: tuple[int, int]) -> list[int]:
    """A headline in the clear, in the pixels of a file of this size."""
    across, down = size[0] / zone.width, size[1] / zone.height
    right = max(zone.right, zone.rail[1] if zone.rail else 0)
    return [
        round(zone.left * across) + 1, round(zone.top * down) + 1,
        round((zone.width - right) * across) - 1, round((zone.height - zone.bottom) * down) - 1,
    ]  # fmt: skip


def outside(size: tuple[int, int]) -> list[int]:
    """A headline in the lower left corner, where every app writes."""
    return [0, round(size[1] * 0.97), round(size[0] * 0.2), size[1]]
