"""The supervisor keeps its programs alive, ends them in order and never leaves one behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_SCRIPT = """
import json, sys
from campaigns.supervisor import Program, Supervisor
plan = json.load(open(sys.argv[1]))
watcher = Supervisor([Program(**entry) for entry in plan])
watcher.watch_signals()
watcher.run(lambda: None)
"""

# Notes its start and its end in a file, as a worker that finishes its job on TERM.
_CHILD = """
import os, signal, sys, time
name, notes, last_s = sys.argv[1], sys.argv[2], float(sys.argv[3])
def note(word):
    with open(notes, "a") as file:
        file.write(f"{name} {word} {os.getpid()}\\n")
def end(*_):
    time.sleep(last_s)
    note("ended")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
note("began")
while True:
    time.sleep(0.05)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class House:
    """A supervisor in a process of its own, with children that note what they do."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"
        self.notes.touch()
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **ranks_and_last_words: tuple[int, float]) -> None:
        plan = [
            {
                "name": name,
                "rank": rank,
                "grace_s": 3.0,
                "command": [sys.executable, "-c", _CHILD, name, str(self.notes), str(last_s)],
            }
            for name, (rank, last_s) in ranks_and_last_words.items()
        ]
        file = self.folder / "plan.json"
        file.write_text(json.dumps(plan), encoding="utf-8")
        self.process = subprocess.Popen([sys.executable, "-c", _SCRIPT, str(file)])
        wait_for(lambda: all(self.pids(name) for name in ranks_and_last_words))

    def pids(self, name: str, word: str = "began") -> list[int]:
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        return [int(line[2]) for line in lines if line[:2] == [name, word]]

    def order(self) -> list[str]:
        return [
            line.split()[0] for line in self.notes.read_text().splitlines() if " ended " in line
        ]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


class TestSupervisor:
    def test_starts_again_what_died(self, house):
        house.start(one=(1, 0.0))
        (first,) = house.pids("one")
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: len(house.pids("one")) == 2)

    def test_stops_the_queue_last_and_lets_a_job_finish(self, house):
        house.start(queue=(0, 0.0), worker=(1, 1.0), web=(1, 0.0))
        house.process.send_signal(signal.SIGINT)
        assert house.process.wait(timeout=30) == 0
        assert house.order() == ["web", "worker", "queue"]

    def test_ends_at_once_when_asked_twice(self, house):
        house.start(worker=(1, 60.0))
        house.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        house.process.send_signal(signal.SIGINT)
        house.process.wait(timeout=30)
        assert house.order() == []
        assert not lives(house.pids("worker")[0])

    def test_does_not_wait_longer_than_the_grace(self, house):
        house.start(worker=(1, 600.0))
        house.process.send_signal(signal.SIGTERM)
        house.process.wait(timeout=30)
        assert not lives(house.pids("worker")[0])

    @pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
    def test_leaves_no_orphan_when_it_is_killed(self, house):
        house.start(queue=(0, 0.0), worker=(1, 0.0))
        pids = house.pids("queue") + house.pids("worker")
        house.process.kill()
        house.process.wait()
        wait_for(lambda: not any(lives(pid) for pid in pids))
