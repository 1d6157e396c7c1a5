"""One platform file from its master: the crop is decided, cut, encoded, labelled and checked.

Computes and returns values; the rows are written by `platform_files`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from campaigns.actions import masters, sealing, stored
from campaigns.formats import house_checks, manifest, measured, spec_check
from campaigns.formats.spec import Spec
from campaigns.formats.spec_check import SpecFinding
from campaigns.models import Media, PlatformFile
from campaigns.models.choices import FileKind, FindingVerdict
from campaigns.queries import fillings, freshness, qa, twins, waivers
from imaging import (
    crop,
    encode,
    extend,
    filling,
    loudness,
    probe,
    provenance,
    quality,
    render,
)
from imaging.geometry import Box, has_ratio
from imaging.see import Seen

LEAST_WIDTH = 64
STILLS = frozenset({"png", "webp"})  # what a spec may ask for beside JPEG


class CannotCut(Exception):
    """The file cannot be made; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A finished file with its crop, what was measured and what was found. `box` in the master's
    pixels."""

    path: Path
    box: list[int]
    crop_findings: list[dict[str, str]]
    measured: dict[str, Any]
    findings: list[dict[str, str]]
    verdict: str
    label: dict[str, Any]


def ratio_of(row: PlatformFile) -> float:
    """Width over height of the exported file."""
    width, height = qa.size_of(qa.spec_of_row(row))
    return width / height


def fitted(box: Sequence[Any], width: int, height: int, ratio: float) -> list[int] | None:
    """`box` as whole pixels inside the picture with the right ratio, or None if it cannot be."""
    try:
        left, top, right, bottom = (round(float(value)) for value in box)
    except (TypeError, ValueError, OverflowError):
        return None
    most = min(width, round(height * ratio))
    wide = min(right - left, most)
    if wide < min(LEAST_WIDTH, most) or bottom <= top:
        return None
    high = min(round(wide / ratio), height)
    left = min(max(left, 0), width - wide)
    top = min(max(top, 0), height - high)
    return [left, top, left + wide, top + high]


def whole(width: int, height: int, ratio: float) -> list[int] | None:
    """The box that stands for "show the whole picture on an extended ground", or None where the
    picture has the file's ratio and needs no ground."""
    return None if has_ratio(width, height, ratio) else [0, 0, width, height]


def is_fit(box: Box, width: int, height: int) -> bool:
    """True for a box of another ratio than the file's: it is shown whole, not cut."""
    return not has_ratio(box.width, box.height, width / height)


def seen_at(*, media: Media, path: Path) -> Seen:
    """What is in the still `media`, whose bytes lie at `path`; looked at only once."""
    return masters.seen_of(media, path)


def cut(*, row: PlatformFile, folder: Path) -> Cut:
    """Make the file of `row` below `folder`. Raises CannotCut, imaging.intake.Unreadable."""
    spec = qa.spec_of_row(row)
    width, height = qa.size_of(spec)
    media = row.source.media
    source = stored.local_copy(media=media, folder=folder, name="master")
    still = source
    if media.kind == FileKind.CLIP:
        still = folder / "poster.jpg"
        with media.poster.open("rb") as reader:
            still.write_bytes(reader.read())
    seen = fillings.with_marks(masters.seen_of(media, source), row.marks)
    decided = _decide(row, seen, spec)
    label = manifest.source_type(media.ai_status, from_photo=row.asset.bases.exists())
    path, left = _write(row, spec, decided.box, folder, source, label)
    sealed = sealing.seal(row, path, source, decided.box, label)
    box = decided.box
    if is_fit(box, width, height):
        laid = filling.lay(box, width, height, qa.zone_of(spec), fillings.of_file(row))
        seen, box = filling.seen_on(seen, laid, width, height), Box.whole(width, height)
    try:
        streams = measured.measure(path)
        found = measured.look_at(path, streams)
    except measured.Unreadable as error:
        raise CannotCut(str(error)) from error
    report = spec_check.check_measured(
        found, spec, texts=freshness.texts_of(row), boxes=_boxes(seen, box, width, height)
    )
    like = twins.of(asset=row.asset, source=row.source, look=masters.look_of(media, still))
    house = [
        *house_checks.of_crop(decided.findings), *house_checks.check(found, like, left=left)
    ]  # fmt: skip
    findings = [finding.as_json() for finding in (*report.findings, *house)]
    verdict = spec_check.worst_of([report.verdict, *_counted(house)])
    if media.ai_status == "unknown":
        findings.append(_undeclared())
        verdict = str(FindingVerdict.FAIL)
    if sealed.startswith(sealing.FAILED):
        findings.append(sealing.finding(sealed.removeprefix(sealing.FAILED)))
        verdict = spec_check.worst_of([verdict, FindingVerdict.WARN])
    notes = [{"code": f.code, "verdict": f.verdict, "text": f.text} for f in decided.findings]
    return Cut(
        path,
        decided.box.as_list(),
        notes,
        found.as_json(),
        findings,
        verdict,
        _label(label, sealed, streams, path),
    )


def _counted(findings: Sequence[SpecFinding]) -> list[str]:
    """Verdicts that stop or warn somebody; a remark does neither."""
    return [found.verdict for found in findings if found.verdict != FindingVerdict.INFO]


def _decide(row: PlatformFile, seen: Seen, spec: Spec) -> crop.Crop:
    """The box a person placed, judged, or the one that fits best."""
    width, height = qa.size_of(spec)
    zone = qa.zone_of(spec)
    if row.is_manual and row.wanted_box:
        box = Box.from_list(row.wanted_box)
        if not is_fit(box, width, height):
            return crop.judge(seen, box, width, height, zone)
        if box == Box.whole(seen.width, seen.height):
            return filling.judge(seen, box, width, height, zone, fillings.of_file(row))
        # placed for another ratio, which the limits in force have changed since
        moved = fitted(row.wanted_box, seen.width, seen.height, width / height)
        if moved is not None:
            return crop.judge(seen, Box.from_list(moved), width, height, zone)
    focus = (float(row.focus[0]), float(row.focus[1])) if row.focus else None
    return crop.decide(seen, width, height, zone, focus)


def _write(
    row: PlatformFile,
    spec: Spec,
    box: Box,
    folder: Path,
    source: Path,
    label: str,
) -> tuple[Path, float]:
    """Cut and encode with the label of how it was made, within the platform's ceiling of bytes.
    The file, and what that ceiling left of a still (imaging.quality.likeness)."""
    xmp = provenance.packet(label, code=row.asset.creative_code or "")
    if row.kind == FileKind.CLIP:
        path = folder / "file.mp4"
        try:
            _write_clip(row, source, path, box, spec)
        except encode.NotAsPromised as error:
            raise CannotCut(f"The clip cannot be encoded as the platform wants. {error}") from error
        provenance.embed(path, xmp)
        return path, 1.0
    wanted = spec.export.container.lower() if spec.export else ""
    kind = wanted if wanted in STILLS else "jpeg"
    path = folder / f"file{render.EXTENSIONS[kind]}"
    best = (spec.export.quality if spec.export else 0) or render.BEST_QUALITY
    ceiling, most = spec.max_bytes(), spec.max_bytes(levels=("fail",))
    room = sealing.room(row, source, box, label) if ceiling or most else 0
    ceiling, most = (limit and max(1, limit - room) for limit in (ceiling, most))

    def save() -> float:
        image = _still(row, source, box, spec)
        if row.mends.get("grain"):
            rgb = np.asarray(image.convert("RGB"), dtype=np.uint8)
            image = Image.fromarray(quality.grained(rgb))
        try:
            return render.save_still(image, path, kind, ceiling, xmp, quality=best)
        except render.TooManyBytes:
            # past what is recommended but within what is refused: the check will say so
            return render.save_still(image, path, kind, most, xmp, quality=best)

    size = qa.size_of(spec)
    filled = (spec.id, fillings.of_file(row)) if is_fit(box, *size) else None
    how = (box, size, filled, bool(row.mends.get("grain")), kind, best, xmp)
    try:
        return path, masters.write_once(row.source.media, path, how, ceiling, save)
    except render.TooManyBytes as error:
        if kind == "png":
            raise CannotCut(
                "As PNG the picture is larger than the platform takes. Choose a calmer picture, or "
                "an admin lets this placement's limits ask for jpg."
            ) from error
        raise CannotCut(
            "The picture has too much fine detail for the platform's file size. "
            "Choose a smaller part of it or a calmer picture."
        ) from error


def _label(source_type: str, sealed: str, streams: measured.Measured, path: Path) -> dict[str, Any]:
    """What the manifest says of the file's inside."""
    return {
        "digital_source_type": source_type,
        "c2pa": sealed.partition(":")[0],
        "video_codec": streams.video_codec if streams.is_clip else None,
        "video_kbps": streams.video_kbps,
        "audio_codec": streams.audio_codec,
        "audio_kbps": streams.audio_kbps,
        "loudness_lufs": loudness.integrated_lufs(path) if streams.has_audio else None,
    }


def _still(row: PlatformFile, source: Path, box: Box, spec: Spec) -> Image.Image:
    width, height = qa.size_of(spec)
    media = row.source.media
    if not is_fit(box, width, height):
        part = masters.part(media, source, box, width, height)
        return render.cut(part.rgb, part.box, width, height)
    way = fillings.of_file(row)
    laid = filling.lay(box, width, height, qa.zone_of(spec), way)
    part = masters.part(media, source, box, laid.at.width, laid.at.height)
    laid = replace(laid, at=replace(laid.at, box=part.box))
    return Image.fromarray(filling.fill(part.rgb, laid, width, height, way))


def _write_clip(row: PlatformFile, source: Path, path: Path, box: Box, spec: Spec) -> None:
    width, height = qa.size_of(spec)
    duration_s = row.mends.get("shorten_s")
    fps = float(encode.tidy_rate(probe.probe_clip(source).fps))
    rate = encode.delivery(spec.export.kbps_at(fps) if spec.export else 0)
    if not is_fit(box, width, height):
        encode.reframe_clip(source, path, box, width, height, duration_s=duration_s, quality=rate)
        return
    way = fillings.of_file(row)
    laid = filling.lay(Box.whole(box.width, box.height), width, height, qa.zone_of(spec), way)

    grounds: list[extend.Ground] = []  # chosen once: each frame's own would flicker

    def framed(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if not grounds:
            grounds.append(filling.ground_of(rgb, laid.at, width, way))
        return filling.fill(rgb, laid, width, height, way, grounds[0])

    encode.reframe_clip(
        source, path, box, width, height,
        duration_s=duration_s, quality=rate, each=framed,
    )  # fmt: skip


def _undeclared() -> dict[str, str]:
    return {
        "key": waivers.DISCLOSURE,
        "label": "AI use declared",
        "value_text": "not declared",
        "limit_text": "none, modified or generated",
        "level": "fail",
        "verdict": "fail",
        "source": "the platforms' AI disclosure rules",
        "source_date": "2026-11-23",
        "remedy": "Say on this page how the photo was made.",
        "source_url": "",
    }


def _boxes(seen: Seen, box: Box, width: int, height: int) -> list[dict[str, Any]]:
    """Faces, texts and products in the cut file's pixels, as far as they lie in it."""
    scale = width / (box.right - box.left)
    found: list[dict[str, Any]] = []
    kinds = [("face", item.box) for item in seen.faces] + [("text", i.box) for i in seen.texts]
    kinds += [("product", item.box) for item in seen.products]
    for kind, item in kinds:
        left = max(0, round((item.left - box.left) * scale))
        top = max(0, round((item.top - box.top) * scale))
        right = min(width, round((item.right - box.left) * scale))
        bottom = min(height, round((item.bottom - box.top) * scale))
        if right > left and bottom > top:
            found.append({"kind": kind, "box": [left, top, right, bottom]})
    return found
