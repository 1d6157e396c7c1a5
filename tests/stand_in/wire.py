"""How an answer leaves: as it is, cut off, dropped, hanging, dripping, endless.

An `Exchange` is one request as it arrived, a `Reply` what goes back and in which manner. It knows
no vendor.
"""

from __future__ import annotations

import email
import email.policy
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.stand_in.server import StandIn
    from tests.stand_in.state import Post

NGINX = (
    "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body>\r\n"
    "<center><h1>503 Service Temporarily Unavailable</h1></center>\r\n<hr><center>nginx</center>"
    "\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True)
class Reply:
    """Status, headers, body, and the manner: "", drop, hang, drip, endless, lie."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    manner: str = ""
    seconds: float = 0.0


@dataclass
class Exchange:
    """One request: which step of which vendor it is, and what it carries."""

    server: StandIn
    vendor: str
    step: str
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    raw: bytes = b""
    post: Post | None = None
    job: str = ""

    def json(self) -> Any:
        """The body as JSON, None when it is none."""
        try:
            return json.loads(self.raw)
        except ValueError:
            return None

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, [default])[0]

    def form(self) -> dict[str, tuple[str, bytes]]:
        """A multipart body: file name ("" for a plain field) and bytes by field name."""
        kind = self.headers.get("content-type", "")
        message = email.message_from_bytes(
            f"content-type: {kind}\r\n\r\n".encode() + self.raw, policy=email.policy.HTTP
        )
        return {
            str(part.get_param("name", header="content-disposition")): (
                part.get_filename() or "",
                part.get_payload(decode=True) or b"",
            )
            for part in (message.iter_parts() if message.is_multipart() else ())
        }


@dataclass(frozen=True)
class Route:
    """A method and a pattern of the path below the vendor's prefix, and who answers."""

    method: str
    pattern: str
    step: str
    answer: Callable[..., Reply]
    needs_key: bool = True


def said(value: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; header names with _ for -."""
    named = {name.replace("_", "-"): one for name, one in headers.items()}
    return Reply(status, {"content-type": "application/json", **named}, json.dumps(value).encode())


def nginx(status: int = 503) -> Reply:
    """What a proxy in front says."""
    return Reply(status, {"content-type": "text/html"}, NGINX.encode())


def spoiled(reply: Reply, found: Mapping[str, Any]) -> Reply:
    """The answer after the faults that change how it travels. `found` maps names to values."""
    if "accept_then_drop" in found:
        return replace(reply, manner="drop")
    if "accept_then_hang" in found:
        return replace(reply, manner="hang", seconds=float(found["accept_then_hang"] or 30))
    if "broken_json" in found:
        return replace(reply, body=reply.body[: max(1, len(reply.body) // 2)])
    if "slow_drip" in found:
        return replace(reply, manner="drip", seconds=float(found["slow_drip"] or 3))
    return reply


def send(handler: BaseHTTPRequestHandler, reply: Reply, ended: Event) -> None:
    """Write the reply in its manner. Waiting ends when the server does."""
    if reply.manner in ("drop", "hang"):
        if reply.manner == "hang":
            ended.wait(reply.seconds)
        drop(handler)
        return
    headers = dict(reply.headers)
    if reply.manner == "lie":
        headers["content-length"] = str(10 * 1024**3)
    elif reply.manner == "endless":
        headers["transfer-encoding"] = "chunked"
    else:
        headers["content-length"] = str(len(reply.body))
    handler.send_response(reply.status)
    for name, value in headers.items():
        handler.send_header(name, value)
    if reply.manner:
        handler.send_header("connection", "close")
        handler.close_connection = True
    handler.end_headers()
    if handler.command == "HEAD":
        return
    match reply.manner:
        case "":
            handler.wfile.write(reply.body)
        case "drip":
            _drip(handler, reply, ended)
        case "lie":
            handler.wfile.write(reply.body)
            handler.wfile.flush()
        case _:
            _on_and_on(handler, reply, ended)


def drop(handler: BaseHTTPRequestHandler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True
    try:
        handler.connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _drip(handler: BaseHTTPRequestHandler, reply: Reply, ended: Event) -> None:
    parts = max(1, min(40, len(reply.body)))
    size = -(-len(reply.body) // parts)
    for start in range(0, len(reply.body), size):
        if ended.wait(reply.seconds / parts):
            return
        handler.wfile.write(reply.body[start : start + size])
        handler.wfile.flush()


def _on_and_on(handler: BaseHTTPRequestHandler, reply: Reply, ended: Event) -> None:
    part = reply.body or b"\0"
    while not ended.is_set():
        handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        handler.wfile.flush()
        part = b"\0" * 65536
        if reply.seconds and ended.wait(reply.seconds):
            return
