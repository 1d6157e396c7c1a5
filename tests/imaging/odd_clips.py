"""Broken, hostile and odd clips, made with real encoders and then bent by hand."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import av
import numpy as np

from tests.imaging import odd_bytes as raw
from tests.imaging.odd_cases import DAMAGED, Odd, Refused, Taken

SIDE = (96, 160)
LATE = "+negative_cts_offsets"  # the index behind the pictures
PIECES = "+frag_keyframe+empty_moov+negative_cts_offsets"
FAST = {"libx264": {"preset": "ultrafast"}, "libx265": {"preset": "ultrafast"}}
COLORS = {"pq": (9, 16, 9)}  # primaries, transfer, matrix of HDR


@cache
def clip(
    *,
    form: str = "mp4",
    codec: str = "libx264",
    size: tuple[int, int] = SIDE,
    count: int = 24,
    rate: int = 24,
    pixels: str = "yuv420p",
    sound: str = "aac",
    moves: str = "+faststart+negative_cts_offsets",
    edits: bool = False,
    shape: tuple[int, int] = (1, 1),
    uneven: bool = False,
    color: str = "",
    tracks: int = 1,
    interlaced: bool = False,
) -> bytes:
    """A second of a moving bar."""
    options = {"use_editlist": str(int(edits)), "movflags": moves}
    options = options if form in ("mp4", "mov") else {}
    # on disk: to put the index in front the muxer reads again what it wrote
    with (
        NamedTemporaryFile() as out,
        av.open(out.name, "w", format=form, options=options) as container,
    ):
        videos = [
            _video(container, codec, size, rate, pixels, shape, color, interlaced)
            for _ in range(tracks)
        ]
        audio = container.add_stream(sound, rate=48_000, layout="stereo") if sound else None
        for index in range(count):
            for video in videos:
                frame = _bar(index, size, pixels)
                frame.pts = index * 100 + (40 if uneven and index % 3 else 0)
                frame.time_base = video.codec_context.time_base
                container.mux(video.encode(frame))
        for video in videos:
            container.mux(video.encode(None))
        if audio:
            _hush(container, audio, count * 48_000 // rate)
        container.close()
        return Path(out.name).read_bytes()


def _video(
    container: Any, codec: str, size: tuple[int, int], rate: int, pixels: str,
    shape: tuple[int, int], color: str, interlaced: bool,
) -> Any:  # fmt: skip
    tuning = dict(FAST.get(codec, {}))
    if codec == "libx265":
        tuning["x265-params"] = "log-level=none:pools=1"
    if interlaced:
        tuning["x264-params"] = "tff=1"
    video = container.add_stream(codec, rate=rate, options=tuning)
    video.width, video.height, video.pix_fmt = *size, pixels
    video.codec_context.time_base = Fraction(1, rate * 100)
    video.codec_context.sample_aspect_ratio = Fraction(*shape)
    if color:
        context = video.codec_context
        context.color_primaries, context.color_trc, context.colorspace = COLORS[color]
    return video


def _bar(index: int, size: tuple[int, int], pixels: str) -> av.VideoFrame:
    picture = np.full((size[1], size[0], 3), 60, dtype=np.uint8)
    picture[:, index * 2 : index * 2 + 20] = (200, 120, 40)
    return av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels)


def _hush(container: Any, stream: Any, samples: int) -> None:
    for at in range(0, samples, 1024):
        form = stream.codec_context.format.name
        kind = {"fltp": np.float32, "s16": np.int16, "s16p": np.int16, "s32p": np.int32}[form]
        quiet = np.zeros((1, 2048) if form == "s16" else (2, 1024), dtype=kind)
        frame = av.AudioFrame.from_ndarray(quiet, format=form, layout="stereo")
        frame.sample_rate, frame.pts = 48_000, at
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def bent(
    kind: bytes, *changes: Callable[[bytearray, int], None], **how: Any
) -> Callable[[], bytes]:
    """A clip with boxes of this kind overwritten."""

    def make() -> bytes:
        data = bytearray(clip(**how))
        at = data.find(kind)
        while at >= 0:
            for change in changes:
                change(data, at + 4)
            at = data.find(kind, at + 4)
        return bytes(data)

    return make


def turned(degrees: int) -> Callable[[], bytes]:
    """A clip whose display matrix turns it, as phones write it."""
    one = 1 << 16
    matrix = {90: (0, one, 0, -one, 0, 0), 180: (-one, 0, 0, 0, -one, 0)}[degrees]
    return bent(b"tkhd", raw.put(40, ">6i", *matrix), sound="")


def sound_only(form: str, codec: str) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        _hush(container, container.add_stream(codec, rate=48_000, layout="stereo"), 48_000)
    return out.getvalue()


def with_cover() -> bytes:
    """Sound with one picture as its cover: no clip."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 96, 96, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        audio = container.add_stream("aac", rate=48_000, layout="stereo")
        picture = av.VideoFrame.from_ndarray(np.zeros((96, 96, 3), np.uint8), format="rgb24")
        container.mux(cover.encode(picture.reformat(format="yuvj420p")))
        container.mux(cover.encode(None))
        _hush(container, audio, 48_000)
    return out.getvalue()


def elsewhere() -> bytes:
    """A clip whose data reference is not "in this file" but a file of the system."""
    data = bytearray(clip(sound="", moves=LATE))
    own = raw.box(b"url ", b"\0\0\0\1")
    other = raw.box(b"url ", b"\0\0\0\0file:///etc/hostname\0")
    spot = data.index(own)
    data[spot : spot + len(own)] = other
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = data.rindex(kind, 0, spot) - 4
        size = int.from_bytes(data[at : at + 4], "big") + len(other) - len(own)
        data[at : at + 4] = size.to_bytes(4, "big")
    return bytes(data)


def long_webm() -> bytes:
    """EBML element 4489, the duration, overwritten with 36 million milliseconds."""
    data = clip(form="webm", codec="libvpx", sound="libopus")
    at = data.index(b"\x44\x89\x88") + 3
    return data[:at] + struct.pack(">d", 36_000_000) + data[at + 8 :]


ONLY_SOUND = Refused("no_video", "This file holds no picture, only sound.")
SOUND = Refused("unknown_type", "This is sound without a picture.")
UNEVEN = "The frame rate varies"
NO_SOUND = "It has no sound"

BROKEN = [
    Odd("cut.mp4", "MP4 cut off before its index", lambda: clip(moves=LATE)[:2_000], DAMAGED),
    Odd("cut-late.mp4", "MP4 cut off in its pictures", lambda: clip()[:-1_500],
        Refused("cut_off", "This clip breaks off: 9 of 24 frames are there.")),
    Odd("stub.mp4", "nothing but the first box", lambda: raw.FTYP, DAMAGED),
    Odd("fake.mp4", "first box, then zeros", lambda: raw.FTYP + b"\0" * 5_000, DAMAGED),
    Odd("noise.mp4", "index of a clip, noise as pictures",
        lambda: clip(sound="").replace(b"mdat", b"mdat" + b"\xff" * 400),
        Refused("damaged", "This clip breaks off in the middle.")),
    Odd("fake.webm", "head of a WebM, then nothing", lambda: b"\x1aE\xdf\xa3" + b"webm" * 60,
        DAMAGED),
    Odd("cut.webm", "WebM cut off",
        lambda: clip(form="webm", codec="libvpx", sound="libopus")[:1_500],
        Taken(SIDE, ("Its header claims 1.0 s; 0.6 s of picture are there.",))),
    Odd("nested.mp4", "10,000 boxes in each other", lambda: raw.nested(10_000), DAMAGED),
    Odd("boxes.mp4", "200,000 empty boxes", lambda: raw.FTYP + raw.box(b"free") * 200_000, DAMAGED),
    Odd("counts.mp4", "index that claims two thousand million frames",
        bent(b"stsz", raw.put(8, ">I", 2**31 - 1)), DAMAGED),
    Odd("elsewhere.mp4", "pictures said to lie in another file: no other file is read",
        elsewhere, Taken(SIDE, (NO_SOUND,))),
    Odd("locked.mp4", "encrypted (DRM)",
        lambda: clip(sound="").replace(b"avc1\0\0\0\0", b"encv\0\0\0\0"),
        Refused("unknown_codec", "The pictures of this clip are encrypted")),
    Odd("no-frames.mp4", "fragmented MP4 without a fragment",
        lambda: clip(moves=PIECES)[:900],
        Refused("no_frames", "No frame could be found in this clip.")),
    Odd("list-inside.mp4", "first box of an MP4, then an HLS list",
        lambda: raw.FTYP + b"#EXTM3U\n#EXT-X-VERSION:3\nhttp://127.0.0.1:9/x.ts\n", DAMAGED),
]  # fmt: skip

LYING = [
    Odd("long.mp4", "header that claims ten hours", bent(b"mvhd", raw.put(16, ">I", 36_000_000)),
        Taken(SIDE)),
    Odd("long.webm", "WebM header that claims ten hours", long_webm,
        Taken(SIDE, ("Its header claims 36000.0 s; 1.0 s of picture are there.",))),
    Odd("short.mp4", "header that claims a tenth of a second",
        bent(b"mvhd", raw.put(16, ">I", 100)), Taken(SIDE)),
    Odd("slow.mp4", "time stamps that stretch one second to days",
        bent(b"stts", raw.put(12, ">I", 200_000_000), sound=""),
        Refused("clip_too_long", "This clip is longer than 300 seconds.")),
    Odd("still.mp4", "all frames at one moment", bent(b"stts", raw.put(12, ">I", 0), sound=""),
        Refused("damaged", "The streams of this clip cannot be copied.")),
    Odd("huge.mp4", "header that claims 16,000 × 16,000",
        bent(b"avc1\0\0\0\0", raw.put(20, ">HH", 16_000, 16_000)), Taken(SIDE)),
]  # fmt: skip

FOREIGN = [
    Odd("old.avi", "AVI", lambda: clip(form="avi", codec="mpeg4", sound="libmp3lame"),
        Refused("unknown_type", "This is an AVI clip.")),
    Odd("box.mkv", "Matroska", lambda: clip(form="matroska"),
        Refused("unknown_type", "This is a Matroska (MKV) clip.")),
    Odd("air.ts", "MPEG transport stream", lambda: clip(form="mpegts"),
        Refused("unknown_type", "This is a recording of a broadcast (MPEG-TS).")),
    Odd("flash.flv", "Flash video", lambda: clip(form="flv"),
        Refused("unknown_type", "This is a Flash (FLV) clip.")),
    Odd("tune.mp3", "MP3", lambda: sound_only("mp3", "libmp3lame"), SOUND),
    Odd("tune.wav", "WAV", lambda: sound_only("wav", "pcm_s16le"), SOUND),
    Odd("tune.mp4", "MP4 with nothing but sound", lambda: sound_only("mp4", "aac"), ONLY_SOUND),
    Odd("cover.mp4", "sound with a cover picture", with_cover, ONLY_SOUND),
]  # fmt: skip

ODD = [
    Odd("clip.jpg", "MP4 named .jpg", lambda: clip(), Taken(SIDE)),
    Odd("silent.mp4", "no sound", lambda: clip(sound=""), Taken(SIDE, (NO_SOUND,))),
    Odd("wide-pixels.mp4", "pixels that are not square", lambda: clip(shape=(4, 3)),
        Refused("not_square", "The pixels of this clip are not square")),
    Odd("uneven.mp4", "variable frame rate", lambda: clip(uneven=True), Taken(SIDE, (UNEVEN,))),
    Odd("edits.mp4", "edit lists", lambda: clip(edits=True), Taken(SIDE)),
    Odd("late.mp4", "index at the end", lambda: clip(moves=LATE), Taken(SIDE)),
    Odd("deep.mp4", "10 bits", lambda: clip(pixels="yuv420p10le"),
        Taken(SIDE, ("It has more than 8 bits a color",))),
    Odd("hdr.mp4", "HDR (PQ)", lambda: clip(codec="libx265", pixels="yuv420p10le", color="pq"),
        Taken(SIDE, ("It is graded for HDR screens",))),
    Odd("hevc.mp4", "HEVC", lambda: clip(codec="libx265"), Taken(SIDE)),
    Odd("prores.mov", "ProRes 4:2:2, 10 bits",
        lambda: clip(form="mov", codec="prores_ks", pixels="yuv422p10le", sound="pcm_s16le"),
        Taken(SIDE, ("It has more than 8 bits a color",))),
    Odd("vp9.webm", "WebM with VP9", lambda: clip(form="webm", codec="libvpx-vp9", sound="libopus"),
        Taken(SIDE)),
    Odd("motion.mov", "Motion JPEG", lambda: clip(form="mov", codec="mjpeg", pixels="yuvj420p"),
        Taken(SIDE)),
    Odd("pieces.mp4", "fragmented MP4", lambda: clip(moves=PIECES),
        Taken(SIDE)),
    Odd("turned.mp4", "display matrix of 90°", turned(90), Taken(SIDE[::-1], (NO_SOUND,))),
    Odd("upside.mp4", "display matrix of 180°", turned(180), Taken(SIDE, (NO_SOUND,))),
    Odd("lines.mp4", "interlaced", lambda: clip(interlaced=True),
        Taken(SIDE, ("It is interlaced",))),
    Odd("two.mp4", "two picture tracks", lambda: clip(tracks=2),
        Taken(SIDE, ("It has 2 picture tracks; the first was taken.",))),
    Odd("one.mp4", "one frame", lambda: clip(count=1, sound=""), Taken(SIDE, (NO_SOUND,))),
    Odd("fast.mp4", "240 frames a second", lambda: clip(rate=240, count=48), Taken(SIDE)),
    Odd("tiny.mp4", "32 × 32", lambda: clip(size=(32, 32)),
        Refused("too_small", "This clip is only 32 x 32.")),
    Odd("strip.mp4", "4,098 × 64", lambda: clip(size=(4098, 64), count=2),
        Refused("clip_too_large", "This clip is 4098 x 64")),
    Odd("endless.mp4", "six minutes", lambda: clip(count=360, rate=1, sound=""),
        Refused("clip_too_long", "This clip is longer than 300 seconds.")),
]  # fmt: skip

ALL: dict[str, list[Odd]] = {
    "Broken clips": BROKEN,
    "Clips that lie": LYING,
    "Not a clip of ours": FOREIGN,
    "Odd but honest clips": ODD,
}
