"""Workers die by SIGKILL at every point of a run, the queue is emptied: all is paid once.

Real processes, a real queue and database, a stand-in that counts what it charges.
"""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.campaigns.test_resilience import kill
from tests.campaigns.test_start import MANAGE, Installation, environment
from tests.stand_in import StandIn

DEADLINE_S = 420.0  # not how long it takes: after this it will not come any more
POINTS = ("before_intent", "after_intent", "during_post", "after_post", "polling", "downloading",
          "stored")  # fmt: skip
FIFTY = 50


class Hosted(Installation):
    """An installation whose providers are the stand-in."""

    vendor: StandIn

    def environment(self) -> dict[str, str]:
        base = self.vendor.base
        return super().environment() | {
            "FAL_KEY": self.vendor.secrets["fal"],
            "FAL_QUEUE_URL": f"{base}/fal/queue",
            "FAL_REST_URL": f"{base}/fal/rest",
            "FAL_API_URL": f"{base}/fal/api",
            "FAL_CDN_URL": f"{base}/fal/cdn",
            "REPLICATE_API_TOKEN": self.vendor.secrets["replicate"],
            "REPLICATE_URL": f"{base}/replicate",
            "GEMINI_API_KEY": self.vendor.secrets["google"],
            "GEMINI_URL": f"{base}/google",
            "SWITCHYARD_MODELS_WORKERS": "2",
            "DJANGO_SETTINGS_MODULE": "campaigns.settings",
        }

    def do(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A process of its own that works on this installation's data."""
        return subprocess.run(
            [sys.executable, "-m", "tests.vendors.killed", *words],
            env=self.environment(), cwd=settings.BASE_DIR, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    def die(self, name: str, point: str, attempt: int) -> None:
        """Does a worker's work up to a point, at which it dies."""
        if point == "during_post":
            self.vendor.fault(name, "submit", "accept_then_hang", 30)
            before = len(self.vendor.charges(name))
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.vendors.killed", "at", point, str(attempt)],
                env=self.environment(), cwd=settings.BASE_DIR,
            )  # fmt: skip
            self.wait(lambda: len(self.vendor.charges(name)) > before)
            process.kill()
            process.wait()
            return
        died = self.do("at", point, str(attempt))
        assert died.returncode == -signal.SIGKILL, (point, died.stderr)

    def prepare(self, vendor: str, count: int) -> list[int]:
        done = self.do("prepare", vendor, str(count))
        assert done.returncode == 0, done.stderr
        found: list[int] = json.loads(done.stdout.splitlines()[-1])
        return found

    def rows(self, sql: str) -> list[Any]:
        path = self.folder / "db.sqlite3"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(sql).fetchall()

    def wait(self, there: Callable[[], bool]) -> None:
        until = time.monotonic() + DEADLINE_S
        while not there():
            assert time.monotonic() < until, self.rows(
                "SELECT id, provider, state, tries, error FROM campaigns_attempt"
            )
            time.sleep(0.1)


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty database: making one takes longer than most that is done with it."""
    folder = tmp_path_factory.mktemp("set-up") / "data"
    subprocess.run(
        [sys.executable, MANAGE, "migrate", "--verbosity", "0"],
        env=environment() | {"SWITCHYARD_DATA_DIR": str(folder), "DATABASE_URL": ""}, check=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def installation(tmp_path: Path, set_up: Path) -> Iterator[Hosted]:
    shutil.copytree(set_up, tmp_path / "data")
    with StandIn() as vendor:
        made = Hosted(tmp_path / "data")
        made.vendor = vendor
        yield made
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.wait()


def charges(vendor: StandIn, name: str) -> list[str]:
    return [one.job for one in vendor.charges(name)]


@pytest.mark.slow
def test_what_nobody_can_look_up_is_not_sent_again(installation: Hosted) -> None:
    vendor = installation.vendor
    lost = installation.prepare("fal", 1)
    installation.die("fal", "during_post", lost[0])
    installation.start()
    unknown = "SELECT id FROM campaigns_attempt WHERE state = 'unknown' AND search_at IS NULL"
    installation.wait(lambda: installation.rows(unknown) == [(lost[0],)])
    assert len(charges(vendor, "fal")) == len(vendor.posts("fal")) == 1
    held = installation.rows("SELECT kind, count(*) FROM campaigns_ledgerentry GROUP BY kind")
    assert held == [("reserve", 1)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "point"),
    [*(("replicate", point) for point in POINTS), ("google", "after_post"), ("google", "stored")],
)
def test_after_a_restart_the_run_ends_right(
    installation: Hosted, name: str, point: str, record_property: Callable[[str, object], None]
) -> None:
    vendor = installation.vendor
    attempts = installation.prepare(name, 1)  # of Google one for each picture
    installation.die(name, point, attempts[0])
    began = time.monotonic()
    installation.start()
    runs = "SELECT id FROM campaigns_stagerun"
    wanted = 1 + (point == "after_intent")  # which is of a brief of its own
    installation.wait(lambda: len(installation.rows(f"{runs} WHERE state = 'review'")) == wanted)
    took_s = time.monotonic() - began
    record_property("seconds", round(took_s, 1))
    print(f"{name} {point}: {took_s:.1f} s from the start of the supervisor")
    assert len(installation.rows(runs)) == wanted
    calls = len(attempts) + wanted - 1
    assert len(vendor.posts(name)) == len(charges(vendor, name)) == calls
    booked = installation.rows("SELECT kind, count(*) FROM campaigns_ledgerentry GROUP BY kind")
    assert dict(booked) == {"reserve": calls, "settle": calls}
    assert installation.rows("SELECT sum(reserved_micros) FROM campaigns_budgetline") == [(0,)]
    outputs = installation.rows("SELECT count(*) FROM campaigns_candidate")
    assert outputs == [(2 * wanted,)]


@pytest.mark.slow
def test_fifty_runs_in_flight_survive_an_emptied_queue(installation: Hosted) -> None:
    vendor = installation.vendor
    vendor.delay_s = 2.0
    vendor.fault("fal", "job", "tiny", times=FIFTY)  # two cores need not draw posters here
    installation.start()
    attempts = installation.prepare("fal", FIFTY)
    assert len(attempts) == FIFTY
    installation.wait(lambda: len(vendor.charges("fal")) >= FIFTY // 5)
    kill(installation, "valkey-server")
    shutil.rmtree(installation.folder / "run" / "appendonlydir")
    done = "SELECT id FROM campaigns_stagerun WHERE state = 'review'"
    assert len(installation.rows(done)) < FIFTY, "too quick: nothing was in flight any more"
    installation.wait(lambda: len(installation.rows(done)) == FIFTY)
    assert len(vendor.posts("fal")) == len(set(charges(vendor, "fal"))) == FIFTY
    attempts_now = installation.rows("SELECT DISTINCT state FROM campaigns_attempt")
    assert attempts_now == [("settled",)]
    billed = sum(one.amount_micros for one in vendor.charges("fal"))
    sums = installation.rows(
        "SELECT sum(settled_micros), sum(reserved_micros) FROM campaigns_budgetline"
        " WHERE tier = 'low'"
    )
    assert sums == [(billed, 0)]
