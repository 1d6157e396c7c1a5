"""ComfyUI's prompt queue, history and files. History and queue are lost with `forget`."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from tests.stand_in import media, pictures
from tests.stand_in.state import Job
from tests.stand_in.wire import Exchange, Reply, Route, said


def submit(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Take a graph; the id is the caller's. A second one of the same id runs again."""
    body = x.json()
    graph = body.get("prompt") if isinstance(body, dict) else None
    if not isinstance(graph, dict) or not graph:
        return _invalid("no_prompt", "No prompt provided", {})
    if "missing_model" in found:
        node = next((k for k, v in graph.items() if "Loader" in v.get("class_type", "")), "1")
        detail = {"type": "value_not_in_list", "message": "Value not in list",
                  "details": "ckpt_name: 'sdxl.safetensors' not in []",
                  "extra_info": {"input_name": "ckpt_name"}}  # fmt: skip
        return _invalid(
            "prompt_outputs_failed_validation", "Prompt outputs failed validation",
            {node: {"errors": [detail], "dependent_outputs": ["9"],
                    "class_type": "CheckpointLoaderSimple"}},
        )  # fmt: skip
    if "invalid" in found:
        return _invalid("invalid_prompt", "Cannot execute because a node is missing", {})
    given = _wanted(graph)
    ident = str(body.get("prompt_id") or uuid.uuid4())
    x.server.accept(x, model="workflow", body={"graph": graph}, given=given, ident=ident)
    return said({"prompt_id": ident, "number": 1, "node_errors": {}})


def _invalid(kind: str, text: str, nodes: dict[str, Any]) -> Reply:
    error = {"type": kind, "message": text, "details": "", "extra_info": {}}
    return said({"error": error, "node_errors": nodes}, 400)


def _wanted(graph: dict[str, Any]) -> dict[str, Any]:
    """Size, seed and count that a graph asks for."""
    found: dict[str, Any] = {"output_format": "png", "width": 1024, "height": 1024}
    for node in graph.values():
        given = node.get("inputs", {})
        if "Latent" in node.get("class_type", "") or node.get("class_type") == "EmptyImage":
            for name in ("width", "height"):
                if isinstance(given.get(name), int):
                    found[name] = given[name]
            found["num_images"] = int(given.get("batch_size", 1) or 1)
        for name in ("seed", "noise_seed"):
            if isinstance(given.get(name), int):
                found["seed"] = given[name]
    return found


def history(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """{} until it has ended."""
    if job is None or job.state != "done" or job.has("forgotten") or job.outcome == "deleted":
        return said({})
    images = [{"filename": f"{job.id}_{n}.png", "subfolder": "", "type": "output"}
              for n in range(len(job.outputs))]  # fmt: skip
    messages: list[Any] = [["execution_start", {"prompt_id": job.id}]]
    if job.outcome in ("fails_500", "out_of_memory"):
        kind = "torch.OutOfMemoryError" if job.outcome == "out_of_memory" else "ValueError"
        error = {"prompt_id": job.id, "node_id": "3", "node_type": "KSampler", "traceback": [],
                 "exception_type": kind, "exception_message": "Allocation on device"}  # fmt: skip
        messages.append(["execution_error", error])
    elif job.outcome in ("interrupted", "cancelled", "cancelled_before"):
        messages.append(["execution_interrupted", {"prompt_id": job.id, "node_id": "3"}])
    else:
        messages.append(["execution_success", {"prompt_id": job.id}])
    good = job.outcome == ""
    outputs = {"9": {"images": images}} if good and images else {}
    status = {"status_str": "success" if good else "error", "completed": good,
              "messages": messages}  # fmt: skip
    return said({job.id: {"prompt": [1, job.id, {}, {}, ["9"]], "outputs": outputs,
                          "status": status, "meta": {}}})  # fmt: skip


def queue(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """What waits and what runs."""
    rows = [x.server.job("comfyui", one) for one in list(x.server.state.jobs["comfyui"])]
    kept = [one for one in rows if one and one.state != "done" and not one.has("forgotten")]
    return said(
        {
            "queue_running": [[1, one.id, {}, {}, []] for one in kept if one.started_at],
            "queue_pending": [[2, one.id, {}, {}, []] for one in kept if not one.started_at],
        }
    )


def change(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Take waiting work out."""
    body = x.json() or {}
    for one in body.get("delete", []):
        waiting = x.server.state.jobs["comfyui"].get(one)
        if waiting is not None and waiting.started_at is None:
            x.server.state.lose("comfyui", [one])
    return Reply(200, {}, b"")


def interrupt(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Stop what runs."""
    wanted = (x.json() or {}).get("prompt_id") if x.raw else None
    for one in list(x.server.state.jobs["comfyui"].values()):
        if one.state == "running" and wanted in (None, one.id):
            x.server.end(one, "interrupted")
    return Reply(200, {}, b"")


def view(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """One output file."""
    name, _, rest = x.one("filename").rpartition("_")
    made = x.server.job("comfyui", name)
    if made is None or "gone" in found:
        return said({}, 404)
    at = int(rest.partition(".")[0])
    data, kind = media.bent(
        media.render(x.server.state, made.outputs[at]), pictures.KINDS["png"], found
    )
    return Reply(200, {"content-type": kind}, data)


def upload(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """Take an input picture in."""
    form = x.form()
    name, data = form["image"]
    x.server.state.files.keep(data)
    folder = form.get("subfolder", ("", b""))[1].decode()
    return said({"name": name, "subfolder": folder, "type": "input"})


def stats(x: Exchange, job: Job | None, found: dict[str, Any], **_: str) -> Reply:
    """That it lives."""
    return Reply(
        200,
        {"content-type": "application/json"},
        json.dumps({"system": {"comfyui_version": "0.3.64"}, "devices": [],
                    "time": time.time()}).encode(),
    )  # fmt: skip


ROUTES = (
    Route("POST", "/(?:api/)?prompt", "submit", submit),
    Route("GET", r"/(?:api/)?history/(?P<id>[\w-]+)", "status", history),
    Route("GET", "/(?:api/)?queue", "list", queue),
    Route("POST", "/(?:api/)?queue", "cancel", change),
    Route("POST", "/(?:api/)?interrupt", "cancel", interrupt),
    Route("GET", "/(?:api/)?view", "view", view),
    Route("POST", "/(?:api/)?upload/image", "upload", upload),
    Route("GET", "/(?:api/)?system_stats", "price", stats),
)
