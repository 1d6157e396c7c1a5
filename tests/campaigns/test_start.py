"""The whole installation, started for real: it heals, stops cleanly and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

MANAGE = str(settings.BASE_DIR / "manage.py")


def environment() -> dict[str, str]:
    """Ours, without what only the tests' own process needs."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "DJANGO_ALLOW_ASYNC_UNSAFE" and not name.startswith("PYTEST")
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about"
        time.sleep(0.1)


class Installation:
    """A supervisor on a data folder and a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.log = folder.parent / "log"
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        return environment() | {
            "SWITCHYARD_DATA_DIR": str(self.folder),
            "SWITCHYARD_PORT": str(self.port),
            "SWITCHYARD_WEB_PROCESSES": "1",
            "SWITCHYARD_MIN_FREE_MB": "1",
            "SWITCHYARD_GRACE_S": "10",
            "DATABASE_URL": "",
        }

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, MANAGE, "supervise"],
                env=self.environment(), stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        wait_for(lambda: self.readiness()[0] == 200, f"readiness ({self.log.read_text()})")

    def readiness(self) -> tuple[int, dict[str, object]]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as got:
                return got.status, json.load(got)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, {}

    def children(self) -> dict[int, str]:
        """Every process of this installation but the supervisor, by its environment."""
        mark = f"SWITCHYARD_DATA_DIR={self.folder}".encode()
        found = {}
        for entry in Path("/proc").iterdir():
            pid = int(entry.name) if entry.name.isdigit() else 0
            if pid in {0, self.process.pid}:
                continue
            try:
                # The queue server writes its title over its environment.
                if mark in (entry / "environ").read_bytes() or _parent(pid) == self.process.pid:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    if command:
                        found[pid] = command
            except OSError:
                continue
        return found

    def pid_of(self, words: str) -> int | None:
        parents = [
            pid
            for pid, command in self.children().items()
            if words in command and _parent(pid) == self.process.pid
        ]
        return parents[0] if parents else None


def _parent(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return int(stat.rsplit(")", 1)[1].split()[1])


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "data")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()


@pytest.mark.slow
class TestSupervise:
    def test_heals_whatever_is_killed_and_stops_cleanly(self, installation):
        installation.start()
        log = installation.log.read_text()
        assert f"Switchyard is ready: http://127.0.0.1:{installation.port}/" in log
        assert "with this link, which works once" in log
        for words in ("work models", "work media", "scheduler", "gunicorn", "valkey-server"):
            before = installation.pid_of(words)
            assert before is not None, words
            os.kill(before, signal.SIGKILL)
            wait_for(
                lambda words=words, before=before: installation.pid_of(words) not in {None, before},
                f"another {words}",
            )
        wait_for(lambda: installation.readiness()[0] == 200, "readiness after every kill")

        installation.process.send_signal(signal.SIGINT)
        assert installation.process.wait(timeout=60) == 0
        assert installation.children() == {}
        assert "Traceback" not in installation.log.read_text()

    def test_leaves_no_process_when_it_is_killed(self, installation):
        installation.start()
        before = installation.children()
        assert len(before) >= 6
        installation.process.kill()
        installation.process.wait()
        wait_for(
            lambda: not any(_parent(pid) for pid in before), f"the end of every process {before}"
        )

    def test_answers_one_sentence_when_the_port_is_taken(self, installation):
        with socket.socket() as other:
            other.bind(("127.0.0.1", installation.port))
            other.listen()
            result = subprocess.run(
                [sys.executable, MANAGE, "supervise"],
                env=installation.environment(), capture_output=True, text=True, check=False,
                timeout=60,
            )  # fmt: skip
        assert result.returncode == 1
        (line,) = result.stderr.strip().splitlines()
        assert "choose another port with --port" in line

    def test_answers_one_sentence_when_the_database_is_damaged(self, installation):
        installation.folder.mkdir()
        (installation.folder / "db.sqlite3").write_bytes(b"damaged beyond repair" * 1000)
        result = subprocess.run(
            [sys.executable, MANAGE, "supervise"],
            env=installation.environment(), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert result.returncode == 1
        (line,) = result.stderr.strip().splitlines()
        assert "put a back-up in its place" in line


@pytest.mark.slow
class TestDeployment:
    def test_checks_are_silent_behind_https(self, tmp_path):
        result = subprocess.run(
            [sys.executable, MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
            env=environment()
            | {
                "SWITCHYARD_DATA_DIR": str(tmp_path),
                "SWITCHYARD_URL": "https://switchyard.example.com",
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert "no issues" in result.stdout
