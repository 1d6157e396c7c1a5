"""How a need and a model look to the learner: kinds, context, the catalog's word for a model.

Names and numbers only; the belief itself is in `learning`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from routing.catalog import ModelCard
from routing.need import Need
from routing.stages import OPERATIONS

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]

CONTEXT: tuple[str, ...] = ("fidelity", "people", "text", "demand")

# Spread of a task's difficulty, shared by all models, and of one model on one task (log-odds).
TASK_SD = 0.8
MODEL_SD = 0.5

# E sigmoid(N(m, s^2)) is near sigmoid(m / STRETCH) (MacKay 1992); a catalog chance is such a
# mean over tasks, so its log-odds are stretched before they become a typical task's.
STRETCH = math.sqrt(1 + math.pi / 8 * (TASK_SD**2 + MODEL_SD**2))

BASE = -0.6
SLOPE = 0.6

# Log-odds lost when a need asks for all of a virtue and the model has none of it. Judgment: a
# full shortfall turns a chance of one half into one of twelve.
SHORTFALL = 2.4


def kind_of(need: Need) -> str:
    """What evidence is pooled by: the operation, and for clips the motion profile."""
    if OPERATIONS[need.operation].makes_clip and need.motion_profile:
        return f"{need.operation}/{need.motion_profile}"
    return need.operation


def repair_kind(defect: str) -> str:
    """The kind under which an editor's repairs of one defect tag are learned."""
    return f"repair/{defect}"


def version_of(card: ModelCard) -> str:
    """The name evidence is kept under: a new version of a model is another one."""
    return f"{card.key}@{card.version}"


def context_of(need: Need) -> Floats:
    """The need's context flags in the order of CONTEXT, each 0..1."""
    clip = OPERATIONS[need.operation].makes_clip
    return np.array(
        [
            need.fidelity,
            1.0 if need.people or need.hands else 0.0,
            1.0 if need.text_words else 0.0,
            need.temporal_consistency if clip else need.surgicality,
        ]
    )


def catalog_chance(card: ModelCard, need: Need) -> float:
    """Chance that one output is kept, by the catalog alone.

    The row's `approval_prior`, less what the need asks beyond the model's profile. A virtue the
    catalog does not state costs nothing.
    """
    clip = OPERATIONS[need.operation].makes_clip
    missing = 0.0
    if need.fidelity and card.fidelity is not None:
        missing += max(0.0, need.fidelity - card.fidelity)
    if clip:
        if need.temporal_consistency and card.temporal_consistency is not None:
            missing += max(0.0, need.temporal_consistency - card.temporal_consistency)
    elif need.surgicality and card.surgicality is not None:
        missing += max(0.0, need.surgicality - card.surgicality)
    if not missing:
        return card.approval_prior
    odds = logit(card.approval_prior) - SHORTFALL * missing
    return 1 / (1 + math.exp(-odds))


def logit(chance: float) -> float:
    """Log-odds of a chance strictly between 0 and 1."""
    return math.log(chance / (1 - chance))


def catalog_score(chance: float) -> float:
    """The catalog's word as a regressor: BASE + SLOPE * score is a typical task's log-odds."""
    return (STRETCH * logit(chance) - BASE) / SLOPE
