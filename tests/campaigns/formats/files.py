"""Makes real stills and clips with exactly one thing wrong, small and quick."""

from __future__ import annotations

import atexit
import shutil
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import av
import numpy as np
from PIL import Image

FOLDER = Path(mkdtemp(prefix="sy-spec-files-"))
RATE = 48_000

atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


@cache
def still(
    width: int = 1080,
    height: int = 1920,
    suffix: str = "jpg",
    size_bytes: int = 0,
    mode: str = "RGB",
) -> Path:
    """A plain picture; `size_bytes` pads it behind its end without using disk space."""
    path = FOLDER / f"still-{width}-{height}-{size_bytes}-{mode}.{suffix}"
    Image.new(mode, (width, height), 90 if mode == "L" else None).save(path)
    return pad(path, size_bytes)


def pad(path: Path, size_bytes: int) -> Path:
    """Grow the file to `size_bytes` as a hole; readers stop at the content's end."""
    if size_bytes:
        with path.open("r+b") as stream:
            stream.truncate(size_bytes)
    return path


@cache
def clip(
    *,
    width: int = 90,
    height: int = 160,
    fps: int = 24,
    seconds: float = 1,
    suffix: str = "mp4",
    codec: str = "libx264",
    audio: str = "aac",
    audio_kbps: int = 192,
    audio_rate: int = RATE,
    amplitude: float = 0.1,
    video_kbps: int = 0,
    steady: bool = True,
    pixel_ratio: tuple[int, int] = (1, 1),
    interlaced: bool = False,
    flags: str = "+faststart+negative_cts_offsets",
    edit_lists: bool = False,
    open_gop: bool = False,
    noisy: bool = False,
    size_bytes: int = 0,
) -> Path:
    """A clip of noise or of one color, with or without sound, encoded for real."""
    path = FOLDER / f"clip-{len(list(FOLDER.iterdir()))}.{suffix}"
    options = {"movflags": flags, "use_editlist": str(int(edit_lists))}
    with av.open(path, "w", options=options if suffix in {"mp4", "mov"} else {}) as container:
        video = container.add_stream(codec, rate=fps, options=_tuning(codec, interlaced, open_gop))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.codec_context.time_base = Fraction(1, fps * 1000)
        video.codec_context.sample_aspect_ratio = Fraction(*pixel_ratio)
        if video_kbps:
            video.bit_rate = video_kbps * 1000
        sound = container.add_stream(audio, rate=audio_rate) if audio else None
        if sound:
            sound.layout = "stereo"
            sound.bit_rate = audio_kbps * 1000
        _picture(container, video, round(seconds * fps), steady, interlaced, noisy)
        if sound:
            _sound(container, sound, round(seconds * audio_rate), amplitude)
    return pad(path, size_bytes)


def _tuning(codec: str, interlaced: bool, open_gop: bool) -> dict[str, str]:
    if codec != "libx264":
        return {}
    extra = ["tff=1"] if interlaced else []
    extra += ["open-gop=1:keyint=8:min-keyint=8:bframes=2:scenecut=0"] if open_gop else []
    preset = "veryfast" if open_gop else "ultrafast"
    return {"preset": preset, "x264-params": ":".join(extra)} if extra else {"preset": preset}


def _picture(
    container: Any, stream: Any, count: int, steady: bool, interlaced: bool, noisy: bool
) -> None:
    chance = np.random.default_rng(3)
    shape = (stream.height, stream.width, 3)
    plain = np.full(shape, 120, dtype=np.uint8)
    for index in range(count):
        pixels = chance.integers(0, 255, shape, dtype=np.uint8) if noisy else plain
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        late = 0 if steady or index % 3 else 400
        frame.pts = index * 1000 + late
        frame.time_base = stream.codec_context.time_base
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _sound(container: Any, stream: Any, count: int, amplitude: float) -> None:
    chance = np.random.default_rng(4)
    for at in range(0, count, 1024):
        noise = (chance.standard_normal((2, 1024)) * amplitude).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(noise, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = stream.rate, at
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
