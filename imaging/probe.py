"""Measure a still or a clip from its headers and time stamps, before anything is decoded.

The decoder is named explicitly, from the content; bounds are checked first. Every refusal is an
`Unreadable` with words for the person. It must not change or write files. Untrusted files go
through imaging.sandbox, which calls this in a child process.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import av.error
from av.stream import Disposition
from PIL import Image, UnidentifiedImageError

from imaging import boxes
from imaging.formats import Limits, Sniffed, Unreadable, identify, sniff

__all__ = [
    "ClipInfo", "Limits", "Sniffed", "StillInfo", "Unreadable", "identify", "open_clip",
    "open_still", "probe_clip", "probe_still", "sniff",
]  # fmt: skip

PILLOW = {"jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "avif": "AVIF", "tiff": "TIFF",
          "heic": "HEIF", "gif": "GIF"}  # fmt: skip
DEMUXER = {"mp4": "mov", "mov": "mov", "3gp": "mov", "webm": "matroska", "mkv": "matroska",
           "avi": "avi", "flv": "flv", "mpeg": "mpeg", "wmv": "asf"}  # fmt: skip
ORIENTATION_TAG = 0x0112
HDR_TRANSFERS = (16, 18)  # ITU-T H.273: PQ, HLG
FINE_TICKS = 4  # a step of so many may be a tick longer or shorter
DAMAGED = "This file is damaged or cut off. Export it again and upload it anew."


@dataclass(frozen=True, slots=True)
class StillInfo:
    """A still as its header describes it; width and height are as seen, after orientation."""

    format: str
    content_type: str
    width: int
    height: int
    mode: str
    has_alpha: bool
    orientation: int
    has_profile: bool
    size_bytes: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """A clip as measured. width and height are as seen (rotation applied); rates in kbps;
    `cfr` says that all frame steps are equal; times in seconds; -1 = not an MP4/MOV.

    `pixel_ratio` is width over height of one pixel; `is_hdr` a picture graded for PQ or HLG;
    `promised_frames` and `promised_s` are what the headers claim (0 = nothing)."""

    format: str
    content_type: str
    width: int
    height: int
    rotation: int
    codec: str
    profile: str
    pix_fmt: str
    fps: float
    cfr: bool
    frame_count: int
    start_s: float
    duration_s: float
    bitrate_kbps: int
    video_kbps: int
    audio_codec: str
    audio_profile: str
    audio_channels: int
    audio_rate: int
    audio_kbps: int
    edit_lists: int
    moov_first: bool
    size_bytes: int
    pixel_ratio: float = 1.0
    is_interlaced: bool = False
    is_hdr: bool = False
    picture_tracks: int = 1
    promised_frames: int = 0
    promised_s: float = 0.0

    @property
    def has_audio(self) -> bool:
        return bool(self.audio_codec)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ClipInfo:
        return cls(**data)


def open_still(path: Path, limits: Limits) -> tuple[Image.Image, Sniffed]:
    """The opened, not yet decoded picture, bounds checked. Raises Unreadable."""
    found = identify(path, limits)
    if found.kind != "still":
        raise Unreadable("not_a_still", "This is a clip; a still picture is needed here.")
    if PILLOW[found.format] not in _readable():
        raise Unreadable(
            "heic_unsupported",
            "HEIC photos cannot be read on this server. On the phone choose Settings, Camera, "
            "Formats, Most Compatible, or send the photo as JPEG.",
        )
    try:
        with warnings.catch_warnings():
            # Our own, lower bound follows; Pillow's warning line must not become an error.
            warnings.simplefilter("ignore")
            image = Image.open(path, formats=[PILLOW[found.format]])
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(None, limits) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise Unreadable("damaged", DAMAGED) from error
    try:
        _check_size(image.width, image.height, limits)
        _check_single(image, found)
    except Unreadable:
        image.close()
        raise
    return image, found


def probe_still(path: Path, limits: Limits | None = None) -> StillInfo:
    """Measure a still from its header. Raises Unreadable."""
    image, found = open_still(path, limits or Limits())
    with image:
        turn = orientation(image)
        width, height = image.size
        if turn >= 5:
            width, height = height, width
        return StillInfo(
            format=found.format,
            content_type=found.content_type,
            width=width,
            height=height,
            mode=image.mode,
            has_alpha=has_alpha(image),
            orientation=turn,
            has_profile=bool(image.info.get("icc_profile")),
            size_bytes=path.stat().st_size,
        )


def orientation(image: Image.Image) -> int:
    """The EXIF orientation 1..8; 1 when there is none or it makes no sense."""
    try:
        value = image.getexif().get(ORIENTATION_TAG, 1)
    except (OSError, ValueError, SyntaxError, TypeError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def has_alpha(image: Image.Image) -> bool:
    """True when the picture can hold transparent parts."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _readable() -> set[str]:
    Image.init()
    return set(Image.OPEN)


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        raise _too_many_pixels((width, height), limits)
    if min(width, height) < limits.min_side:
        raise Unreadable(
            "too_small",
            f"This picture is {width} x {height} pixels; at least {limits.min_side} on each side "
            "are needed, and 1080 x 1920 for a sharp export. Upload a larger version.",
        )


def _too_many_pixels(size: tuple[int, int] | None, limits: Limits) -> Unreadable:
    what = f"This picture is {size[0]} x {size[1]} pixels" if size else "This picture is enormous"
    return Unreadable(
        "too_many_pixels",
        f"{what}; at most {limits.max_pixels // 1_000_000} megapixels and {limits.max_side} on "
        "one side are taken. Export it smaller: 4000 pixels on the long side are plenty.",
    )


def _check_single(image: Image.Image, found: Sniffed) -> None:
    # Phone photos carry extra pictures (depth, gain map) behind the first: that is not animation.
    if found.format == "jpeg":
        return
    try:
        image.seek(1)
    except (EOFError, AttributeError):
        return
    except (OSError, ValueError, SyntaxError) as error:
        raise Unreadable("damaged", DAMAGED) from error
    if found.format == "tiff":
        raise Unreadable(
            "several_pages", "This TIFF holds several pages. Save the one you want as its own file."
        )
    raise Unreadable(
        "animated",
        "This picture is animated. Upload one frame as PNG or JPEG, or the movement as MP4.",
    )


def open_clip(path: Path, limits: Limits) -> tuple[Any, Sniffed]:
    """The opened container (caller closes it) with demuxer named, sizes checked. Unreadable."""
    found = identify(path, limits)
    if found.kind != "clip":
        raise Unreadable("not_a_clip", "This is a still picture; a clip is needed here.")
    try:
        container = av.open(path.as_posix(), format=DEMUXER[found.format])
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Unreadable("damaged", DAMAGED) from error
    if not _picture_tracks(container):
        container.close()
        raise Unreadable("no_video", "This file holds no picture, only sound. Upload a clip.")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        container.close()
        raise Unreadable(
            "unknown_codec",
            "The pictures of this clip are encrypted or in a codec that cannot be read here. "
            "Export it as H.264 in an MP4.",
        )
    width, height = stream.codec_context.width, stream.codec_context.height
    if max(width, height) > limits.max_clip_side:
        container.close()
        raise Unreadable(
            "clip_too_large",
            f"This clip is {width} x {height}; at most {limits.max_clip_side} pixels on one side "
            "are taken. Export it at 1080 x 1920.",
        )
    if min(width, height) < limits.min_side:
        container.close()
        raise Unreadable("too_small", f"This clip is only {width} x {height}. Export it larger.")
    return container, found


def _picture_tracks(container: Any) -> int:
    """How many tracks move; 0 as well when the first is the cover of a song."""
    covers = [
        bool(track.disposition & Disposition.attached_pic) for track in container.streams.video
    ]
    return 0 if covers[:1] != [False] else covers.count(False)


def probe_clip(path: Path, limits: Limits | None = None) -> ClipInfo:
    """Measure a clip by reading every packet's time stamp (not its header's promise).

    Raises Unreadable when it is longer, larger or more broken than the limits allow.
    """
    bounds = limits or Limits()
    container, found = open_clip(path, bounds)
    try:
        return _measure(container, found, path, bounds)
    except av.error.FFmpegError as error:
        raise Unreadable("damaged", DAMAGED) from error
    finally:
        container.close()


def _measure(container: Any, found: Sniffed, path: Path, limits: Limits) -> ClipInfo:
    video = container.streams.video[0]
    audio = container.streams.audio[0] if container.streams.audio else None
    stamps: list[int] = []
    video_bytes = audio_bytes = 0
    last_step = 0
    base = float(video.time_base)
    for packet in container.demux(*([video, audio] if audio else [video])):
        if packet.size == 0:
            continue
        if packet.stream.index != video.index:
            audio_bytes += packet.size
            continue
        video_bytes += packet.size
        if packet.pts is None:
            continue
        stamps.append(packet.pts)
        last_step = packet.duration or last_step
        if (packet.pts - stamps[0]) * base > limits.max_clip_s + 1:
            raise Unreadable(
                "clip_too_long",
                f"This clip is longer than {limits.max_clip_s:.0f} seconds. Cut it shorter.",
            )
        if len(stamps) > limits.max_clip_frames:
            raise Unreadable("too_many_frames", "This clip has too many frames. Cut it shorter.")
    if not stamps:
        raise Unreadable("no_frames", f"No frame could be found in this clip. {DAMAGED}")
    stamps.sort()
    steps = [after - before for before, after in pairwise(stamps)]
    middle = sorted(steps)[len(steps) // 2] if steps else last_step
    duration = (stamps[-1] - stamps[0] + (middle or last_step)) * base
    fps = (len(steps) / ((stamps[-1] - stamps[0]) * base)) if stamps[-1] > stamps[0] else 0.0
    # One tick of rounding is not a variable rate: 29.97 does not fit milliseconds. Of a clock that
    # ticks hardly oftener than frames come, one tick is a frame dropped.
    rounding = 1 if middle >= FINE_TICKS else 0
    cfr = all(abs(step - middle) <= rounding for step in steps)
    shape = boxes.shape_of(path) if DEMUXER[found.format] == "mov" else None
    context = video.codec_context
    first = _first_frame(container, video)
    turn = (-int(first.rotation)) % 360 if first else 0
    width, height = context.width, context.height
    if turn in (90, 270):
        width, height = height, width
    size = path.stat().st_size
    return ClipInfo(
        format=found.format,
        content_type=found.content_type,
        width=width,
        height=height,
        rotation=turn,
        codec=context.name,
        profile=str(context.profile or ""),
        pix_fmt=str(context.pix_fmt or ""),
        fps=round(fps, 3),
        cfr=cfr,
        frame_count=len(stamps),
        start_s=round(stamps[0] * base, 4),
        duration_s=round(duration, 4),
        bitrate_kbps=round(size * 8 / duration / 1000) if duration else 0,
        video_kbps=round(video_bytes * 8 / duration / 1000) if duration else 0,
        audio_codec=audio.codec_context.name if audio else "",
        audio_profile=str(audio.codec_context.profile or "") if audio else "",
        audio_channels=audio.codec_context.channels if audio else 0,
        audio_rate=audio.codec_context.sample_rate if audio else 0,
        audio_kbps=round(audio_bytes * 8 / duration / 1000) if duration and audio else 0,
        edit_lists=shape.edit_lists if shape else -1,
        moov_first=shape.moov_first if shape else False,
        size_bytes=size,
        pixel_ratio=round(float(video.sample_aspect_ratio or 1) or 1.0, 4),
        is_interlaced=bool(first and first.interlaced_frame),
        is_hdr=int(context.color_trc or 0) in HDR_TRANSFERS,
        picture_tracks=_picture_tracks(container),
        promised_frames=int(video.frames or 0),
        promised_s=round((container.duration or 0) / av.time_base, 3),
    )


def _first_frame(container: Any, video: Any) -> Any:
    """The first frame that comes out, or None; it knows its rotation and its lines."""
    try:
        for frame in container.decode(video):
            return frame
        container.seek(0)
        for frame in container.decode(video):
            return frame
    except (av.error.FFmpegError, AttributeError):
        return None
    return None
