"""The stand-in as a process of its own: `python -m tests.stand_in --port 0 --state FILE`.

Prints one JSON line with its address and serves until it is told to end. With a state file a
killed and restarted stand-in keeps its jobs, files, charges and signing keys.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

from tests.stand_in.server import StandIn


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path, default=None)
    parser.add_argument("--delay", type=float, default=None, help="seconds until a job is done")
    parser.add_argument("--webhook-to", default="", help="scheme://host:port put into hook URLs")
    parser.add_argument("--tiny", action="store_true", help="outputs of 96 x 96 pixels")
    given = parser.parse_args()
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    with StandIn(port=given.port, state=given.state) as server:
        server.delay_s = given.delay
        server.webhook_to = given.webhook_to
        if given.tiny:
            server.fault("fal", "job", "tiny", times=10**9)
        print(json.dumps({"base": server.base, "port": server.port}), flush=True)
        end.wait()


if __name__ == "__main__":
    main()
