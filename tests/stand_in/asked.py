"""What a model input asks for: how many outputs, which size, which seconds, from which picture.

Reads the field names of fal and Replicate. Pure but for the `read` it is given.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from tests.stand_in.pictures import opened

SOURCES = (
    "image_url", "start_image_url", "base_image_url", "target_image_url", "image_urls", "image",
    "start_image", "input_image", "image_input", "input_images", "img", "first_frame_url",
)  # fmt: skip
MASKS = ("mask_url", "mask", "mask_image", "mask_image_url")
FACES = ("source_face_url", "swap_image_url", "swap_image")
REQUIRED = {
    "half-moon-ai/ai-face-swap/faceswapimage": ("source_face_url", "target_image_url"),
    "fal-ai/face-swap": ("base_image_url", "swap_image_url"),
    "cdingram/face-swap": ("swap_image", "input_image"),
}
NAMED = {
    "square_hd": (1024, 1024), "square": (512, 512), "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024), "landscape_4_3": (1024, 768), "landscape_16_9": (1024, 576),
}  # fmt: skip
LINES = {"480p": 480, "540p": 540, "720p": 720, "1080p": 1080, "4k": 2160, "2160p": 2160}
_CLIP = re.compile(r"to-video|veo|seedance|kling|video")
_CUT_OUT = re.compile(r"background|birefnet|rembg")
_SINGLE = re.compile(
    r"bria|birefnet|imageutils|topaz|esrgan|seedvr|clarity-upscaler|codeformer|finegrain|face"
)

Read = Callable[[str], bytes | None]


class BadPicture(Exception):
    """A field holds a picture that cannot be decoded; `field` names it."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def strings(value: Any) -> Iterator[str]:
    """Every text in a nested value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from strings(one)


def is_clip(model: str) -> bool:
    """Whether the model makes clips."""
    return bool(_CLIP.search(model))


def is_single(model: str) -> bool:
    """Whether fal answers with `image` instead of `images`."""
    return bool(_SINGLE.search(model))


def inline(text: str) -> bytes | None:
    """The bytes of a data URI, None for anything else."""
    if not text.startswith("data:"):
        return None
    head, _, data = text.partition(",")
    try:
        return base64.b64decode(data) if head.endswith(";base64") else unquote_to_bytes(data)
    except binascii.Error:
        return b""


def missing(model: str, given: Mapping[str, Any]) -> str:
    """The first field the model needs and was not given, or ""."""
    return next((name for name in REQUIRED.get(model, ()) if not given.get(name)), "")


def outputs(model: str, given: Mapping[str, Any], *, read: Read, keep: Callable[[bytes], str]):
    """The outputs as plain values for `render`. Raises BadPicture.

    `read` returns the bytes behind an address or None when it is not ours; `keep` stores bytes.
    """
    source, size = _picture(given, SOURCES, read=read, keep=keep)
    mask, _ = _picture(given, MASKS, read=read, keep=keep)
    face, _ = _picture(given, FACES, read=read, keep=keep)
    seed = given.get("seed")
    if not isinstance(seed, int):
        seed = int(hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:8], 16)
    if is_clip(model):
        width, height = _clip_size(given, size)
        seconds = _seconds(given.get("duration", given.get("num_seconds", 5)))
        return [
            {"form": "mp4", "width": width, "height": height, "seconds": seconds, "seed": seed,
             "source": source}
        ]  # fmt: skip
    width, height = _size(model, given, size)
    form = str(given.get("output_format") or given.get("format") or _usual(model)).lower()
    form = {"jpg": "jpeg"}.get(form, form)
    cut_out = bool(_CUT_OUT.search(model)) and source is not None
    count = next(
        (given[n] for n in ("num_images", "num_outputs", "number_of_images") if n in given), 1
    )
    return [
        {"form": "png" if cut_out else form, "width": width, "height": height,
         "seed": seed + position, "source": source, "mask": mask, "face": face,
         "cut_out": cut_out}
        for position in range(int(count))
    ]  # fmt: skip


def _usual(model: str) -> str:
    if model.startswith("black-forest-labs/"):
        return "webp"
    return "jpeg" if "flux" in model or "sdxl" in model else "png"


def _picture(given: Mapping[str, Any], names: tuple[str, ...], *, read: Read, keep: Any):
    for name in names:
        value = given.get(name)
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, str) or not value:
            continue
        data = inline(value)
        if data is None:
            data = read(value)
        if data is None:
            return None, None  # of elsewhere: a plain picture
        try:
            return keep(data), opened(data).size
        except (OSError, SyntaxError, ValueError) as error:
            raise BadPicture(name) from error
    return None, None


def _size(model: str, given: Mapping[str, Any], source: tuple[int, int] | None) -> tuple[int, int]:
    named = given.get("image_size")
    if isinstance(named, Mapping):
        return int(named["width"]), int(named["height"])
    if isinstance(named, str) and named in NAMED:
        return NAMED[named]
    canvas = given.get("canvas_size")
    if isinstance(canvas, list) and len(canvas) == 2:
        return int(canvas[0]), int(canvas[1])
    if isinstance(given.get("width"), int) and isinstance(given.get("height"), int):
        return given["width"], given["height"]
    if source is not None:
        factor = next(
            (given[n] for n in ("upscale_factor", "scale_factor", "scale") if n in given), 1
        )
        wide = sum(int(given.get(n, 0)) for n in ("expand_left", "expand_right"))
        high = sum(int(given.get(n, 0)) for n in ("expand_top", "expand_bottom"))
        plain = round(source[0] * float(factor)) + wide, round(source[1] * float(factor)) + high
        ratio = str(given.get("aspect_ratio") or "")
        return shaped(ratio, 1024 * 1024) or plain
    return shaped(str(given.get("aspect_ratio") or ""), 1024 * 1024) or (1024, 1024)


def shaped(ratio: str, pixels: int) -> tuple[int, int] | None:
    """Width and height of about so many pixels in a ratio like "9:16", multiples of 16."""
    found = re.fullmatch(r"(\d+):(\d+)", ratio)
    if found is None:
        return None
    wide, high = int(found[1]), int(found[2])
    width = (pixels * wide / high) ** 0.5
    return max(16, round(width / 16) * 16), max(16, round(width * high / wide / 16) * 16)


def _clip_size(given: Mapping[str, Any], source: tuple[int, int] | None) -> tuple[int, int]:
    lines = LINES.get(str(given.get("resolution") or "720p").lower(), 720)
    ratio = str(given.get("aspect_ratio") or "")
    found = re.fullmatch(r"(\d+):(\d+)", ratio)
    wide, high = (int(found[1]), int(found[2])) if found else source or (16, 9)
    long = round(lines * max(wide, high) / min(wide, high) / 2) * 2
    return (long, lines) if wide >= high else (lines, long)


def _seconds(value: Any) -> float:
    found = re.match(r"\d+(\.\d+)?", str(value))
    return float(found.group(0)) if found else 5.0
