"""What one of many spenders does: hold, and close, in a thread or in a process of its own.

A process imports this module first, so Django is set up here, on the database it inherits.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 - after Django is set up

from campaigns.actions import spending  # noqa: E402
from campaigns.models import Attempt  # noqa: E402

HELD = "held"
REFUSED = "refused"
LOCKED = "OperationalError: database is locked"
TRIES = 5


def spend(attempt_ids: Sequence[int], amount: int, close: str = "") -> list[str]:
    """Hold `amount` for each attempt in turn; returns what became of each, errors by name.

    `close` "mixed" settles every held one at half, releases it, or leaves it held, by its id.
    """
    try:
        return [_patient(pk, amount, close) for pk in attempt_ids]
    finally:
        connection.close()


def _patient(pk: int, amount: int, close: str) -> str:
    """One attempt, begun again as a job is when SQLite had no turn for it within 20 seconds.

    Writers of SQLite do not queue: on a busy machine one may wait past its time-out, and then
    nothing of it has happened.
    """
    for _ in range(TRIES - 1):
        became = _one(pk, amount, close)
        if became != LOCKED:
            return became
    return _one(pk, amount, close)


def _one(pk: int, amount: int, close: str) -> str:
    attempt = Attempt.objects.select_related("run__asset__campaign", "run__requested_by").get(pk=pk)
    try:
        with transaction.atomic():
            spending.reserve(attempt=attempt, amount_micros=amount, by=attempt.run.requested_by)
        if close and pk % 3 == 0:
            spending.settle(attempt=attempt, billed_micros=amount // 2)
        elif close and pk % 3 == 1:
            spending.release(attempt=attempt)
    except spending.NotCovered:
        return REFUSED
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return HELD


def spend_in_process(url: str, attempt_ids: Sequence[int], amount: int, close: str) -> list[str]:
    """`spend`, after making sure that this process looks at the database of its parent."""
    if os.environ["DATABASE_URL"] != url:
        raise RuntimeError("this process inherited another database")
    return spend(attempt_ids, amount, close)
