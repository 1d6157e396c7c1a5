"""A ComfyUI of one's own: a graph is queued under an id of ours, so a lost answer can be found.

Graphs are ours too (workflows/). History and queue live in the server's memory: what was queued and
is in neither was lost by a restart, cost nothing, and may be asked for again. An id that is queued
twice runs twice, so it is looked for before it is sent. Facts: ComfyUI 0.3.64, run on 2026-11-23.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from routing.providers import delivery, endpoints
from routing.providers.base import (
    AccountProblem,
    BadNotice,
    Health,
    InvalidRequest,
    Kind,
    NoResult,
    Notice,
    Outcome,
    OutcomeUnknown,
    Output,
    Progress,
    ProviderError,
    RateLimited,
    Request,
    ResultLost,
    Search,
    Submission,
    Trace,
    Unavailable,
    Usage,
    WorkFailed,
)
from routing.providers.transport import Answer, AnswerLost, BadAddress, NotSent, Transport

FOLDER = Path(__file__).with_name("workflows")
OURS = uuid.UUID("5f0b3c1e-6f43-4a0b-9a3d-6f1b1f0d2c11")
LOST = "ComfyUI was restarted and lost it. No money was spent."


class ComfyUI:
    """One server. `headers` go with every call, such as the key of a proxy in front of it."""

    key = "comfyui"
    fetch_queue = "models"
    keeps_s = 24 * 3600.0

    def __init__(
        self, *, transport: Transport, api: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._transport = transport
        self._api = api.rstrip("/")
        self._headers = dict(headers or {})

    def per_call(self, version: str, operation: str) -> int:
        """One: the noise of a batch comes from one seed, so its later pictures have none."""
        return 1

    def submit(self, request: Request) -> Submission:
        """Queue the graph, unless it was queued before."""
        row = endpoints.of(self.key, request.version)
        ident = own_id(request.attempt_key)
        if self._before(ident):
            return Submission(ident)
        files = {
            file.role: self._uploaded(ident, file.role, file.path.read_bytes(), file.content_type)
            for file in request.inputs
        }
        body = {"prompt": graph(row, request, files), "prompt_id": ident, "client_id": ident}
        try:
            answer = self._transport.call(
                "POST", f"{self._api}/prompt", headers=self._headers, body=body
            )
        except BadAddress as error:
            raise Unavailable(error.text) from error
        except NotSent as error:
            raise RateLimited(error.text, 10) from error
        except AnswerLost as error:
            raise OutcomeUnknown(error.text) from error
        if answer.status != 200:
            raise refusal(answer)
        said = answer.json()
        ref = said.get("prompt_id") if isinstance(said, dict) else None
        if not isinstance(ref, str) or not ref:
            raise OutcomeUnknown("ComfyUI took something, but its answer names no prompt.")
        return Submission(ref)

    def look_up(self, request: Request, ref: str) -> Outcome:
        """History first, then the queue; in neither, a restart lost it."""
        entry = self._history(ref)
        if entry is None:
            if self._is_queued(ref):
                return Outcome(Progress.WAITING)
            # between the two questions it may have ended
            entry = self._history(ref)
        if entry is None:
            return Outcome(Progress.FAILED, error=LOST, billed=False, again=True)
        status = entry.get("status") or {}
        if status.get("status_str") == "success":
            return Outcome(Progress.READY, share_done=1.0, billed=False)
        return _failure(status.get("messages") or [])

    def fetch(
        self,
        request: Request,
        ref: str,
        *,
        on_progress: Callable[[float], None],
        have: frozenset[int],
    ) -> Iterator[Output]:
        """What the graph saved, file by file."""
        entry = self._history(ref)
        if entry is None:
            raise ResultLost(LOST, billed=False)
        found = [
            file
            for node in (entry.get("outputs") or {}).values()
            for name in ("images", "gifs", "video")
            for file in (node.get(name) or [])
            if isinstance(file, dict) and file.get("type", "output") == "output"
        ]
        if not found:
            raise NoResult("ComfyUI ended without a picture.", billed=False, again=True)
        names = ("filename", "subfolder", "type")
        urls = [
            f"{self._api}/view?{urlencode({name: one.get(name, '') for name in names})}"
            for one in found
        ]
        try:
            yield from delivery.each(
                self._transport,
                enumerate(urls),
                request,
                usage=Usage(model=request.version, request_id=ref),
                is_clip=request.operation == "image_to_video",
                have=have,
                on_progress=on_progress,
                headers=self._headers,
            )
        except (WorkFailed, delivery.NotYet) as error:
            error.billed = False
            raise

    def cancel(self, ref: str, request: Request | None = None) -> bool:
        """Take it out of the queue, or stop it where it runs. Nothing is billed either way."""
        self._free("POST", "/queue", body={"delete": [ref]})
        self._free("POST", "/interrupt", body={"prompt_id": ref})
        entry = self._history(ref)
        return entry is None or (entry.get("status") or {}).get("status_str") != "success"

    def search(self, request: Request) -> Search:
        """Its id is ours: it is there, or it was never taken."""
        ident = own_id(request.attempt_key)
        if self._before(ident):
            return Search(Trace.FOUND, Submission(ident))
        return Search(Trace.NOT_ACCEPTED)

    def check(self) -> Health:
        """Ask how the server is."""
        try:
            answer = self._free("GET", "/system_stats")
        except ProviderError as error:
            return Health(False, error.text)
        said = answer.json()
        if answer.status == 200 and isinstance(said, dict):
            version = str((said.get("system") or {}).get("comfyui_version", ""))
            return Health(True, f"ComfyUI {version} answers.")
        return Health(False, f"ComfyUI answered {answer.status}.")

    def notice(self, headers: Mapping[str, str], body: bytes, now: float) -> Notice:
        """ComfyUI sends none."""
        raise BadNotice("ComfyUI sends no messages")

    def _before(self, ident: str) -> bool:
        return self._history(ident) is not None or self._is_queued(ident)

    def _history(self, ref: str) -> Mapping[str, Any] | None:
        answer = self._free("GET", f"/history/{ref}")
        said = answer.json()
        if answer.status != 200 or not isinstance(said, dict):
            raise OutcomeUnknown(f"ComfyUI answered {answer.status} when asked for its history.")
        entry = said.get(ref)
        return entry if isinstance(entry, dict) else None

    def _is_queued(self, ref: str) -> bool:
        answer = self._free("GET", "/queue")
        said = answer.json()
        if answer.status != 200 or not isinstance(said, dict):
            raise OutcomeUnknown(f"ComfyUI answered {answer.status} when asked for its queue.")
        rows = [*(said.get("queue_running") or []), *(said.get("queue_pending") or [])]
        return any(isinstance(row, list) and len(row) > 1 and row[1] == ref for row in rows)

    def _uploaded(self, ident: str, role: str, data: bytes, content_type: str) -> str:
        """The name under which a graph may load the file."""
        try:
            answer = self._transport.call(
                "POST",
                f"{self._api}/upload/image",
                headers=self._headers,
                files={"image": (f"{role}.png", data, content_type)},
                data={"subfolder": f"switchyard-{ident}", "overwrite": "true"},
            )
        except (NotSent, AnswerLost) as error:
            raise RateLimited(f"{error.text} Nothing was sent.", 10) from error
        said = answer.json()
        if answer.status != 200 or not isinstance(said, dict) or not said.get("name"):
            raise RateLimited("The picture could not be brought to ComfyUI.", 10)
        return "/".join(str(said[one]) for one in ("subfolder", "name") if said.get(one))

    def _free(self, method: str, path: str, body: Any = None) -> Answer:
        """A call that may be repeated."""
        try:
            answer = self._transport.call(
                method, f"{self._api}{path}", headers=self._headers, body=body, read_s=30
            )
        except (NotSent, AnswerLost) as error:
            raise OutcomeUnknown(error.text) from error
        if answer.status in (401, 403):
            raise AccountProblem("ComfyUI, or what stands in front of it, does not let us in.")
        return answer


def own_id(attempt_key: str) -> str:
    """The id of an attempt at the server: a canonical UUID made from its key."""
    return str(uuid.uuid5(OURS, attempt_key))


@lru_cache(maxsize=16)
def workflow(version: str) -> Mapping[str, Any]:
    """The graph that stands behind a version, such as workflow:sdxl_t2i. Not to be changed."""
    name = version.partition(":")[2]
    found: Mapping[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def graph(row: endpoints.Endpoint, request: Request, files: Mapping[str, Any]) -> dict[str, Any]:
    """The workflow with what is asked put in: `nodes` says which field goes to which input, as
    "node.input"."""
    made = deepcopy(dict(workflow(row.id)))
    for name, value in endpoints.body(row, request, files).items():
        node, _, where = row.nodes[name].partition(".")
        made[node]["inputs"][where] = value
    return made


def refusal(answer: Answer) -> ProviderError:
    """What an answer that is no queue place means."""
    if answer.status in (401, 403):
        return AccountProblem("ComfyUI, or what stands in front of it, does not let us in.")
    if answer.status == 429:
        return RateLimited("ComfyUI has too much to do.", answer.retry_after_s or 15)
    if answer.status != 400:
        return OutcomeUnknown(f"ComfyUI answered {answer.status} to the request.")
    said = answer.json()
    said = said if isinstance(said, dict) else {}
    for node in (said.get("node_errors") or {}).values():
        for error in node.get("errors") or []:
            if error.get("type") == "value_not_in_list":
                return Unavailable(
                    "ComfyUI lacks a file that this model needs: "
                    f"{str(error.get('details'))[:200]}. Put it into its models folder."
                )
    error = said.get("error")
    error = error if isinstance(error, dict) else {}
    text = str(error.get("message") or "it gives no reason")[:200]
    if error.get("type") in ("missing_node_type", "invalid_prompt"):
        return Unavailable(f"ComfyUI lacks a node that this model needs: {text}.")
    return InvalidRequest("", f"ComfyUI cannot use the request: {text}.")


def _failure(messages: list[Any]) -> Outcome:
    for message in messages:
        if not isinstance(message, list) or len(message) != 2:
            continue
        kind, said = message
        if kind == "execution_interrupted":
            return Outcome(
                Progress.FAILED, error="It was stopped at the server.", billed=False,
                kind=Kind.CANCELLED,
            )  # fmt: skip
        if kind == "execution_error" and isinstance(said, dict):
            name = str(said.get("exception_type", "")).rpartition(".")[2]
            text = f"{name}: {said.get('exception_message', '')}"[:200]
            return Outcome(
                Progress.FAILED, error=f"ComfyUI could not finish it: {text}", billed=False
            )
    return Outcome(Progress.FAILED, error="ComfyUI could not finish it.", billed=False)
