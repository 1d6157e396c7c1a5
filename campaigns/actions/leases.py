"""A row is worked on by one worker at a time: a lease in the row, renewed while work goes on.

When a worker dies its lease runs out, or is taken back at once where it can be seen that the
process is gone, and the reconciler wakes another. A worker that lost its lease stops before it
writes.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from datetime import datetime, timedelta
from types import TracebackType

from django.db import DatabaseError, InterfaceError, close_old_connections, connection, models
from django.db.models import F, Q
from django.utils import timezone

from campaigns import processes

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
RENEW_EVERY_S = 5.0
MOST_TRIES = 4


class LeaseLost(Exception):
    """Another worker holds the row now; whatever was computed is not written."""


def claim(rows: models.QuerySet) -> str | None:
    """Take the lease of the one row in `rows` if it is free; None when it is not.

    Counts the try. `rows` must be filtered to one primary key and the states that may be worked on.
    """
    now = timezone.now()
    key = new_key(os.getpid())
    taken = rows.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now)).update(
        lease_until=now + LEASE, lease_key=key, tries=F("tries") + 1
    )
    return key if taken == 1 else None


def new_key(pid: int) -> str:
    """A key of 32 letters that says which process of which machine holds it."""
    return f"{processes.machine() or secrets.token_hex(5)}{pid:08x}{secrets.token_hex(7)}"


def take_back(rows: models.QuerySet, *, now: datetime) -> int:
    """End the leases on `rows` that processes of this machine held when they died; says how many.

    Other machines' processes cannot be seen; their leases run out.
    """
    here = processes.machine()
    if not here:
        return 0
    held = rows.filter(lease_until__gte=now, lease_key__startswith=here)
    ended = 0
    for pk, key in held.order_by("pk").values_list("pk", "lease_key"):
        if processes.is_gone(int(key[len(here) : len(here) + 8], 16)):
            mine = rows.filter(pk=pk, lease_key=key)
            ended += mine.update(lease_until=now - timedelta(seconds=1))
    return ended


class Keeper:
    """Renews a lease from a thread while the block runs; `check()` raises LeaseLost.

    `with Keeper(Attempt, pk, key) as keeper: …`
    """

    def __init__(self, model: type[models.Model], pk: int, key: str) -> None:
        self._model = model
        self._pk = pk
        self._key = key
        self._done = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def rows(self) -> models.QuerySet:
        """The row, as long as the lease is ours."""
        return self._model._default_manager.filter(pk=self._pk, lease_key=self._key)

    def check(self) -> None:
        """Raises LeaseLost when another worker has taken over."""
        if self._lost.is_set() or not self.rows().exists():
            raise LeaseLost(f"{self._model.__name__} {self._pk}")

    def check_noticed(self) -> None:
        """Like `check`, but asks no database: raises LeaseLost once the renewal has failed."""
        if self._lost.is_set():
            raise LeaseLost(f"{self._model.__name__} {self._pk}")

    def renew(self) -> None:
        """Extend the lease now. Raises LeaseLost."""
        if self.rows().update(lease_until=timezone.now() + LEASE) != 1:
            self._lost.set()
            raise LeaseLost(f"{self._model.__name__} {self._pk}")

    def _renew(self) -> None:
        """The thread: it has a database connection of its own, and closes it at its end."""
        try:
            while not self._done.wait(RENEW_EVERY_S):
                try:
                    close_old_connections()
                    self.renew()
                except (DatabaseError, InterfaceError) as error:
                    log.warning("the lease of %s %s was not renewed: %s", self._model.__name__,
                                self._pk, error)  # fmt: skip
                    connection.close()
        except LeaseLost:
            return
        finally:
            connection.close()

    def __enter__(self) -> Keeper:
        if not connection.in_atomic_block:  # a test's transaction cannot be seen by a thread
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)
