"""Keeps a handful of processes alive and ends them in the right order. It knows none by name.

Each child is a session of its own (Ctrl-C reaches only the supervisor) and dies with the
supervisor, however that ends. This module must not touch the database or the queue.
"""

import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from campaigns import processes

log = logging.getLogger(__name__)

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0
# A child that lived this long is well again: its next death is answered at once.
_STEADY_AFTER_S = 20.0


@dataclass(frozen=True, slots=True)
class Program:
    """What to run. Those of a higher rank are stopped first."""

    name: str
    command: Sequence[str]
    rank: int = 1
    grace_s: float = 10.0


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    again_at: float = 0.0
    deaths: int = field(default=0)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """Start a program as a session of its own that dies with this process."""
    parent = os.getpid()

    def prepare() -> None:  # runs in the child between fork and exec; we have no threads
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        processes.die_with_parent(parent)

    return subprocess.Popen(  # noqa: S603 - only our own fixed command lines
        list(program.command),
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=prepare,
    )


class Supervisor:
    """Runs programs until told to stop; one that dies is started again, more slowly each time."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._children = [_Child(program) for program in programs]
        self._stops = 0
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def adopt(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Take over a process of the program `name` that runs already."""
        for child in self._children:
            if child.program.name == name:
                child.process, child.started_at = process, time.monotonic()

    def watch_signals(self) -> None:
        """From now on Ctrl-C and SIGTERM ask for the stop; a second one ends it at once."""
        for signum in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signum, self._on_signal)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to end the wait in `_pause`
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)

    def _on_signal(self, signum: int, frame: object) -> None:
        self._stops += 1

    @property
    def stopping(self) -> bool:
        """True once a stop was asked for."""
        return self._stops > 0

    def run(self, on_tick: Callable[[], None]) -> None:
        """Start everything and keep it alive until a signal comes; then stop it in order."""
        try:
            while not self.stopping:
                for child in self._children:
                    self._look_after(child)
                on_tick()
                self._pause(1.0)
        finally:
            self._stop_all()
            signal.set_wakeup_fd(-1)

    def _pause(self, seconds: float) -> None:
        ready, _, _ = select.select([self._wake_read], [], [], seconds)
        if ready:
            os.read(self._wake_read, 4096)

    def _look_after(self, child: _Child) -> None:
        now = time.monotonic()
        if child.alive or now < child.again_at:
            return
        if child.process is not None:
            lived_s = now - child.started_at
            child.pause_s = (
                _FIRST_PAUSE_S
                if lived_s >= _STEADY_AFTER_S
                else min(child.pause_s * 2, _LONGEST_PAUSE_S)
            )
            log.warning(
                "%s ended (%s); starting it again in %.1f s",
                child.program.name, _reason(child.process.returncode), child.pause_s,
            )  # fmt: skip
            child.process = None
            child.deaths += 1
            child.again_at = now + child.pause_s
            return
        child.process = spawn(child.program)
        child.started_at = now

    def _stop_all(self) -> None:
        if any(child.alive for child in self._children):
            print("\nStopping: running jobs may finish; Ctrl-C again ends them.", file=sys.stderr)
        for rank in sorted({child.program.rank for child in self._children}, reverse=True):
            self._stop_rank([child for child in self._children if child.program.rank == rank])

    def _stop_rank(self, children: list[_Child]) -> None:
        begun = time.monotonic()
        for child in children:
            _send(child, signal.SIGTERM)
        asked_again: set[str] = set()
        while any(child.alive for child in children):
            waited_s = time.monotonic() - begun
            for child in children:
                if self._stops > 1:
                    _kill_session(child)
                elif waited_s > child.program.grace_s and child.program.name not in asked_again:
                    # The second TERM makes a worker hand its job back and go.
                    asked_again.add(child.program.name)
                    _send(child, signal.SIGTERM)
                elif waited_s > child.program.grace_s + 5.0:
                    _kill_session(child)
            self._pause(0.2)
        for child in children:
            _kill_session(child)


def _send(child: _Child, signum: int) -> None:
    if child.process is not None and child.process.poll() is None:
        child.process.send_signal(signum)


def _kill_session(child: _Child) -> None:
    """Whatever a child left behind in its process group."""
    if child.process is None:
        return
    try:
        os.killpg(child.process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _reason(code: int) -> str:
    if code < 0:
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"
    return f"exit {code}"
