"""Write clips as the platforms want them: H.264 High 4:2:0, two B-frames, closed groups, AAC
48 kHz stereo, index first, no edit lists, equal frame steps; the same input gives the same bytes.

The recipe is one place for every platform. It must not choose what is in a frame.
Never calls av.logging.set_level: with threaded decoding that can hang for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from imaging.formats import Limits, Unreadable
from imaging.geometry import Box
from imaging.pixels import shrink, stretch
from imaging.probe import ClipInfo, open_clip, probe_clip

AUDIO_RATE = 48_000
UNTAGGED = 2  # ITU-T H.273: matrix coefficients unspecified
HD_SIDE = 720  # the short side from which untagged pictures are BT.709, as players take them
DITHER = 1e-5
AUDIO_CHUNK = 1024
# negative_cts_offsets lets B-frames start at 0 without the edit list Instagram forbids.
MUXER = {
    "movflags": "+faststart+negative_cts_offsets",
    "use_editlist": "0",
    "fflags": "+bitexact",
}


@dataclass(frozen=True, slots=True)
class Quality:
    """How many bits: constant quality `crf` within `max_kbps`, or an average of `kbps`; with
    `is_constant` flat pictures are filled up to it, because placements refuse low rates."""

    crf: int = 18
    kbps: int | None = None
    max_kbps: int = 12_000
    is_constant: bool = False
    audio_kbps: int = 192
    preset: str = "veryfast"


DEFAULT = Quality()
# What platforms get: their usual 8 Mbit/s, never below any placement's floor (516 or 2500 kbps).
DELIVERY = Quality(kbps=8000, is_constant=True)
LEAST_KBPS, MOST_KBPS = 500, 50_000  # a constant rate fills every second of the disk as well


class NotAsPromised(Exception):
    """The written clip does not measure as the recipe promises; it must not be delivered."""


def delivery(kbps: int = 0) -> Quality:
    """DELIVERY at another constant rate, kept within what H.264 can sensibly hold; 0 is its own."""
    if not kbps:
        return DELIVERY
    rate = min(max(kbps, LEAST_KBPS), MOST_KBPS)
    return replace(DELIVERY, kbps=rate, max_kbps=rate * DELIVERY.max_kbps // 8000)


def write_clip(
    frames: Iterable[NDArray[np.uint8]],
    path: Path,
    fps: Fraction | int,
    width: int,
    height: int,
    audio: str = "silent",
    *,
    quality: Quality = DEFAULT,
    audio_source: Path | None = None,
    start_s: float = 0.0,
) -> ClipInfo:
    """Encode RGB uint8 frames (any size; resized to width x height, both even) into an MP4.

    `audio`: "silent" (a track of silence), "source" (the sound of `audio_source` from `start_s`,
    silence when it has none) or "none". The sound is cut to exactly the picture's length.
    Returns what was measured of the written file. ValueError for odd sizes or no frames,
    NotAsPromised when the result has edit lists, uneven steps or the index at the end.
    """
    if width % 2 or height % 2 or width <= 0 or height <= 0:
        raise ValueError("Width and height of a clip must be even and positive.")
    rate = Fraction(fps)
    temporary = path.with_name(path.name + ".part")
    count = 0
    with av.open(temporary.as_posix(), "w", format="mp4", options=MUXER) as container:
        video = _video_stream(container, rate, width, height, quality)
        sound = _audio_stream(container, quality) if audio != "none" else None
        for frame in frames:
            container.mux(video.encode(_frame(frame, count, rate, width, height)))
            count += 1
        container.mux(video.encode(None))
        if not count:
            raise ValueError("A clip needs at least one frame.")
        if sound is not None:
            samples = round(count / rate * AUDIO_RATE)
            source = audio_source if audio == "source" else None
            for chunk in _sound(source, start_s, samples):
                container.mux(sound.encode(chunk))
            container.mux(sound.encode(None))
    info = probe_clip(temporary, Limits(min_side=2, max_clip_side=16_384, max_clip_s=3600))
    _insist(info, temporary, count, audio != "none")
    temporary.replace(path)
    return info


def reframe_clip(
    source: Path,
    path: Path,
    box: Box,
    width: int,
    height: int,
    *,
    fps: Fraction | int | None = None,
    start_s: float = 0.0,
    duration_s: float | None = None,
    quality: Quality = DEFAULT,
    limits: Limits | None = None,
    on_progress: Callable[[float], None] | None = None,
    each: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None,
) -> ClipInfo:
    """Cut `box` (pixels of the clip as seen) out of every frame and encode it at width x height;
    `each` may make another picture of every cut frame first.

    The frame rate becomes constant (the source's, within 23.976 to 60, unless given), the range
    is trimmed exactly, the sound kept (silence when there is none). Raises Unreadable for a source
    that cannot be decoded, ValueError for a box outside the picture.
    """
    bounds = limits or Limits()
    info = probe_clip(source, bounds)
    if box.is_empty or not Box.whole(info.width, info.height).contains(box):
        raise ValueError(f"The box {box.as_list()} does not lie inside the clip.")
    rate = Fraction(fps) if fps else tidy_rate(info.fps)
    left = max(0.0, info.duration_s - start_s)
    length = min(left, duration_s) if duration_s is not None else left
    count = max(1, round(length * rate))
    frames: Iterator[NDArray[np.uint8]] = _reframed(
        source, bounds, box, rate, start_s, count, on_progress
    )
    if each is not None:
        frames = map(each, frames)
    return write_clip(
        frames, path, rate, width, height, "source",
        quality=quality, audio_source=source, start_s=start_s,
    )  # fmt: skip


def frames_of(
    source: Path, *, limits: Limits | None = None, every_s: float | None = None
) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """(seconds from the first frame, RGB HxWx3 as seen) of a clip, in order; with `every_s` only
    the first frame at or after each multiple of it. Raises Unreadable."""
    container, _ = open_clip(source, limits or Limits())
    try:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        first: float | None = None
        due = 0.0
        for frame in container.decode(stream):
            if frame.pts is None:
                continue
            at = float(frame.pts * stream.time_base)
            first = at if first is None else first
            if every_s is not None:
                if at - first + 1e-6 < due:
                    continue
                due = (int((at - first + 1e-6) / every_s) + 1) * every_s
            yield at - first, _upright(frame)
    except av.error.FFmpegError as error:
        raise Unreadable(
            "damaged", "This clip breaks off in the middle. Export it again."
        ) from error
    finally:
        container.close()


def tidy_rate(fps: float) -> Fraction:
    """The usual frame rate nearest to a measured one, within what platforms take (23.976-60)."""
    usual = [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)]
    usual += [Fraction(rate) for rate in (24, 25, 30, 48, 50, 60)]
    return min(usual, key=lambda rate: (abs(float(rate) - fps), rate)) if fps else Fraction(30)


def _video_stream(container: Any, rate: Fraction, width: int, height: int, quality: Quality) -> Any:
    stream = container.add_stream("libx264", rate=rate)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.time_base = 1 / rate
    group = max(1, round(rate * 2))
    # mb-tree with VBV gave other bytes for the same frames about once in ten encodes
    extra = f"keyint={group}:open-gop=0:bframes=2:no-mbtree=1"
    # x264's rate control with two threads gave other bytes as well, for most clips of some length
    threads = "1" if quality.kbps else "2"
    options = {"profile": "high", "preset": quality.preset, "threads": threads, "flags": "+cgop"}
    if quality.kbps:
        stream.bit_rate = quality.kbps * 1000
        options |= {"maxrate": f"{quality.max_kbps}k", "bufsize": f"{2 * quality.max_kbps}k"}
        if quality.is_constant:
            options |= {"maxrate": f"{quality.kbps}k", "bufsize": f"{quality.kbps}k"}
            extra += ":nal-hrd=cbr"
    else:
        options |= {"crf": str(quality.crf), "maxrate": f"{quality.max_kbps}k",
                    "bufsize": f"{2 * quality.max_kbps}k"}  # fmt: skip
    context = stream.codec_context
    context.gop_size, context.max_b_frames = group, 2
    context.sample_aspect_ratio = Fraction(1, 1)
    context.color_range, context.colorspace = 1, 1
    context.color_primaries, context.color_trc = 1, 1
    stream.options = options | {"x264-params": extra}
    return stream


def _audio_stream(container: Any, quality: Quality) -> Any:
    stream = container.add_stream("aac", rate=AUDIO_RATE, layout="stereo")
    stream.bit_rate = quality.audio_kbps * 1000
    stream.time_base = Fraction(1, AUDIO_RATE)
    stream.options = {"flags": "+bitexact"}
    return stream


def _frame(rgb: NDArray[np.uint8], index: int, rate: Fraction, width: int, height: int) -> Any:
    smaller = rgb.shape[1] > width
    sized = shrink(rgb, width, height) if smaller else stretch(rgb, width, height)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(sized), format="rgb24")
    # Phones and browsers read HD as BT.709; without saying so colors shift.
    frame = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    frame.pts, frame.time_base = index, 1 / rate
    return frame


def _sound(source: Path | None, start_s: float, samples: int) -> Iterator[Any]:
    """Exactly `samples` stereo samples in encoder-sized pieces, silence where there is no more."""
    done = 0
    waiting = np.zeros((2, 0), dtype=np.float32)
    for piece in _decoded(source, start_s):
        waiting = np.concatenate([waiting, piece], axis=1)
        while waiting.shape[1] >= AUDIO_CHUNK and done < samples:
            wide = min(AUDIO_CHUNK, samples - done)
            yield _audio_frame(waiting[:, :wide], done)
            waiting, done = waiting[:, wide:], done + wide
        if done >= samples:
            return
    while done < samples:
        wide = min(AUDIO_CHUNK, samples - done)
        chunk = _quiet(wide, done)
        have = min(wide, waiting.shape[1])
        chunk[:, :have], waiting = waiting[:, :have], waiting[:, have:]
        yield _audio_frame(chunk, done)
        done += wide


def _quiet(wide: int, at: int) -> NDArray[np.float32]:
    """Inaudible dither (about -100 dBFS), the same for the same place in the track.

    Digital silence is encoded to 2 kbps whatever rate is asked for, and platforms that want 128
    kbps refuse it.
    """
    noise = np.random.default_rng(at).standard_normal((2, wide))
    return (noise * DITHER).astype(np.float32)


def _decoded(source: Path | None, start_s: float) -> Iterator[NDArray[np.float32]]:
    if source is None:
        return
    container, _ = open_clip(source, Limits(min_side=2, max_clip_side=16_384))
    try:
        if not container.streams.audio:
            return
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=AUDIO_RATE)
        skip = round(start_s * AUDIO_RATE)
        for frame in container.decode(container.streams.audio[0]):
            for part in resampler.resample(frame):
                piece = np.asarray(part.to_ndarray(), dtype=np.float32)
                dropped = min(skip, piece.shape[1])
                skip -= dropped
                yield piece[:, dropped:]
    except av.error.FFmpegError:
        # Broken sound must not cost the picture: the rest stays silent.
        return
    finally:
        container.close()


def _audio_frame(chunk: NDArray[np.float32], at: int) -> Any:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(chunk), format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = AUDIO_RATE, at, Fraction(1, AUDIO_RATE)
    return frame


def _reframed(
    source: Path,
    limits: Limits,
    box: Box,
    rate: Fraction,
    start_s: float,
    count: int,
    on_progress: Callable[[float], None] | None,
) -> Iterator[NDArray[np.uint8]]:
    """For each output time the last source frame shown by then: constant steps from any source."""
    made = 0
    shown: NDArray[np.uint8] | None = None
    for at, rgb in frames_of(source, limits=limits):
        while made < count and shown is not None and at > start_s + float(made / rate) + 1e-3:
            yield shown
            made += 1
            if on_progress is not None and made % 15 == 0:
                on_progress(made / count)
        if made >= count:
            return
        shown = rgb[box.top : box.bottom, box.left : box.right]
    while made < count and shown is not None:
        yield shown
        made += 1


def _upright(frame: Any) -> NDArray[np.uint8]:
    # swscale reads what is not tagged as BT.601, also in HD: reds would come out darker
    is_hd = min(frame.width, frame.height) >= HD_SIDE
    read_as = {"src_colorspace": "ITU709"} if is_hd and int(frame.colorspace) == UNTAGGED else {}
    rgb = np.asarray(frame.to_ndarray(format="rgb24", **read_as), dtype=np.uint8)
    return np.ascontiguousarray(np.rot90(rgb, (int(frame.rotation) // 90) % 4))


def _insist(info: ClipInfo, path: Path, count: int, with_audio: bool) -> None:
    wrong = [
        text
        for failed, text in (
            (info.edit_lists != 0, f"{info.edit_lists} edit lists"),
            (not info.moov_first, "index at the end"),
            (not info.cfr, "uneven frame steps"),
            (info.start_s != 0, f"starts at {info.start_s} s"),
            (info.frame_count != count, f"{info.frame_count} of {count} frames"),
            (with_audio != info.has_audio, "sound track"),
        )
        if failed
    ]
    if wrong:
        path.unlink(missing_ok=True)
        raise NotAsPromised(f"The written clip is not as promised: {', '.join(wrong)}.")
