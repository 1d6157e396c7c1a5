"""One task on its way: how hard it seems after what failed, and what failed where.

Outputs for one prompt fail together. A task has a difficulty shared by every model and a quirk
with each; both are integrated over fixed Gauss-Hermite nodes, so nothing here is random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from routing.features import MODEL_SD, TASK_SD, Floats


def _nodes(count: int, sd: float) -> tuple[Floats, Floats]:
    at, weight = hermegauss(count)
    return np.asarray(at * sd), np.asarray(weight / weight.sum())


DIFFICULTY, DIFFICULTY_WEIGHT = _nodes(9, TASK_SD)
QUIRK, QUIRK_WEIGHT = _nodes(5, MODEL_SD)
ETA_NODE, ETA_WEIGHT = _nodes(15, 1.0)


@dataclass(frozen=True, slots=True)
class TaskView:
    """What is known of one task: `weights` of its difficulty nodes, outputs rejected so far by
    model version, and rounds played. Fresh when made without arguments."""

    weights: tuple[float, ...] = tuple(DIFFICULTY_WEIGHT.tolist())
    rejected: Mapping[str, int] = field(default_factory=dict)
    rounds: int = 0

    def after(
        self, version: str, *, mean: float, sd: float = 0.0, kept: int = 0, rejected: int = 0
    ) -> TaskView:
        """This task after a round of `version` whose log-odds are N(mean, sd^2)."""
        etas = mean + sd * ETA_NODE if sd > 0 else np.array([mean])
        share = ETA_WEIGHT if sd > 0 else np.ones(1)
        seen = likelihood(etas, kept, rejected, self.rejected.get(version, 0))
        weights = np.asarray(self.weights) * (share @ seen)
        total = float(weights.sum())
        before = self.rejected.get(version, 0)
        return replace(
            self,
            weights=tuple((weights / total).tolist()) if total > 0 else self.weights,
            rejected={**self.rejected, version: before + rejected},
            rounds=self.rounds + 1,
        )


def likelihood(etas: Floats, kept: int, rejected: int, before: int) -> Floats:
    """Chance of a round's labels by log-odds and difficulty, shape (len(etas), nodes).

    `before` outputs of the same model were rejected on this task already; its quirk is weighed
    by that. The binomial factor is left out: it is the same everywhere.
    """
    keep = 1 / (1 + np.exp(-(etas[:, None, None] + DIFFICULTY[None, :, None] + QUIRK)))
    share = QUIRK_WEIGHT * (1 - keep) ** before
    seen: Floats = (share * keep**kept * (1 - keep) ** rejected).sum(-1) / share.sum(-1)
    return seen
