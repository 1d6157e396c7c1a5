"""Broken, hostile and odd pictures: what each is, and how it has to end."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.imaging import odd_bytes as raw
from tests.imaging.conftest import PHOTOS
from tests.imaging.odd_cases import DAMAGED, Odd, Refused, Taken

JPEG = PHOTOS["china"].read_bytes()  # 640 x 427
SIZE = (640, 427)


def photo(size: tuple[int, int] = (320, 240), mode: str = "RGB") -> Image.Image:
    with Image.open(PHOTOS["coffee"]) as image:
        return image.convert("RGB").resize(size).convert(mode)


def saved(form: str, image: Image.Image | None = None, **how: Any) -> bytes:
    out = io.BytesIO()
    (image or photo()).save(out, form, **how)
    return out.getvalue()


def turned(value: int) -> bytes:
    image = photo()
    exif = image.getexif()
    exif[0x0112] = value
    return saved("JPEG", image, exif=exif)


def moving(form: str) -> Callable[[], bytes]:
    def make() -> bytes:
        frames = [photo(), photo().rotate(180)]
        return saved(form, frames[0], save_all=True, append_images=frames[1:])

    return make


def deep_gray() -> bytes:
    pixels = np.asarray(photo(mode="L")).astype(np.uint16) * 257
    return saved("PNG", Image.fromarray(pixels))


def floating() -> bytes:
    return saved("TIFF", Image.fromarray(np.asarray(photo(mode="L")).astype(np.float32) / 255))


def wide_gamut() -> bytes:
    with Image.open(PHOTOS["rocket"]) as original:
        profile = original.info["icc_profile"]
    return saved("JPEG", icc_profile=profile)


def flat(width: int, height: int, mode: str, form: str) -> Callable[[], bytes]:
    def make() -> bytes:
        image = Image.new(mode, (width, height), 90 if mode in ("L", "I;16") else None)
        return saved(form, image, **({"compress_level": 1} if form == "PNG" else {}))

    return make


def frames(count: int) -> bytes:
    return b"GIF89a\x40\0\x40\0\0\0\0" + (
        b"\x21\xf9\4\0\1\0\0\0\x2c\0\0\0\0\x40\0\x40\0\0\2\2\x4c\1\0" * count + b";"
    )


def looped_exif() -> bytes:
    """An EXIF block whose only directory follows itself."""
    body = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\x08\0\0\0"
    return JPEG[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + JPEG[2:]


def commented(text: bytes) -> bytes:
    return JPEG[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + JPEG[2:]


SCRIPT = b"<script>alert(1)</script>"
EMPTY = "This file is empty (0 bytes)"
NO_PICTURE = "This is not a picture or clip that can be read here."
PLAYLIST = "This is a playlist or a stream description, not a clip."
ANIMATED = "This picture is animated."
UPRIGHT = ("Turned upright.",)
SIXTEEN = ("Reduced from 16 to 8 bits a channel.",)

BROKEN = [
    Odd("zero.jpg", "no bytes at all", lambda: b"", Refused("empty", EMPTY)),
    Odd("one.png", "one byte", lambda: b"\x89", Refused("unknown_type", NO_PICTURE)),
    Odd("cut.jpg", "JPEG cut off in the picture", lambda: JPEG[:20_000], DAMAGED),
    Odd("stub.jpg", "JPEG cut off in the header", lambda: JPEG[:200], DAMAGED),
    Odd("cut-progressive.jpg", "progressive JPEG cut off",
        lambda: saved("JPEG", progressive=True)[:6_000], DAMAGED),
    Odd("cut.png", "PNG cut off", lambda: saved("PNG")[:30_000], DAMAGED),
    Odd("cut.webp", "WebP cut off", lambda: saved("WEBP")[:3_000], DAMAGED),
    Odd("cut.avif", "AVIF cut off", lambda: saved("AVIF")[:1_500], DAMAGED),
    Odd("cut.tif", "TIFF cut off", lambda: saved("TIFF")[:30_000], DAMAGED),
    Odd("no-height.jpg", "JPEG of 0 rows", lambda: raw.sized(JPEG, 640, 0), DAMAGED),
    Odd("arithmetic.jpg", "JPEG that claims lossless arithmetic coding",
        lambda: raw.sized(JPEG, *SIZE, b"\xff\xcb"), DAMAGED),
    Odd("hollow.png", "PNG without its pixels", lambda: raw.hollow_png(500, 500), DAMAGED),
    Odd("noise.png", "PNG whose pixels are noise",
        lambda: raw.png(200, 200, rows=bytes(range(256)) * 4), DAMAGED),
]  # fmt: skip

BOMBS = [
    Odd("bomb.png", "PNG that claims 50,000 × 50,000", lambda: raw.hollow_png(50_000, 50_000),
        Refused("too_many_pixels", "This picture is enormous")),
    Odd("line.png", "PNG that claims 40,000 × 100", lambda: raw.hollow_png(40_000, 100),
        Refused("too_many_pixels", "This picture is 40000 x 100 pixels")),
    Odd("bomb.jpg", "JPEG that claims 65,500 × 65,500", lambda: raw.sized(JPEG, 65_500, 65_500),
        Refused("too_many_pixels", "This picture is")),
    Odd("bomb.tif", "TIFF that claims 100,000 × 100,000", lambda: raw.tiff(100_000, 100_000),
        Refused("too_many_pixels", "This picture is")),
    Odd("bomb.webp", "WebP of 16,383 × 16,383 in one color",
        lambda: b"RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2f\xfe\xbf\xff\x0f" + b"\0" * 15,
        Refused("too_many_pixels", "This picture is enormous")),
    Odd("frames.gif", "GIF of 100,000 frames", lambda: frames(100_000),
        Refused("gif", "GIF files are not taken")),
    Odd("ztxt.png", "compressed text that becomes 300 MB", lambda: raw.with_text(b"zTXt", 300),
        DAMAGED),
    Odd("itxt.png", "compressed XMP that becomes 300 MB", lambda: raw.with_text(b"iTXt", 300),
        DAMAGED),
    Odd("iccp.png", "color profile that becomes 300 MB", lambda: raw.with_text(b"iCCP", 300),
        DAMAGED),
    Odd("texts.png", "100 texts that become 100 MB together", lambda: raw.with_many_texts(100),
        DAMAGED),
    Odd("scans.jpg", "progressive JPEG with 20,000 empty passes over 9 megapixels",
        lambda: raw.scans(saved("JPEG", photo((3000, 3000)), progressive=True), 20_000),
        Refused("too_heavy", "This file needs more memory or time"), cpu_s=1),
    Odd("loop.tif", "TIFF whose page follows itself", lambda: raw.tiff(200, 200, next_at=8),
        Taken((200, 200))),
    Odd("loop-exif.jpg", "EXIF directory that follows itself", looped_exif,
        Taken((427, 640), UPRIGHT)),
    Odd("large.tif", "49 megapixels of 16 bits, still allowed", flat(7000, 7000, "I;16", "TIFF"),
        Taken((7000, 7000), SIXTEEN)),
]  # fmt: skip

DISGUISED = [
    Odd("zip.jpg", "JPEG with a ZIP behind it", lambda: JPEG + b"PK\3\4SECRET" * 50, Taken(SIZE)),
    Odd("script.jpg", "JPEG with a script in its comment",
        lambda: commented(SCRIPT + b"SECRET"), Taken(SIZE)),
    Odd("php.png", "PNG with a program behind it", lambda: raw.png(200, 200) + b"<?php SECRET ?>",
        Taken((200, 200))),
    Odd("script.gif", "GIF that is a script too", lambda: b"GIF89a=1;alert(1)//" + b"\0" * 99,
        Refused("gif", "GIF files are not taken")),
    Odd("pdf.jpg", "PDF with a JPEG in it", lambda: b"%PDF-1.4\n" + JPEG,
        Refused("unknown_type", "This is a PDF.")),
    Odd("jpeg.png", "JPEG named .png", lambda: JPEG, Taken(SIZE)),
    Odd("png.mp4", "PNG named .mp4", lambda: saved("PNG"), Taken((320, 240))),
    Odd("page.jpg", "web page named .jpg", lambda: b"<!DOCTYPE html><html>404</html>",
        Refused("unknown_type", "This is a web page, not a picture.")),
    Odd("drawing.png", "SVG named .png", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        Refused("unknown_type", "SVG drawings are not taken.")),
    Odd("entity.svg", "SVG that reads another file",
        lambda: b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        b"<svg>&x;</svg>",
        Refused("unknown_type", "SVG drawings are not taken.")),
    Odd("script.eps", "PostScript", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\nshowpage",
        Refused("unknown_type", "This is a PostScript or EPS file.")),
    Odd("layers.psd", "Photoshop file", lambda: b"8BPS\0\1" + b"\0" * 40,
        Refused("unknown_type", "This is a Photoshop file.")),
    Odd("list.mp4", "ffconcat list named .mp4", lambda: b"ffconcat version 1.0\nfile secret.mp4\n",
        Refused("unknown_type", PLAYLIST)),
    Odd("stream.mp4", "SDP named .mp4", lambda: b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
        Refused("unknown_type", PLAYLIST)),
    Odd("hls.mp4", "HLS list named .mp4", lambda: b"#EXTM3U\n#EXT-X-VERSION:3\nsecret.ts\n",
        Refused("unknown_type", PLAYLIST)),
    Odd("program.jpg", "program", lambda: b"\x7fELF\2\1\1" + b"\0" * 99,
        Refused("unknown_type", NO_PICTURE)),
    Odd("old.bmp", "BMP", lambda: saved("BMP"), Refused("unknown_type", "This is a BMP picture.")),
    Odd("next.jxl", "JPEG XL", lambda: b"\xff\x0a" + b"\0" * 99,
        Refused("unknown_type", "This is a JPEG XL picture.")),
    Odd("film.jp2", "JPEG 2000", lambda: saved("JPEG2000"),
        Refused("unknown_type", "This is a JPEG 2000 picture.")),
    Odd("phone.heic", "HEIC photo of a phone",
        lambda: raw.box(b"ftyp", b"heic\0\0\0\0mif1heic") + b"\0" * 99,
        Refused("heic_unsupported", "HEIC photos cannot be read on this server.")),
    Odd("pack.zip", "ZIP", lambda: b"PK\3\4" + b"\0" * 99,
        Refused("unknown_type", "This is a packed folder (ZIP).")),
    Odd("-rf; $(id)\n'\u202egpj.jpg", "name with signs of a shell, a line break and RTL",
        lambda: JPEG, Taken(SIZE)),
    Odd("n" * 240 + ".jpg", "name of 244 letters", lambda: JPEG, Taken(SIZE)),
]  # fmt: skip

ODD = [
    Odd("cmyk.jpg", "CMYK without a profile", lambda: saved("JPEG", photo(mode="CMYK")),
        Taken((320, 240), ("Converted from CMYK without a profile: colors may differ.",))),
    Odd("deep.png", "16 bits, gray", deep_gray, Taken((320, 240), SIXTEEN)),
    Odd("deep-color.png", "16 bits, color", lambda: raw.png(200, 200, depth=16), Taken((200, 200))),
    Odd("float.tif", "TIFF of 32-bit floats", floating, Taken((320, 240), SIXTEEN)),
    Odd("palette.png", "palette of 256 colors", lambda: saved("PNG", photo(mode="P")),
        Taken((320, 240))),
    Odd("lace.png", "one bit a pixel", lambda: saved("PNG", photo(mode="1")), Taken((320, 240))),
    Odd("clear.png", "half transparent", lambda: saved("PNG", photo(mode="LA")),
        Taken((320, 240))),
    Odd("dot.png", "one pixel", lambda: raw.png(1, 1),
        Refused("too_small", "This picture is 1 x 1 pixels; at least 64 on each side are needed")),
    Odd("thin.png", "63 pixels high", lambda: raw.png(640, 63),
        Refused("too_small", "This picture is 640 x 63 pixels")),
    Odd("tall.png", "64 × 16,000", lambda: raw.png(64, 16_000), Taken((64, 16_000))),
    Odd("broad.jpg", "16,000 × 64", flat(16_000, 64, "RGB", "JPEG"), Taken((16_000, 64))),
    *(
        Odd(f"turned-{value}.jpg", f"EXIF orientation {value}", lambda value=value: turned(value),
            Taken((320, 240) if value < 5 else (240, 320), UPRIGHT if value > 1 else ()))
        for value in range(1, 9)
    ),
    Odd("turned-9.jpg", "EXIF orientation 9, which there is not", lambda: turned(9),
        Taken((320, 240))),
    Odd("phone.mpo", "two JPEGs in one file (MPO)", moving("MPO"), Taken((320, 240))),
    Odd("moving.webp", "animated WebP", moving("WEBP"), Refused("animated", ANIMATED)),
    Odd("moving.png", "animated PNG", moving("PNG"), Refused("animated", ANIMATED)),
    Odd("moving.avif", "animated AVIF", moving("AVIF"), Refused("animated", ANIMATED)),
    Odd("pages.tif", "TIFF of two pages", moving("TIFF"),
        Refused("several_pages", "This TIFF holds several pages.")),
    Odd("profile.jpg", "broken color profile", lambda: saved("JPEG", icc_profile=b"broken" * 40),
        Taken((320, 240), ("The color profile is broken and was left out.",))),
    Odd("adobe.jpg", "color profile that is not sRGB", wide_gamut,
        Taken((320, 240), ("Colors converted from",))),
]  # fmt: skip

ALL: dict[str, list[Odd]] = {
    "Broken pictures": BROKEN,
    "Bombs": BOMBS,
    "In disguise": DISGUISED,
    "Odd but honest pictures": ODD,
}


def write(odd: Odd, folder: Path) -> Path:
    path = folder / odd.name
    path.write_bytes(odd.make())
    return path
