"""A batch of twenty on real processes that are killed in the middle, Redis emptied: all end right.

Nobody intervenes. The supervisor starts what died, the reconciler finds what was lost.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.campaigns.test_start import Installation

COUNT = 20
DEADLINE_S = 240.0


class Line:
    """What the database of another process says, asked for again and again until a deadline."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.until = time.monotonic() + DEADLINE_S

    def rows(self, sql: str) -> list[Any]:
        path = self.installation.folder / "db.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(sql).fetchall()

    def states(self) -> Counter[str]:
        return Counter(state for (state,) in self.rows("SELECT state FROM campaigns_stagerun"))

    def reach(self, finished: int) -> None:
        """Wait until so many runs are in review; says what stands still when they do not."""
        while self.states()["review"] < finished:
            assert time.monotonic() < self.until, self.standstill(finished)
            time.sleep(0.05)

    def standstill(self, finished: int) -> str:
        """What to read when it takes too long."""
        attempts = self.rows("SELECT id, state, tries, error FROM campaigns_attempt")
        log = self.installation.log.read_text()[-4000:]
        states = dict(self.states())
        return f"{finished} of {COUNT} not in review in time: {states}, {attempts}\n{log}"

    def until_one_is_in_hand(self) -> None:
        """Wait until a worker holds an attempt, so that its death loses something."""
        held = "SELECT id FROM campaigns_attempt WHERE state='fetching' AND lease_until IS NOT NULL"
        while not self.rows(held) and self.states()["review"] < COUNT:
            assert time.monotonic() < self.until, "no worker took anything up"
            time.sleep(0.01)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "data")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


def kill(installation: Installation, words: str) -> None:
    pid = installation.pid_of(words)
    assert pid is not None, f"{words} does not run"
    os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_twenty_assets_survive_the_death_of_worker_scheduler_and_queue(
    installation: Installation,
) -> None:
    installation.start()
    subprocess.run(
        [sys.executable, "-m", "tests.campaigns.batch", str(COUNT)],
        env=installation.environment() | {"DJANGO_SETTINGS_MODULE": "campaigns.settings"},
        cwd=settings.BASE_DIR, check=True, capture_output=True,
    )  # fmt: skip
    line = Line(installation)
    line.reach(1)
    line.until_one_is_in_hand()
    kill(installation, "work media")
    line.reach(5)
    kill(installation, "scheduler")
    line.reach(9)
    kill(installation, "valkey-server")
    # the supervisor waits half a second before it starts the server again: on nothing
    shutil.rmtree(installation.folder / "run" / "appendonlydir")
    assert line.states()["review"] < COUNT, "too quick: nothing was left to lose"
    line.reach(COUNT)

    assert line.states() == {"review": COUNT}
    attempts = line.rows("SELECT state, settled_micros FROM campaigns_attempt")
    assert attempts == [("settled", 0)] * COUNT
    booked = Counter(
        line.rows("SELECT attempt_id, kind FROM campaigns_ledgerentry ORDER BY attempt_id")
    )
    assert set(booked.values()) == {1}
    assert Counter(kind for _, kind in booked) == {"reserve": COUNT, "settle": COUNT}
    per_run = line.rows("SELECT run_id, count(*) FROM campaigns_candidate GROUP BY run_id")
    assert [count for _, count in per_run] == [1] * COUNT
    media = line.rows("SELECT file FROM campaigns_media WHERE origin = 'output'")
    assert len(media) == COUNT
    missing = [name for (name,) in media if not (installation.folder / "media" / name).exists()]
    assert missing == []
    persons = line.rows(
        "SELECT verb FROM campaigns_event WHERE verb LIKE 'run.%' AND by_id IS NOT NULL"
    )
    assert Counter(verb for (verb,) in persons) == {"run.start": COUNT}
