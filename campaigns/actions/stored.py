"""Stored files: taking uploads in and keeping what providers made.

Bytes are stored first, the row after: no row without its file. Decoding happens in a child
process that may be killed; what comes in is believed only as far as it was measured.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.contrib.auth.models import User
from django.core.files import File
from django.core.files.uploadedfile import UploadedFile

from campaigns import permissions
from campaigns.actions import events
from campaigns.models import Media, Team
from campaigns.queries import access
from campaigns.stages.base import BadParams
from imaging import intake, mask
from imaging.geometry import Box

log = logging.getLogger(__name__)

MOST_MASK_BYTES = 20 * 1024 * 1024
SCRATCH = "switchyard-work-"
SCRATCH_KEPT_S = 24 * 60 * 60
SCRATCH_FREE_BYTES = 16 * 1024 * 1024


class UploadRefused(ValueError):
    """The file cannot be used; `text` says why and what to do."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class StorageAway(Exception):
    """Files cannot be kept for the moment: no room, or the storage does not answer. Wait."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@contextmanager
def scratch(*, below: Path | None = None) -> Iterator[Path]:
    """A folder of our own that is gone afterwards; `below` another than where such things go."""
    folder = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=below))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def waiting_for_room() -> Iterator[None]:
    """Turns "no space left" of whatever is written in the block into StorageAway: wait."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StorageAway(NO_ROOM) from error
        raise


def check_scratch(folder: Path) -> None:
    """Raises StorageAway when the disk below a scratch folder is full."""
    if shutil.disk_usage(folder).free < SCRATCH_FREE_BYTES:
        raise StorageAway(NO_ROOM)


def sweep_scratch() -> int:
    """Remove scratch folders that killed processes left here, once a day old. Says how many."""
    before = time.time() - SCRATCH_KEPT_S
    swept = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{SCRATCH}*"):
        with suppress(OSError):  # somebody else's, or another worker was quicker
            if folder.lstat().st_mtime < before:
                shutil.rmtree(folder)
                swept += 1
    return swept


NO_ROOM = (
    "The server's disk is nearly full, so nothing new can be stored. "
    "Ask an admin to free space. Nothing was lost."
)


STORAGE_AWAY = "The file storage does not answer now. Try again in a minute. Nothing was lost."
NO_PROCESS = (
    "The server cannot start a process to read files now. Try again in a minute; if it stays so, "
    "tell an admin. Nothing was lost."
)
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def has_room(size_bytes: int = 0) -> bool:
    """Whether `size_bytes` more leave the disk what it must keep free."""
    free = shutil.disk_usage(settings.DATA_DIR).free
    return free - size_bytes >= settings.MIN_FREE_BYTES


def check_room(size_bytes: int = 0) -> None:
    """Raises UploadRefused when `size_bytes` more would fill the disk: take only what fits."""
    if not has_room(size_bytes):
        raise UploadRefused(NO_ROOM)


def check_size(size_bytes: int) -> None:
    """Raises UploadRefused for a file that is larger than an upload may be."""
    if size_bytes > settings.MAX_UPLOAD_BYTES:
        most = settings.MAX_UPLOAD_BYTES // (1024 * 1024)
        raise UploadRefused(f"The file is larger than {most} MB. Export a smaller one.")


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _keep(field: object, path: Path | None) -> None:
    if path is None:
        return
    with path.open("rb") as source:
        field.save(path.name, File(source), save=False)  # type: ignore[attr-defined]


def store(
    *,
    team: Team,
    path: Path,
    origin: Media.Origin,
    folder: Path,
    by: User | None = None,
    ai_status: str = "unknown",
    keep_bytes: bool = True,
    name: str = "",
    original: Path | None = None,
    accept: Callable[[intake.Intake], None] | None = None,
) -> Media:
    """Check and measure the file at `path`, store it, and add its row.

    `folder` is scratch space; `accept` may raise at what it does not want, before anything is
    kept. Raises imaging.intake.Unreadable, StorageAway.
    """
    try:
        taken = intake.take_in(path, folder, keep_bytes=keep_bytes)
    except intake.NoProcess as error:
        log.error("%s", error)
        raise StorageAway(NO_PROCESS) from error
    if accept is not None:
        accept(taken)
    media = Media(
        team=team,
        origin=origin,
        kind=taken.kind,
        name=name[:200],
        content_type=taken.content_type,
        sha256=taken.sha256,
        size_bytes=taken.master.stat().st_size,
        width=taken.width,
        height=taken.height,
        duration_s=taken.duration_s,
        fps=taken.fps,
        ai_status=ai_status,
        notes=list(taken.notes),
        created_by=by,
    )
    try:
        _keep(media.file, taken.master)
        _keep(media.thumb, taken.thumb)
        _keep(media.poster, taken.poster)
        _keep(media.original, original)
        media.save()
    except (BotoCoreError, ClientError) as error:
        _drop(media)
        raise StorageAway(STORAGE_AWAY) from error
    except Exception as error:
        _drop(media)
        if isinstance(error, OSError) and error.errno in FULL:
            raise StorageAway(NO_ROOM) from error
        raise
    return media


def _drop(media: Media) -> None:
    """Take back the files of a row that could not be written, or nobody would ever find them."""
    for field in (media.file, media.thumb, media.poster, media.original):
        if field.name:
            with suppress(OSError, BotoCoreError, ClientError):
                field.storage.delete(field.name)


def upload(*, team: Team, file: UploadedFile, by: User) -> Media:
    """Take an uploaded file in: checked, turned upright, cleaned, in sRGB; the original is kept.

    Raises NotAllowed, UploadRefused.
    """
    permissions.check_can_brief(access.roles(by, team))
    return receive(team=team, file=file, by=by)


def receive(
    *,
    team: Team,
    file: UploadedFile,
    by: User,
    accept: Callable[[intake.Intake], None] | None = None,
) -> Media:
    """As `upload`, for a caller that checked who may; `accept` as in `store`."""
    size = file.size or 0
    if size == 0:
        raise UploadRefused("The file is empty. Choose it again, or export it anew.")
    check_size(size)
    check_room(size)
    with scratch() as folder:
        source = folder / "upload"
        with source.open("wb") as target:
            for piece in file.chunks():
                target.write(piece)
        work = folder / "work"
        work.mkdir()
        try:
            media = store(
                team=team,
                path=source,
                origin=Media.Origin.UPLOAD,
                folder=work,
                by=by,
                keep_bytes=False,
                name=os.path.basename(file.name or "")[:200],
                original=source,
                accept=accept,
            )
        except intake.Unreadable as error:
            raise UploadRefused(error.text) from error
        except StorageAway as error:
            raise UploadRefused(error.text) from error
        except OSError as error:
            if error.errno in FULL:
                raise UploadRefused(NO_ROOM) from error
            raise
    events.record(
        team=team,
        verb="media.upload",
        subject="media",
        subject_id=media.pk,
        by=by,
        after={"kind": media.kind, "size_bytes": media.size_bytes},
    )
    return media


def keep_mask(
    *,
    team: Team,
    picture: Media,
    by: User,
    file: UploadedFile | None = None,
    box: Box | None = None,
) -> Media:
    """Store what a person painted over `picture`, or a rectangle of it, as a mask of its size.

    Raises NotAllowed, UploadRefused, BadParams when nothing useful is painted.
    """
    permissions.check_can_run(access.roles(by, team))
    check_room()
    with scratch() as folder:
        try:
            if file is not None:
                if (file.size or 0) > MOST_MASK_BYTES:
                    raise BadParams("mask", "The mask file is too large. Paint it again.")
                painted = folder / "painted"
                with painted.open("wb") as target:
                    for piece in file.chunks():
                        target.write(piece)
                pixels = mask.read(painted, picture.width, picture.height)
            elif box is not None:
                pixels = mask.rectangle(box, picture.width, picture.height)
            else:
                raise BadParams("mask", "Paint over what should go, then start again.")
            clean = folder / "mask.png"
            mask.write(pixels, clean)
            work = folder / "work"
            work.mkdir()
            return store(
                team=team,
                path=clean,
                origin=Media.Origin.MASK,
                folder=work,
                by=by,
                ai_status="none",
            )
        except mask.BadMask as error:
            raise BadParams("mask", error.text) from error
        except (intake.Unreadable, StorageAway) as error:
            raise UploadRefused(error.text) from error


def local_copy(*, media: Media, folder: Path, name: str) -> Path:
    """A readable file with the media's bytes below `folder`; storage may be far away. Raises
    StorageAway."""
    ending = Path(media.file.name or "").suffix
    path = folder / f"{name}{ending}"
    try:
        with media.file.open("rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    except (BotoCoreError, ClientError) as error:
        raise StorageAway(STORAGE_AWAY) from error
    return path
