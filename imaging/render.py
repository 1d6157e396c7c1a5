"""Cut a box out of a picture, resample it, and save it the same way every time.

Resampling happens in linear light (as light adds up, not as bytes do), in whole numbers, so that a
big picture needs little memory and time. Saved files carry an sRGB profile and, if given, our own
XMP packet, nothing else. It must not decide what to cut.
"""

from __future__ import annotations

import io
import os
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, PngImagePlugin

from imaging.geometry import Box
from imaging.provenance import PNG_KEY
from imaging.quality import likeness

BEST_QUALITY = 92
LEAST_QUALITY = 15
# What photographs at JPEG quality 30 keep at least; below it blocks and rings are plain to see.
LEAST_LIKENESS = 0.75
LIGHT = 65_535
AREA_BELOW = 0.95
EXTENSIONS = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}


class TooManyBytes(Exception):
    """Even the lowest acceptable quality does not fit the size ceiling."""


def cut(image: Image.Image | NDArray[np.uint8], box: Box, width: int, height: int) -> Image.Image:
    """The box of an sRGB picture (Pillow RGB or RGBA, or HxWx3/4 uint8) at width x height.

    Alpha is kept, and its edges stay free of the hidden color. ValueError when the box is empty
    or leaves the picture.
    """
    pixels = np.asarray(_plain(image) if isinstance(image, Image.Image) else image)
    if box.is_empty or not Box.whole(pixels.shape[1], pixels.shape[0]).contains(box):
        raise ValueError(f"The box {box.as_list()} does not lie inside the picture.")
    part = pixels[box.top : box.bottom, box.left : box.right]
    if (box.width, box.height) == (width, height):
        return Image.fromarray(np.ascontiguousarray(part))
    return Image.fromarray(_resample(part, width, height))


def save_still(
    image: Image.Image,
    path: Path,
    format: str,
    max_bytes: int | None = None,
    xmp: bytes | None = None,
    *,
    quality: int = BEST_QUALITY,
) -> float:
    """Write `image` as "jpeg", "png" or "webp" (any case); same pixels and arguments, same bytes.

    Under `max_bytes` the highest JPEG or WebP quality that fits is searched for. TooManyBytes
    when none does (a PNG has no quality), or only one that leaves less than LEAST_LIKENESS. The
    file appears under its name only when whole. Returns what was left of the picture
    (imaging.quality.likeness), 1 where no ceiling took anything.
    """
    plain, format = _plain(image), format.lower()
    data, left = _encode(plain, format, quality, xmp), 1.0
    if max_bytes is not None and len(data) > max_bytes:
        data = _under(plain, format, quality, xmp, max_bytes)
        left = _left(plain, data)
        if left < LEAST_LIKENESS:
            raise _too_many(format, max_bytes)
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    return left


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """The sRGB profile to embed, with its creation date set still so that files repeat."""
    raw = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # ICC.1:2022 7.2: bytes 24-35 date and time, 84-99 profile id (a checksum; zero = not set).
    raw[24:36] = bytes((7, 226, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))
    raw[84:100] = bytes(16)
    return bytes(raw)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode in ("RGB", "RGBA"):
        return image
    alpha = image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info
    return image.convert("RGBA" if alpha else "RGB")


def _encode(image: Image.Image, format: str, quality: int, xmp: bytes | None) -> bytes:
    target = io.BytesIO()
    profile = srgb_profile()
    match format:
        case "jpeg":
            flat = _flatten(image)
            sampling = "4:4:4" if quality >= 90 else "4:2:0"
            flat.save(
                target, "JPEG", quality=quality, subsampling=sampling, optimize=True,
                progressive=True, icc_profile=profile, exif=b"", **({"xmp": xmp} if xmp else {}),
            )  # fmt: skip
        case "webp":
            _bare(image).save(
                target, "WEBP", quality=quality, method=4, icc_profile=profile, exif=b"",
                xmp=xmp or b"",
            )  # fmt: skip
        case "png":
            chunks = PngImagePlugin.PngInfo()
            if xmp:
                chunks.add_itxt(PNG_KEY, xmp.decode())
            _bare(image).save(
                target, "PNG", compress_level=6, icc_profile=profile, pnginfo=chunks
            )  # fmt: skip
        case _:
            raise ValueError(f"Stills are written as jpeg, png or webp, not {format!r}.")
    return target.getvalue()


def _under(image: Image.Image, format: str, quality: int, xmp: bytes | None, ceiling: int) -> bytes:
    low, high, best = LEAST_QUALITY, quality - 1, b""
    while format != "png" and low <= high:
        middle = (low + high) // 2
        data = _encode(image, format, middle, xmp)
        if len(data) <= ceiling:
            best, low = data, middle + 1
        else:
            high = middle - 1
    if not best:
        raise _too_many(format, ceiling)
    return best


def _too_many(format: str, ceiling: int) -> TooManyBytes:
    return TooManyBytes(
        f"This picture does not fit into {ceiling} bytes as {format} without visible damage. "
        + ("Save it as JPEG." if format == "png" else "Export it with fewer pixels.")
    )


def _left(image: Image.Image, data: bytes) -> float:
    with Image.open(io.BytesIO(data), formats=["JPEG", "WEBP"]) as encoded:
        after = np.asarray(_flatten(_plain(encoded)), dtype=np.uint8)
    return likeness(np.asarray(_flatten(image), dtype=np.uint8), after)


def _bare(image: Image.Image) -> Image.Image:
    """The pixels alone: Pillow would carry a source's chunks and comments along."""
    return Image.fromarray(np.asarray(image))


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return _bare(image)
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, image).convert("RGB")


@lru_cache(maxsize=1)
def _to_light() -> NDArray[np.uint16]:
    """sRGB byte to linear light in 1/65535 steps, IEC 61966-2-1."""
    code = np.arange(256, dtype=np.float64) / 255
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return np.round(light * LIGHT).astype(np.uint16)


@lru_cache(maxsize=1)
def _to_code() -> NDArray[np.uint8]:
    """Linear light in 1/65535 steps back to the sRGB byte."""
    light = np.arange(LIGHT + 1, dtype=np.float64) / LIGHT
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(code * 255).astype(np.uint8)


def _resample(part: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    factor = max(width / part.shape[1], height / part.shape[0])
    # Averaging by area never rings and costs a sixth of Lanczos; what it softens, the sharpening
    # below gives back (53 dB from Lanczos in float on a photograph). It cannot enlarge.
    way = cv2.INTER_AREA if factor < AREA_BELOW else cv2.INTER_LANCZOS4
    light = np.asarray(cv2.LUT(part[:, :, :3], _to_light()), dtype=np.uint16)
    if part.shape[2] == 4:
        return _with_alpha(light, part[:, :, 3], width, height, way)
    sized = np.asarray(cv2.resize(light, (width, height), interpolation=way), dtype=np.uint16)
    result = np.take(_to_code(), sized)
    return _sharpen(result) if factor < 1 else result


def _with_alpha(
    light: NDArray[np.uint16], alpha: NDArray[np.uint8], width: int, height: int, way: int
) -> NDArray[np.uint8]:
    """Colors weighted by how solid they are, so that hidden ones do not bleed into the edges."""
    share = alpha[:, :, None].astype(np.float32) / np.float32(255)
    mixed = cv2.resize(
        np.concatenate([light * share, share], axis=2), (width, height), interpolation=way
    )
    solid = np.clip(mixed[:, :, 3:], 0, 1)
    steps = np.clip(np.rint(mixed[:, :, :3] / np.maximum(solid, 1e-4)), 0, LIGHT)
    result = np.take(_to_code(), steps.astype(np.uint16))
    if width < light.shape[1]:
        result = _sharpen(result)
    return np.concatenate([result, np.round(solid * 255).astype(np.uint8)], axis=2)


def _sharpen(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A light unsharp mask: what resampling takes from fine edges on a phone screen."""
    soft = cv2.GaussianBlur(rgb, (0, 0), 0.8)
    return np.asarray(cv2.addWeighted(rgb, 1.25, soft, -0.25, 0), dtype=np.uint8)
