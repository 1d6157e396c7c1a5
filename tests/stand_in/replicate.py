"""Replicate's predictions, list, files and signed messages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from tests.stand_in import asked, hooks, media, prices
from tests.stand_in.state import Job
from tests.stand_in.wire import Exchange, Reply, Route, said

SECRET = base64.b64encode(b"signing-secret-of-replicate").decode()
FAILED = {
    "fails_500": "Director: unexpected error handling prediction (E6716)",
    "fails_timeout": "CUDA out of memory (E1001)",
    "fails_refused": "The input or output was flagged as sensitive. (E005)",
    "fails_input": "could not read the image",
    "no_media": "",
}
PAGE = 100
# a version names its model in the answer
RELEASES = {
    "7762fd07cf82": "stability-ai/sdxl",
    "a029dff38972": "851-labs/background-remover",
    "d1d6ea8c8be8": "cdingram/face-swap",
}


def _when(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _status(job: Job) -> str:
    if job.state != "done":
        if job.has("unknown_status"):
            return "marinating"
        return "starting" if job.state == "queued" else "processing"
    if job.outcome in ("aborted", "cancelled_before"):
        return "aborted"
    if job.outcome == "cancelled":
        return "canceled"
    return "succeeded" if job.outcome in ("", "no_media") else "failed"


def prediction(x: Exchange, job: Job, found: dict[str, Any]) -> dict[str, Any]:
    """The prediction object."""
    stuck = {one["name"]: one["value"] for one in job.faults} | found
    server, status = x.server, _status(job)
    body = server.state.body(job.body)
    urls = [
        media.address(stuck, f"{server.base}/replicate/delivery/{job.id}/{n}.{one['form']}")
        for n, one in enumerate(job.outputs)
    ]
    output: Any = None
    if status == "succeeded":
        alone = len(urls) == 1 and "as_list" not in stuck
        output = None if job.outcome == "no_media" else urls[0] if alone else urls
    removed = "data_removed" in stuck
    root = f"{server.base}/replicate/v1/predictions/{job.id}"
    metrics: dict[str, Any] = {}
    if job.finished_at and job.started_at and status in ("succeeded", "failed", "canceled"):
        metrics["predict_time"] = prices.took_s(job.outcome, started=True)
    if status == "succeeded" and urls and output is not None:
        if asked.is_clip(job.model):
            metrics["video_output_duration_seconds"] = job.outputs[0]["seconds"]
        else:
            metrics["image_output_count"] = len(urls)
    return {
        "id": job.id, "model": job.model, "version": "hidden",
        "input": {} if removed else body.get("input", {}), "logs": "",
        "output": None if removed else output, "data_removed": removed,
        "error": FAILED.get(job.outcome) if status == "failed" else None, "status": status,
        "source": "api", "created_at": _when(job.created_at), "started_at": _when(job.started_at),
        "completed_at": _when(job.finished_at), "metrics": metrics,
        "urls": {"get": root, "cancel": f"{root}/cancel", "web": f"{root}/web"},
    }  # fmt: skip


def create(
    x: Exchange, job: Job | None, found: dict[str, Any], owner: str = "", name: str = ""
) -> Reply:
    """Make a prediction: of an official model by its path, of any other by its version."""
    body = x.json()
    given = body.get("input") if isinstance(body, dict) else None
    if not isinstance(given, dict):
        return _unprocessable("- input is required\n")
    if "refused" in found:
        return _unprocessable("The input was flagged as sensitive (E005)")
    if "invalid" in found:
        return _unprocessable("- input.image: Does not match format 'uri'\n")
    version = str(body.get("version", ""))
    model = f"{owner}/{name}" if owner else RELEASES.get(version[:12], version.partition(":")[0])
    needed = asked.missing(model, given)
    if needed:
        return _unprocessable(f"- input: {needed} is required\n")
    webhook = str(body.get("webhook") or "")
    try:
        made = x.server.accept(x, model=model, body=body, given=given, webhook=webhook)
    except asked.BadPicture as error:
        return _unprocessable(f"- input.{error.field}: could not be read\n")
    if webhook:
        hooks.later(x.server, made, found, message)
    answer = prediction(x, made, {}) | {"status": "starting", "output": None}
    if "no_id" in found:
        del answer["id"]
    return said(answer, 201)


def _unprocessable(detail: str) -> Reply:
    return said({"title": "Input validation failed", "detail": detail, "status": 422}, 422)


def get(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """One prediction."""
    if job is None or job.has("result_gone"):
        return said({"detail": "Not found", "status": 404}, 404)
    return said(prediction(x, job, found))


def listed(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """The newest predictions, a page at a time."""
    since = x.one("created_after")
    after = datetime.fromisoformat(since.replace(" ", "+")).timestamp() if since else 0.0
    start = int(x.one("cursor", "0"))
    with x.server.state.lock:
        ids = [one.id for one in x.server.state.jobs["replicate"].values()
               if one.created_at >= after and not one.has("not_listed")][::-1]  # fmt: skip
    rows = [prediction(x, one, {}) for i in ids[start : start + PAGE]
            if (one := x.server.job("replicate", i)) is not None]  # fmt: skip
    following = None
    if start + PAGE < len(ids):
        following = f"{x.server.base}/replicate/v1/predictions?cursor={start + PAGE}"
    return said({"results": rows, "previous": None, "next": following})


def cancel(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Stop a prediction."""
    if job is None:
        return said({"detail": "Not found", "status": 404}, 404)
    if job.state != "done" and not job.has("cancel_ignored"):
        x.server.end(job, "cancelled" if job.started_at is not None else "cancelled_before")
    return said(prediction(x, job, {}))


def secret(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """What messages are signed with."""
    return said({"key": f"whsec_{SECRET}"})


def upload(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Store a file."""
    content = x.form().get("content")
    if content is None:
        return _unprocessable("- content is required\n")
    name = x.server.state.files.keep(content[1])
    address = f"{x.server.base}/replicate/v1/files/{name}"
    return said(
        {"id": name, "name": content[0], "content_type": "image/png", "size": len(content[1]),
         "etag": name, "checksums": {}, "metadata": {}, "created_at": _when(time.time()),
         "expires_at": _when(time.time() + 86400), "urls": {"get": address}},
        201,
    )  # fmt: skip


def stored(x: Exchange, job: Job | None, found: dict[str, Any], name: str) -> Reply:
    """Give a stored file."""
    data = x.server.state.files.read(name)
    return said({}, 404) if data is None else Reply(200, {"content-type": "image/png"}, data)


def account(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Whose key it is."""
    return said({"type": "organization", "username": "a-team", "name": "A team"})


def message(server: Any, job: Job, account: str) -> tuple[dict[str, str], bytes]:
    """The signed message of an ended prediction (standard-webhooks)."""
    x = Exchange(server, "replicate", "hook", "POST", "", {}, {})
    raw = json.dumps(prediction(x, job, {})).encode()
    ident = f"msg_{uuid.uuid4().hex}"
    stamp = str(int(time.time()) - (3600 if job.has("hook_stale") else 0))
    text = f"{ident}.{stamp}.".encode() + raw
    mac = hmac.new(base64.b64decode(SECRET), text, hashlib.sha256).digest()
    signed = "AAAA" if job.has("hook_forged") else base64.b64encode(mac).decode()
    return {"webhook-id": ident, "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{signed}"}, raw  # fmt: skip


ID = r"(?P<id>\w+)"
ROUTES = (
    Route("POST", "/v1/predictions", "submit", create),
    Route("POST", r"/v1/models/(?P<owner>[\w-]+)/(?P<name>[\w.-]+)/predictions", "submit", create),
    Route("GET", "/v1/predictions", "list", listed),
    Route("GET", "/v1/predictions/" + ID, "status", get),
    Route("POST", "/v1/predictions/" + ID + "/cancel", "cancel", cancel),
    Route("GET", "/v1/webhooks/default/secret", "keys", secret),
    Route("POST", "/v1/files", "upload", upload),
    Route("GET", r"/v1/files/(?P<name>\w+)", "file", stored, needs_key=False),
    Route("GET", "/v1/account", "price", account),
    Route("GET", "/delivery/" + ID + r"/(?P<position>\d+)\.\w+", "media", get, needs_key=False),
)
