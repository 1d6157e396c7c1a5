"""`manage.py scheduler`: finds open work in the database again and again and wakes the workers.

Any number may run; one leads, by a lease in the database. It survives an outage of the database
and of Redis. It must not do work itself.
"""

import logging
import secrets
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from redis.exceptions import RedisError

from campaigns import queue_care
from campaigns.actions import heartbeats, reconcile

log = logging.getLogger(__name__)

LEASE = "scheduler"
LEASE_S = 15
CARE_EVERY_S = 5.0
_LONGEST_PAUSE_S = 10.0


class Troubles:
    """Says once that something is away and once that it is back."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def met(self, what: str, error: Exception) -> None:
        """Log the first of a row of failures."""
        if what not in self._known:
            log.warning("%s does not answer, trying again: %s", what, error)
        self._known.add(what)

    def over(self, what: str) -> None:
        """Log the end of a row of failures."""
        if what in self._known:
            log.info("%s answers again", what)
        self._known.discard(what)


class Command(BaseCommand):
    """The clock of the line."""

    help = "Reconcile open work with the queue every second or two, until stopped."
    requires_system_checks = ()  # bin/check runs them; a start should be quick

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tick", type=float, default=1.5, help="Seconds between two looks.")
        parser.add_argument("--once", action="store_true", help="Look once and end.")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, lambda *_: stop.set())
        self.name = f"scheduler-{secrets.token_hex(4)}"
        self._sign = heartbeats.Sign(name=self.name, kind="scheduler")
        self._troubles = Troubles()
        self._cared_at = -CARE_EVERY_S
        pause_s = options["tick"]
        while not stop.is_set():
            well = self._look()
            if options["once"]:
                break
            pause_s = options["tick"] if well else min(pause_s * 2, _LONGEST_PAUSE_S)
            stop.wait(pause_s)
        self._end()

    def _look(self) -> bool:
        """One look; False when the database was away."""
        try:
            leads = heartbeats.lead(name=LEASE, holder=self.name, seconds=LEASE_S)
            self._sign.give(detail="leads" if leads else "stands by")
            if leads:
                reconcile.tick(timezone.now())
        except (DatabaseError, InterfaceError) as error:
            self._troubles.met("the database", error)
            connection.close()
            return False
        except RedisError as error:
            self._troubles.met("the queue", error)
            return True
        self._troubles.over("the database")
        if leads:
            self._care()
        return True

    def _care(self) -> None:
        if time.monotonic() - self._cared_at < CARE_EVERY_S:
            return
        self._cared_at = time.monotonic()
        try:
            queue_care.clean_up()
            heartbeats.forget_gone()
        except RedisError as error:
            self._troubles.met("the queue", error)
        except (DatabaseError, InterfaceError) as error:
            self._troubles.met("the database", error)
            connection.close()
        else:
            self._troubles.over("the queue")

    def _end(self) -> None:
        try:
            heartbeats.give_up(name=LEASE, holder=self.name)
        except (DatabaseError, InterfaceError):
            connection.close()
        self._sign.take_back()
