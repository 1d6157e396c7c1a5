"""What must be true before anything is started: one sentence and its remedy for each.

Nothing here may start, migrate or repair anything.
"""

import contextlib
import fcntl
import os
import shutil
import socket
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection

_MB = 1024 * 1024


class CannotStart(Exception):
    """The start is refused; the text is one sentence with the remedy."""


def check_disk(folder: Path) -> None:
    """Enough free space, and the folder really takes a file. Raises CannotStart."""
    free = shutil.disk_usage(folder).free
    if free < settings.MIN_FREE_BYTES:
        raise CannotStart(
            f"only {free // _MB} MB are free where {folder} lies and "
            f"{settings.MIN_FREE_BYTES // _MB} MB are needed; make room, or name another folder "
            "with --data."
        )
    probe = folder / "tmp" / f"probe.{os.getpid()}"
    try:
        probe.write_bytes(b"x" * 4096)
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"nothing can be written to {folder} ({error.strerror}); make room or give it back to "
            "you, or name another folder with --data."
        ) from error


def check_port(address: str, port: int) -> None:
    """The port can be listened on. Raises CannotStart."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the web server does, so that a port just closed does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise CannotStart(
                f"port {port} on {address} cannot be used ({error.strerror}); stop the other "
                "program, or choose another port with --port."
            ) from error


def check_database() -> None:
    """The database opens and is one. Raises CannotStart."""
    name = connection.settings_dict["NAME"]
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("SELECT count(*) FROM sqlite_master")
            else:
                cursor.execute("SELECT 1")
    except (DatabaseError, OperationalError) as error:
        reason = str(error).strip().splitlines()[0]
        if connection.vendor == "sqlite":
            raise CannotStart(
                f"the database {name} cannot be used ({reason}); put a back-up in its place "
                "(docs/operations.md), or move it away to begin anew."
            ) from error
        raise CannotStart(
            f"the database server does not let us in ({reason}); start it or correct DATABASE_URL."
        ) from error
    finally:
        connection.close()


def lock(folder: Path) -> int:
    """Claim the data folder for this supervisor; the descriptor must stay open.

    Raises CannotStart when another one runs on it.
    """
    path = folder / "run" / "supervisor.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with contextlib.suppress(OSError):
            os.close(descriptor)
        pid = path.read_text(encoding="ascii").strip() or "unknown"
        raise CannotStart(
            f"Switchyard already runs on {folder} (process {pid}); stop that one first, or name "
            "another folder with --data."
        ) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor
