"""The process that forks a child a file: one for all who ask, ended with them, started again."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imaging import caged, intake, nursery, sandbox
from imaging.formats import Unreadable
from imaging.sandbox import Cage
from tests.imaging.conftest import PHOTOS


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[nursery.Nursery]:
    """A forking process of this test's own, in the sandbox's place."""
    own = nursery.Nursery()
    monkeypatch.setattr(sandbox, "_nursery", own)
    yield own
    own.stop()


def pid_of(asked: nursery.Nursery) -> int:
    asked.start()
    assert asked._running is not None
    return asked._running.process.pid


def children(pid: int) -> list[int]:
    said = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(one) for one in said.split()]


def until(there: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 20
    while not there():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


class TestNursery:
    def test_serves_all_from_one_process(self, asked: nursery.Nursery, tmp_path: Path) -> None:
        pid = pid_of(asked)
        for name in ("a", "b"):
            (tmp_path / name).mkdir()
            assert intake.take_in(PHOTOS["china"], tmp_path / name).width == 640
        assert pid_of(asked) == pid

    def test_serves_threads_side_by_side(self, asked: nursery.Nursery, tmp_path: Path) -> None:
        def width(at: int) -> int:
            (tmp_path / str(at)).mkdir()
            return intake.take_in(PHOTOS["china"], tmp_path / str(at)).width

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(width, range(8))) == [640] * 8

    def test_is_started_again_when_it_died(self, asked: nursery.Nursery, tmp_path: Path) -> None:
        pid = pid_of(asked)
        os.kill(pid, signal.SIGKILL)
        assert intake.take_in(PHOTOS["china"], tmp_path).width == 640
        assert pid_of(asked) != pid

    def test_serves_a_fork_that_did_not_start_it(
        self, asked: nursery.Nursery, tmp_path: Path
    ) -> None:
        pid = pid_of(asked)
        fork = os.fork()
        if not fork:
            code = 1
            try:
                taken = intake.take_in(PHOTOS["china"], tmp_path)
                assert asked._running is not None
                code = 0 if (taken.width, asked._running.process.pid) == (640, pid) else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(fork, 0)[1]) == 0
        assert pid_of(asked) == pid

    def test_kills_what_takes_too_long(self, asked: nursery.Nursery, tmp_path: Path) -> None:
        pid = pid_of(asked)
        with pytest.raises(Unreadable) as refusal:
            intake.take_in(PHOTOS["china"], tmp_path, cage=Cage(wall_s=0.001))
        assert refusal.value.code == "time_out"
        until(lambda: not children(pid), "the child lives on")
        assert intake.take_in(PHOTOS["china"], tmp_path).width == 640

    def test_a_child_is_killed_with_who_asked(self, asked: nursery.Nursery, tmp_path: Path) -> None:
        pid = pid_of(asked)
        fork = os.fork()
        if not fork:
            try:
                # An order that is never finished: the child waits for its end.
                assert asked._running is not None
                _ours, theirs = nursery.socket.socketpair()
                _into, out = os.pipe()
                nursery.socket.send_fds(asked._running.control, [b"!"], [theirs.fileno(), out])
                signal.pause()
            finally:
                os._exit(1)
        until(lambda: children(pid), "no child was forked")
        os.kill(fork, signal.SIGKILL)
        os.waitpid(fork, 0)
        until(lambda: not children(pid), "the child outlives who asked")

    def test_ends_when_nobody_can_ask(self, tmp_path: Path) -> None:
        words = (
            "import sys; from imaging import sandbox; sandbox.warm_up();"
            "print(sandbox._nursery._running.process.pid, flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            process.kill()
        until(lambda: not Path(f"/proc/{pid}/exe").exists(), "it outlives its worker")

    def test_a_child_sees_neither_our_environment_nor_our_files(
        self, asked: nursery.Nursery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("FAL_KEY", "planted-key")
        with (tmp_path / "open").open("w") as ours:
            os.set_inheritable(ours.fileno(), True)
            pid = pid_of(asked)
            assert b"planted-key" not in Path(f"/proc/{pid}/environ").read_bytes()
            held = [os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()]
        assert str(tmp_path / "open") not in held


class TestMachine:
    """Trouble of the machine is not told as trouble of the file."""

    def test_no_process_for_a_child_is_said_and_ends_nobody_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours, theirs = nursery.socket.socketpair(
            nursery.socket.AF_UNIX, nursery.socket.SOCK_SEQPACKET
        )

        def refuse() -> int:
            raise OSError(errno.EAGAIN, "no process")

        with ours, theirs:
            served = caged.Nursery(theirs)
            monkeypatch.setattr(os, "fork", refuse)
            asker, child = nursery.socket.socketpair()
            into, out = os.pipe()
            nursery.socket.send_fds(ours, [b"!"], [child.fileno(), out])
            child.close()
            os.close(out)
            assert served._take_one()
            with asker:
                assert asker.recv(10) == b""
            assert os.read(into, 32) == f"no process: {errno.EAGAIN}".encode()
            os.close(into)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def test_a_machine_that_starts_no_process_leaves_the_file_unjudged(
        self, asked: nursery.Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(intake.NoProcess):
            intake.take_in(PHOTOS["china"], tmp_path)

    def test_reads_where_only_the_own_temporary_folder_can_be_written(
        self, asked: nursery.Nursery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = tmp_path / "own"
        own.mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(own))
        pid = pid_of(asked)
        assert f"TMPDIR={own}".encode() in Path(f"/proc/{pid}/environ").read_bytes()

    def test_a_hang_up_and_a_death_at_once_end_nobody_else(
        self, asked: nursery.Nursery, tmp_path: Path
    ) -> None:
        pid = pid_of(asked)
        assert asked._running is not None
        for _ in range(30):
            ours, theirs = nursery.socket.socketpair()
            into, out = os.pipe()
            nursery.socket.send_fds(asked._running.control, [b"!"], [theirs.fileno(), out])
            theirs.close()
            os.close(out)
            os.kill(pid, signal.SIGSTOP)
            for child in children(pid):
                os.kill(child, signal.SIGKILL)
            ours.close()
            os.close(into)
            os.kill(pid, signal.SIGCONT)
        assert intake.take_in(PHOTOS["china"], tmp_path).width == 640
        assert pid_of(asked) == pid


class TestOrder:
    def test_that_is_no_order_ends_its_child_only(self, asked: nursery.Nursery) -> None:
        code, said = asked.ask(b"nonsense\n", wall_s=20)
        assert (code, said) == (1, b"")
        code, said = asked.ask(json.dumps({"folder": "/nowhere"}).encode() + b"\n", wall_s=20)
        assert (code, said) == (1, b"")
