"""The server: finds the route, lets faults happen, remembers submits, and moves jobs by the clock.

What the vendors say stands in fal.py, replicate.py, google.py and comfyui.py.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.stand_in import asked, comfyui, fal, google, media, prices, replicate, schemas
from tests.stand_in.state import Charge, Job, Post, State
from tests.stand_in.wire import Exchange, Reply, Route, drop, nginx, said, send, spoiled

SECRETS = {"fal": "key-id:key-secret-of-fal", "replicate": "r8_secret", "google": "google-secret",
           "comfyui": ""}  # fmt: skip
ACCOUNT = "user-of-fal"
ROUTES: dict[str, tuple[Route, ...]] = {
    "fal": (*fal.ROUTES, *schemas.FAL_ROUTES),
    "replicate": (*replicate.ROUTES, *schemas.REPLICATE_ROUTES),
    "google": (*google.ROUTES, *schemas.GOOGLE_ROUTES),
    "comfyui": (*comfyui.ROUTES, *schemas.COMFYUI_ROUTES),
}  # fmt: skip
ENDED = "done"
# said in the work's own input, such as a prompt: [[job:never_done]] or [[media:http_500=2]]
_MARK = re.compile(r"\[\[(\w+):(\w+)(?:=([\d.]+))?\]\]")


@dataclass
class Fault:
    """What shall go wrong at a step of a vendor, and how often."""

    vendor: str
    step: str
    name: str
    value: Any
    left: int


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no error here."""


class StandIn:
    """`with StandIn() as server`. `delay_s` seconds pass until a job is done (None: 0)."""

    def __init__(self, *, port: int = 0, state: Path | None = None) -> None:
        self.state = State(state)
        self.delay_s: float | None = None
        self.webhook_to = ""
        self.echoes = 0
        self.secrets = dict(SECRETS)
        self.published = schemas.Published()
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.ended = threading.Event()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.port = int(self._server.server_address[1])
        self.base = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> StandIn:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
        self.state.close()

    def providers(self, *only: str) -> dict[str, dict[str, str]]:
        """The setting PROVIDERS that points everything here; only the named ones have a key."""
        base, keys = self.base, self.secrets

        def secret(vendor: str) -> str:
            return keys[vendor] if not only or vendor in only else ""

        return {
            "fal": {
                "secret": secret("fal"), "account": ACCOUNT, "queue": f"{base}/fal/queue",
                "rest": f"{base}/fal/rest", "api": f"{base}/fal/api", "cdn": f"{base}/fal/cdn",
                "schemas": f"{base}/fal/site",
            },
            "replicate": {"secret": secret("replicate"), "api": f"{base}/replicate"},
            "google": {"secret": secret("google"), "api": f"{base}/google"},
            "comfyui": {
                "secret": "" if only and "comfyui" not in only else f"{base}/comfyui",
                "api": f"{base}/comfyui", "header": "",
            },
        }  # fmt: skip

    # --- faults ------------------------------------------------------------------------------

    def fault(
        self, vendor: str, step: str, name: str, value: Any = None, *, times: int = 1
    ) -> None:
        """Let something go wrong the next `times` times at a step. At the step "job" it sticks to
        the next accepted job."""
        with self._lock:
            self._faults.append(Fault(vendor, step, name, value, times))

    def heal(self) -> None:
        """Nothing goes wrong from here on."""
        with self._lock:
            self._faults.clear()

    def due(self, x: Exchange, step: str, job: Job | None = None) -> dict[str, Any]:
        """The faults of this moment, as name and value; each use counts."""
        found = {
            one["name"]: one["value"] for one in (job.faults if job else ()) if one["step"] == step
        }
        with self._lock:
            for one in self._faults:
                if (one.vendor, one.step) == (x.vendor, step) and one.left > 0:
                    one.left -= 1
                    found[one.name] = one.value
        return found

    # --- jobs --------------------------------------------------------------------------------

    def accept(
        self, x: Exchange, *, model: str, body: Any, given: Mapping[str, Any], webhook: str = "",
        ident: str = "",
    ) -> Job:  # fmt: skip
        """Take the work and charge for it. Raises asked.BadPicture."""
        stuck = [{"step": "job", "name": name, "value": value}
                 for name, value in self.due(x, "job").items()]  # fmt: skip
        stuck += [
            {"step": step, "name": name, "value": value or None}
            for text in asked.strings(body)
            for step, name, value in _MARK.findall(text)
        ]
        made = asked.outputs(model, given, read=self.read, keep=self.state.files.keep)
        job = Job(
            vendor=x.vendor,
            id=ident or uuid.uuid4().hex,
            model=model,
            body=body,
            headers=x.headers,
            created_at=time.time(),
            webhook=webhook,
            faults=stuck,
            outputs=media.counted(made, {one["name"]: one["value"] for one in stuck}),
        )
        units, micros = prices.of(x.vendor, model, job.outputs)
        charge = Charge(x.vendor, job.id, model, micros, units, job.created_at)
        with self.state.lock:
            self.state.add_job(job, charge)
            if x.post is not None:
                x.post.job = job.id
                self.state.keep_post(x.post)
        return job

    def read(self, address: str) -> bytes | None:
        """The bytes of a file that was stored here, None for any other address."""
        path = urlsplit(address).path if address.startswith(self.base) else ""
        return self.state.files.read(path.rpartition("/")[2]) if "/files/" in path else None

    def job(self, vendor: str, ident: str) -> Job | None:
        """A job, moved on by the clock."""
        with self.state.lock:
            job = self.state.jobs[vendor].get(ident)
            if job is not None:
                self._move(job)
            return job

    def _move(self, job: Job) -> None:
        if job.state == ENDED:
            return
        job.polls += 1
        age = time.time() - job.created_at
        if job.has("never_starts"):
            return
        if job.started_at is None:
            job.state, job.started_at = "running", time.time()
        if job.has("never_done") or age < (self.delay_s or 0):
            return
        self.end(job, next((name for name in prices.ENDS if job.has(name)), ""))

    def end(self, job: Job, outcome: str) -> None:
        """End a job; some ends are not billed."""
        with self.state.lock:
            job.state, job.outcome, job.finished_at = ENDED, outcome, time.time()
            if outcome in ("aborted", "cancelled_before"):
                job.started_at = None
            self.state.keep_job(job)
            each = prices.SECONDS.get(job.model)
            if each is not None:
                took = prices.took_s(outcome, job.started_at is not None)
                self.state.bill(job, amount_micros=round(took * each), units=took)
            elif outcome in prices.UNBILLED:
                self.state.bill(job, amount_micros=0, units=0)

    # --- what tests ask ----------------------------------------------------------------------

    def posts(self, vendor: str) -> list[Post]:
        """Submits as they arrived, accepted or not."""
        return [one for one in self.state.posts if one.vendor == vendor]

    def charges(self, vendor: str) -> list[Charge]:
        """Accepted paid jobs; amounts of 0 were not billed in the end."""
        return [one for one in self.state.charges if one.vendor == vendor]

    def billed_micros(self, vendor: str) -> int:
        """What the vendor takes in all, in millionths of a dollar."""
        return sum(one.amount_micros for one in self.charges(vendor))

    # --- HTTP --------------------------------------------------------------------------------

    def answer(self, x: Exchange, path: str) -> Reply:
        """The reply to one request."""
        for route in ROUTES[x.vendor]:
            match = re.fullmatch(route.pattern, path)
            if match and route.method == x.method:
                return self._by(route, x, match.groupdict())
        return said({"detail": f"Path {path} not found"}, 404)

    def _by(self, route: Route, x: Exchange, groups: dict[str, str]) -> Reply:
        x.step = route.step
        if route.needs_key and not self._has_key(x):
            return said({"detail": "Authentication is required"}, 401)
        if x.step == "submit":
            x.post = self.state.add_post(Post(x.vendor, x.path, x.headers, x.json(), time.time()))
        job = self.job(x.vendor, groups["id"]) if "id" in groups else None
        if x.step == "media":
            return media.serve(x, job, int(groups["position"])) if job else said({}, 404)
        found = self.due(x, x.step, job)
        if "drop_before_accept" in found:
            reply = Reply(manner="drop")
        elif "echo_key" in found:
            self.echoes += 1
            reply = _echoed(x, int(found["echo_key"] or 401))
        elif (stopped := _status(found)) is not None:
            reply = stopped
        else:
            reply = spoiled(route.answer(x, job, found, **groups), found)
            if "accept_then_503" in found:
                reply = nginx()
        if x.post is not None:
            x.post.faults = list(found)
            x.post.status = 0 if reply.manner else reply.status
            self.state.keep_post(x.post)
        return reply

    def _has_key(self, x: Exchange) -> bool:
        key = self.secrets[x.vendor]
        given = x.headers.get("authorization", "")
        return not key or key in (
            given.partition(" ")[2], x.headers.get("x-goog-api-key"), x.one("key"),
        )  # fmt: skip


def _status(found: Mapping[str, Any]) -> Reply | None:
    """The answer of a fault http_NNN, nothing having happened."""
    for name in found:
        match = re.fullmatch(r"http_(\d{3})(_nginx)?", name)
        if match is None:
            continue
        status = int(match[1])
        if match[2]:
            return nginx(status)
        headers = {"retry-after": str(found[name] or 1)} if status == 429 else {}
        text = "Request was throttled." if status == 429 else "Something is wrong."
        body = {"detail": text, "error": {"code": status, "message": text, "status": "X"}}
        return said(body, status, **headers)
    return None


def _echoed(x: Exchange, status: int) -> Reply:
    """An error that repeats the key it was given."""
    key = next(x.headers[name] for name in ("authorization", "x-goog-api-key", *x.headers)
               if name in x.headers)  # fmt: skip
    text = f"The key {key} ({key.rpartition(' ')[2]}) is not accepted."
    body = {"detail": text, "title": text, "error": {"code": status, "message": text}}
    return said(body, status)


def _handler(server: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            """Quiet."""

        def _do(self) -> None:
            parts = urlsplit(self.path)
            vendor, _, rest = parts.path.lstrip("/").partition("/")
            headers = {name.lower(): value for name, value in self.headers.items()}
            if vendor not in ROUTES:
                drop(self)
                return
            x = Exchange(
                server, vendor, "", self.command, self.path, parse_qs(parts.query), headers,
                raw=self._body(headers),
            )  # fmt: skip
            try:
                send(self, server.answer(x, f"/{rest}"), server.ended)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _body(self, headers: Mapping[str, str]) -> bytes:
            if headers.get("transfer-encoding", "").lower() != "chunked":
                return self.rfile.read(int(headers.get("content-length") or 0))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _do

    return Handler
