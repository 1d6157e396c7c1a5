"""Which extension and media type belong together, and which files are already compressed."""

from __future__ import annotations

from pathlib import PurePosixPath

# the first extension of a type is the one we write
_EXTENSIONS: dict[str, tuple[str, ...]] = {
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "image/heic": ("heic", "heif"),
    "image/tiff": ("tif", "tiff"),
    "image/gif": ("gif",),
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov",),
    "video/webm": ("webm",),
    "video/x-matroska": ("mkv",),
    "video/x-msvideo": ("avi",),
    "video/mpeg": ("mpeg", "mpg"),
    "video/3gpp": ("3gp", "3gpp"),
    "video/x-flv": ("flv",),
    "video/x-ms-wmv": ("wmv",),
    "text/csv": ("csv",),
    "text/plain": ("txt",),
    "text/html": ("html",),
    "application/json": ("json",),
    "application/zip": ("zip",),
}
_TYPES = {extension: key for key, names in _EXTENSIONS.items() for extension in names}
_TEXT = frozenset({"text/csv", "text/plain", "text/html", "application/json"})

UNKNOWN = "application/octet-stream"


def extension_of(content_type: str) -> str:
    """The extension for a media type, without the point. Raises ValueError for an unknown type."""
    names = _EXTENSIONS.get(content_type.partition(";")[0].strip().lower())
    if not names:
        raise ValueError(f"There is no file extension for {content_type!r}.")
    return names[0]


def content_type_of(name: str) -> str:
    """The media type by the name's extension; `application/octet-stream` when unknown."""
    return _TYPES.get(PurePosixPath(name).suffix.lower().lstrip("."), UNKNOWN)


def is_text(name: str) -> bool:
    """Is the file worth deflating? Pictures and clips are compressed already."""
    return content_type_of(name) in _TEXT


def same_extension(one: str, other: str) -> bool:
    """Do two extensions (without the point) mean the same type? `jpg` and `jpeg` do."""
    first, second = _TYPES.get(one.lower()), _TYPES.get(other.lower())
    return one.lower() == other.lower() or (first is not None and first == second)
