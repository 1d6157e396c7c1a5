"""Can work be done now? Looks at every part and says in words what is wrong. Repairs nothing."""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from campaigns import embedded
from campaigns.models import Heartbeat

# Older than this, a process counts as gone (under load one gives a sign every ten seconds).
FRESH_FOR = timedelta(seconds=30)
_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the installation: whether it is well and, in words, how it is."""

    ok: bool
    says: str


def look() -> dict[str, Part]:
    """Every part by name, in the order in which a person would look."""
    found = {"database": _database()}
    found["queue"] = _queue()
    if found["database"].ok:
        found |= {f"workers_{name}": _workers(name) for name in settings.RQ_QUEUES}
        found["scheduler"] = _scheduler()
    found["storage"] = _storage()
    found["disk"] = _disk()
    return found


def _database() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
    except (DatabaseError, InterfaceError) as error:
        connection.close()
        return Part(False, f"the database does not answer ({type(error).__name__})")
    return Part(True, connection.vendor)


def _queue() -> Part:
    if embedded.answers(settings.REDIS_URL):
        return Part(True, "answers")
    return Part(False, "the queue server does not answer; work waits and goes on by itself")


def _fresh(kind: str) -> int:
    since = timezone.now() - FRESH_FOR
    return Heartbeat.objects.filter(kind=kind, seen_at__gte=since).count()


def _workers(queue: str) -> Part:
    try:
        count = _fresh(f"worker:{queue}")
    except (DatabaseError, InterfaceError) as error:
        return Part(False, f"unknown, the database does not answer ({type(error).__name__})")
    if count:
        return Part(True, str(count))
    return Part(False, f"no worker of the queue {queue} gave a sign of life lately")


def _scheduler() -> Part:
    try:
        count = _fresh("scheduler")
    except (DatabaseError, InterfaceError) as error:
        return Part(False, f"unknown, the database does not answer ({type(error).__name__})")
    if count:
        return Part(True, str(count))
    return Part(False, "no scheduler gave a sign of life lately")


def _storage() -> Part:
    name = f"readiness/{os.getpid()}-{secrets.token_hex(4)}"
    try:
        stored = default_storage.save(name, ContentFile(b"ready?"))
        default_storage.delete(stored)
    except Exception as error:  # each storage has its own errors; all mean no
        return Part(False, f"media cannot be stored ({type(error).__name__})")
    return Part(True, "writes and deletes")


def _disk() -> Part:
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < settings.MIN_FREE_BYTES:
        return Part(
            False,
            f"only {free // _MB} MB are free; {settings.MIN_FREE_BYTES // _MB} MB are needed",
        )
    return Part(True, f"{free // _MB} MB free")
