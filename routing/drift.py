"""Has a model version changed? A sequential test on how often its outputs are kept.

The null is what the router predicted for each output by a belief that was frozen when a person
last trusted the version. Evidence against it is gathered output by output, in either direction,
and may be looked at at any time: a mixture of Shiryaev-Roberts e-processes (Shin, Ramdas & Rinaldo
2024, "E-detectors"), with a dead zone so that a slightly wrong prediction is no change. Values in,
values out: no clock, no row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from routing.features import Floats
from routing.tasks import DIFFICULTY, QUIRK, QUIRK_WEIGHT, TaskView

ALARM = 1000.0  # mean evidence at which a version stops being used unasked
HINT = 30.0  # from here on a page says that something may be up
DEAD_ZONE = 0.25  # log-odds that a prediction may be off
SHIFTS: tuple[float, ...] = (0.75, -0.75, 1.25, -1.25, 2.0, -2.0)  # log-odds that are tested
STRENGTH = 0.8  # of a shift, what is bet on it
FEWEST = 20  # judged outputs before a version is watched: before that nothing is known of it
MOST = 1e12


@dataclass(frozen=True, slots=True)
class Window:
    """Where a shift would have begun: since its log-likelihood ratio was last nothing (`height`),
    `labels` were judged, `kept` were good and `expected` were predicted to be."""

    height: float = 0.0
    labels: int = 0
    kept: int = 0
    expected: float = 0.0

    def after(self, log_ratio: float, chance: float, good: bool) -> Window:
        """This window and one more label; a new one where nothing is left of it."""
        height = self.height + log_ratio
        if height <= 0:
            return Window()
        return Window(height, self.labels + 1, self.kept + good, self.expected + chance)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen since a version was trusted: for each shift its evidence and its window, and
    how many outputs were judged in all."""

    values: tuple[float, ...] = (0.0,) * len(SHIFTS)
    windows: tuple[Window, ...] = (Window(),) * len(SHIFTS)
    labels: int = 0

    @property
    def strength(self) -> float:
        """Mean evidence; by chance it passes A less often than once in A outputs."""
        return sum(self.values) / len(self.values)

    @property
    def is_alarm(self) -> bool:
        """True when chance alone does not explain it."""
        return self.strength > ALARM

    @property
    def is_hint(self) -> bool:
        """True when something may be up, short of an alarm."""
        return HINT < self.strength <= ALARM

    @property
    def window(self) -> Window:
        """The outputs since the likeliest change: those of the shift with most evidence."""
        return self.windows[self.values.index(max(self.values))]

    @property
    def share(self) -> float | None:
        """Share kept since the likeliest change."""
        return self.window.kept / self.window.labels if self.window.labels else None

    @property
    def share_expected(self) -> float | None:
        """Share that was predicted for the same outputs."""
        return self.window.expected / self.window.labels if self.window.labels else None

    def after(self, labels: Sequence[tuple[float, bool]], dead_zone: float = DEAD_ZONE) -> Evidence:
        """This evidence and judged outputs: (predicted chance before it was seen, was it good)."""
        found = self
        for chance, good in labels:
            found = found._one(chance, good, dead_zone)
        return found

    def _one(self, chance: float, good: bool, dead_zone: float) -> Evidence:
        odds = math.log(chance / (1 - chance))
        grown, windows = [], []
        for shift, value, window in zip(SHIFTS, self.values, self.windows, strict=True):
            null = _chance(odds + math.copysign(dead_zone, shift))
            other = _chance(odds + math.copysign(dead_zone, shift) + STRENGTH * shift)
            bet = other / null if good else (1 - other) / (1 - null)
            grown.append(min(MOST, bet * (value + 1)))
            windows.append(window.after(math.log(bet), chance, good))
        return Evidence(tuple(grown), tuple(windows), self.labels + 1)

    def as_json(self) -> dict[str, Any]:
        """Plain values for a row."""
        return asdict(self)


def stored_evidence(values: Mapping[str, Any]) -> Evidence:
    """The evidence of a row; none where another release left other numbers."""
    found, windows = values.get("values", []), values.get("windows", [])
    if len(found) != len(SHIFTS) or len(windows) != len(SHIFTS):
        return Evidence()
    return Evidence(
        tuple(float(value) for value in found),
        tuple(Window(**window) for window in windows),
        int(values["labels"]),
    )


def predicted(
    mean: float, view: TaskView, version: str, good: int, bad: int
) -> list[tuple[float, bool]]:
    """Labels of one batch, each with its chance given those before it.

    Outputs of one task fail together, so the second of a batch is predicted after the first was
    seen: difficulty and quirk are integrated over their nodes and weighed again by every label.
    `mean` are the log-odds of a typical task. The order of outputs says nothing, so they are mixed
    evenly.
    """
    keep: Floats = 1 / (1 + np.exp(-(mean + DIFFICULTY[:, None] + QUIRK[None, :])))
    before = view.rejected.get(version, 0)
    weights = np.asarray(view.weights)[:, None] * QUIRK_WEIGHT[None, :] * (1 - keep) ** before
    weights /= weights.sum()
    found = []
    for is_good in _spread(good, bad):
        chance = float((weights * keep).sum())
        chance = min(max(chance, 1e-6), 1 - 1e-6)
        found.append((chance, is_good))
        weights = weights * (keep if is_good else 1 - keep)
        weights /= weights.sum()
    return found


def _spread(good: int, bad: int) -> list[bool]:
    """The labels of a batch in an order that does not depend on them: evenly mixed."""
    total = good + bad
    return [(place + 1) * good // total > place * good // total for place in range(total)]


def dead_zone(sd: float) -> float:
    """The dead zone for a prediction with this posterior spread (log-odds)."""
    return max(DEAD_ZONE, sd)


def _chance(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


def level(evidence: Evidence) -> float:
    """Evidence against a version in tenfold steps: 0 for none, 1 for an alarm."""
    return min(1.0, max(0.0, math.log10(max(evidence.strength, 1.0)) / math.log10(ALARM)))
