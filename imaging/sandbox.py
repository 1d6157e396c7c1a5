"""Run work on untrusted files in a child process with limits, and kill it when it hangs.

The child has its own folder, memory, CPU, file-size and open-file limits and ends with its
parent. Names of tasks are fixed in imaging.caged; nothing else can be run. Parent and child speak
JSON.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from imaging import nursery
from imaging.caged import ELSEWHERE, TASKS, TOO_HEAVY
from imaging.formats import Limits, Unreadable
from imaging.weights import ENVIRONMENT as MODELS_DIR

CRASHED = "This file made its decoder stop. Export it again, best as JPEG or MP4."

_nursery = nursery.Nursery()


class NoProcess(Exception):
    """This machine cannot start a process now. Nothing is known of the file; try again later."""


@dataclass(frozen=True, slots=True)
class Cage:
    """What the child may use: address space, CPU seconds, bytes per written file, wall time."""

    memory_bytes: int = 3_500_000_000
    cpu_s: int = 120
    file_bytes: int = 3_200_000_000
    wall_s: float = 180.0
    open_files: int = 64


def warm_up() -> None:
    """Have the decoders loaded before the first file comes. Worth it in a process that forks for
    every job: without it each of those would load them. Cheap to call again."""
    _nursery.start()


def run(
    task: str,
    arguments: Mapping[str, Any],
    *,
    limits: Limits | None = None,
    cage: Cage | None = None,
) -> dict[str, Any]:
    """Run one task of TASKS or ELSEWHERE in a child and return its answer.

    Raises Unreadable with the task's own reason, or code "too_heavy" (memory, CPU), "time_out"
    or "crashed" when the child did not survive the file. NoProcess when it is this machine that
    cannot. ValueError for an unknown task.
    """
    if task not in TASKS and task not in ELSEWHERE:
        raise ValueError(f"No such task: {task}")
    walls = cage or Cage()
    # What a killed child left in the folder may still vanish while it is swept up.
    with tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as folder:
        order = {
            "task": task,
            "arguments": dict(arguments),
            "limits": asdict(limits or Limits()),
            "cage": asdict(walls),
            "folder": folder,
            "models": os.environ.get(MODELS_DIR, ""),
        }
        try:
            code, said = _nursery.ask(json.dumps(order).encode() + b"\n", wall_s=walls.wall_s)
        except nursery.TooSlow as error:
            raise Unreadable(
                "time_out",
                f"Reading this file took longer than {walls.wall_s:.0f} seconds and was stopped. "
                "Export it shorter or smaller.",
            ) from error
        except nursery.Died as error:
            raise NoProcess(f"No process could be started to read a file. {error}") from error
    return outcome(code, said)


def outcome(code: int, said: bytes) -> dict[str, Any]:
    """What a child's exit code and its last words mean. Raises Unreadable as `run` does."""
    if code == -signal.SIGXCPU or code in (-signal.SIGKILL, -signal.SIGXFSZ):
        raise Unreadable("too_heavy", TOO_HEAVY)
    try:
        result = json.loads(said)
    except ValueError as error:
        raise Unreadable("crashed", CRASHED) from error
    if "error" in result:
        raise Unreadable(result["error"]["code"], result["error"]["message"])
    return dict(result["answer"])
