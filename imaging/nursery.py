"""Our end of the process that forks a child a file (`imaging.caged`): start it, ask it.

One a process tree: a worker starts it and the children it forks for its jobs ask the same one. It
is started again when it died. This module must not know what is asked or what an answer means.
"""

from __future__ import annotations

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_SAID_BYTES = 64 * 1024 * 1024
LAST_WORDS_S = 10.0


class Died(Exception):
    """No child, or nobody who could say how it ended: trouble of this machine, not of the file."""


class TooSlow(Exception):
    """The child took longer than it may, and was killed."""


def _environment() -> Mapping[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "PYTHONPATH": str(ROOT),
        "LANG": "C.UTF-8",
        "TMPDIR": tempfile.gettempdir(),
        # Thread pools reserve address space per thread, which the memory limit counts.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "2",
    }


@dataclass(frozen=True, slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    control: socket.socket
    owner: int

    def is_alive(self) -> bool:
        """Only its parent can tell; everybody else finds out by asking."""
        return self.owner != os.getpid() or self.process.poll() is None

    def stop(self) -> None:
        self.control.close()
        if self.owner == os.getpid():
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=LAST_WORDS_S)


class Nursery:
    """Asks the forking process, which it starts when there is none. For any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: _Running | None = None
        os.register_at_fork(after_in_child=self._renew_lock)
        atexit.register(self.stop)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()

    def start(self) -> None:
        """Have it ready before the first file comes, and again if it died."""
        self._get()

    def stop(self) -> None:
        """End it, if it is ours; its children end with it."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.stop()

    def ask(self, order: bytes, *, wall_s: float) -> tuple[int, bytes]:
        """Exit code and last words of a child that is given `order` (one line, ending in a line
        feed). Raises TooSlow after `wall_s` seconds; Died when its parent died, twice."""
        try:
            return self._ask(order, wall_s)
        except Died:
            return self._ask(order, wall_s)

    def _ask(self, order: bytes, wall_s: float) -> tuple[int, bytes]:
        running = self._get()
        ours, theirs = socket.socketpair()
        into, out = os.pipe()
        try:
            try:
                socket.send_fds(running.control, [b"!"], [theirs.fileno(), out])
            except OSError as error:
                raise Died("") from error
            finally:
                theirs.close()
                os.close(out)
            said = _converse(ours, order, wall_s)
            code = os.read(into, 32)
            if not code or not code.lstrip(b"-").isdigit():
                raise Died(code.decode())
            return int(code), said
        except Died as error:
            if not error.args[0]:
                self._forget(running)
            raise
        finally:
            ours.close()
            os.close(into)

    def _get(self) -> _Running:
        with self._lock:
            if self._running is None or not self._running.is_alive():
                if self._running is not None:
                    self._running.stop()
                self._running = _start()
            return self._running

    def _forget(self, running: _Running) -> None:
        with self._lock:
            if self._running is running:
                self._running = None
                running.stop()


def _start() -> _Running:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and one of our own modules
            [sys.executable, "-m", "imaging.caged", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env=_environment(),
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    return _Running(process, ours, os.getpid())


def _converse(ours: socket.socket, order: bytes, wall_s: float) -> bytes:
    """What is said until the other end is closed. Hanging up is what ends a child."""
    until = time.monotonic() + wall_s
    said = bytearray()
    try:
        ours.settimeout(wall_s)
        ours.sendall(order)
        while piece := ours.recv(65536):
            said += piece
            if len(said) > MOST_SAID_BYTES:
                break
            ours.settimeout(max(until - time.monotonic(), 0.001))
    except TimeoutError as error:
        _hang_up(ours)
        raise TooSlow from error
    except ConnectionError:
        pass  # it ended without reading all or saying all; its exit code tells how
    if len(said) > MOST_SAID_BYTES:
        _hang_up(ours)
        return b""
    return bytes(said)


def _hang_up(ours: socket.socket) -> None:
    """And wait until it is gone, so that it writes into no folder that is swept up."""
    with suppress(OSError):
        ours.shutdown(socket.SHUT_WR)
        ours.settimeout(LAST_WORDS_S)
        while ours.recv(65536):
            pass
