"""Replicate: one POST makes a prediction, its id finds it again, a list finds a lost one.

There is no idempotency key, so a submit goes out once; what was lost is looked for among the
newest predictions by its own input, which no other attempt shares. Results live for an hour.
Facts: replicate.com/docs, read 2026-11-23, and the behavior of the client 1.0.7.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from routing.providers import delivery, endpoints, replicate_answers
from routing.providers.base import (
    AccountProblem,
    BadNotice,
    Health,
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
)
from routing.providers.transport import Answer, AnswerLost, BadAddress, NotSent, Transport

API = "https://api.replicate.com"
MEDIA_HOSTS = ("replicate.delivery", "*.replicate.delivery")
INLINE_BYTES = 190_000  # 256 kB as text
STOP_AFTER = "30m"
SIGNED_WITHIN_S = 300.0
PAGES = 5
EARLIER_S = 60.0
CERTAIN_AFTER_S = 600.0

_AGAIN = re.compile(r"E1000|E6716")
_ENDED = frozenset({"failed", "canceled", "aborted"})


class Replicate:
    """Every model of Replicate."""

    key = "replicate"
    fetch_queue = "models"
    keeps_s = 3600.0

    def __init__(self, *, transport: Transport, secret: str, api: str = API) -> None:
        self._transport = transport
        self._headers = {"authorization": f"Bearer {secret}"}
        self._api = f"{api.rstrip('/')}/v1"
        self._hook_secret = b""

    def per_call(self, version: str, operation: str) -> int:
        """See Provider."""
        row = endpoints.find(self.key, version)
        return row.per_call if row else 1

    def submit(self, request: Request) -> Submission:
        """One POST. Larger input files are stored at Replicate first, which costs nothing."""
        row = endpoints.of(self.key, request.version)
        files = {
            file.role: self._stored(file.path.read_bytes(), file.content_type)
            for file in request.inputs
        }
        body: dict[str, Any] = {"input": endpoints.body(row, request, files)}
        url = f"{self._api}/models/{row.id}/predictions"
        if row.release:
            url, body["version"] = f"{self._api}/predictions", row.release
        if request.hook_url:
            body["webhook"] = request.hook_url
            body["webhook_events_filter"] = ["completed"]
        try:
            answer = self._transport.call(
                "POST", url, headers={**self._headers, "cancel-after": STOP_AFTER}, body=body
            )
        except BadAddress as error:
            raise Unavailable(error.text) from error
        except NotSent as error:
            raise RateLimited(error.text, 10) from error
        except AnswerLost as error:
            raise OutcomeUnknown(error.text) from error
        if answer.status in (200, 201, 202):
            return replicate_answers.submission(answer.json())
        if answer.status == 408 or answer.status >= 500:
            raise OutcomeUnknown(f"Replicate answered {answer.status} to the request.")
        raise replicate_answers.refusal(answer)

    def look_up(self, request: Request, ref: str) -> Outcome:
        """GET the prediction. Its output stays for an hour."""
        said = self._prediction(ref)
        status = said.get("status")
        usage = replicate_answers.usage(said, ref, request)
        if status == "succeeded":
            if said.get("data_removed"):
                return Outcome(
                    Progress.FAILED,
                    error="Replicate made it and does not keep it any more.",
                    usage=usage,
                    kind=Kind.RESULT_LOST,
                )
            return Outcome(Progress.READY, share_done=1.0, usage=usage)
        if status not in _ENDED:
            return Outcome(Progress.WAITING)
        text = str(said.get("error") or "")[:300]
        if status == "aborted":  # ended before it began
            return Outcome(
                Progress.FAILED,
                error="Replicate stopped it before it began.",
                billed=False,
                usage=usage,
                kind=Kind.FAILED,
                again=True,
            )
        kind = Kind.REFUSED if replicate_answers.REFUSED.search(text) else Kind.FAILED
        if status == "canceled":
            kind, text = Kind.CANCELLED, "it was called off"
        words = "objected to the content" if kind is Kind.REFUSED else "could not finish it"
        return Outcome(
            Progress.FAILED,
            error=f"Replicate {words}: {text}",
            billed=replicate_answers.is_billed(said, endpoints.of(self.key, request.version)),
            usage=usage,
            kind=kind,
            again=bool(_AGAIN.search(text)),
        )

    def fetch(
        self,
        request: Request,
        ref: str,
        *,
        on_progress: Callable[[float], None],
        have: frozenset[int],
    ) -> Iterator[Output]:
        """The prediction by id, then its files: one address, several, or an object of them."""
        said = self._prediction(ref)
        if said.get("data_removed"):
            raise ResultLost("Replicate does not keep the result any more.", billed=True)
        urls = replicate_answers.urls(said.get("output"))
        if isinstance(said.get("output"), dict):
            urls = urls[: len(request.seeds)]  # what stands beside the picture is no further one
        billed = replicate_answers.is_billed(said, endpoints.of(self.key, request.version))
        if not urls:
            raise NoResult("Replicate ended without an output.", billed=billed, again=True)
        usage = replicate_answers.usage(said, ref, request)
        yield from delivery.each(
            self._transport,
            enumerate(urls),
            request,
            usage=usage,
            is_clip=request.operation == "image_to_video",
            have=have,
            on_progress=on_progress,
        )

    def cancel(self, ref: str, request: Request | None = None) -> bool:
        """POST cancel. True when it ended before it ran, for that is not billed."""
        self._free("POST", f"{self._api}/predictions/{quote(ref, safe='')}/cancel")
        said = self._prediction(ref)
        return said.get("status") in ("canceled", "aborted") and not replicate_answers.ran(said)

    def search(self, request: Request) -> Search:
        """Among the predictions since it was sent, the one with exactly its input."""
        row = endpoints.of(self.key, request.version)
        wanted = replicate_answers.marks(row, request)
        if not wanted:
            return Search(Trace.CANNOT_TELL)
        since = datetime.fromtimestamp(max(0.0, request.sent_at - EARLIER_S), UTC)
        url = f"{self._api}/predictions?created_after={quote(since.isoformat())}"
        found: list[Mapping[str, Any]] = []
        seen: list[Mapping[str, Any]] = []
        is_whole = False
        for _ in range(PAGES):
            answer = self._free("GET", url)
            page = answer.json()
            if answer.status != 200 or not isinstance(page, dict):
                raise OutcomeUnknown("Replicate's list could not be read.")
            rows = [one for one in page.get("results", []) if isinstance(one, dict)]
            seen.extend(rows)
            found.extend(one for one in rows if replicate_answers.fits(one, wanted))
            following = page.get("next")
            if not following:
                is_whole = not any(replicate_answers.is_emptied(one) for one in seen)
                break
            if not isinstance(following, str) or not following.startswith(self._api):
                break
            url = following
        if len(found) == 1:
            return Search(Trace.FOUND, replicate_answers.submission(found[0]))
        # only a list that was read to its end, inputs and all, can say that it is not there
        return Search(Trace.NOT_YET if is_whole and not found else Trace.CANNOT_TELL)

    def check(self) -> Health:
        """The account's own data is free."""
        try:
            answer = self._free("GET", f"{self._api}/account")
        except ProviderError as error:
            return Health(False, error.text)
        if answer.status == 200:
            return Health(True, "The key is accepted.")
        return Health(False, f"Replicate answered {answer.status}: the key is not accepted.")

    def notice(self, headers: Mapping[str, str], body: bytes, now: float) -> Notice:
        """HMAC-SHA256 over id, time and body (the standard-webhooks scheme)."""
        lower = {name.lower(): value for name, value in headers.items()}
        event, stamp = lower.get("webhook-id", ""), lower.get("webhook-timestamp", "")
        if not event or not stamp.isascii() or not stamp.isdigit():
            raise BadNotice("a header is missing")
        if abs(now - int(stamp)) > SIGNED_WITHIN_S:
            raise BadNotice("its time is off")
        text = f"{event}.{stamp}.".encode() + body
        own = base64.b64encode(hmac.new(self._secret(), text, hashlib.sha256).digest())
        given = [
            one.partition(",")[2].encode()
            for one in lower.get("webhook-signature", "").split()
            if one.startswith("v1,")
        ]
        if not any(hmac.compare_digest(own, one) for one in given):
            raise BadNotice("the signature does not fit")
        ref = re.search(rb'"id"\s*:\s*"([a-z0-9]{8,64})"', body)
        if ref is None:
            raise BadNotice("it names no prediction")
        return Notice(ref=ref.group(1).decode(), event_id=event)

    def _secret(self) -> bytes:
        if not self._hook_secret:
            said = self._free("GET", f"{self._api}/webhooks/default/secret").json()
            key = said.get("key") if isinstance(said, dict) else ""
            try:
                self._hook_secret = base64.b64decode(str(key).removeprefix("whsec_"), validate=True)
            except binascii.Error as error:
                raise OutcomeUnknown("Replicate's signing secret could not be read.") from error
            if not self._hook_secret:
                raise OutcomeUnknown("Replicate's signing secret could not be read.")
        return self._hook_secret

    def _prediction(self, ref: str) -> Mapping[str, Any]:
        answer = self._free("GET", f"{self._api}/predictions/{quote(ref, safe='')}")
        said = answer.json()
        if answer.status == 404:
            raise delivery.Missing("Replicate does not know this prediction any more.")
        if answer.status in (401, 402, 403):
            raise AccountProblem("Replicate does not accept the key, or the credit is used up.")
        if answer.status != 200 or not isinstance(said, dict):
            raise OutcomeUnknown(f"Replicate answered {answer.status} when asked for the state.")
        return said

    def _stored(self, data: bytes, content_type: str) -> str:
        if len(data) <= INLINE_BYTES:
            return f"data:{content_type};base64,{base64.b64encode(data).decode()}"
        try:
            answer = self._transport.call(
                "POST",
                f"{self._api}/files",
                headers=self._headers,
                files={"content": ("input", data, content_type)},
            )
        except (NotSent, AnswerLost) as error:
            raise RateLimited(f"{error.text} Nothing was sent.", 10) from error
        if answer.status not in (200, 201):
            raise replicate_answers.refusal(answer)
        said = answer.json()
        try:
            return str(said["urls"]["get"])
        except (KeyError, TypeError) as error:
            raise RateLimited("The picture could not be brought to Replicate.", 10) from error

    def _free(self, method: str, url: str) -> Answer:
        """A call that may be repeated."""
        try:
            return self._transport.call(method, url, headers=self._headers, read_s=30)
        except (NotSent, AnswerLost) as error:
            raise OutcomeUnknown(error.text) from error
