"""fal's queue, storage, price list and signed messages."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import replace
from typing import Any

from tests.stand_in import asked, hooks, media, prices
from tests.stand_in.state import Job
from tests.stand_in.wire import Exchange, Reply, Route, said

ERRORS = {
    "fails_in_result": ("Could not load the model", "internal_error", 500),
    "fails_500": ("runner_server_error", "internal_server_error", 500),
    "fails_timeout": ("Generation timed out", "generation_timeout", 504),
    "fails_refused": ("The content was flagged.", "content_policy_violation", 422),
    "fails_input": ("Face could not be detected", "face_detection_error", 422),
    "fails_invalid": ("The image is too small", "image_too_small", 422),
    "fails_billed": ("The content was flagged.", "content_policy_violation", 422),
    "no_media": ("No media was generated", "no_media_generated", 422),
    "cancelled_before": ("Request was cancelled", "client_cancelled", 499),
    "cancelled": ("Request was cancelled", "client_cancelled", 499),
}


def _detail(code: str, text: str, status: int, *where: str) -> Reply:
    detail = [{"loc": list(where), "msg": text, "type": code}]
    return said({"detail": detail}, status, x_fal_retryable="false")


def _root(x: Exchange, model: str) -> str:
    kept = 3 if model.split("/")[0] in ("workflows", "comfy") else 2
    return f"{x.server.base}/fal/queue/{'/'.join(model.split('/')[:kept])}/requests"


def submit(x: Exchange, job: Job | None, found: dict[str, Any], app: str) -> Reply:
    """POST of the work itself; the answer is its id and three addresses."""
    body = x.json()
    if not isinstance(body, dict):
        return _detail("value_error", "The body is no object", 422, "body")
    if "refused" in found:
        return _detail(
            "content_policy_violation", "The content was flagged.", 422, "body", "prompt"
        )
    if "invalid" in found:
        return _detail("value_error", "The value is too large", 422, "body", "image_size")
    if app.startswith("fal-ai/flux/") and not body.get("prompt"):
        return _detail("missing", "field required", 422, "body", "prompt")
    needed = asked.missing(app, body)
    if needed:
        return _detail("missing", "field required", 422, "body", needed)
    webhook = x.one("fal_webhook")
    try:
        made = x.server.accept(x, model=app, body=body, given=body, webhook=webhook)
    except asked.BadPicture as error:
        return _detail("image_load_error", "The image cannot be read", 422, "body", error.field)
    if webhook:
        hooks.later(x.server, made, found, message)
    root = f"{_root(x, app)}/{made.id}"
    answer: dict[str, Any] = {
        "status": "IN_QUEUE", "request_id": made.id, "response_url": root,
        "status_url": f"{root}/status", "cancel_url": f"{root}/cancel", "queue_position": 0,
        "gateway_request_id": made.id,
    }  # fmt: skip
    if "no_id" in found:
        del answer["request_id"]
    return said(answer)


def status(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Where a job stands. A failed one is COMPLETED too."""
    if job is None:
        return said({"detail": "Request not found"}, 404)
    if "unknown_status" in found or job.has("unknown_status"):
        return said({"status": "MARINATING"}, 202)
    if job.state == "queued":
        return said({"status": "IN_QUEUE", "queue_position": 3, "request_id": job.id}, 202)
    if job.state != "done":
        return said({"status": "IN_PROGRESS", "logs": None, "request_id": job.id}, 202)
    answer: dict[str, Any] = {"status": "COMPLETED", "logs": None, "request_id": job.id,
                              "metrics": {"inference_time": 1.9}}  # fmt: skip
    if job.outcome in ERRORS and not job.has("fails_in_result"):
        answer["error"], answer["error_type"], _code = ERRORS[job.outcome]
        if job.has("no_type"):
            del answer["error_type"]
    return said(answer)


def output(x: Exchange, job: Job, found: dict[str, Any]) -> dict[str, Any]:
    """The model's own answer."""
    rows = []
    for position, one in enumerate(job.outputs):
        usual = f"{x.server.base}/fal/media/{job.id}/{position}.{one['form']}"
        rows.append(
            {"url": media.address(found, usual), "content_type": "", "width": one["width"],
             "height": one["height"]}
        )  # fmt: skip
    answer: dict[str, Any] = {"seed": job.outputs[0]["seed"] if job.outputs else 0}
    if asked.is_clip(job.model):
        answer["video"] = rows[0] if rows else None
    elif asked.is_single(job.model):
        answer["image"] = rows[0] if rows else None
    else:
        answer["images"] = rows
        answer["has_nsfw_concepts"] = [bool(one.get("nsfw")) for one in job.outputs]
    return answer


def result(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """What a job made, or why it made nothing."""
    if job is None or job.has("result_gone"):
        return said({"detail": "Request not found"}, 404)
    if job.state != "done":
        return said({"detail": "Request is still in progress"}, 400)
    if job.outcome in ERRORS:
        text, code, status_code = ERRORS[job.outcome]
        reply = _detail(code, text, status_code, "body")
        if job.outcome in prices.UNBILLED:
            return reply
        return replace(reply, headers={**reply.headers, **_units(x, job)})
    stuck = {one["name"]: one["value"] for one in job.faults}
    reply = said(output(x, job, stuck | found))
    return replace(reply, headers={**reply.headers, **_units(x, job)})


def _units(x: Exchange, job: Job) -> dict[str, str]:
    """What was billed, as a result says it: some failures cost money too."""
    units = next(one.units for one in x.server.state.charges if one.job == job.id)
    return {"x-fal-billable-units": str(units)}


def cancel(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """A wish only: the runner may go on."""
    if job is None:
        return said({"status": "NOT_FOUND"}, 404)
    if job.state == "done":
        return said({"status": "ALREADY_COMPLETED"}, 400)
    if job.has("cancel_ignored"):
        return said({"status": "CANCELLATION_REQUESTED"}, 202)
    x.server.end(job, "cancelled_before" if job.started_at is None else "cancelled")
    return said({"status": "CANCELLATION_REQUESTED"}, 202)


def token(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """A short-lived token for the file store."""
    return said({"token": "upload-token", "token_type": "Bearer",
                 "base_url": f"{x.server.base}/fal/cdn",
                 "expires_at": "2099-01-01T00:00:00+00:00"})  # fmt: skip


def upload(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Store a file."""
    if x.headers.get("authorization") != "Bearer upload-token":
        return said({"detail": "Unauthorized"}, 401)
    name = x.server.state.files.keep(x.raw)
    return said({"access_url": f"{x.server.base}/fal/cdn/files/{name}"})


def stored(x: Exchange, job: Job | None, found: dict[str, Any], name: str) -> Reply:
    """Give a stored file."""
    data = x.server.state.files.read(name)
    return said({}, 404) if data is None else Reply(200, {"content-type": "image/png"}, data)


def jwks(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """The public keys that messages are signed with."""
    return said({"keys": [hooks.public_key(x.server)]})


def billing(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """What was billed for a request."""
    rows = [
        {"request_id": one.job, "endpoint_id": one.model, "output_units": one.units,
         "cost_estimate_nano_usd": one.amount_micros * 1000}
        for one in x.server.charges("fal")
        if one.job == x.one("request_id")
    ]  # fmt: skip
    return said({"billing_events": rows})


def message(x_server: Any, job: Job, account: str) -> tuple[dict[str, str], bytes]:
    """The signed message of an ended job: headers and body."""
    body: dict[str, Any] = {"request_id": job.id, "gateway_request_id": job.id}
    if job.outcome in ERRORS:
        text, code, number = ERRORS[job.outcome]
        body |= {"status": "ERROR", "error": f"Invalid status code: {number}",
                 "payload": {"detail": [{"loc": ["body"], "msg": text, "type": code}]}}  # fmt: skip
    else:
        x = Exchange(x_server, "fal", "hook", "POST", "", {}, {})
        body |= {"status": "OK", "payload": output(x, job, {})}
        if job.has("hook_null"):
            body |= {"payload": None, "payload_error": "could not be serialised"}
    raw = json.dumps(body).encode()
    stamp = str(int(time.time()) - (3600 if job.has("hook_stale") else 0))
    text_signed = "\n".join((job.id, account, stamp, hashlib.sha256(raw).hexdigest()))
    signature = hooks.sign(x_server, text_signed.encode()).hex()
    if job.has("hook_forged"):
        signature = "00" * 64
    return {
        "x-fal-webhook-request-id": job.id,
        "x-fal-webhook-user-id": account,
        "x-fal-webhook-timestamp": stamp,
        "x-fal-webhook-signature": signature,
        "x-fal-delivery": uuid.uuid4().hex,
    }, raw


APP, ID = r"(?P<app>(?!.*/requests/)[\w./-]+)", r"(?P<id>[\w-]+)"
OF = r"/queue/(?P<app>[\w.-]+/[\w.-]+(?:/[\w.-]+)?)/requests/"
ROUTES = (
    Route("GET", OF + ID + "/status", "status", status),
    Route("PUT", OF + ID + "/cancel", "cancel", cancel),
    Route("GET", OF + ID, "result", result),
    Route("POST", "/queue/" + APP, "submit", submit),
    Route("POST", "/rest/storage/auth/token", "token", token),
    Route("GET", "/rest/.well-known/jwks.json", "keys", jwks, needs_key=False),
    Route("POST", "/cdn/files/upload", "upload", upload, needs_key=False),
    Route("GET", r"/cdn/files/(?P<name>\w+)", "file", stored, needs_key=False),
    Route("GET", "/api/v1/models/billing-events", "bill", billing),
    Route("GET", r"/media/(?P<id>\w+)/(?P<position>\d+)\.\w+", "media", result, needs_key=False),
)
