"""Broken, hostile and odd files end as they must, within bounds, and cost no worker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from imaging import intake, sandbox
from imaging.formats import Limits, Unreadable
from imaging.sandbox import Cage
from tests.imaging import hostile
from tests.imaging.conftest import PHOTOS
from tests.imaging.odd_cases import Odd, Refused, Taken


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one file: an answer or a refusal, what was written, the peak of memory."""

    answer: dict[str, Any] | None
    refusal: Unreadable | None
    written: bytes
    peak_bytes: int


def order(odd: Odd, folder: Path) -> dict[str, Any]:
    source = folder / odd.name
    source.write_bytes(odd.make())
    (folder / "out").mkdir()
    cage = Cage(cpu_s=odd.cpu_s) if odd.cpu_s else Cage()
    return {
        "name": odd.name,
        "task": "take_in",
        "arguments": {"path": str(source), "folder": str(folder / "out")},
        "limits": asdict(Limits()),
        "cage": asdict(cage),
    }


def ended(found: dict[str, Any], folder: Path) -> Ended:
    said = json.dumps(found["answer"]).encode() if found["answer"] else b""
    written = b"".join(p.read_bytes() for p in sorted((folder / "out").iterdir()))
    try:
        return Ended(sandbox.outcome(found["code"], said), None, written, found["peak"])
    except Unreadable as refusal:
        return Ended(None, refusal, written, found["peak"])


@pytest.fixture(scope="module")
def runner() -> Iterator[subprocess.Popen[str]]:
    """One process that forks a child a file, as `imaging.sandbox` starts one a file."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.imaging.odd_runner"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0


def send(runner: subprocess.Popen[str], what: dict[str, Any]) -> dict[str, Any]:
    assert runner.stdin is not None
    assert runner.stdout is not None
    runner.stdin.write(json.dumps(what) + "\n")
    runner.stdin.flush()
    found: dict[str, Any] = json.loads(runner.stdout.readline())
    return found


class TestTheCorpus:
    def test_has_sixty_files_and_more(self) -> None:
        assert len(hostile.ALL) >= 60
        assert len(hostile.ALL) == sum(map(len, hostile.GROUPS.values()))

    @pytest.mark.parametrize("name", hostile.ALL, ids=ascii)
    def test_ends_as_it_must(
        self, tmp_path: Path, runner: subprocess.Popen[str], name: str
    ) -> None:
        odd = hostile.ALL[name]
        end = ended(send(runner, order(odd, tmp_path)), tmp_path)
        match odd.ends:
            case Taken(size=size, notes=notes):
                assert end.answer is not None, end.refusal
                assert (end.answer["width"], end.answer["height"]) == size
                assert len(end.answer["notes"]) == len(notes), end.answer["notes"]
                for said, wanted in zip(end.answer["notes"], notes, strict=True):
                    assert said.startswith(wanted)
                assert b"SECRET" not in end.written
            case Refused(code=code, words=words):
                assert end.refusal is not None, end.answer
                assert end.refusal.code == code
                assert end.refusal.message.startswith(words)
                assert end.refusal.message.endswith(".")
        assert end.peak_bytes < hostile.PEAK_BYTES

    def test_leaves_a_good_file_to_be_taken(self, tmp_path: Path) -> None:
        taken = intake.take_in(PHOTOS["china"], tmp_path)
        assert (taken.width, taken.height) == (640, 427)

    def test_is_what_the_page_says(self) -> None:
        stale = "Run python -m tests.imaging.hostile."
        assert hostile.PAGE.read_text(encoding="utf-8") == hostile.page(), stale
