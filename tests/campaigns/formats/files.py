"""Makes real stills and clips with exactly one thing wrong, small and quick.

A file is described by a value (`Still`, `Clip`), so that whoever asks for the same one again gets
the one that is there. What is not judged is cheap: a frame of one color, a few frames a file, bytes
that are a hole behind the content.
"""

from __future__ import annotations

import atexit
import shutil
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import av
import numpy as np
from PIL import Image

from campaigns.formats import measured
from campaigns.formats.measured import Measured

FOLDER = Path(mkdtemp(prefix="sy-spec-files-"))
NUMBERS = count()
TICKS = 90_000  # a second has: every usual frame rate and tenths of a second fit
RATE = 48_000
PILLOW = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF", "tif": "TIFF",
          "tiff": "TIFF", "avif": "AVIF"}  # fmt: skip
ISO = ("mp4", "m4v", "mov", "3gp", "3gpp")
# how FFmpeg calls the container, what is usual for picture and sound in it
MUXER = {
    "mp4": ("mp4", "libx264", "aac"),
    "m4v": ("mp4", "libx264", "aac"),
    "mov": ("mov", "libx264", "aac"),
    "3gp": ("3gp", "libx264", "aac"),
    "3gpp": ("3gp", "libx264", "aac"),
    "mkv": ("matroska", "libx264", "aac"),
    "webm": ("webm", "libvpx", "libopus"),
    "avi": ("avi", "mpeg4", "libmp3lame"),
    "mpeg": ("mpeg", "mpeg1video", "mp2"),
    "mpg": ("mpeg", "mpeg1video", "mp2"),
    "wmv": ("asf", "wmv2", "wmav2"),
    "flv": ("flv", "libx264", "aac"),
}
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}

atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


@dataclass(frozen=True)
class Still:
    """A plain picture; `size_bytes` pads it, `cards` are the others of its carousel."""

    width: int = 1080
    height: int = 1920
    suffix: str = "jpg"
    size_bytes: int = 0
    mode: str = "RGB"
    cards: tuple[Still, ...] = ()


@dataclass(frozen=True)
class Clip:
    """A clip of one color with noise for sound. `video_kbps` is a constant rate, filled up by the
    encoder; `audio` "" is silence without a track; None takes what is usual in the container."""

    width: int = 90
    height: int = 160
    fps: float = 24
    seconds: float = 1
    suffix: str = "mp4"
    codec: str | None = None
    pix_fmt: str = "yuv420p"
    video_kbps: int = 0
    audio: str | None = None
    audio_kbps: int = 192
    audio_rate: int = RATE
    audio_channels: int = 2
    amplitude: float = 0.1
    steady: bool = True
    pixel_ratio: tuple[int, int] = (1, 1)
    interlaced: bool = False
    index_first: bool = True
    edit_lists: bool = False
    open_gop: bool = False
    size_bytes: int = 0


Sample = Still | Clip


def still(width: int = 1080, height: int = 1920, suffix: str = "jpg", size_bytes: int = 0) -> Path:
    """The file of a `Still`."""
    return path_of(Still(width, height, suffix, size_bytes))


def clip(**how: Any) -> Path:
    """The file of a `Clip`."""
    return path_of(Clip(**how))


@cache
def measured_of(sample: Sample) -> Measured:
    """What our own measuring says of the file; of a carousel its first card with the others."""
    found = measured.measure(path_of(sample))
    if isinstance(sample, Clip) or not sample.cards:
        return found
    others = [measured_of(card) for card in sample.cards]
    return replace(found, siblings=tuple((other.width, other.height) for other in others))


@cache
def path_of(sample: Sample) -> Path:
    """The file, encoded for real, at most once."""
    path = FOLDER / f"{next(NUMBERS)}.{sample.suffix}"
    if isinstance(sample, Still) and sample.cards:
        return path_of(replace(sample, cards=()))
    if sample.size_bytes:
        shutil.copyfile(path_of(replace(sample, size_bytes=0)), path)
        pad(path, sample.size_bytes)
    elif isinstance(sample, Still):
        color = 90 if sample.mode == "L" else None
        picture = Image.new(sample.mode, (sample.width, sample.height), color)
        picture.save(path, PILLOW[sample.suffix])
    else:
        _encode(sample, path)
    return path


def pad(path: Path, size_bytes: int) -> None:
    """Grow the file to `size_bytes` as a hole: in MP4 and its kin inside a box of free space, else
    behind the content's end, where readers stop."""
    missing = size_bytes - path.stat().st_size
    if missing < 0:
        raise ValueError(f"The file is larger than {size_bytes} bytes already.")
    with path.open("r+b") as stream:
        if path.suffix.lstrip(".") in ISO and missing >= 16:
            stream.seek(0, 2)
            stream.write(b"\0\0\0\1free" + missing.to_bytes(8, "big"))
        stream.truncate(size_bytes)


def _encode(sample: Clip, path: Path) -> None:
    muxer, codec, sound_codec = MUXER[sample.suffix]
    codec, sound_codec = (
        sample.codec or codec,
        sound_codec if sample.audio is None else sample.audio,
    )
    flags = "+negative_cts_offsets" + "+faststart" * sample.index_first
    options = {"movflags": flags, "use_editlist": str(int(sample.edit_lists))}
    with av.open(
        path.as_posix(), "w", format=muxer, options=options if sample.suffix in ISO else {}
    ) as container:
        rate = Fraction(sample.fps).limit_denominator(1001)
        video = container.add_stream(codec, rate=rate, options=_tuning(sample, codec))
        video.width, video.height, video.pix_fmt = sample.width, sample.height, sample.pix_fmt
        # these know no finer time than their frames
        is_coarse = muxer == "avi" or codec in {"mpeg1video", "mpeg4", "wmv2"}
        video.codec_context.time_base = 1 / rate if is_coarse else Fraction(1, TICKS)
        video.codec_context.sample_aspect_ratio = Fraction(*sample.pixel_ratio)
        video.codec_context.thread_count = 1
        if sample.video_kbps:
            video.bit_rate = sample.video_kbps * 1000
        sound = container.add_stream(sound_codec, rate=sample.audio_rate) if sound_codec else None
        if sound:
            sound.layout = LAYOUTS[sample.audio_channels]
            sound.bit_rate = sample.audio_kbps * 1000
        _picture(container, video, sample)
        if sound:
            _sound(container, sound, sample)


def _tuning(sample: Clip, codec: str) -> dict[str, str]:
    match codec:
        case "libx265":
            return {"preset": "ultrafast", "x265-params": "log-level=none"}
        case "libvpx" | "libvpx-vp9":
            return {"deadline": "realtime", "cpu-used": "8"}
        case "libsvtav1":
            return {"preset": "13", "svtav1-params": "lp=1"}
        case "libx264":
            extra = ["tff=1"] if sample.interlaced else []
            if sample.open_gop:
                extra += ["open-gop=1:keyint=8:min-keyint=8:bframes=2:scenecut=0"]
            if sample.video_kbps:  # a short buffer: the rate holds from the first frame
                rate, buffer = sample.video_kbps, max(1, sample.video_kbps // 10)
                extra += [f"nal-hrd=cbr:bitrate={rate}:vbv-maxrate={rate}:vbv-bufsize={buffer}"]
            preset = "veryfast" if sample.open_gop else "ultrafast"
            return {"preset": preset, "x264-params": ":".join([*extra, "log-level=none"])}
        case _:
            return {}


def _picture(container: Any, stream: Any, sample: Clip) -> None:
    base = stream.codec_context.time_base
    plain = np.full((sample.height, sample.width, 3), 120, dtype=np.uint8)
    frame = av.VideoFrame.from_ndarray(plain, format="rgb24").reformat(format=sample.pix_fmt)
    frame.time_base = base
    for index in range(round(sample.seconds * sample.fps)):
        late = 0 if sample.steady or index % 3 else 0.4
        frame.pts = round((index + late) / (sample.fps * float(base)))
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _sound(container: Any, stream: Any, sample: Clip) -> None:
    chance = np.random.default_rng(4)
    form = stream.format.name
    size = stream.codec_context.frame_size or 1024
    for at in range(0, round(sample.seconds * sample.audio_rate), size):
        noise = chance.standard_normal((sample.audio_channels, size)) * sample.amplitude
        layout = LAYOUTS[sample.audio_channels]
        frame = av.AudioFrame.from_ndarray(noise.astype(np.float32), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = stream.rate, at
        frame.time_base = Fraction(1, stream.rate)
        for part in av.AudioResampler(form, layout, stream.rate).resample(frame):
            container.mux(stream.encode(part))
    container.mux(stream.encode(None))
