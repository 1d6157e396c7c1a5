"""What came with a paid answer, on this machine's disk until it is stored.

Written before the row says that the work was taken, so that neither a killed worker nor an object
storage that is away loses what can be had only once. It moves no state and no money.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings

from campaigns.actions import stored
from campaigns.models import Attempt
from campaigns.models.choices import ATTEMPT_OPEN, AttemptState
from routing.providers.base import Output, Submission, Usage

log = logging.getLogger(__name__)

HERE = "spooled"  # in an attempt's details: its outputs are on a disk of ours
ELSEWHERE = "What came is on the disk of another machine. A worker there will store it."
KEPT_S = 24 * 3600
_LIST = "outputs.json"
_PART = "part-"


def folder() -> Path:
    """Where it is kept."""
    place: Path = settings.DATA_DIR / "spool"
    place.mkdir(parents=True, exist_ok=True)
    return place


def keep(*, attempt: Attempt, submission: Submission) -> Submission:
    """Write the outputs of a submission down, whole or not at all, and note it in the details.

    On a disk that takes no more the submission comes back as it is: its files are at hand still.
    """
    home = _home(attempt)
    made: Path | None = None
    try:
        made = Path(tempfile.mkdtemp(prefix=_PART, dir=folder()))
        rows = [_written(one, made) for one in submission.outputs]
        said = {"attempt": attempt.pk, "ref": submission.ref, "outputs": rows,
                "details": dict(submission.details)}  # fmt: skip
        _write(made / _LIST, json.dumps(said).encode())
        _sync(made)
        made.rename(home)
        _sync(home.parent)
    except OSError as error:
        log.error("attempt %s: its outputs could not be written down: %s", attempt.pk, error)
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
        return submission
    return replace(submission, details={**submission.details, HERE: "yes"})


def found(*, attempt: Attempt) -> Submission | None:
    """The submission whose answer was written down and then forgotten by a death; else None."""
    said = _said(attempt)
    if said is None:
        return None
    return Submission(str(said["ref"]), {**said["details"], HERE: "yes"})


def lost() -> list[Attempt]:
    """Attempts whose answer was lost and lies on this machine: a death came between."""
    ids = []
    for listed in sorted(folder().glob(f"[!{_PART[0]}]*/{_LIST}")):
        with suppress(OSError, ValueError, KeyError):
            ids.append(int(json.loads(listed.read_bytes())["attempt"]))
    if not ids:
        return []
    rows = Attempt.objects.filter(pk__in=ids, state=AttemptState.UNKNOWN).order_by("pk")
    return [row for row in rows if (_home(row) / _LIST).is_file()]


def is_expected(*, attempt: Attempt) -> bool:
    """Whether the attempt's outputs were written down, here or on another machine."""
    return HERE in attempt.details


def is_here(*, attempt: Attempt) -> bool:
    """Whether they are on this machine."""
    return is_expected(attempt=attempt) and (_home(attempt) / _LIST).is_file()


def read(*, attempt: Attempt) -> list[Output]:
    """The outputs. Raises StorageAway when they are not on this machine."""
    said = _said(attempt)
    if said is None:
        raise stored.StorageAway(ELSEWHERE)
    home = _home(attempt)
    return [
        Output(
            position=int(row["position"]),
            seed=int(row["seed"]),
            path=home / row["name"],
            content_type=row["content_type"],
            note=row["note"],
            usage=Usage.from_json(row["usage"]) if row["usage"] else None,
            problem=row["problem"],
        )
        for row in said["outputs"]
    ]


def drop(*, attempt: Attempt) -> None:
    """Take it away, once it is stored or the attempt has ended otherwise."""
    if is_expected(attempt=attempt):
        shutil.rmtree(_home(attempt), ignore_errors=True)


def sweep() -> int:
    """Remove what a killed worker left here: halves, and outputs of attempts that ended a day ago.
    Says how many."""
    before = time.time() - KEPT_S
    swept = 0
    for home in sorted(folder().iterdir()):
        with suppress(OSError, ValueError, KeyError):
            if home.stat().st_mtime >= before:
                continue
            if (home / _LIST).is_file():
                said = json.loads((home / _LIST).read_bytes())
                rows = Attempt.objects.filter(pk=said["attempt"])
                if any(_home(row) == home for row in rows.filter(state__in=ATTEMPT_OPEN)):
                    continue
            shutil.rmtree(home)
            swept += 1
    return swept


def _home(attempt: Attempt) -> Path:
    """Named by the attempt's own key: another database's attempt 7 is another attempt."""
    return folder() / hashlib.sha256(attempt.key.encode()).hexdigest()[:40]


def _said(attempt: Attempt) -> dict[str, Any] | None:
    try:
        said: dict[str, Any] = json.loads((_home(attempt) / _LIST).read_bytes())
    except FileNotFoundError:
        return None
    return said


def _written(output: Output, to: Path) -> dict[str, Any]:
    name = f"{output.position}{output.path.suffix}"
    _write(to / name, output.path.read_bytes())
    return {
        "name": name,
        "position": output.position,
        "seed": output.seed,
        "content_type": output.content_type,
        "note": dict(output.note),
        "usage": output.usage.as_json() if output.usage else None,
        "problem": output.problem,
    }


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
