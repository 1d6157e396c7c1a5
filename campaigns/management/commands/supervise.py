"""`manage.py supervise`: one process that starts everything and keeps it alive.

Queue server, database, static files, first admin, then web, workers and scheduler. Whatever
stands in the way is one sentence with its remedy. It must not do work of the line itself.
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from campaigns import embedded, env, preflight, services, supervisor
from campaigns.actions import people

QUEUE = "queue server"
WEB = "web server"
_WAIT_FOR_QUEUE_S = 20.0


def load_demo() -> None:
    """Run `demo` in a process of its own: the models it loads would stay here for good.

    Raises CannotStart.
    """
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo"]
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - our own fixed command line
        raise preflight.CannotStart("the demonstration could not be loaded; see the lines above.")


class Command(BaseCommand):
    """Runs until Ctrl-C; then jobs finish, and the queue server goes last."""

    help = "Start the queue server, web server, workers and scheduler and keep them alive."
    requires_system_checks = ()  # bin/check runs them; a start should be quick

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="Load the demonstration team.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._start(demo=options["demo"])
        except (preflight.CannotStart, embedded.NoServer, env.BadSetting) as error:
            raise CommandError(str(error)) from error

    def _start(self, *, demo: bool) -> None:
        folder: Path = settings.DATA_DIR
        address, port = env.text("SWITCHYARD_BIND"), env.number("SWITCHYARD_PORT", at_least=1)
        held = preflight.lock(folder)
        preflight.check_disk(folder)
        preflight.check_port(address, port)
        preflight.check_database()
        call_command("setup_models", stdout=self.stdout)
        programs = self._programs(address, port)
        own_queue = self._start_queue(programs)
        migrate()
        collect_static(folder)
        call_command("sync_catalog")
        admin, path = people.ensure_first_admin()
        if demo:
            load_demo()
        if own_queue is None and not embedded.answers(settings.REDIS_URL):
            raise preflight.CannotStart(
                "the queue named by REDIS_URL does not answer; start it or correct the address."
            )
        connections.close_all()
        watcher = supervisor.Supervisor(programs)
        if own_queue is not None:
            watcher.adopt(QUEUE, own_queue)
        watcher.watch_signals()
        watcher.run(Announcement(address, port, admin.email, path))
        os.close(held)

    def _programs(self, address: str, port: int) -> list[supervisor.Program]:
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
        grace_s = float(env.number("SWITCHYARD_GRACE_S"))
        programs = [supervisor.Program(WEB, _web_command(address, port), grace_s=20.0)]
        for queue, count in (
            ("models", settings.MODELS_WORKERS),
            ("media", settings.MEDIA_WORKERS),
        ):
            programs += [
                supervisor.Program(f"worker {queue} {n + 1}", [*manage, "work", queue],
                                   grace_s=grace_s)
                for n in range(count)
            ]  # fmt: skip
        programs.append(supervisor.Program("scheduler", [*manage, "scheduler"]))
        return programs

    def _start_queue(self, programs: list[supervisor.Program]) -> subprocess.Popen[bytes] | None:
        """Start the embedded server and put it first; None when REDIS_URL names another one."""
        if env.text("REDIS_URL"):
            return None
        socket, folder = services.socket_path(), settings.DATA_DIR / "run"
        socket.parent.mkdir(mode=0o700, exist_ok=True)
        if socket.parent.stat().st_uid != os.getuid():
            raise preflight.CannotStart(
                f"the folder {socket.parent} belongs to somebody else; name a shorter --data "
                "folder."
            )
        program = supervisor.Program(QUEUE, embedded.command(socket=socket, folder=folder), rank=0)
        programs.insert(0, program)
        process = supervisor.spawn(program)
        if _came_up(process):
            return process
        # Its log may be damaged. It holds nothing that the database does not know.
        process.kill()
        process.wait()
        if embedded.set_aside(folder) is not None:
            self.stderr.write("The queue's log was damaged and is set aside; work is found again.")
            process = supervisor.spawn(program)
            if _came_up(process):
                return process
            process.kill()
        raise preflight.CannotStart(
            f"the queue server does not start; {folder / embedded.LOG_NAME} says why. Remove "
            f"{folder}/appendonlydir and start again (no work is lost by that)."
        )


class Announcement:
    """Says once where to look, as soon as the web server answers."""

    def __init__(self, address: str, port: int, email: str, path: str | None) -> None:
        self._address, self._port = address, port
        self._email, self._path = email, path
        self._said = False

    def __call__(self) -> None:
        if self._said or not _listens(self._address, self._port):
            return
        self._said = True
        url = settings.PUBLIC_URL
        lines = [f"\nSwitchyard is ready: {url}/"]
        if self._path is not None:
            lines.append(f"Sign in as {self._email} with this link, which works once:")
            lines.append(f"  {url}{self._path}")
        lines.append("Ctrl-C stops it.\n")
        print("\n".join(lines), flush=True)


def _listens(address: str, port: int) -> bool:
    """True when something accepts connections; the port was free before we started."""
    try:
        preflight.check_port(address, port)
    except preflight.CannotStart:
        return True
    return False


def _came_up(process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _WAIT_FOR_QUEUE_S
    while time.monotonic() < deadline and process.poll() is None:
        if embedded.answers(settings.REDIS_URL):
            return True
        time.sleep(0.02)
    return False


def _web_command(address: str, port: int) -> list[str]:
    host = f"[{address}]" if ":" in address else address
    return [
        sys.executable, "-m", "gunicorn", "campaigns.wsgi",
        "--bind", f"{host}:{port}",
        "--worker-class", "gthread",
        "--workers", str(env.number("SWITCHYARD_WEB_PROCESSES", at_least=1, at_most=64)),
        "--threads", "4",
        "--timeout", "60",
        "--graceful-timeout", "15",
        "--keep-alive", "30",
        "--max-requests", "20000", "--max-requests-jitter", "2000",
        "--chdir", str(settings.BASE_DIR),
        "--no-control-socket",
        "--log-level", "error",
    ]  # fmt: skip


def migrate() -> bool:
    """Bring the database up to this release; True when there was something to do.

    Asked first, because the command itself also goes through every permission each time.
    """
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def collect_static(folder: Path) -> bool:
    """Collect the static files when the tree changed since the last time; True when it had."""
    seen = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            stat = os.stat(storage.path(path))
            seen.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    stamp = folder / "static.stamp"
    if stamp.exists() and stamp.read_text(encoding="ascii") == seen.hexdigest():
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(seen.hexdigest(), encoding="ascii")
    return True
