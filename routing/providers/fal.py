"""fal's queue: one POST sends the work, its id finds it again, a signed message may say it ended.

fal has no idempotency key, so a submit goes out once. It knows no failed state: a failure stands
in a completed job. Facts: docs.fal.ai, read 2026-11-23, and the behavior of fal-client 1.0.3.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from routing.providers import delivery, endpoints, fal_answers
from routing.providers.base import (
    AccountProblem,
    BadNotice,
    Health,
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
    Search,
    Submission,
    Trace,
    Unavailable,
)
from routing.providers.transport import Answer, AnswerLost, BadAddress, NotSent, Transport

QUEUE = "https://queue.fal.run"
REST = "https://rest.fal.ai"
API = "https://api.fal.ai"
MEDIA_HOSTS = ("fal.media", "*.fal.media")
KEPT_S = 7 * 24 * 3600
INPUT_KEPT_S = 3600
START_WITHIN_S = 120
INLINE_BYTES = 200_000
KEYS_FOR_S = 24 * 3600.0
NEW_KEY_AFTER_S = 60.0
SIGNED_WITHIN_S = 300.0


class Fal:
    """Every model of fal. `account` is the fal user id whose messages count ("" for any)."""

    key = "fal"
    fetch_queue = "models"
    keeps_s = float(KEPT_S)

    def __init__(
        self,
        *,
        transport: Transport,
        secret: str,
        queue: str = QUEUE,
        rest: str = REST,
        api: str = API,
        account: str = "",
    ) -> None:
        self._transport = transport
        self._headers = {"authorization": f"Key {secret}"}
        self._queue, self._rest, self._api = queue.rstrip("/"), rest.rstrip("/"), api.rstrip("/")
        self._account = account
        self._keys: tuple[float, tuple[bytes, ...]] = (0.0, ())
        self._asked_at = 0.0

    def per_call(self, version: str, operation: str) -> int:
        """See Provider."""
        row = endpoints.find(self.key, version)
        return row.per_call if row else 1

    def submit(self, request: Request) -> Submission:
        """One POST. Input files are stored at fal first, which costs nothing."""
        row = endpoints.of(self.key, request.version)
        files = {file.role: self._stored(file.path.read_bytes(), file.content_type)
                 for file in request.inputs}  # fmt: skip
        body = endpoints.body(row, request, files)
        # the parameter is put on by hand, so that it stands where fal looks for it
        hook = f"?fal_webhook={quote(request.hook_url, safe='')}" if request.hook_url else ""
        answer = self._call(
            "POST",
            f"{self._queue}/{row.id}{hook}",
            headers={
                "x-fal-no-retry": "1",
                "x-fal-disable-fallbacks": "true",
                "x-fal-request-timeout": str(START_WITHIN_S),
                "x-fal-object-lifecycle-preference": f'{{"expiration_duration_seconds": {KEPT_S}}}',
            },
            body=body,
        )
        said = answer.json()
        if answer.status in (200, 201, 202):
            ref = said.get("request_id") if isinstance(said, dict) else None
            if not isinstance(ref, str) or not ref:
                raise OutcomeUnknown("fal took something, but its answer names no request.")
            names = ("status_url", "response_url", "cancel_url")
            urls = {name: said[name] for name in names if isinstance(said.get(name), str)}
            return Submission(ref, urls)
        if answer.status == 408 or answer.status >= 500:
            raise OutcomeUnknown(f"fal answered {answer.status} to the request.")
        raise fal_answers.refusal(answer)

    def look_up(self, request: Request, ref: str) -> Outcome:
        """GET status; what it made is asked for in `fetch`."""
        answer = self._free("GET", self._url(request, ref, "status_url", "/status"))
        said = answer.json()
        if answer.status == 404:
            raise delivery.Missing("fal does not know this request any more.")
        if answer.status in (401, 402, 403):
            raise AccountProblem(fal_answers.NO_ACCOUNT)
        if answer.status not in (200, 202) or not isinstance(said, dict):
            raise OutcomeUnknown(f"fal answered {answer.status} when asked for the state.")
        if said.get("status") != "COMPLETED":
            return Outcome(Progress.WAITING)  # unknown words too: our own deadline ends it
        if said.get("error"):
            return self._failed(request, ref, said)
        return Outcome(Progress.READY, share_done=1.0)

    def _failed(self, request: Request, ref: str, said: Mapping[str, Any]) -> Outcome:
        """Work whose state names an error. Only the result says whose fault it is, and by its
        units whether it costs money."""
        answer = self._free("GET", self._url(request, ref, "response_url", ""))
        if answer.status == 200:
            return Outcome(Progress.READY, share_done=1.0)
        if answer.status in (401, 402, 403) and not fal_answers.code(answer):
            raise AccountProblem(fal_answers.NO_ACCOUNT)
        if answer.json() is None and (answer.status == 429 or answer.status >= 500):
            raise OutcomeUnknown(f"fal answered {answer.status} when asked why it failed.")
        usage = fal_answers.usage(answer, ref, request, 0)
        error = fal_answers.failed(answer, said, usage)
        return Outcome(
            Progress.FAILED,
            error=error.text,
            billed=bool(error.billed),
            usage=usage,
            kind=error.kind,
            again=error.again,
        )

    def _result(self, request: Request, ref: str) -> Answer:
        """What the work made, or why it made nothing. Raises RateLimited while it goes on."""
        answer = self._free("GET", self._url(request, ref, "response_url", ""))
        if fal_answers.is_going_on(answer):
            raise RateLimited("It is not finished yet.", 3)
        if answer.status in (401, 402, 403) and not fal_answers.code(answer):
            raise AccountProblem(fal_answers.NO_ACCOUNT)
        return answer

    def fetch(
        self,
        request: Request,
        ref: str,
        *,
        on_progress: Callable[[float], None],
        have: frozenset[int],
    ) -> Iterator[Output]:
        """The result by id, then its files."""
        answer = self._result(request, ref)
        if answer.status == 404:
            raise delivery.Missing("fal does not keep the result any more.")
        if answer.status != 200:
            if not fal_answers.code(answer) and answer.status >= 429:
                # not the job's own failure, which has a name, but that of whoever was asked
                raise delivery.NotYet(f"fal answered {answer.status} when asked for the result.")
            raise fal_answers.failed(answer, {}, fal_answers.usage(answer, ref, request, 0))
        said = answer.json()
        if not isinstance(said, dict):
            raise delivery.NotYet("fal's answer could not be read.")
        row = endpoints.of(self.key, request.version)
        found = said.get(row.out)
        files = found if isinstance(found, list) else [found] if found else []
        flags = said.get("has_nsfw_concepts") or []
        usage = fal_answers.usage(answer, ref, request, len(files))
        urls = [one.get("url") for one in files if isinstance(one, dict)]
        shown = [
            (position, url)
            for position, url in enumerate(urls)
            if isinstance(url, str) and not (position < len(flags) and flags[position])
        ]
        if urls and not shown:
            raise Refused("fal held back every output as unsuitable.", usage=usage)
        if not shown:
            raise NoResult("fal ended without an output.", billed=False, again=True)
        yield from delivery.each(
            self._transport,
            shown,
            request,
            usage=usage,
            is_clip=row.out == "video",
            have=have,
            on_progress=on_progress,
        )
        if len(shown) < len(urls):
            held = len(urls) - len(shown)
            raise Refused(f"fal held back {held} of {len(urls)} as unsuitable.", usage=usage)

    def cancel(self, ref: str, request: Request | None = None) -> bool:
        """PUT cancel. fal only passes the wish on, and says neither by 202 nor by 400 or 404 what
        it bills: that is for `look_up`."""
        if request is not None:
            self._free("PUT", self._url(request, ref, "cancel_url", "/cancel"))
        return False

    def search(self, request: Request) -> Search:
        """fal offers no list: the message to the attempt's own address is the only way."""
        return Search(Trace.CANNOT_TELL)

    def check(self) -> Health:
        """The price list is free, and is only given to a valid key."""
        try:
            answer = self._free(
                "GET", f"{self._api}/v1/models/pricing?endpoint_id=fal-ai%2Fflux%2Fdev"
            )
        except ProviderError as error:
            return Health(False, error.text)
        if answer.status == 200:
            return Health(True, "The key is accepted.")
        return Health(False, f"fal answered {answer.status}: the key is not accepted.")

    def notice(self, headers: Mapping[str, str], body: bytes, now: float) -> Notice:
        """ED25519 over request id, user id, time and the body's SHA-256, joined by line ends."""
        lower = {name.lower(): value for name, value in headers.items()}
        parts = [lower.get(f"x-fal-webhook-{name}", "") for name in
                 ("request-id", "user-id", "timestamp")]  # fmt: skip
        ref, account, stamp = parts
        if not all(parts):
            raise BadNotice("a header is missing")
        if account != self._account:
            # every customer of fal signs with the same keys
            raise BadNotice("it is not of the account in FAL_ACCOUNT")
        if not stamp.isascii() or not stamp.isdigit() or abs(now - int(stamp)) > SIGNED_WITHIN_S:
            raise BadNotice("its time is off")
        try:
            signature = bytes.fromhex(lower.get("x-fal-webhook-signature", ""))
        except ValueError as error:
            raise BadNotice("the signature is none") from error
        text = "\n".join((*parts, hashlib.sha256(body).hexdigest())).encode()
        if not any(fal_answers.signed(key, signature, text)
                   for keep_s in (KEYS_FOR_S, NEW_KEY_AFTER_S)
                   for key in self._public_keys(now, keep_s)):  # fmt: skip
            raise BadNotice("the signature does not fit")
        return Notice(ref=ref, event_id=f"{ref}:{stamp}")

    def _public_keys(self, now: float, keep_s: float) -> tuple[bytes, ...]:
        """fal's keys, asked for again when they are older than `keep_s`; at most once a minute,
        whatever anybody sends."""
        read_at, keys = self._keys
        if keys and now - read_at < keep_s:
            return keys
        if 0 <= now - self._asked_at < NEW_KEY_AFTER_S:
            return keys if now - read_at < KEYS_FOR_S else ()
        self._asked_at = now
        answer = self._free("GET", f"{self._rest}/.well-known/jwks.json")
        said = answer.json()
        rows = said.get("keys", []) if isinstance(said, dict) else []
        fresh = tuple(
            fal_answers.unpadded(str(row["x"]))
            for row in rows
            if isinstance(row, dict) and "x" in row
        )
        if not fresh:
            raise OutcomeUnknown("fal's public keys could not be read.")
        self._keys = (now, fresh)
        return fresh

    def _stored(self, data: bytes, content_type: str) -> str:
        """An address under which fal can read the file for an hour."""
        if len(data) <= INLINE_BYTES:
            return f"data:{content_type};base64,{base64.b64encode(data).decode()}"
        answer = self._before(
            "POST", f"{self._rest}/storage/auth/token?storage_type=fal-cdn-v3", body={}
        )
        said = answer.json()
        if answer.status != 200 or not isinstance(said, dict):
            raise fal_answers.refusal(answer)
        try:
            base, token = str(said["base_url"]), str(said["token"])
            put = self._transport.call(
                "POST",
                f"{base}/files/upload",
                headers={
                    "authorization": f"Bearer {token}",
                    "content-type": content_type,
                    "x-fal-file-name": "input",
                    "x-fal-object-lifecycle": f'{{"expiration_duration_seconds": {INPUT_KEPT_S}}}',
                },
                content=data,
            )
            return str(put.json()["access_url"])
        except (NotSent, AnswerLost, KeyError, TypeError) as error:
            raise RateLimited(
                "The picture could not be brought to fal. Nothing was sent.", 10
            ) from error

    def _url(self, request: Request, ref: str, name: str, tail: str) -> str:
        """The address fal gave, if it is fal's; else the one its rules make."""
        given = request.details.get(name, "")
        if given.startswith(f"{self._queue}/"):
            return given
        segments = request.version.split("/")
        kept = 3 if segments[0] in ("workflows", "comfy") else 2
        return f"{self._queue}/{'/'.join(segments[:kept])}/requests/{ref}{tail}"

    def _call(self, method: str, url: str, *, headers: Mapping[str, str], body: Any) -> Answer:
        """A call that costs money."""
        try:
            return self._transport.call(
                method, url, headers={**self._headers, **headers}, body=body
            )
        except BadAddress as error:
            raise Unavailable(error.text) from error
        except NotSent as error:
            raise RateLimited(error.text, 10) from error
        except AnswerLost as error:
            raise OutcomeUnknown(error.text) from error

    def _before(self, method: str, url: str, *, body: Any) -> Answer:
        """A free call before the paid one: when it fails nothing was bought."""
        try:
            return self._transport.call(method, url, headers=self._headers, body=body)
        except (NotSent, AnswerLost) as error:
            raise RateLimited(f"{error.text} Nothing was sent.", 10) from error

    def _free(self, method: str, url: str) -> Answer:
        """A call that may be repeated."""
        try:
            return self._transport.call(method, url, headers=self._headers, read_s=30)
        except (NotSent, AnswerLost) as error:
            raise OutcomeUnknown(error.text) from error
