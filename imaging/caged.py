"""The process that has every decoder loaded and forks one child a file, and that child itself.

A fresh interpreter takes a third of a second to load the decoders; a fork of one that has them
takes milliseconds. This process opens nobody's files, holds nothing of ours (its environment is
written anew) and has one thread, so that a fork of it is sound. It ends when nobody is left who
could ask. `imaging.nursery` starts it; `imaging.sandbox` says what it may be asked.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from imaging import develop, probe
from imaging.formats import Limits, Unreadable
from imaging.weights import ENVIRONMENT as MODELS_DIR

Task = Callable[[Mapping[str, Any], Limits], dict[str, Any]]
TOO_HEAVY = (
    "This file needs more memory or time than one picture or clip may take here. "
    "Export it smaller or simpler and upload it again."
)
PR_SET_PDEATHSIG = 1
NO_PROCESS = "no process: "  # instead of an exit code
HIGHEST_FD = 65536
# Tasks of modules that load networks: only the child that runs one loads them.
ELSEWHERE = {"object_at": "imaging.pick", "find_objects": "imaging.pick"}


def _probe_still(arguments: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    return probe.probe_still(Path(arguments["path"]), limits).as_json()


def _probe_clip(arguments: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    return probe.probe_clip(Path(arguments["path"]), limits).as_json()


def _take_in(arguments: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    return develop.develop(
        Path(arguments["path"]),
        Path(arguments["folder"]),
        limits,
        keep_bytes=bool(arguments.get("keep_bytes")),
    ).as_json()


TASKS: dict[str, Task] = {
    "probe_still": _probe_still,
    "probe_clip": _probe_clip,
    "take_in": _take_in,
}


def _task(name: str) -> Task:
    if name in ELSEWHERE:
        tasks: dict[str, Task] = importlib.import_module(ELSEWHERE[name]).TASKS
        return tasks[name]
    return TASKS[name]


def _lock_in(cage: Mapping[str, Any]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for what, most in (
        (resource.RLIMIT_AS, int(cage["memory_bytes"])),
        (resource.RLIMIT_FSIZE, int(cage["file_bytes"])),
        (resource.RLIMIT_NOFILE, int(cage["open_files"])),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cage["cpu_s"]), int(cage["cpu_s"]) + 2))


def answer(order: Mapping[str, Any]) -> dict[str, Any]:
    """Lock this process in for ever and do what the order says; refusals are answers too."""
    _lock_in(order["cage"])
    try:
        return {"answer": _task(order["task"])(order["arguments"], Limits(**order["limits"]))}
    except Unreadable as error:
        return {"error": {"code": error.code, "message": error.message}}
    except MemoryError:
        return {"error": {"code": "too_heavy", "message": TOO_HEAVY}}


def load_decoders() -> None:
    """Everything that loads at first use, by taking in one picture of our own making."""
    Image.init()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Image.new("RGB", (64, 64)).save(folder / "ours.jpg")
        develop.develop(folder / "ours.jpg", folder, Limits())


def _read_order(asker: socket.socket) -> dict[str, Any]:
    said = b""
    while not said.endswith(b"\n"):
        piece = asker.recv(65536)
        if not piece:
            raise EOFError
        said += piece
    order: dict[str, Any] = json.loads(said)
    return order


def _be_the_child(asker: socket.socket, parent: int) -> None:
    """All that a child does: it knows its asker, its folder and its order, and nothing else."""
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        mine = asker.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders chatter about what they read
        os.closerange(3, mine)
        os.closerange(mine + 1, HIGHEST_FD)
        order = _read_order(asker)
        os.chdir(order["folder"])
        os.environ.update({
            "TMPDIR": order["folder"], "HOME": order["folder"], MODELS_DIR: order["models"]
        })  # fmt: skip
        tempfile.tempdir = None
        if os.getppid() == parent:
            asker.sendall(json.dumps(answer(order)).encode())
            code = 0
    finally:
        os._exit(code)


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    asker: socket.socket
    status: int


class Nursery:
    """Forks a child for each asker that comes through `control`, and says how each ended.

    With each message come two descriptors: the asker's end of a stream, which the child reads its
    order from and answers to, and a pipe for its exit code. A child whose asker hung up is killed,
    with everything it started.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, _Child] = {}
        self._wake, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)

    def serve(self) -> None:
        """Until nobody holds the other end of `control` any more."""
        gc.freeze()  # what is loaded is shared by all children and not looked through again
        while True:
            ready = {descriptor for descriptor, _ in self._poll.poll()}
            # In this order: a descriptor that is buried may be given to the next asker at once.
            for descriptor in ready & self._children.keys():
                self._hung_up(descriptor)
            if self._wake in ready:
                with suppress(BlockingIOError):
                    os.read(self._wake, 4096)
                self._bury()
            if self._control.fileno() in ready and not self._take_one():
                self._end_all()
                return

    def _take_one(self) -> bool:
        said, descriptors, _, _ = socket.recv_fds(self._control, 16, 2)
        if not said:
            return False
        asker, status = socket.socket(fileno=descriptors[0]), descriptors[1]
        me = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            # no room for one more process: this asker is told, the others go on
            os.write(status, f"{NO_PROCESS}{error.errno}".encode())
            os.close(status)
            asker.close()
            return True
        if not pid:
            _be_the_child(asker, me)
        self._children[asker.fileno()] = _Child(pid, asker, status)
        self._poll.register(asker, select.POLLRDHUP)
        return True

    def _hung_up(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        _kill_all_of(self._children[descriptor].pid)

    def _bury(self) -> None:
        for descriptor, child in list(self._children.items()):
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            if os.waitid(os.P_PID, child.pid, flags) is None:
                continue
            # Before it is waited for: its group cannot be anybody else's yet. And always: what a
            # decoder started must not outlive it.
            _kill_all_of(child.pid)
            _, status = os.waitpid(child.pid, 0)
            with suppress(OSError):  # its asker is gone
                os.write(child.status, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(child.status)
            with suppress(KeyError):
                self._poll.unregister(descriptor)
            child.asker.close()
            del self._children[descriptor]

    def _end_all(self) -> None:
        for child in self._children.values():
            _kill_all_of(child.pid)


def _kill_all_of(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)  # it may not have its own group yet
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    load_decoders()
    Nursery(socket.socket(fileno=int(sys.argv[1]))).serve()
