"""Google's picture models: one call that answers with the picture itself.

There is no id before the answer, so a lost answer cannot be looked up: the hold stands until a
person decides. The answer is written to the work folder at once, and `fetch` reads it there or
in what was kept. Facts: ai.google.dev, read 2026-11-23, and google-genai 3.4.0.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from routing.providers import delivery, endpoints
from routing.providers.base import (
    AccountProblem,
    BadNotice,
    Health,
    InvalidRequest,
    NoResult,
    Notice,
    Outcome,
    OutcomeUnknown,
    Output,
    Progress,
    ProviderError,
    RateLimited,
    Refused,
    Request,
    ResultLost,
    Search,
    Submission,
    Trace,
    Unavailable,
    Usage,
)
from routing.providers.transport import Answer, AnswerLost, BadAddress, NotSent, Transport

API = "https://generativelanguage.googleapis.com"
READ_S = 180.0
_BLOCKED = frozenset(
    {
        "SAFETY", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "BLOCKLIST",
        "JAILBREAK", "MODEL_ARMOR", "SPII",
    }
)  # fmt: skip


class Google:
    """Gemini's picture models. `submit` returns the output itself, kept by the caller."""

    key = "google"
    fetch_queue = "models"
    keeps_s = 0.0

    def __init__(self, *, transport: Transport, secret: str, api: str = API) -> None:
        self._transport = transport
        self._headers = {"x-goog-api-key": secret}
        self._api = f"{api.rstrip('/')}/v1"

    def per_call(self, version: str, operation: str) -> int:
        """See Provider."""
        return 1

    def submit(self, request: Request) -> Submission:
        """One POST that answers with the picture; it stands in `Submission.output`."""
        row = endpoints.of(self.key, request.version)
        inline = {
            file.role: {
                "inlineData": {
                    "mimeType": file.content_type,
                    "data": base64.b64encode(file.path.read_bytes()).decode(),
                }
            }
            for file in request.inputs
        }
        asked = endpoints.body(row, request, inline)
        config = {"aspectRatio": asked["aspect_ratio"]}
        if "image_size" in asked:
            config["imageSize"] = asked["image_size"]
        body = {
            "contents": [
                {"role": "user", "parts": [*asked["pictures"], {"text": asked["prompt"]}]}
            ],
            "generationConfig": {"responseModalities": ["IMAGE"], "imageConfig": config},
        }
        try:
            answer = self._transport.call(
                "POST",
                f"{self._api}/models/{row.id}:generateContent",
                headers=self._headers,
                body=body,
                read_s=READ_S,
                whole_s=READ_S + 60,
            )
        except BadAddress as error:
            raise Unavailable(error.text) from error
        except NotSent as error:
            raise RateLimited(error.text, 10) from error
        except AnswerLost as error:
            raise OutcomeUnknown(f"{error.text} Google gives no way to look it up.") from error
        if answer.status != 200:
            raise _refusal(answer)
        return _taken(answer.json(), request)

    def look_up(self, request: Request, ref: str) -> Outcome:
        """It ended with its own answer."""
        return Outcome(Progress.READY, share_done=1.0)

    def fetch(
        self,
        request: Request,
        ref: str,
        *,
        on_progress: Callable[[float], None],
        have: frozenset[int],
    ) -> Iterator[Output]:
        """The answer was kept when it came; without it the picture is gone."""
        if 0 in have:
            return
        raise ResultLost("Google's answer was lost before it could be kept.", billed=True)
        yield  # makes this a generator, as the others are

    def cancel(self, ref: str, request: Request | None = None) -> bool:
        """There is nothing to cancel: it is over when it is known."""
        return False

    def search(self, request: Request) -> Search:
        """Google keeps no list."""
        return Search(Trace.CANNOT_TELL)

    def check(self) -> Health:
        """The list of models is free."""
        try:
            answer = self._transport.call(
                "GET", f"{self._api}/models?pageSize=1", headers=self._headers, read_s=30
            )
        except (NotSent, AnswerLost) as error:
            return Health(False, error.text)
        if answer.status == 200:
            return Health(True, "The key is accepted.")
        return Health(False, f"Google answered {answer.status}: the key is not accepted.")

    def notice(self, headers: Mapping[str, str], body: bytes, now: float) -> Notice:
        """Google sends none."""
        raise BadNotice("Google sends no messages")


def _taken(said: Any, request: Request) -> Submission:
    if not isinstance(said, dict):
        raise OutcomeUnknown("Google's answer could not be read.")
    ref = str(said.get("responseId") or f"answer-{request.attempt_key[:16]}")
    blocked = str((said.get("promptFeedback") or {}).get("blockReason") or "")
    candidates = said.get("candidates") or [{}]
    first = candidates[0] if isinstance(candidates[0], dict) else {}
    reason = blocked or str(first.get("finishReason") or "")
    inline = [
        part.get("inlineData") or part.get("inline_data") or {}
        for part in (first.get("content") or {}).get("parts") or []
        if not part.get("thought")  # a draft on the way, which is no result
    ]
    pictures = [one["data"] for one in inline if one.get("data")]
    usage = Usage(
        model=request.version,
        version=str(said.get("modelVersion") or "")[:80],
        count=max(1, len(pictures)),
        request_id=str(said.get("responseId") or ""),
    )
    if pictures:  # each is billed, also one more than was asked for
        most = len(request.seeds) + delivery.MOST_MORE
        outputs = [_output(data, request, n, usage) for n, data in enumerate(pictures[:most])]
        made = tuple(one for one in outputs if one is not None)
        if not made:
            raise NoResult("Google's picture could not be read.", billed=True)
        return Submission(ref, outputs=made)
    if reason in _BLOCKED:
        # words that went in are billed even when nothing comes out; the amount is tiny
        raise Refused(f"Google objected to the content ({reason.lower()}).", billed=False)
    raise NoResult("Google answered without a picture.", billed=False, again=True)


def _output(data: str, request: Request, position: int, usage: Usage) -> Output | None:
    """One picture of the answer, written down; None for what is no base64."""
    raw = request.workdir / f"raw-{position}"
    try:
        raw.write_bytes(base64.b64decode(data, validate=True))
    except (binascii.Error, TypeError):
        return None
    try:
        return delivery.stored(raw, request, position, usage=usage)
    except delivery.Spoiled as error:
        return delivery.aside(error, request, position)


def _refusal(answer: Answer) -> ProviderError:
    said = answer.json()
    error = said.get("error") if isinstance(said, dict) else None
    error = error if isinstance(error, dict) else {}
    text = str(error.get("message") or "")[:300]
    if answer.status == 429:
        return RateLimited("Google has too many requests from this account.", _delay(error) or 20)
    if answer.status in (401, 402, 403):
        return AccountProblem(f"Google does not accept the key. {text}")
    if answer.status == 404:
        return Unavailable("Google does not offer this model any more.")
    if answer.status >= 500 or answer.status == 408:
        return OutcomeUnknown(f"Google answered {answer.status} and gives no way to look it up.")
    if "api key" in text.lower():
        return AccountProblem(f"Google does not accept the key. {text}")
    return InvalidRequest("", f"Google cannot use the request: {text}")


def _delay(error: Mapping[str, Any]) -> float | None:
    for one in error.get("details") or []:
        found = re.fullmatch(r"(\d+(?:\.\d+)?)s", str((one or {}).get("retryDelay") or ""))
        if found:
            return float(found.group(1))
    return None
