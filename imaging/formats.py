"""Which kind of file this is, by its first bytes; names and extensions are never believed.

Reads at most 4 KB. It must not decode anything. `Unreadable` is what every refusal raises.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 4096


class Unreadable(Exception):
    """A file we will not take. `code` is for programs, `message` is for the person who chose it
    and says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def text(self) -> str:
        """The message, under the name that findings use."""
        return self.message


@dataclass(frozen=True, slots=True)
class Sniffed:
    """kind: "still" or "clip"; format: jpeg png webp avif tiff heic gif mp4 mov webm, and those of
    `FOREIGN` where they are asked for."""

    kind: str
    format: str
    content_type: str
    extension: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may be at most, in pixels, seconds and bytes, and a still at least.

    `is_foreign_taken` opens what platforms take and we do not, to be measured and judged."""

    max_pixels: int = 50_000_000
    max_side: int = 16_384
    min_side: int = 64
    max_clip_s: float = 300.0
    max_clip_side: int = 4096
    max_clip_frames: int = 36_000
    max_bytes: int = 3_000_000_000
    is_foreign_taken: bool = False


STILLS = {
    "jpeg": Sniffed("still", "jpeg", "image/jpeg", "jpg"),
    "png": Sniffed("still", "png", "image/png", "png"),
    "webp": Sniffed("still", "webp", "image/webp", "webp"),
    "avif": Sniffed("still", "avif", "image/avif", "avif"),
    "tiff": Sniffed("still", "tiff", "image/tiff", "tif"),
    "heic": Sniffed("still", "heic", "image/heic", "heic"),
    "gif": Sniffed("still", "gif", "image/gif", "gif"),
}
CLIPS = {
    "mp4": Sniffed("clip", "mp4", "video/mp4", "mp4"),
    "mov": Sniffed("clip", "mov", "video/quicktime", "mov"),
    "webm": Sniffed("clip", "webm", "video/webm", "webm"),
}
# Named in the platforms' lists, but never taken in: only judged, by `identify` with such limits.
FOREIGN = {
    "3gp": Sniffed("clip", "3gp", "video/3gpp", "3gp"),
    "avi": Sniffed("clip", "avi", "video/x-msvideo", "avi"),
    "flv": Sniffed("clip", "flv", "video/x-flv", "flv"),
    "mkv": Sniffed("clip", "mkv", "video/x-matroska", "mkv"),
    "mpeg": Sniffed("clip", "mpeg", "video/mpeg", "mpeg"),
    "wmv": Sniffed("clip", "wmv", "video/x-ms-wmv", "wmv"),
}
MP4_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ",
              b"MSNV", b"dash", b"f4v ", b"M4VP", b"XAVC", b"3gp4", b"3gp5", b"3gp6"}  # fmt: skip
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
ACCEPTED = "JPEG, PNG, WebP, AVIF, TIFF, MP4, MOV or WebM"


def sniff(path: Path) -> Sniffed | None:
    """What the content is, or None when it is nothing we know. OSError when it cannot be read."""
    with path.open("rb") as stream:
        return sniff_bytes(stream.read(HEAD_BYTES))


def sniff_bytes(head: bytes) -> Sniffed | None:
    """The same for the first bytes (4096 are enough)."""
    if head.startswith(b"\xff\xd8\xff"):
        return STILLS["jpeg"]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return STILLS["png"]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return STILLS["webp"]
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return STILLS["gif"]
    if head[:4] in (b"II*\x00", b"MM\x00*"):
        return STILLS["tiff"]
    if head.startswith(b"\x1aE\xdf\xa3"):
        return CLIPS["webm"] if b"webm" in head[:512] else None
    return _iso(head)


def _iso(head: bytes) -> Sniffed | None:
    """The family of ISO base media: pictures and clips share it, brands tell them apart."""
    kind = head[4:8]
    if kind in (b"moov", b"mdat", b"wide"):
        return CLIPS["mov"]
    if kind != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, max(16, size - 3), 4))]
    if b"avif" in brands or b"avis" in brands:
        return STILLS["avif"]
    if brands[0] in HEIC_BRANDS or (brands[0] not in MP4_BRANDS and HEIC_BRANDS & set(brands)):
        return STILLS["heic"]
    if brands[0] == b"qt  ":
        return CLIPS["mov"]
    return CLIPS["mp4"] if MP4_BRANDS & set(brands) else None


def _foreign(head: bytes) -> Sniffed | None:
    """One of `FOREIGN`; a 3GP file is an MP4 as well, for all who do not ask for it here."""
    if head[4:8] == b"ftyp" and head[8:11] in (b"3gp", b"3g2"):
        return FOREIGN["3gp"]
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return FOREIGN["avi"]
    if head.startswith(b"\x1aE\xdf\xa3") and b"matroska" in head[:512]:
        return FOREIGN["mkv"]
    starts = {b"FLV\x01": "flv", b"\x00\x00\x01\xba": "mpeg", b"0&\xb2u": "wmv"}
    name = starts.get(head[:4])
    return FOREIGN[name] if name else None


def identify(path: Path, limits: Limits) -> Sniffed:
    """`sniff`, or Unreadable in words: empty, too big, a web page, a format we do not take."""
    size = path.stat().st_size
    if size == 0:
        raise Unreadable(
            "empty", "This file is empty (0 bytes). Export it again and upload it anew."
        )
    if size > limits.max_bytes:
        raise Unreadable(
            "too_many_bytes",
            f"This file has {size / 1e6:.0f} MB, more than {limits.max_bytes / 1e6:.0f} MB. "
            "Export it smaller.",
        )
    found = sniff(path)
    if limits.is_foreign_taken:
        with path.open("rb") as stream:
            found = _foreign(stream.read(HEAD_BYTES)) or found
    if found is None:
        raise Unreadable("unknown_type", _what_it_is(path))
    if found.format == "gif" and not limits.is_foreign_taken:
        raise Unreadable(
            "gif",
            "GIF files are not taken: 256 colors are too few for an ad. Upload the original as "
            "PNG or JPEG, or a moving picture as MP4.",
        )
    return found


# What people send that is no picture or clip of ours, by its first bytes (lower case).
OTHERS = (
    ((b"<!doctype html", b"<html", b"<head", b"<script"), "This is a web page, not a picture."),
    ((b"ffconcat", b"#extm3u", b"v=0"),
     "This is a playlist or a stream description, not a clip."),
    ((b"%pdf",), "This is a PDF."),
    ((b"%!ps", b"\xc5\xd0\xd3\xc6"), "This is a PostScript or EPS file."),
    ((b"8bps", b"8bpb"), "This is a Photoshop file."),
    ((b"\x00\x00\x00\x0cjp  ", b"\xff\x4f\xff\x51"), "This is a JPEG 2000 picture."),
    ((b"\xff\x0a", b"\x00\x00\x00\x0cjxl "), "This is a JPEG XL picture."),
    ((b"\x00\x00\x01\x00",), "This is an icon."),
    ((b"bm",), "This is a BMP picture."),
    ((b"pk\x03\x04", b"pk\x05\x06"), "This is a packed folder (ZIP)."),
    ((b"\x1ae\xdf\xa3",), "This is a Matroska (MKV) clip."),
    ((b"flv\x01",), "This is a Flash (FLV) clip."),
    ((b"0&\xb2u\x8ef\xcf\x11",), "This is a Windows Media (WMV) clip."),
    ((b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3"), "This is an MPEG clip."),
    ((b"id3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"oggs", b"flac"),
     "This is sound without a picture."),
)  # fmt: skip
RIFF = {b"avi ": "This is an AVI clip.", b"wave": "This is sound without a picture."}
TRANSPORT = 188  # an MPEG transport stream begins every so many bytes with a G


def _what_it_is(path: Path) -> str:
    with path.open("rb") as stream:
        whole = stream.read(512).lower()
    head = whole.lstrip(b"\xef\xbb\xbf \t\r\n")
    found = [what for starts, what in OTHERS if head.startswith(starts)]
    if b"<svg" in head:
        what = "SVG drawings are not taken."
    elif head.startswith(b"riff") and head[8:12] in RIFF:
        what = RIFF[head[8:12]]
    elif whole[:1] == b"g" and whole[TRANSPORT : TRANSPORT + 1] == b"g":
        what = "This is a recording of a broadcast (MPEG-TS)."
    else:
        what = found[0] if found else "This is not a picture or clip that can be read here."
    return f"{what} Upload {ACCEPTED}."
