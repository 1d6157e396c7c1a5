"""A belief as text for a row, and back: versioned, exact to the last bit.

Arrays travel as compressed little-endian doubles, the rest as JSON. A blob of another version or
with wrong shapes is refused, never guessed at.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import asdict
from typing import Any

import numpy as np

from routing.features import CONTEXT, Floats
from routing.learning import Belief, Priors, Tally

VERSION = 1


class BadBlob(ValueError):
    """The text is not a belief of this version; start a fresh one and replay its rounds."""


def dumps(belief: Belief) -> str:
    """The belief as ASCII text."""
    return json.dumps(
        {
            "version": VERSION,
            "stage": belief.stage,
            "context": list(CONTEXT),
            "kinds": list(belief.kinds),
            "models": list(belief.models),
            "mean": _packed(belief.mean),
            "cov": _packed(belief.cov),
            "day": belief.day,
            "updates": belief.updates,
            "tallies": [[*key, *asdict(t).values()] for key, t in belief.tallies.items()],
            "priors": asdict(belief.priors),
        },
        separators=(",", ":"),
    )


def loads(text: str) -> Belief:
    """The belief that `dumps` wrote. Raises BadBlob."""
    try:
        data: dict[str, Any] = json.loads(text)
        if data["version"] != VERSION or tuple(data["context"]) != CONTEXT:
            raise BadBlob(
                f"belief of version {data['version']}; this release reads {VERSION}. "
                "Start a fresh one and replay its rounds."
            )
        belief = Belief(
            stage=data["stage"],
            kinds=tuple(data["kinds"]),
            models=tuple(data["models"]),
            day=float(data["day"]),
            updates=int(data["updates"]),
            tallies={
                (model, kind): Tally(int(kept), int(seen), float(since))
                for model, kind, kept, seen, since in data["tallies"]
            },
            priors=Priors(**data["priors"]),
        )
        size = belief.effects * belief.slots
        mean, cov = _unpacked(data["mean"], (size,)), _unpacked(data["cov"], (size, size))
    except (KeyError, TypeError, ValueError, zlib.error, binascii.Error) as error:
        if isinstance(error, BadBlob):
            raise
        raise BadBlob(f"not a stored belief: {error}. Start a fresh one and replay.") from error
    if not (np.isfinite(mean).all() and np.isfinite(cov).all()):
        raise BadBlob("a stored belief holds numbers that are none. Start a fresh one and replay.")
    return Belief(
        stage=belief.stage,
        kinds=belief.kinds,
        models=belief.models,
        mean=mean,
        cov=cov,
        day=belief.day,
        updates=belief.updates,
        tallies=belief.tallies,
        priors=belief.priors,
    )


def _packed(array: Floats) -> str:
    raw = np.ascontiguousarray(array, dtype="<f8").tobytes()
    return base64.b64encode(zlib.compress(raw, 6)).decode("ascii")


def _unpacked(text: str, shape: tuple[int, ...]) -> Floats:
    size = 8 * int(np.prod(shape))
    raw = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    if len(raw) != size:
        raise ValueError("an array has the wrong size")
    return np.frombuffer(raw, dtype="<f8").reshape(shape).astype(np.float64)
