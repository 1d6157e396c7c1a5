"""What each limit is called, where its value stands, how it reads and what to do about it.

A limit whose key is missing here cannot be measured; a test holds the shipped specs against it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.formats.manifest import ratio_text
from campaigns.formats.measured import Measured
from campaigns.formats.spec import Limit, Spec

Reader = Callable[[Measured], Any]

READERS: dict[str, Reader] = {
    "aspect_ratio": lambda m: m.width / m.height if m.height else None,
    "aspect_9x16": lambda m: bool(m.height) and abs(m.width / m.height / (9 / 16) - 1) <= 0.01,
    "vertical_or_square": lambda m: m.height >= m.width,
    "min_resolution": lambda m: (m.width, m.height),
    "min_resolution_9x16": lambda m: (m.width, m.height),
    "min_resolution_1x1": lambda m: (m.width, m.height),
    "min_resolution_16x9": lambda m: (m.width, m.height),
    "recommended_resolution": lambda m: (m.width, m.height),
    "exact_size": lambda m: (m.width, m.height),
    "width": lambda m: m.width,
    "side_px": lambda m: (m.width, m.height),
    "max_side": lambda m: m.width,
    "container": lambda m: m.format,
    "file_type": lambda m: m.format,
    "file_size": lambda m: m.size_bytes,
    "color_space": lambda m: m.color_space,
    "image_count": lambda m: 1 + len(m.siblings),
    "same_aspect_all_cards": lambda m: all(
        abs(width * m.height - height * m.width) <= 0.01 * height * m.width
        for width, height in m.siblings
    ),
    "duration": lambda m: m.duration_s,
    "duration_recommended": lambda m: m.duration_s,
    "bitrate_total": lambda m: m.total_kbps,
    "bitrate_video": lambda m: m.video_kbps,
    "fps": lambda m: m.fps,
    "cfr": lambda m: m.is_cfr,
    "video_codec": lambda m: m.video_codec,
    "pix_fmt": lambda m: m.pix_fmt,
    "sample_aspect_ratio": lambda m: m.sample_aspect_ratio,
    "interlaced": lambda m: m.is_interlaced,
    "closed_gop": lambda m: m.has_closed_gop,
    "moov_front": lambda m: m.is_moov_first,
    "edit_lists": lambda m: None if m.edit_lists is None else m.edit_lists > 0,
    "audio_present": lambda m: m.has_audio,
    "audio_codec": lambda m: m.audio_codec,
    "audio_bitrate": lambda m: m.audio_kbps,
    "audio_bitrate_nominal": lambda m: m.audio_kbps,
    "audio_sample_rate": lambda m: m.audio_rate,
    "audio_channels": lambda m: m.audio_channels,
}

# What no file shows: said, never judged.
BY_HAND = {
    "music_present": "chosen in Ads Manager",
    "images_per_ad": "counted in the ad",
    "shorts_custom_thumbnail": "set by YouTube",
    "youtube_video_id_needed": "given by YouTube after the upload",
}

_LABELS = {
    "aspect_ratio": "Aspect ratio",
    "aspect_9x16": "Aspect ratio 9:16",
    "vertical_or_square": "Upright or square",
    "min_resolution": "Smallest size",
    "min_resolution_9x16": "Smallest size",
    "min_resolution_1x1": "Smallest size",
    "min_resolution_16x9": "Smallest size",
    "recommended_resolution": "Recommended size",
    "exact_size": "Size",
    "width": "Width",
    "side_px": "Length of the sides",
    "max_side": "Width",
    "container": "File type",
    "file_type": "File type",
    "file_size": "File size",
    "color_space": "Color space",
    "image_count": "Number of pictures",
    "same_aspect_all_cards": "All cards in one ratio",
    "duration": "Duration",
    "duration_recommended": "Recommended duration",
    "bitrate_total": "Bit rate",
    "bitrate_video": "Bit rate of the picture",
    "fps": "Frames per second",
    "cfr": "Constant frame rate",
    "video_codec": "Video codec",
    "pix_fmt": "Pixel format",
    "sample_aspect_ratio": "Shape of the pixels",
    "interlaced": "Interlaced",
    "closed_gop": "Closed groups of pictures",
    "moov_front": "Index in front",
    "edit_lists": "Edit lists",
    "audio_present": "Sound track",
    "audio_codec": "Audio codec",
    "audio_bitrate": "Bit rate of the sound",
    "audio_bitrate_nominal": "Usual bit rate of the sound",
    "audio_sample_rate": "Audio sample rate",
    "audio_channels": "Audio channels",
    "music_present": "Music",
    "images_per_ad": "Pictures in one ad",
    "shorts_custom_thumbnail": "Own thumbnail",
    "youtube_video_id_needed": "YouTube video",
}

_ENCODE = "Encode it again; a clip made here keeps this limit."
_REMEDIES = {
    "aspect_9x16": "Crop it to 9:16.",
    "vertical_or_square": "Crop it to 9:16.",
    "min_resolution": "Export it larger; upscale the master when it is too small.",
    "recommended_resolution": "It will be accepted but look soft; export it larger.",
    "width": "Export it in the recommended width.",
    "side_px": "Export it in the recommended size.",
    "max_side": "Export it 1080 pixels wide.",
    "color_space": "Convert it to sRGB.",
    "image_count": (
        "TikTok runs no single picture here: add a second card for a carousel, or animate the "
        "still into a clip."
    ),
    "same_aspect_all_cards": "Crop all cards to the same ratio.",
    "duration": "Shorten or lengthen the clip.",
    "duration_recommended": "Accepted; clips of this length do best.",
    "bitrate_total": "Encode it again with a bit rate inside the limit.",
    "bitrate_video": "Encode it again with a bit rate inside the limit.",
    "audio_present": "Add a sound track; a silent one is enough.",
    "edit_lists": "Encode it again without edit lists.",
    "moov_front": "Write it again with the index in front (fast start).",
    "music_present": "Choose music when you set up the ad.",
}


def label(key: str) -> str:
    """The limit's name for people."""
    return _LABELS.get(key, key.replace("_", " ").capitalize())


def remedy(limit: Limit, spec: Spec) -> str:
    """What to do when the limit is not kept."""
    key = limit.key
    size = f"{spec.export.width} × {spec.export.height}" if spec.export else "the given size"
    if key == "aspect_ratio":
        return f"Crop it to {spec.recommended_ratio.name}."
    if key == "exact_size":
        return f"Export it at {size} pixels."
    if key.startswith("min_resolution"):
        return _REMEDIES["min_resolution"]
    if key in {"container", "file_type"}:
        wanted = spec.export.container if spec.export else limit.value[0]
        return f"Export it as {str(wanted).upper()}."
    if key == "file_size":
        return f"Export it again below {size_text(limit.value)}."
    return _REMEDIES.get(key, _ENCODE)


def needs_audio(key: str) -> bool:
    """Does the limit speak about a sound track that may not be there?"""
    return key.startswith("audio_") and key != "audio_present"


def limit_text(limit: Limit) -> str:
    """The limit as words: "at least 540 x 960 px", "5 to 60 s", "MP4, MOV"."""
    value, unit = limit.value, limit.unit
    match limit.op:
        case ">=":
            return f"at least {_one(value, unit)}"
        case "<=":
            return f"at most {_one(value, unit)}"
        case "between":
            return f"{_number(value[0])} to {_one(value[1], unit)}"
        case "in":
            return ", ".join(_one(item, unit) for item in value)
        case _:
            return _one(value, unit)


def value_text(limit: Limit, value: Any) -> str:
    """A measured value in the words of its limit."""
    return _one(value, limit.unit)


def ratio(width: int, height: int) -> str:
    """ "9:16" or "1.33:1", with the size."""
    return f"{ratio_text(width, height)} ({width} × {height})" if height else "none"


def size_text(size_bytes: float) -> str:
    """Decimal units: "98 KB", "2.3 MB", "4 GB"."""
    for step, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "KB")):
        if size_bytes >= step:
            return f"{_number(round(size_bytes / step, 1))} {unit}"
    return f"{size_bytes:.0f} bytes"


def _one(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"{value[0]} × {value[1]} px"
    if isinstance(value, str):
        return value.upper() if unit in {"ext", "codec"} else value
    if unit == "bytes":
        return size_text(value)
    shown = _number(round(value, 2))
    return shown if unit in {"count", "ratio", ""} else f"{shown} {unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,}"
