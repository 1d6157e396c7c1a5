"""The embedded engine as a provider: it accepts at once and works while results are fetched.

Outputs depend on inputs, parameters and their own seed only, so an interrupted fetch goes on
where it stopped. It cannot draw a scene or a person from words, restore a face or judge a prompt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from imaging import upscale as enlarging
from imaging import weights
from routing.providers.base import (
    BadNotice,
    Health,
    InvalidRequest,
    Notice,
    Outcome,
    Output,
    Progress,
    Request,
    Search,
    Submission,
    Trace,
    Unavailable,
)
from routing.providers.local import (
    adopt,
    background_remove,
    background_replace,
    compose,
    compose_type,
    face_enhance,
    image_to_video,
    object_erase,
    outpaint,
    upscale,
)

Operation = Callable[[Request, Callable[[float], None], frozenset[int]], Iterator[Output]]

OPERATIONS: dict[str, Operation] = {
    "compose": compose.run,
    "compose_type": compose_type.run,
    "adopt": adopt.run,
    "background_remove": background_remove.run,
    "background_replace": background_replace.run,
    "object_erase": object_erase.run,
    "outpaint": outpaint.run,
    "upscale": upscale.run,
    "face_enhance": face_enhance.run,
    "image_to_video": image_to_video.run,
}


class LocalEngine:
    """The provider "local". Holds no state: work is a function of the request."""

    key = "local"
    fetch_queue = "media"
    keeps_s = float("inf")

    def submit(self, request: Request) -> Submission:
        """Accept an operation this engine has; InvalidRequest for another or without seeds."""
        _check(request)
        return Submission(ref=f"local-{request.attempt_key}")

    def look_up(self, request: Request, ref: str) -> Outcome:
        """Always ready: the work itself is done by `fetch`."""
        return Outcome(progress=Progress.READY, billed=False)

    def fetch(
        self,
        request: Request,
        ref: str,
        *,
        on_progress: Callable[[float], None],
        have: frozenset[int],
    ) -> Iterator[Output]:
        """Work and yield one output per seed, leaving out the positions in `have`.

        Raises InvalidRequest for wrong parameters or inputs, Unavailable without model files.
        """
        operation = _check(request)
        if have.issuperset(range(len(request.seeds))):
            return
        try:
            yield from _timed(operation(request, on_progress, have))
        except (weights.WeightsMissing, enlarging.WeightsMissing) as missing:
            raise Unavailable(str(missing)) from missing

    def cancel(self, ref: str, request: Request | None = None) -> bool:
        """Nothing is ever billed here."""
        return True

    def search(self, request: Request) -> Search:
        """Nothing is kept between calls, so nothing was accepted."""
        return Search(Trace.NOT_ACCEPTED)

    def notice(self, headers: Mapping[str, str], body: bytes, now: float) -> Notice:
        """It sends none."""
        raise BadNotice("the embedded engine sends no messages")

    def check(self) -> Health:
        """It runs in the worker itself."""
        return Health(True, "It runs on this machine.")

    def per_call(self, version: str, operation: str) -> int:
        """No limit."""
        return 0


def _timed(outputs: Iterator[Output]) -> Iterator[Output]:
    """Each output with the seconds it took; all that this engine costs is time."""
    begun = time.perf_counter()
    for output in outputs:
        yield replace(output, compute_s=time.perf_counter() - begun)
        begun = time.perf_counter()


def _check(request: Request) -> Operation:
    operation = OPERATIONS.get(request.operation)
    if operation is None:
        raise InvalidRequest(
            "operation", f"The embedded engine has no operation {request.operation!r}."
        )
    if not request.seeds:
        raise InvalidRequest("seeds", "At least one seed is needed; each gives one result.")
    return operation
