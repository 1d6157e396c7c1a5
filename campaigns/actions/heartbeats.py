"""Signs of life in the database, and the lease of who leads. Nothing waits for them.

A sign that cannot be written is not an error of whoever gives it: it is logged once and given
again later. This module must not raise because the database is away.
"""

import logging
import time
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from campaigns.models import Heartbeat, Lease

log = logging.getLogger(__name__)

INTERVAL_S = 4.0
_FORGET_AFTER = timedelta(hours=1)


class Sign:
    """The sign of life of one process, written at most every few seconds."""

    def __init__(self, *, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        self._given_at = -INTERVAL_S
        self._detail = ""
        self._failing = False

    def give(self, *, detail: str = "") -> None:
        """Write the sign unless the last one is fresh and says the same."""
        due = time.monotonic() - self._given_at >= INTERVAL_S
        if not due and detail == self._detail:
            return
        self._given_at, self._detail = time.monotonic(), detail
        try:
            Heartbeat.objects.update_or_create(
                name=self.name,
                defaults={"kind": self.kind, "seen_at": timezone.now(), "detail": detail},
            )
        except (DatabaseError, InterfaceError) as error:
            if not self._failing:
                log.warning("%s cannot give a sign of life: %s", self.name, error)
            self._failing = True
            connection.close()
        else:
            if self._failing:
                log.info("%s gives signs of life again", self.name)
            self._failing = False

    def take_back(self) -> None:
        """Remove the sign at the end of the process."""
        try:
            Heartbeat.objects.filter(name=self.name).delete()
        except (DatabaseError, InterfaceError):
            connection.close()


def forget_gone() -> int:
    """Delete the signs of processes that ended long ago; returns how many."""
    count, _ = Heartbeat.objects.filter(seen_at__lt=timezone.now() - _FORGET_AFTER).delete()
    return count


def lead(*, name: str, holder: str, seconds: int) -> bool:
    """Take or renew the lease `name`; True when `holder` has it for the next `seconds`.

    One conditional UPDATE decides, so of two that ask at once exactly one gets it.
    """
    now = timezone.now()
    until = now + timedelta(seconds=seconds)
    with transaction.atomic():
        Lease.objects.get_or_create(name=name, defaults={"holder": holder, "until": until})
        mine = Lease.objects.filter(name=name, holder=holder).update(until=until)
        if mine:
            return True
        return bool(
            Lease.objects.filter(name=name, until__lt=now).update(holder=holder, until=until)
        )


def give_up(*, name: str, holder: str) -> None:
    """End the lease early, so that the next one need not wait for it."""
    Lease.objects.filter(name=name, holder=holder).update(until=timezone.now())
