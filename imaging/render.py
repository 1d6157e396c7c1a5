"""Cut a box out of a picture, resample it, and save it the same way every time.

Resampling happens in linear light (as light adds up, not as bytes do), in bands, so that a big
picture needs little memory. Saved files carry an sRGB profile and, if given, our own XMP packet,
nothing else. It must not decide what to cut.
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

BEST_QUALITY = 92
LEAST_QUALITY = 40
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
) -> None:
    """Write `image` as "jpeg", "png" or "webp" (any case); same pixels and arguments, same bytes.

    Under `max_bytes` the highest JPEG or WebP quality that fits is searched for. TooManyBytes
    when none does (a PNG has no quality). The file appears under its name only when whole.
    """
    plain, format = _plain(image), format.lower()
    data = _encode(plain, format, quality, xmp)
    if max_bytes is not None and len(data) > max_bytes:
        data = _under(plain, format, quality, xmp, max_bytes)
    temporary = path.with_name(path.name + ".part")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


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
        raise TooManyBytes(
            f"This picture does not fit into {ceiling} bytes as {format} without visible damage. "
            + ("Save it as JPEG." if format == "png" else "Export it with fewer pixels.")
        )
    return best


def _bare(image: Image.Image) -> Image.Image:
    """The pixels alone: Pillow would carry a source's chunks and comments along."""
    return Image.fromarray(np.asarray(image))


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return _bare(image)
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, image).convert("RGB")


@lru_cache(maxsize=1)
def _to_light() -> NDArray[np.float32]:
    """sRGB byte to linear light, IEC 61966-2-1."""
    code = np.arange(256, dtype=np.float64) / 255
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


@lru_cache(maxsize=1)
def _to_code() -> NDArray[np.uint8]:
    """Linear light in 1/16384 steps back to the sRGB byte."""
    light = np.arange(16385, dtype=np.float64) / 16384
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(code * 255).astype(np.uint8)


def _resample(part: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    shrinking = width < part.shape[1]
    # Halve with plain averages first: a cheap, exact step that leaves Lanczos at most a 3:1 cut.
    light = _light_of(part, width, height)
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(light[:, :, index])).resize(
                (width, height), Image.Resampling.LANCZOS
            )
        )
        for index in range(light.shape[2])
    ]
    mixed = np.stack(channels, axis=2)
    if mixed.shape[2] == 4:
        alpha = np.clip(mixed[:, :, 3:], 0, 1)
        mixed = np.concatenate([mixed[:, :, :3] / np.maximum(alpha, 1e-4), alpha], axis=2)
    steps = np.clip(np.rint(mixed[:, :, :3] * 16384), 0, 16384).astype(np.uint16)
    result = _to_code()[steps]
    if shrinking:
        result = _sharpen(result)
    if mixed.shape[2] == 4:
        solid = np.round(mixed[:, :, 3:] * 255).astype(np.uint8)
        result = np.concatenate([result, solid], axis=2)
    return np.ascontiguousarray(result)


def _light_of(part: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float32]:
    """Linear light, colors multiplied by alpha, pre-shrunk by a whole factor in bands."""
    factor = max(1, min(part.shape[1] // (2 * width), part.shape[0] // (2 * height)))
    rows, columns = part.shape[0] // factor * factor, part.shape[1] // factor * factor
    if factor == 1:
        return _band(part)
    out = np.empty((rows // factor, columns // factor, part.shape[2]), dtype=np.float32)
    step = max(factor, 256 // factor * factor)
    # A remainder of less than one output pixel is spread by the plain resize of each band.
    for top in range(0, rows, step):
        band = _band(part[top : min(top + step, rows), :columns])
        size = (columns // factor, band.shape[0] // factor)
        out[top // factor : top // factor + size[1]] = cv2.resize(
            band, size, interpolation=cv2.INTER_AREA
        )
    return out


def _band(part: NDArray[np.uint8]) -> NDArray[np.float32]:
    light = _to_light()[part[:, :, :3]]
    if part.shape[2] == 3:
        return light
    alpha = part[:, :, 3:].astype(np.float32) / np.float32(255)
    return np.concatenate([light * alpha, alpha], axis=2)


def _sharpen(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A light unsharp mask: what resampling takes from fine edges on a phone screen."""
    soft = cv2.GaussianBlur(rgb, (0, 0), 0.8)
    return np.asarray(cv2.addWeighted(rgb, 1.25, soft, -0.25, 0), dtype=np.uint8)
