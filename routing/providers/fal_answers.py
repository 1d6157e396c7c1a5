"""What fal's answers mean: errors, bills and signatures. Pure; it asks nobody."""

from __future__ import annotations

import base64

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


def code(answer: Answer) -> str:
    """fal's own word for an error, "" when the answer has none and so may be of a proxy."""
    said = answer.json()
    detail = said.get("detail") if isinstance(said, dict) else None
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return str(detail[0].get("type") or "")
    named = said.get("error_type") if isinstance(said, dict) else ""
    return str(named or answer.headers.get("x-fal-error-type", ""))


def refusal(answer: Answer, *, accepted: bool) -> ProviderError:
    """The error in an answer. Shapes: a list of details, or one detail with its type."""
    said = answer.json()
    detail = said.get("detail") if isinstance(said, dict) else None
    code = answer.headers.get("x-fal-error-type", "")
    text, field = "", ""
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        code = str(detail[0].get("type") or code)
        text = str(detail[0].get("msg") or "")
        where = detail[0].get("loc")
        field = str(where[-1]) if isinstance(where, list) and where else ""
    elif isinstance(detail, str):
        text = detail
        code = str(said.get("error_type") or code)
    if answer.status in (401, 402, 403):
        return AccountProblem(f"fal does not accept the key or the balance is used up. {text}")
    if code == "content_policy_violation":
        return Refused(f"fal objected to the content: {text}", billed=None if accepted else False)
    if answer.status == 429:
        return RateLimited("fal has too much to do.", answer.retry_after_s or 15)
    if code in _NO_RESULT or code in _OTHER_MODEL or code in _CALLED_OFF or answer.status >= 500:
        return failure(code, text, status=answer.status)
    if answer.status == 404:
        return Unavailable("fal does not offer this model any more.")
    if accepted:
        return WorkFailed(f"fal could not use the request: {text}", billed=False)
    return InvalidRequest(field, f"fal cannot use the field {field or '?'}: {text}")


def failure(code: str, text: str, *, status: int) -> WorkFailed:
    """What a failure of accepted work means, by fal's own word for it."""
    if code in _NO_RESULT:
        return NoResult("fal ended without an output.", billed=False, again=True)
    said = f"fal could not finish it: {text or code or status}"
    if code == "content_policy_violation":
        refused = WorkFailed(f"fal objected to the content: {text}", billed=False)
        refused.kind = Kind.REFUSED
        return refused
    if code in _CALLED_OFF:
        off = WorkFailed(said, billed=False)
        off.kind = Kind.CANCELLED
        return off
    # of a failure of its own (500 and above) fal bills nothing
    return WorkFailed(said, billed=status < 500, again=code not in _OTHER_MODEL and status >= 500)


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
        count=min(count, len(request.seeds)) or None,
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
