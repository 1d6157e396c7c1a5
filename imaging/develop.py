"""Turn a file somebody gave us into what the pipeline works with: master, thumbnail, poster.

Pixels are written anew: upright, in sRGB, 8 bit, without location, camera or any other data.
This decodes untrusted bytes, so it runs in the child process of imaging.sandbox; call
imaging.intake instead.
"""

from __future__ import annotations

import hashlib
import io
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from imaging import encode, render
from imaging.formats import CLIPS, STILLS, Limits, Unreadable, identify
from imaging.geometry import limit_side
from imaging.probe import (
    DAMAGED,
    ClipInfo,
    Sniffed,
    has_alpha,
    open_clip,
    open_still,
    orientation,
    probe_clip,
)

THUMB_SIDE = 400
MASTER_QUALITY = 95
LOSSLESS_PIXELS = 16_000_000
SQUARE = 0.01  # how far from 1 a pixel's width over its height may be
# What an MP4 may hold; anything else stays in the container it came in.
MP4_CODECS = {"h264", "hevc", "av1", "vp9", "aac", "mp3", "opus", "ac3"}


@dataclass(frozen=True, slots=True)
class Intake:
    """What came out. Paths lie in the given folder; sha256 and size_bytes are the master's,
    source_sha256 the given file's; notes say in words what was changed."""

    kind: str
    format: str
    content_type: str
    width: int
    height: int
    master: Path
    thumb: Path
    poster: Path | None
    sha256: str
    source_sha256: str
    size_bytes: int
    has_alpha: bool
    duration_s: float | None
    fps: float | None
    has_audio: bool
    clip: ClipInfo | None
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        data = asdict(self)
        for name in ("master", "thumb", "poster"):
            data[name] = str(data[name]) if data[name] else None
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Intake:
        paths = {name: Path(data[name]) for name in ("master", "thumb")}
        return cls(
            **data
            | paths
            | {
                "poster": Path(data["poster"]) if data["poster"] else None,
                "clip": ClipInfo(**data["clip"]) if data["clip"] else None,
                "notes": tuple(data["notes"]),
            }
        )


def develop(source: Path, folder: Path, limits: Limits, *, keep_bytes: bool = False) -> Intake:
    """Check, decode and rewrite one file. With `keep_bytes` the master is the file itself, bit
    for bit (for files we made or paid for), if it needs no turning. Raises Unreadable."""
    found = identify(source, limits)
    if found.kind == "clip":
        return _clip(source, folder, limits, keep_bytes)
    return _still(source, folder, limits, keep_bytes)


def upright_srgb(source: Path, limits: Limits) -> tuple[Image.Image, list[str]]:
    """The decoded picture, RGB or RGBA, upright, in sRGB, and what was done. Unreadable."""
    image, _ = open_still(source, limits)
    notes: list[str] = []
    with image:
        profile = image.info.get("icc_profile")
        alpha = has_alpha(image)
        try:
            # first of all: asking a PNG for its EXIF decodes it, and would hide that it is broken
            image.load()
            turn = orientation(image)
            plain = _eight_bit(image, notes)
        except (OSError, ValueError, SyntaxError, EOFError, IndexError) as error:
            raise Unreadable("damaged", DAMAGED) from error
        plain = _to_srgb(plain, profile, alpha, notes)
        if turn != 1:
            plain.getexif()[0x0112] = turn
            plain = ImageOps.exif_transpose(plain)
            notes.append("Turned upright.")
    return Image.fromarray(np.asarray(plain)), notes


def _still(source: Path, folder: Path, limits: Limits, keep_bytes: bool) -> Intake:
    image, notes = upright_srgb(source, limits)
    found = identify(source, limits)
    alpha = image.mode == "RGBA"
    if alpha and int(np.asarray(image)[:, :, 3].min()) == 255:
        image, alpha = image.convert("RGB"), False
    if keep_bytes and not notes and found.format in ("jpeg", "png", "webp"):
        master, kind = folder / f"master.{found.extension}", found
        shutil.copyfile(source, master)
    else:
        large = image.width * image.height > LOSSLESS_PIXELS
        lossless = alpha or (found.format in ("png", "tiff") and not large)
        kind = STILLS["png" if lossless else "jpeg"]
        master = folder / f"master.{kind.extension}"
        render.save_still(image, master, kind.format, quality=MASTER_QUALITY)
        # A photograph saved as PNG would be ten times the size for no visible gain.
        if lossless and not alpha and master.stat().st_size > 8_000_000:
            master.unlink()
            kind = STILLS["jpeg"]
            master = folder / f"master.{kind.extension}"
            render.save_still(image, master, kind.format, quality=MASTER_QUALITY)
    return Intake(
        kind="still",
        format=kind.format,
        content_type=kind.content_type,
        width=image.width,
        height=image.height,
        master=master,
        thumb=_thumb(image, folder),
        poster=None,
        sha256=_digest(master),
        source_sha256=_digest(source),
        size_bytes=master.stat().st_size,
        has_alpha=alpha,
        duration_s=None,
        fps=None,
        has_audio=False,
        clip=None,
        notes=tuple(notes),
    )


def _eight_bit(image: Image.Image, notes: list[str]) -> Image.Image:
    """Any mode as L, RGB, RGBA or CMYK with 8 bits a channel."""
    match image.mode:
        case "RGB" | "RGBA" | "L" | "CMYK":
            if "transparency" in image.info:
                return image.convert("RGBA")
            return image
        case "I" | "I;16" | "I;16L" | "I;16B" | "I;16N" | "F":
            notes.append("Reduced from 16 to 8 bits a channel.")
            return Image.fromarray(_narrowed(np.asarray(image)))
        case "1":
            return image.convert("L")
        case "LAB" | "YCbCr" | "HSV":
            return image.convert("RGB")
        case _:
            return image.convert("RGBA" if has_alpha(image) else "RGB")


def _narrowed(values: NDArray[Any]) -> NDArray[np.uint8]:
    """16-bit or floating gray (0 to 1, or to 65535) as 8 bits, in strips: a wide type for a whole
    large picture would need ten times its memory."""
    is_float = values.dtype.kind == "f"
    top = 1.0 if is_float and float(values.max()) <= 1.0 else 65535.0
    narrow = np.empty(values.shape, dtype=np.uint8)
    for at in range(0, len(values), 256):
        strip = values[at : at + 256].astype(np.float32)
        narrow[at : at + 256] = np.clip(strip * (255 / top), 0, 255)
    return narrow


def _to_srgb(
    image: Image.Image, profile: bytes | None, alpha: bool, notes: list[str]
) -> Image.Image:
    wanted = "RGBA" if alpha else "RGB"
    if not profile:
        if image.mode == "CMYK":
            notes.append("Converted from CMYK without a profile: colors may differ.")
        return image.convert(wanted)
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(given).strip()
        if name.lower().startswith("srgb") and image.mode in ("RGB", "RGBA"):
            return image.convert(wanted)
        layer = image.getchannel("A") if image.mode == "RGBA" else None
        base = image.convert("RGB") if layer is not None else image
        done = ImageCms.profileToProfile(
            base, given, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        notes.append("The color profile is broken and was left out.")
        return image.convert(wanted)
    if done is None:
        return image.convert(wanted)
    notes.append(f"Colors converted from {name[:60] or 'another profile'} to sRGB.")
    if layer is not None:
        done.putalpha(layer)
    return done.convert(wanted)


def _thumb(image: Image.Image, folder: Path) -> Path:
    width, height, _ = limit_side(image.width, image.height, THUMB_SIDE)
    small = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    path = folder / "thumb.webp"
    render.save_still(small, path, "webp", quality=80)
    return path


def _clip(source: Path, folder: Path, limits: Limits, keep_bytes: bool) -> Intake:
    info = probe_clip(source, limits)
    if info.duration_s > limits.max_clip_s:
        raise Unreadable(
            "clip_too_long",
            f"This clip is {info.duration_s:.0f} seconds long; at most {limits.max_clip_s:.0f} "
            "are taken. Cut it shorter.",
        )
    if not keep_bytes:
        _insist(info)
    frame = _first_frame(source, limits)
    poster = folder / "poster.jpg"
    render.save_still(frame, poster, "jpeg", quality=90)
    if keep_bytes:
        kind = CLIPS[info.format]
        master = folder / f"master.{kind.extension}"
        shutil.copyfile(source, master)
    else:
        master, kind = _remux(source, folder, info, limits)
    return Intake(
        kind="clip",
        format=kind.format,
        content_type=kind.content_type,
        width=info.width,
        height=info.height,
        master=master,
        thumb=_thumb(frame, folder),
        poster=poster,
        sha256=_digest(master),
        source_sha256=_digest(source),
        size_bytes=master.stat().st_size,
        has_alpha=False,
        duration_s=info.duration_s,
        fps=info.fps,
        has_audio=info.has_audio,
        clip=info,
        notes=_clip_notes(info),
    )


def _insist(info: ClipInfo) -> None:
    """Refuse what a person can mend by exporting again; what was paid for is taken all the same."""
    if info.frame_count < info.promised_frames:
        raise Unreadable(
            "cut_off",
            f"This clip breaks off: {info.frame_count} of {info.promised_frames} frames are there. "
            "Export it again and upload it anew.",
        )
    if abs(info.pixel_ratio - 1) > SQUARE:
        raise Unreadable(
            "not_square",
            f"The pixels of this clip are not square ({info.pixel_ratio:g} times as wide as high), "
            "so what is in it would look squeezed. Export it with square pixels.",
        )


def _clip_notes(info: ClipInfo) -> tuple[str, ...]:
    """What is odd about a clip, and what will be made of it."""
    deep = "10" in info.pix_fmt or "12" in info.pix_fmt
    said = (
        (info.promised_s > info.duration_s * 1.1 + 0.2,
         f"Its header claims {info.promised_s:.1f} s; "
         f"{info.duration_s:.1f} s of picture are there."),
        (info.picture_tracks > 1,
         f"It has {info.picture_tracks} picture tracks; the first was taken."),
        (not info.has_audio, "It has no sound; files for platforms get a silent track."),
        (not info.cfr, "The frame rate varies; files for platforms get a constant one."),
        (info.is_interlaced, "It is interlaced: moving edges may show combs. "
         "Export it progressive if you can."),
        (info.is_hdr, "It is graded for HDR screens and will look flat on others. "
         "Export it in SDR (Rec. 709) if you can."),
        (deep and not info.is_hdr, "It has more than 8 bits a color; files for platforms get 8."),
    )  # fmt: skip
    return tuple(text for is_so, text in said if is_so)


def _first_frame(source: Path, limits: Limits) -> Image.Image:
    for _, rgb in encode.frames_of(source, limits=limits):
        return Image.fromarray(rgb)
    raise Unreadable("no_frames", f"No frame of this clip can be shown. {DAMAGED}")


def _remux(source: Path, folder: Path, info: ClipInfo, limits: Limits) -> tuple[Path, Sniffed]:
    """The same streams in a fresh container: location and device stay behind."""
    codecs = {info.codec, *([info.audio_codec] if info.audio_codec else [])}
    kind = CLIPS["webm" if info.format == "webm" else "mp4" if codecs <= MP4_CODECS else "mov"]
    target = folder / f"master.{kind.extension}"
    container, _ = open_clip(source, limits)
    options = {"fflags": "+bitexact"}
    if kind.format != "webm":
        options["movflags"] = "+faststart"
    try:
        with av.open(target.as_posix(), "w", format=kind.format, options=options) as out:
            streams = [*container.streams.video[:1], *container.streams.audio[:1]]
            copies = {stream.index: out.add_stream_from_template(stream) for stream in streams}
            for copy in copies.values():
                copy.metadata.clear()
            for packet in container.demux(*streams):
                if packet.dts is None:
                    continue
                packet.stream = copies[packet.stream.index]
                out.mux(packet)
    except (av.error.FFmpegError, ValueError) as error:
        raise Unreadable(
            "damaged", f"The streams of this clip cannot be copied. {DAMAGED}"
        ) from error
    finally:
        container.close()
    return target, kind


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
