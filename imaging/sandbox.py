"""Run work on untrusted files in a child process with limits, and kill it when it hangs.

The child has its own folder, memory, CPU, file-size and open-file limits and ends with its
parent. Names of tasks are fixed here; nothing else can be run. Parent and child speak JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imaging import develop, probe
from imaging.formats import Limits, Unreadable
from imaging.weights import ENVIRONMENT as MODELS_DIR

Task = Callable[[Mapping[str, Any], Limits], dict[str, Any]]
ROOT = Path(__file__).resolve().parents[1]
TOO_HEAVY = (
    "This file needs more memory or time than one picture or clip may take here. "
    "Export it smaller or simpler and upload it again."
)
PR_SET_PDEATHSIG = 1
# Tasks of other modules, named here so that nothing else can be run. They are children of their
# own because they load networks, which taking in a file must not wait for.
ELSEWHERE = {"object_at": "imaging.pick", "find_objects": "imaging.pick"}


@dataclass(frozen=True, slots=True)
class Cage:
    """What the child may use: address space, CPU seconds, bytes per written file, wall time."""

    memory_bytes: int = 3_500_000_000
    cpu_s: int = 120
    file_bytes: int = 3_200_000_000
    wall_s: float = 180.0
    open_files: int = 64


def run(
    task: str,
    arguments: Mapping[str, Any],
    *,
    limits: Limits | None = None,
    cage: Cage | None = None,
) -> dict[str, Any]:
    """Run one task of TASKS or ELSEWHERE in a child and return its answer.

    Raises Unreadable with the task's own reason, or code "too_heavy" (memory, CPU), "time_out"
    or "crashed" when the child did not survive the file. ValueError for an unknown task.
    """
    if task not in TASKS and task not in ELSEWHERE:
        raise ValueError(f"No such task: {task}")
    walls = cage or Cage()
    order = {
        "task": task,
        "arguments": dict(arguments),
        "limits": asdict(limits or Limits()),
        "cage": asdict(walls),
    }
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        module = ELSEWHERE.get(task, "imaging.sandbox")
        code, said = _child(module, json.dumps(order).encode(), Path(folder), walls)
    return outcome(code, said)


def outcome(code: int, said: bytes) -> dict[str, Any]:
    """What a child's exit code and its last words mean. Raises Unreadable as `run` does."""
    if code == -signal.SIGXCPU or code in (-signal.SIGKILL, -signal.SIGXFSZ):
        raise Unreadable("too_heavy", TOO_HEAVY)
    try:
        result = json.loads(said)
    except ValueError as error:
        raise Unreadable(
            "crashed", "This file made its decoder stop. Export it again, best as JPEG or MP4."
        ) from error
    if "error" in result:
        raise Unreadable(result["error"]["code"], result["error"]["message"])
    return dict(result["answer"])


def _child(module: str, order: bytes, folder: Path, cage: Cage) -> tuple[int, bytes]:
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(folder),
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        # Thread pools reserve address space per thread, which the memory limit counts.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "2",
        MODELS_DIR: os.environ.get(MODELS_DIR, ""),
    }
    with subprocess.Popen(  # noqa: S603 - our own interpreter and one of our own modules
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=environment,
        start_new_session=True,
        close_fds=True,
    ) as process:
        try:
            answer, _ = process.communicate(order, timeout=cage.wall_s)
        except subprocess.TimeoutExpired as error:
            raise Unreadable(
                "time_out",
                f"Reading this file took longer than {cage.wall_s:.0f} seconds and was stopped. "
                "Export it shorter or smaller.",
            ) from error
        finally:
            # The whole group, always: a decoder's own children must not outlive it.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, answer


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


def answer(order: Mapping[str, Any], tasks: Mapping[str, Task] | None = None) -> dict[str, Any]:
    """Lock this process in for ever and do what the order says; refusals are answers too."""
    _lock_in(order["cage"])
    work = (TASKS if tasks is None else tasks)[order["task"]]
    try:
        return {"answer": work(order["arguments"], Limits(**order["limits"]))}
    except Unreadable as error:
        return {"error": {"code": error.code, "message": error.message}}
    except MemoryError:
        return {"error": {"code": "too_heavy", "message": TOO_HEAVY}}


def serve(tasks: Mapping[str, Task]) -> int:
    """The child: read one order from standard input, write one answer to standard output."""
    sys.stdout.write(json.dumps(answer(json.loads(sys.stdin.buffer.read()), tasks)))
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(serve(TASKS))
