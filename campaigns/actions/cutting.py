"""One platform file from its master: the crop is decided, cut, encoded, labelled and checked.

Computes and returns values; the rows are written by `platform_files`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from campaigns.actions import stored
from campaigns.formats import manifest, measured, spec_check, specs
from campaigns.formats.spec import Spec
from campaigns.models import Media, PlatformFile
from campaigns.models.choices import FileKind
from imaging import crop, encode, provenance, render, see
from imaging.geometry import Box
from imaging.safezone import SafeZone
from imaging.see import Seen

LEAST_WIDTH = 64
DEFAULT_SIZE = (1080, 1920)


class CannotCut(Exception):
    """The file cannot be made; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A finished file with its crop and what was found. `box` in the master's pixels."""

    path: Path
    box: list[int]
    crop_findings: list[dict[str, str]]
    findings: list[dict[str, str]]
    verdict: str


def spec_of(platform: str, kind: str) -> Spec:
    """The placement that the default package targets."""
    return specs.for_platform(platform, str(kind))


def size_of(spec: Spec) -> tuple[int, int]:
    """Pixels of the exported file."""
    return (spec.export.width, spec.export.height) if spec.export else DEFAULT_SIZE


def ratio_of(row: PlatformFile) -> float:
    """Width over height of the exported file."""
    width, height = size_of(spec_of(row.platform, row.kind))
    return width / height


def zone_of(spec: Spec) -> SafeZone:
    """The safe zone in the exported file's pixels."""
    width, height = size_of(spec)
    return SafeZone.from_spec(spec.safe_zone.as_dict()).scaled(width, height)


def fitted(box: Sequence[Any], width: int, height: int, ratio: float) -> list[int] | None:
    """`box` as whole pixels inside the picture with the right ratio, or None if it cannot be."""
    try:
        left, top, right, bottom = (round(float(value)) for value in box)
    except (TypeError, ValueError, OverflowError):
        return None
    wide = min(right - left, width, int(height * ratio))
    if wide < LEAST_WIDTH or bottom <= top:
        return None
    high = min(round(wide / ratio), height)
    left = min(max(left, 0), width - wide)
    top = min(max(top, 0), height - high)
    return [left, top, left + wide, top + high]


def _picture(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        opened.load()
        return opened.copy()


def _flat(picture: Image.Image) -> Image.Image:
    """The picture on white where it is transparent: platforms take no transparency."""
    if picture.mode in ("RGBA", "LA", "P"):
        rgba = picture.convert("RGBA")
        flat = Image.new("RGB", rgba.size, (255, 255, 255))
        flat.paste(rgba, mask=rgba.getchannel("A"))
        return flat
    return picture.convert("RGB")


def seen_of(media: Media, picture: Image.Image) -> Seen:
    """What is in the picture; detected once and kept with the file."""
    if media.seen:
        return Seen.from_json(media.seen)
    seen = see.see(np.asarray(picture.convert("RGB"), dtype=np.uint8))
    Media.objects.filter(pk=media.pk).update(seen=seen.as_json())
    return seen


def cut(*, row: PlatformFile, folder: Path) -> Cut:
    """Make the file of `row` below `folder`. Raises CannotCut, imaging.intake.Unreadable."""
    spec = spec_of(row.platform, row.kind)
    width, height = size_of(spec)
    zone = zone_of(spec)
    media = row.source.media
    source = stored.local_copy(media=media, folder=folder, name="master")
    still = source
    if media.kind == FileKind.CLIP:
        still = folder / "poster"
        with media.poster.open("rb") as reader:
            still.write_bytes(reader.read())
    picture = _flat(_picture(still))
    if picture.size != (media.width, media.height):
        picture = picture.resize((media.width, media.height), Image.Resampling.LANCZOS)
    seen = seen_of(media, picture)
    decided = crop.decide(seen, width, height, zone)
    if row.is_manual and row.wanted_box:
        box = Box(*row.wanted_box)
        notes = [{"code": "manual", "verdict": "info", "text": "Crop placed by hand."}]
    else:
        box = decided.box
        notes = [{"code": f.code, "verdict": f.verdict, "text": f.text} for f in decided.findings]
    xmp = provenance.packet(manifest.DIGITAL_SOURCE_TYPES.get(media.ai_status, ""))
    if row.kind == FileKind.CLIP:
        path = folder / "file.mp4"
        encode.reframe_clip(source, path, box, width, height)
        provenance.embed(path, xmp)
    else:
        path = folder / "file.jpg"
        image = render.cut(picture, box, width, height)
        render.save_still(image, path, "JPEG", max_bytes=spec.max_bytes(), xmp=xmp)
    try:
        report = spec_check.check(
            path, spec, texts=_texts(row), boxes=_boxes(seen, box, width, height)
        )
    except measured.Unreadable as error:
        raise CannotCut(str(error)) from error
    findings = [finding.as_json() for finding in report.findings]
    if media.ai_status == "unknown":
        findings.append(_undeclared())
    verdict = spec_check.worst_of([f["verdict"] for f in findings])
    return Cut(path, box.as_list(), notes, findings, verdict)


def _undeclared() -> dict[str, str]:
    return {
        "key": "disclosure",
        "label": "AI use declared",
        "value_text": "not declared",
        "limit_text": "none, modified or generated",
        "level": "warn",
        "verdict": "warn",
        "source": "the platforms' AI disclosure rules",
        "source_date": "2026-11-23",
        "remedy": "Say in the brief how the base photo was made.",
        "source_url": "",
    }


def _texts(row: PlatformFile) -> dict[str, str]:
    texts = {"headline": row.asset.headline, "primary_text": row.asset.subline}
    return {name: text for name, text in texts.items() if text}


def _boxes(seen: Seen, box: Box, width: int, height: int) -> list[dict[str, Any]]:
    """Faces and texts in the cut file's pixels, as far as they lie in it."""
    scale = width / (box.right - box.left)
    found: list[dict[str, Any]] = []
    kinds = [("face", item.box) for item in seen.faces] + [("text", i.box) for i in seen.texts]
    for kind, item in kinds:
        left = max(0, round((item.left - box.left) * scale))
        top = max(0, round((item.top - box.top) * scale))
        right = min(width, round((item.right - box.left) * scale))
        bottom = min(height, round((item.bottom - box.top) * scale))
        if right > left and bottom > top:
            found.append({"kind": kind, "box": [left, top, right, bottom]})
    return found
