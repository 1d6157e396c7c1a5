"""Keeping aside what was paid for and cannot be used, so that somebody can ask for the money back.

The bytes are copied as they came. Nothing here decodes them, and no page shows them.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from django.db import IntegrityError, transaction

from campaigns.actions import stored
from campaigns.models import Attempt, Quarantine

MOST_BYTES = 80 * 1024 * 1024


def keep(*, attempt: Attempt, position: int, path: Path, reason: str) -> Quarantine | None:
    """Keep the file at `path`, at most its first MOST_BYTES. Needs `attempt.run.team`.

    Doing it twice changes nothing. None when there is nothing to keep. Raises StorageAway while it
    cannot be kept, as any other output.
    """
    size = path.stat().st_size
    if not size or Quarantine.objects.filter(attempt=attempt, position=position).exists():
        return None
    if size > MOST_BYTES:
        size = MOST_BYTES
        with path.open("r+b") as file:
            file.truncate(size)
        reason = f"{reason} Only its first {size // 1024**2} MB are here."
    if not stored.has_room(size):
        raise stored.StorageAway(stored.NO_ROOM)
    row = Quarantine(
        team=attempt.run.team,
        attempt=attempt,
        position=position,
        size_bytes=size,
        sha256=stored.sha256_of(path),
        reason=reason[:300],
    )
    try:
        with path.open("rb") as source, stored.waiting_for_room():
            row.file.save("aside.bin", File(source), save=False)
    except (BotoCoreError, ClientError) as error:
        raise stored.StorageAway(stored.STORAGE_AWAY) from error
    try:
        with transaction.atomic():
            row.save()
    except Exception as error:
        with suppress(OSError, BotoCoreError, ClientError):
            row.file.storage.delete(row.file.name or "")
        if not isinstance(error, IntegrityError):
            raise
        return None  # another worker was quicker
    return row
