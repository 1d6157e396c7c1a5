"""QA: the last gate; nothing skips it. Its work is cutting and checking platform files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.stages.base import Brief, Criterion, Measured, Reading
from routing.stages import Stage

KEY = Stage.QA
WORK = "files"
CRITERIA = (
    Criterion("crop", "Subject is whole in every crop"),
    Criterion("zones", "Nothing important lies under the apps' buttons"),
    Criterion("text", "Words are complete and legible"),
    Criterion("claims", "Claims, prices and disclosure are right"),
)


def default_operation(brief: Brief) -> str:
    """Always: nothing skips QA."""
    return "check"


def params(operation: str, given: Mapping[str, Any], brief: Brief) -> dict[str, Any]:
    """The platforms to cut for."""
    return {"platforms": list(brief.platforms)}


def candidate_count(operation: str, brief: Brief) -> int:
    """One master."""
    return 1


def read(measured: Measured) -> list[Reading]:
    """Nothing here: platform files carry their own checks."""
    return []
