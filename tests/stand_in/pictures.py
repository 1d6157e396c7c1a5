"""Real pictures and clips, made from a seed or from the input picture; the same every time.

A picture is described by plain values (a `made` dict) and drawn when it is asked for, so that a
restarted stand-in serves the same bytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

FPS = 24
KINDS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "mp4": "video/mp4"}


@lru_cache(maxsize=64)
def picture(
    *,
    width: int,
    height: int,
    seed: int,
    form: str,
    source: bytes | None = None,
    mask: bytes | None = None,
    face: bytes | None = None,
    cut_out: bool = False,
    black: bool = False,
) -> bytes:
    """Encoded bytes of a picture `width` x `height`; made from `source` when there is one."""
    if black:
        return _encoded(Image.new("RGB", (width, height)), form)
    image = _pattern(width, height, seed)
    if source is not None:
        given = opened(source)
        base = given.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
        if mask is not None:
            # white is what changes
            where = opened(mask).convert("L").resize((width, height))
            image = Image.composite(base.filter(ImageFilter.GaussianBlur(24)), base, where)
        elif face is not None:
            # the face stands where a face would be, so that one sees that both pictures came
            side = min(width, height) // 4
            image = base
            image.paste(opened(face).convert("RGB").resize((side, side)), (width // 2, height // 8))
        else:
            image = Image.blend(base, image, 0.06)
        if cut_out:
            shape = Image.new("L", (width, height))
            box = (width * 0.15, height * 0.1, width * 0.85, height * 0.95)
            ImageDraw.Draw(shape).ellipse(box, fill=255)
            image.putalpha(shape.filter(ImageFilter.GaussianBlur(1)))
    return _encoded(image, form)


def opened(data: bytes) -> Image.Image:
    """The decoded picture. Raises OSError or SyntaxError when it is none."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def _pattern(width: int, height: int, seed: int) -> Image.Image:
    random = np.random.default_rng(seed % 2**63)
    small = random.integers(40, 216, size=(6, 6, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(5):
        x, y = (float(one) for one in random.random(2))
        radius = float(random.uniform(0.05, 0.2)) * min(width, height)
        color = tuple(int(one) for one in random.integers(0, 255, 3))
        at = (x * width, y * height)
        draw.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), fill=color)
    return image


def _encoded(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    if form == "jpeg":
        image.convert("RGB").save(out, "JPEG", quality=90)
    elif form == "webp":
        image.save(out, "WEBP", quality=85, method=0)
    else:
        image.save(out, "PNG", compress_level=1)
    return out.getvalue()


@lru_cache(maxsize=24)
def clip(*, width: int, height: int, seconds: float, seed: int, source: bytes | None) -> bytes:
    """H.264 in MP4. One second is encoded and its packets repeated, so it costs the same always."""
    first = _pattern(width, height, seed)
    if source is not None:
        first = opened(source).convert("RGB").resize((width, height))
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "30", "bf": "0", "g": str(FPS)}
        base = Fraction(1, FPS)
        packets = []
        for number in range(FPS):
            shift = abs(number - FPS // 2) - FPS // 2  # there and back, so that it loops
            frame = av.VideoFrame.from_image(ImageChops.offset(first, shift * 2, 0))
            frame.pts, frame.time_base = number, base
            packets += stream.encode(frame)
        packets += stream.encode()
        total = round(seconds * FPS)
        data = [(bytes(one), one.is_keyframe) for one in packets]
        for number in range(total):
            raw, is_key = data[number % FPS]
            packet = av.Packet(raw)
            packet.stream, packet.time_base = stream, base
            packet.pts = packet.dts = number
            packet.duration = 1
            packet.is_keyframe = is_key
            container.mux(packet)
    return out.getvalue()


@lru_cache(maxsize=1)
def bomb() -> bytes:
    """A small valid PNG of 20000 x 20000 pixels."""
    side = 20_000
    squeeze = zlib.compressobj(9)
    row = b"\0" * (1 + -(-side // 8))
    data = b"".join(squeeze.compress(row * 500) for _ in range(side // 500)) + squeeze.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
        + _chunk(b"IDAT", data)
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
