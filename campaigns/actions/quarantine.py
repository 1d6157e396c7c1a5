"""Keeping aside what was paid for and cannot be used, so that somebody can ask for the money back.

The bytes are copied as they came. Nothing here decodes them, and no page shows them.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

from django.core.files import File
from django.db import IntegrityError, transaction

from campaigns.actions import stored
from campaigns.models import Attempt, Quarantine

MOST_BYTES = 80 * 1024 * 1024

log = logging.getLogger(__name__)


def keep(*, attempt: Attempt, position: int, path: Path, reason: str) -> Quarantine | None:
    """Keep the file at `path`, at most its first MOST_BYTES. Needs `attempt.run.team`.

    Doing it twice changes nothing. None when there is nothing to keep, or no room: what became of
    the attempt stands in its row all the same.
    """
    size = path.stat().st_size
    if not size or Quarantine.objects.filter(attempt=attempt, position=position).exists():
        return None
    if size > MOST_BYTES:
        size = MOST_BYTES
        with path.open("r+b") as file:
            file.truncate(size)
        reason = f"{reason} Only its first {size // 1024**2} MB are here."
    try:
        stored.check_room(size)
    except stored.UploadRefused:
        log.warning("attempt %s: no room to keep its unusable file", attempt.pk)
        return None
    row = Quarantine(
        team=attempt.run.team,
        attempt=attempt,
        position=position,
        size_bytes=size,
        sha256=stored.sha256_of(path),
        reason=reason[:300],
    )
    with path.open("rb") as source:
        row.file.save("aside.bin", File(source), save=False)
    try:
        with transaction.atomic():
            row.save()
    except Exception as error:
        with suppress(OSError):
            row.file.storage.delete(row.file.name or "")
        if not isinstance(error, IntegrityError):
            raise
        return None  # another worker was quicker
    return row
