"""A real HTTP server on loopback that answers as it is told and writes down what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Desk:
    """`answers` maps "METHOD /path" (the longest prefix counts) to a reply, a function of what was
    asked, or a list of them that is used up. A reply of None drops the connection."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Desk:
        desk = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                """Quiet."""

            def _answer(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                asked = Asked(
                    self.command,
                    self.path,
                    {name.lower(): value for name, value in self.headers.items()},
                    self.rfile.read(size),
                )
                desk.asked.append(asked)
                reply = desk.reply(asked)
                if reply is None:
                    self.close_connection = True
                    return
                status, headers, body = reply
                self.send_response(status)
                for name, value in {"content-length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = _answer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def reply(self, asked: Asked) -> Reply | None:
        """The scripted answer, 404 without one."""
        line = f"{asked.method} {asked.path}"
        found = max((key for key in self.answers if line.startswith(key)), key=len, default=None)
        if found is None:
            return 404, {}, b"{}"
        answer = self.answers[found]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        return answer(asked) if isinstance(answer, Callable) else answer

    def count(self, start: str) -> int:
        """How many requests began like this."""
        return sum(f"{one.method} {one.path}".startswith(start) for one in self.asked)


def said(value: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names with _ for -."""
    named = {name.replace("_", "-"): one for name, one in headers.items()}
    return status, {"content-type": "application/json", **named}, json.dumps(value).encode()


def file(data: bytes, kind: str = "image/png") -> Reply:
    """A file as it is served."""
    return 200, {"content-type": kind}, data
