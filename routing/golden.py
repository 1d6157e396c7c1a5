"""Golden prompts: does the same request still give the same kind of picture?

A prompt is sent again and again with the same seeds. A model that repeats itself is compared output
by output; one that does not is compared by how a batch looks against a pool of references: the
residuals of a whole batch are averaged before their norm is taken, since an update moves all
outputs the same way, and a one-sided CUSUM adds up what is more than chance (facts: at 16
references, k = 1.25 and h = 5, one false alarm in some hundred checks). Values in, values out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from routing.features import Floats

REPEATS_WITHIN = 0.06  # share of hash bits: a model that stays within it repeats itself
CHANGED_BEYOND = 0.25  # another picture
LOOKS_BEYOND = 3.0  # Lab units of mean or spread; 2.3 is a just noticeable difference
LOOK = 6  # of the numbers, those in Lab units
REFERENCES = 16
OUTPUTS = 4  # of one check
SLACK, LIMIT = 1.25, 5.0
DRAWS = 300


@dataclass(frozen=True, slots=True)
class Output:
    """One picture: its perceptual hash, its numbers and the seed it was made with."""

    hash: str
    numbers: tuple[float, ...]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """What was accepted. `mode` is "" until two checks ran, then replay or spread; `cusum` what
    was more than chance so far."""

    mode: str = ""
    outputs: tuple[Output, ...] = ()
    batch: int = 0
    cusum: float = 0.0
    checks: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values for a row."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says: `outcome` reference (still learning what is usual), same, moved (more
    than usual, no proof), alarm or failed; `distance` in hash bits or `z` where they were taken."""

    outcome: str
    text: str
    distance: float | None = None
    z: float | None = None

    @property
    def is_alarm(self) -> bool:
        """True when the version should not be used unasked."""
        return self.outcome == "alarm"


def stored_memory(values: dict[str, Any]) -> Memory:
    """The memory of a row; empty where nothing is accepted yet."""
    if not values:
        return Memory()
    outputs = tuple(
        Output(one["hash"], tuple(one["numbers"]), one["seed"]) for one in values["outputs"]
    )
    return Memory(**{**values, "outputs": outputs})


def check(memory: Memory, batch: Sequence[Output]) -> tuple[Memory, Verdict]:
    """Compare one batch with what was accepted, outputs of one seed with each other.

    A batch that cannot be compared has failed: it says nothing of the model, and is forgotten.
    """
    if not batch:
        return memory, Verdict("failed", "no output came")
    after = replace(memory, checks=memory.checks + 1)
    if not memory.outputs:
        first = replace(after, outputs=tuple(batch), batch=len(batch))
        return first, Verdict("reference", "the first outputs are the reference")
    known = {one.seed: one for one in memory.outputs[: memory.batch]}
    pairs = [(known[one.seed], one) for one in batch if one.seed in known]
    if not pairs and memory.mode != "spread":
        return memory, Verdict("failed", "no output of the same seeds came")
    apart = max((_apart(old.hash, new.hash) for old, new in pairs), default=0.0)
    if not memory.mode:
        mode = "replay" if apart <= REPEATS_WITHIN else "spread"
        after = replace(after, mode=mode)
    if after.mode == "replay":
        return after, _replayed(pairs, apart)
    if len(memory.outputs) < REFERENCES:
        pool = (*memory.outputs, *batch)
        text = f"{len(pool)} of {REFERENCES} references gathered"
        return replace(after, outputs=pool), Verdict("reference", text, apart)
    return _spread(after, batch)


def _replayed(pairs: Sequence[tuple[Output, Output]], apart: float) -> Verdict:
    """A model that repeats itself has to repeat itself."""
    look = max(
        float(np.abs(np.subtract(old.numbers[:LOOK], new.numbers[:LOOK])).max())
        for old, new in pairs
    )
    said = f"{apart:.0%} of the picture's structure differs, color and contrast by {look:.1f}"
    if apart > CHANGED_BEYOND or look > LOOKS_BEYOND:
        return Verdict("alarm", f"the same seeds give another picture: {said}", apart)
    if apart > REPEATS_WITHIN:
        return Verdict("moved", f"the same seeds give a slightly other picture: {said}", apart)
    return Verdict("same", said, apart)


def _spread(memory: Memory, batch: Sequence[Output]) -> tuple[Memory, Verdict]:
    """A model that varies has to vary around the same middle."""
    pool = np.array([one.numbers for one in memory.outputs])
    z = score(pool, np.array([one.numbers for one in batch]))
    cusum = max(0.0, memory.cusum + z - SLACK)
    after = replace(memory, cusum=cusum)
    said = f"{z:.1f} spreads from the usual look"
    if cusum > LIMIT:
        return after, Verdict("alarm", f"outputs look otherwise than they did: {said}", z=z)
    return after, Verdict("moved" if cusum > LIMIT / 2 else "same", said, z=z)


def score(pool: Floats, batch: Floats, *, draws: int = DRAWS) -> float:
    """How far the mean of `batch` (r, d) lies from that of `pool` (n, d), in standard deviations of
    the same figure for r outputs drawn from the pool against the rest of it.

    Deterministic; raises ValueError unless the pool is larger than the batch.
    """
    size, given = len(pool), len(batch)
    if size <= given:
        raise ValueError("the pool has to be larger than the batch")
    sd = pool.std(axis=0, ddof=1) + 1e-6
    seen = _norm(batch.mean(axis=0) - pool.mean(axis=0), sd)
    random = np.random.default_rng(size)
    null = np.empty(draws)
    for at in range(draws):
        order = random.permutation(size)
        own, rest = pool[order[:given]], pool[order[given:]]
        null[at] = _norm(own.mean(axis=0) - rest.mean(axis=0), sd)
    return float((seen - null.mean()) / max(float(null.std(ddof=1)), 1e-9))


def _norm(residual: Floats, sd: Floats) -> float:
    return float(np.linalg.norm(residual / sd))


def _apart(one: str, other: str) -> float:
    """Share of bits in which two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count() / (4 * len(one))
