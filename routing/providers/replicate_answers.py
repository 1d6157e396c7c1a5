"""What Replicate's answers mean: errors, bills, outputs and marks. Pure; it asks nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from routing.providers import endpoints
from routing.providers.base import (
    AccountProblem,
    InvalidRequest,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Refused,
    Request,
    Submission,
    Unavailable,
    Usage,
)
from routing.providers.transport import Answer

REFUSED = re.compile(r"E005|nsfw|flagged|content policy|sensitive|safety", re.IGNORECASE)


def submission(said: Any) -> Submission:
    """A prediction as a submission. Raises OutcomeUnknown without its id."""
    ref = said.get("id") if isinstance(said, dict) else None
    if not isinstance(ref, str) or not ref:
        raise OutcomeUnknown("Replicate took something, but its answer names no prediction.")
    return Submission(ref)


def refusal(answer: Answer) -> ProviderError:
    """The error in an answer that is no prediction."""
    said = answer.json()
    said = said if isinstance(said, dict) else {}
    text = " ".join(str(said.get("detail") or said.get("title") or "").split())[:300]
    if answer.status == 429:
        seconds = re.search(r"resets in ~?(\d+)s", text)
        wait = answer.retry_after_s or (float(seconds.group(1)) if seconds else 15.0)
        return RateLimited("Replicate has too many requests from this account.", wait)
    if answer.status in (401, 402, 403):
        return AccountProblem("Replicate does not accept the key, or the credit is used up.")
    if answer.status == 404:
        return Unavailable("Replicate does not offer this model any more.")
    if answer.status >= 500:
        return RateLimited("Replicate could not take the picture in. Nothing was sent.", 15)
    if REFUSED.search(text):
        return Refused(f"Replicate objected to the content: {text}", billed=False)
    field = re.search(r"input\.(\w+)", text)
    name = field.group(1) if field else ""
    return InvalidRequest(name, f"Replicate cannot use the field {name or '?'}: {text}")


def ran(said: Mapping[str, Any]) -> bool:
    """Time or outputs were counted, so it is billed."""
    metrics = said.get("metrics") or {}
    return bool(said.get("started_at")) or any(
        isinstance(value, (int, float)) and value > 0 for value in metrics.values()
    )


def is_billed(said: Mapping[str, Any], row: endpoints.Endpoint) -> bool:
    """Whether an ended prediction costs money: by the second where a model has a price for the
    machine, else by what it counted as put out (replicate.com/docs/topics/billing)."""
    metrics = said.get("metrics") or {}
    if row.second_micros:
        return ran(said)
    return any(
        isinstance(value, (int, float)) and value > 0
        for name, value in metrics.items()
        if "output" in name or name == "image_count"
    )


def usage(said: Mapping[str, Any], ref: str, request: Request) -> Usage:
    """What the metrics of a prediction say of the bill."""
    metrics = said.get("metrics") or {}
    row = endpoints.find("replicate", request.version)
    time = metrics.get("predict_time")
    by_time = bool(row and row.second_micros) and isinstance(time, (int, float))
    counts = [
        metrics.get(name) for name in ("image_output_count", "image_count", "video_output_count")
    ]
    count = next((one for one in counts if isinstance(one, int)), None)
    seconds = metrics.get("video_output_duration_seconds")
    return Usage(
        model=request.version,
        version=str(said.get("version") or "")[:80],
        count=count if count is not None else (1 if isinstance(seconds, (int, float)) else None),
        seconds=float(seconds) if isinstance(seconds, (int, float)) else None,
        request_id=ref,
        cost_micros=round(float(time or 0) * row.second_micros) if by_time and row else None,
        currency="USD" if by_time else "",
        basis="metered" if by_time else "",
    )


def urls(output: Any) -> list[str]:
    """The addresses in an output: text, list or object."""
    if isinstance(output, str):
        return [output]
    values = output.values() if isinstance(output, dict) else output or []
    return [url for one in values for url in urls(one) if url.startswith("http")]


def marks(row: endpoints.Endpoint, request: Request) -> dict[str, Any]:
    """What no other attempt's input has: the seed, where the model takes one."""
    return {
        name: request.seeds[0] % endpoints.SEEDS
        for name, value in row.input.items()
        if value == "$seed"
    }


def is_emptied(said: Mapping[str, Any]) -> bool:
    """Whether a listed prediction has lost its input, as all do after an hour."""
    return bool(said.get("data_removed")) or not said.get("input")


def fits(said: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a listed prediction has the marks of an attempt. How it names the model does not
    count: what was missed for its name would be bought a second time."""
    given = said.get("input")
    if not isinstance(given, dict):
        return False
    return all(given.get(name) == value for name, value in wanted.items())
