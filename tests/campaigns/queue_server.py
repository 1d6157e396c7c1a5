"""A real queue server on a Unix socket of its own, for the tests that need one."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns import embedded


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Start the embedded server with its files in `folder`; gives its URL."""
    socket = folder / "q.sock"
    process = subprocess.Popen(embedded.command(socket=socket, folder=folder))
    url = f"unix://{socket}"
    try:
        deadline = time.monotonic() + 20
        while not embedded.answers(url):
            assert process.poll() is None, "the queue server ended"
            assert time.monotonic() < deadline, "the queue server does not answer"
            time.sleep(0.02)
        yield url
    finally:
        process.kill()
        process.wait()
