"""The seal of one platform file: whether it gets one, how many bytes it will take, and the signing.

What may be claimed is handling's and manifest's to say, how it is signed imaging.credentials'.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from campaigns import wiring
from campaigns.formats import handling
from campaigns.models import PlatformFile
from campaigns.models.choices import FileKind
from campaigns.queries import fillings, qa
from imaging import credentials
from imaging.credentials import Identity
from imaging.geometry import Box, has_ratio

FAILED = "failed: "
MIMES = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".mp4": "video/mp4"}


def room(row: PlatformFile, source: Path, box: Box, label: str) -> int:
    """Bytes to leave for the seal below a ceiling: it comes after the file is written, and carries
    the whole chain of seals of the master at `source`. 0 where there will be none."""
    identity = _identity(row, label)
    if identity is None:
        return 0
    try:
        return credentials.room(identity, **_said(row, source, box, label))
    except credentials.CannotSign:
        return 0  # nothing will be added; sealing says why


def seal(row: PlatformFile, path: Path, source: Path, box: Box, label: str) -> str:
    """Sign the finished file where that is wanted; nothing may touch it afterwards. Returns
    "signed", "off", or FAILED and why."""
    identity = _identity(row, label)
    if identity is None:
        return "off"
    try:
        credentials.add(path, MIMES[path.suffix], identity, **_said(row, source, box, label))
    except credentials.CannotSign as error:
        return f"{FAILED}{error}"
    return "signed"


def finding(why: str) -> dict[str, str]:
    """What people read of a file that should have been signed and is not."""
    return {
        "key": "seal",
        "label": "Signed with your certificate",
        "value_text": "not signed",
        "limit_text": "signed",
        "level": "warn",
        "verdict": "warn",
        "source": "this installation's settings",
        "source_date": "when the file was made",
        "remedy": f"{why} An admin corrects C2PA_CERT and C2PA_KEY, then the crop is reset.",
        "source_url": "",
    }


def _identity(row: PlatformFile, label: str) -> Identity | None:
    return wiring.identity() if label and wiring.signs(row.platform, row.kind) else None


def _said(row: PlatformFile, source: Path, box: Box, label: str) -> dict[str, Any]:
    """What the seal says of the file, and the master that it was made from."""
    master = row.source.media
    width, height = qa.size_of(qa.spec_of_row(row))
    is_whole = not has_ratio(box.width, box.height, width / height)
    done = handling.actions(
        is_clip=row.kind == FileKind.CLIP,
        is_cropped=box != Box.whole(master.width, master.height),
        way=fillings.of_file(row).way if is_whole else "",
        has_grain=bool(row.mends.get("grain")) and row.kind == FileKind.STILL,
        shortened_to_s=row.mends.get("shorten_s") if row.kind == FileKind.CLIP else None,
    )
    return {
        "title": row.asset.creative_code or "",
        "source_type": label,
        "actions": done,
        "parent": (source, master.content_type),
    }
