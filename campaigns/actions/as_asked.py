"""Whether what a hosted model delivered is what it was asked for: size, shape and length.

A provider may answer 720p with 864 x 496 and five seconds with four. It is kept and paid for all
the same; a person who picks it shall know. Asks no provider and changes nothing.
"""

from __future__ import annotations

from campaigns import wiring
from campaigns.models import Candidate
from campaigns.models.choices import FileKind, FindingVerdict
from campaigns.stages.base import Reading
from routing.providers import endpoints

SHAPE_OFF = 0.02
MUCH_SMALLER = 0.6
SECONDS_OFF = 0.3
FREE = frozenset({"upscale"})  # gives what its factor gives
LIKE_SOURCE = frozenset({"background_remove", "object_erase", "face_enhance", "face_swap"})


def read(candidate: Candidate) -> list[Reading]:
    """One reading for each thing that is off; none for work of our own engine."""
    attempt, media = candidate.attempt, candidate.media
    if attempt is None or wiring.sends_again(attempt.provider):
        return []
    found = []
    wanted = _size(candidate)
    if wanted is not None:
        found += _of_size((media.width, media.height), wanted)
    params = candidate.run.params
    if media.kind == FileKind.CLIP and media.duration_s is not None and params.get("seconds"):
        seconds = endpoints.seconds_of(
            attempt.provider, attempt.model_version, float(params["seconds"])
        )
        if abs(media.duration_s - seconds) > SECONDS_OFF:
            text = f"{media.duration_s:.1f} s came, {seconds:.0f} s were asked for"
            found.append(_warn("length_as_asked", "Length", media.duration_s, text))
    return found


def _size(candidate: Candidate) -> tuple[int, int] | None:
    operation, params = candidate.run.operation, candidate.run.params
    if operation in FREE:
        return None
    if operation in LIKE_SOURCE:
        parent = candidate.parent
        return (parent.media.width, parent.media.height) if parent else None
    if params.get("width") and params.get("height"):
        return int(params["width"]), int(params["height"])
    return None


def _of_size(came: tuple[int, int], wanted: tuple[int, int]) -> list[Reading]:
    text = f"{came[0]} \u00d7 {came[1]} came, {wanted[0]} \u00d7 {wanted[1]} was asked for"
    ratio = (came[0] / came[1]) / (wanted[0] / wanted[1])
    if abs(ratio - 1) > SHAPE_OFF:
        return [_warn("shape_as_asked", "Shape", ratio, text)]
    share = came[0] * came[1] / (wanted[0] * wanted[1])
    if share < MUCH_SMALLER:
        return [_warn("size_as_asked", "Size", share, text)]
    return []


def _warn(name: str, label: str, value: float, text: str) -> Reading:
    return Reading(name, label, value, text, FindingVerdict.WARN, "file")
