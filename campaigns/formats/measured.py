"""What a file is, in the words of the specs: measured from its bytes by `imaging.probe`.

One place translates between what a prober says and what limits ask for. Nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import av.error
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imaging import encode, probe, quality

# Wider than what uploads may be: a file that breaks a limit must be measured to be told so.
LIMITS = probe.Limits(
    max_pixels=200_000_000,
    max_side=65_535,
    min_side=1,
    max_clip_s=3_700,
    max_clip_side=8_192,
    max_clip_frames=450_000,
    max_bytes=1_000_000_000_000,
    is_foreign_taken=True,
)
# the codec's name where FFmpeg says that of its decoder
_SAME_CODEC = {
    "libdav1d": "av1", "libvpx": "vp8", "libvpx-vp9": "vp9",
    "mp2float": "mp2", "mp3float": "mp3", "libopus": "opus", "libvorbis": "vorbis",
}  # fmt: skip
_FRAMES = 3  # of a clip, a second apart: enough to see that all of it is soft
_PACKETS = 2_000  # enough groups of pictures to tell open from closed


class Unreadable(ValueError):
    """The file cannot be measured; the message is one sentence for the person who named it."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One file. None means "not known", for stills also "does not apply".

    `format` is the content's own ("jpeg", "png", "mp4", "avi"), `extension` the name's, without the
    point. Rates in kilobits a second. `siblings` are the sizes of a carousel's other cards.
    `fine_detail` and `banding` are `imaging.quality`'s, once somebody looked (`look_at`).
    """

    kind: str
    format: str
    extension: str
    size_bytes: int
    width: int
    height: int
    color_space: str | None = None
    duration_s: float | None = None
    fps: float | None = None
    is_cfr: bool | None = None
    video_codec: str | None = None
    pix_fmt: str | None = None
    sample_aspect_ratio: float | None = None
    is_interlaced: bool | None = None
    has_closed_gop: bool | None = None
    video_kbps: float | None = None
    total_kbps: float | None = None
    edit_lists: int | None = None
    is_moov_first: bool | None = None
    has_audio: bool = False
    audio_codec: str | None = None
    audio_kbps: float | None = None
    audio_rate: int | None = None
    audio_channels: int | None = None
    siblings: tuple[tuple[int, int], ...] = ()
    fine_detail: float | None = None
    banding: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain values to store."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Measured:
        """Back from `as_json`; unknown fields of later versions are left out."""
        known = {name: value[name] for name in cls.__slots__ if name in value}
        sizes = tuple((int(width), int(height)) for width, height in known.pop("siblings", ()))
        return cls(**known, siblings=sizes)

    @property
    def is_clip(self) -> bool:
        """Does it move?"""
        return self.kind == "clip"


def measure(path: Path) -> Measured:
    """Measure a still or a clip by its content. Raises Unreadable."""
    try:
        if probe.identify(path, LIMITS).kind == "clip":
            return _clip(path)
        return _still(path)
    except av.error.FFmpegError as error:
        raise Unreadable(probe.DAMAGED) from error
    except FileNotFoundError as error:
        raise Unreadable(f"There is no file {path}.") from error
    except IsADirectoryError as error:
        raise Unreadable(f"{path} is a folder; name the files in it.") from error
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror or error}.") from error
    except probe.Unreadable as error:
        raise Unreadable(error.message) from error


def look_at(path: Path, found: Measured) -> Measured:
    """The same with what only pixels tell; of a clip the sharpest and the most banded of a few
    frames count. Raises Unreadable."""
    try:
        looks = [(quality.fine_detail(rgb), quality.banding(rgb)) for rgb in _pictures(path, found)]
    except probe.Unreadable as error:
        raise Unreadable(error.message) from error
    details = [detail for detail, _ in looks if detail is not None]
    return replace(
        found,
        fine_detail=round(max(details), 4) if details else None,
        banding=round(max((banding for _, banding in looks), default=0.0), 4),
    )


def _pictures(path: Path, found: Measured) -> Iterator[NDArray[np.uint8]]:
    if found.is_clip:
        frames = encode.frames_of(path, limits=LIMITS, every_s=1.0)
        for _, rgb in islice(frames, _FRAMES):
            yield rgb
        return
    image, _ = probe.open_still(path, LIMITS)
    with image:
        yield np.asarray(image.convert("RGB"), dtype=np.uint8)


def _still(path: Path) -> Measured:
    info = probe.probe_still(path, LIMITS)
    return Measured(
        kind="still",
        format=info.format,
        extension=_extension(path),
        size_bytes=info.size_bytes,
        width=info.width,
        height=info.height,
        color_space=_color_space(path),
    )


def _clip(path: Path) -> Measured:
    info = probe.probe_clip(path, LIMITS)
    shape, is_interlaced, has_closed_gop = _look_closer(path)
    is_boxed = info.edit_lists >= 0
    return Measured(
        kind="clip",
        format=info.format,
        extension=_extension(path),
        size_bytes=info.size_bytes,
        width=info.width,
        height=info.height,
        duration_s=info.duration_s,
        fps=info.fps,
        is_cfr=info.cfr,
        video_codec=_SAME_CODEC.get(info.codec, info.codec),
        pix_fmt=info.pix_fmt,
        sample_aspect_ratio=shape,
        is_interlaced=is_interlaced,
        has_closed_gop=has_closed_gop,
        video_kbps=info.video_kbps,
        total_kbps=info.bitrate_kbps,
        edit_lists=info.edit_lists if is_boxed else None,
        is_moov_first=info.moov_first if is_boxed else None,
        has_audio=info.has_audio,
        audio_codec=_SAME_CODEC.get(info.audio_codec, info.audio_codec) or None,
        audio_kbps=info.audio_kbps if info.has_audio else None,
        audio_rate=info.audio_rate or None,
        audio_channels=info.audio_channels or None,
    )


def _extension(path: Path) -> str:
    return path.suffix.lower().lstrip(".")


def _color_space(path: Path) -> str | None:
    """ "sRGB" for it and for RGB without a profile (that is how the web reads it)."""
    image, _ = probe.open_still(path, LIMITS)
    with image:
        if image.mode == "CMYK":
            return "CMYK"
        return _profile_name(image)


def _profile_name(image: Image.Image) -> str | None:
    profile = image.info.get("icc_profile")
    if not profile:
        return "sRGB"
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile))).strip()
    except (ImageCms.PyCMSError, OSError):
        return None
    return "sRGB" if "srgb" in name.lower() else name


def _look_closer(path: Path) -> tuple[float, bool | None, bool]:
    """Shape of the pixels, whether the first frame is interlaced, whether the groups are closed.

    A group is open when a frame is shown before the key frame that it was stored behind.
    """
    container, _ = probe.open_clip(path, LIMITS)
    try:
        stream = container.streams.video[0]
        ratio = stream.sample_aspect_ratio
        return (float(ratio) if ratio else 1.0, *_groups(container, stream))
    finally:
        container.close()


def _groups(container: Any, stream: Any) -> tuple[bool | None, bool]:
    is_interlaced: bool | None = None
    is_closed, key_at = True, None
    for count, packet in enumerate(container.demux(stream)):
        if count >= _PACKETS:
            break
        if packet.pts is None:
            continue
        if packet.is_keyframe:
            key_at = packet.pts
        elif key_at is not None and packet.pts < key_at:
            is_closed = False
        if is_interlaced is None:
            is_interlaced = _is_interlaced(packet)
    return is_interlaced, is_closed


def _is_interlaced(packet: Any) -> bool | None:
    """Of the first frame that comes out; None as long as none does."""
    for frame in packet.decode():
        return bool(frame.interlaced_frame)
    return None
