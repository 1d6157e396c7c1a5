"""What fal's answers mean: errors, bills and signatures. Pure; it asks nobody."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from routing.providers.base import (
    AccountProblem,
    InvalidRequest,
    Kind,
    NoResult,
    ProviderError,
    RateLimited,
    Refused,
    Request,
    Unavailable,
    Usage,
    WorkFailed,
)
from routing.providers.transport import Answer

_NO_RESULT = frozenset({"no_media_generated"})
_OTHER_MODEL = frozenset(
    {
        "generation_timeout",
        "downstream_service_error",
        "downstream_service_unavailable",
        "feature_not_supported",
        "face_detection_error",
    }
)
_CALLED_OFF = frozenset({"client_cancelled", "client_disconnected"})
_OWN = frozenset({"internal_server_error", "internal_error", "startup_timeout", "request_timeout"})
_NAMED_STATUS = re.compile(r"\bstatus code:? (\d{3})\b")
OBJECTED = "content_policy_violation"
NO_ACCOUNT = "fal does not accept the key or the balance is used up."


def code(answer: Answer) -> str:
    """fal's own word for an error, "" when the answer has none and so may be of a proxy."""
    said = answer.json()
    detail = said.get("detail") if isinstance(said, dict) else None
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return str(detail[0].get("type") or "")
    named = said.get("error_type") if isinstance(said, dict) else ""
    return str(named or answer.headers.get("x-fal-error-type", ""))


def is_going_on(answer: Answer) -> bool:
    """True for the result of work that is not finished: fal answers 202, or 400 with no name of an
    error and "Request is still in progress"."""
    if answer.status != 400 or code(answer):
        return answer.status == 202
    said = answer.json()
    detail = said.get("detail") if isinstance(said, dict) else None
    return isinstance(detail, str) and "still in progress" in detail.lower()


def _details(answer: Answer) -> tuple[str, str, str]:
    """fal's word for an error, its text and the field. Shapes: a list of details, or one detail
    with its type."""
    said = answer.json()
    detail = said.get("detail") if isinstance(said, dict) else None
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        where = detail[0].get("loc")
        field = str(where[-1]) if isinstance(where, list) and where else ""
        return code(answer), str(detail[0].get("msg") or ""), field
    return code(answer), detail if isinstance(detail, str) else "", ""


def refusal(answer: Answer) -> ProviderError:
    """Why a call was not accepted."""
    word, text, field = _details(answer)
    if answer.status in (401, 402, 403):
        return AccountProblem(f"{NO_ACCOUNT} {text}")
    if word == OBJECTED:
        return Refused(f"fal objected to the content: {text}", billed=False)
    if answer.status == 429:
        return RateLimited("fal has too much to do.", answer.retry_after_s or 15)
    if word in _NO_RESULT | _OTHER_MODEL | _CALLED_OFF or answer.status >= 500:
        return _failure(word, text, status=answer.status, usage=None)
    if answer.status == 404:
        return Unavailable("fal does not offer this model any more.")
    return InvalidRequest(field, f"fal cannot use the field {field or '?'}: {text}")


def failed(answer: Answer, said: Mapping[str, Any], usage: Usage) -> ProviderError:
    """Why accepted work came to nothing: by the status, the word and the meter of its result.

    A result that names no reason is filled up from `said`, the state of the work.
    """
    word, text, _ = _details(answer)
    status = answer.status
    if not word:
        word = str(said.get("error_type") or "")
        text = text or str(said.get("error") or "")
        if status in (404, 410) or status >= 500:  # of who was asked, not of the work
            status = _status(word, str(said.get("error") or "")) or status
        if status in (404, 410):
            return WorkFailed(f"fal could not finish it: {text}", billed=True, usage=usage)
    return _failure(word, text, status=status, usage=usage)


def _status(word: str, text: str) -> int:
    """The status of work of which only fal's word is known, 0 when that says nothing."""
    named = _NAMED_STATUS.search(text)
    if named:
        return int(named[1])
    if word in _OWN or word.startswith("runner_"):
        return 500
    return 422 if word else 0


def _failure(word: str, text: str, *, status: int, usage: Usage | None) -> ProviderError:
    """A failure by fal's own word. Of its own failures (500 and above) it bills nothing; of others
    it may bill what ran, and says so in the units of the result."""
    billed = bool(usage and usage.units_micros) and status < 500
    if word in _NO_RESULT:
        return NoResult("fal ended without an output.", billed=billed, usage=usage, again=True)
    if word == OBJECTED:
        return Refused(f"fal objected to the content: {text}", billed=billed, usage=usage)
    is_fals = status >= 500 or status == 429
    again = is_fals and word not in _OTHER_MODEL
    if is_fals or word in _OTHER_MODEL | _CALLED_OFF:
        said = f"fal could not finish it: {text or word or status}"
        error = WorkFailed(said, billed=billed, usage=usage, again=again)
        if word in _CALLED_OFF:
            error.kind = Kind.CANCELLED
        return error
    invalid = WorkFailed(f"fal could not use the request: {text}", billed=billed, usage=usage)
    invalid.kind = Kind.INVALID
    return invalid


def usage(answer: Answer, ref: str, request: Request, count: int) -> Usage:
    """What the headers of a result say of the bill."""
    units: int | None
    try:
        units = round(float(answer.headers["x-fal-billable-units"]) * 1_000_000)
    except (KeyError, ValueError, OverflowError):
        units = None
    if units is not None and units < 0:
        units = None  # no meter runs backward
    return Usage(
        model=request.version,
        count=count or None,
        request_id=ref,
        units_micros=units,
    )


def signed(key: bytes, signature: bytes, text: bytes) -> bool:
    """Whether an ED25519 public key (32 bytes) made the signature of a text."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def unpadded(text: str) -> bytes:
    """Bytes of base64url text without its padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
