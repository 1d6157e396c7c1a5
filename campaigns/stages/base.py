"""What every stage offers, in plain values. No rows and no writes: stages are asked, not told.

Each stage module has the same names:

    KEY                     its stage
    WORK                    "provider" (an attempt does it) or "files" (platform files do it)
    CRITERIA                what a person ticks at its gate
    default_operation(brief)            operation, or "pass" when there is nothing to do
    params(operation, given, brief)     checked parameters for the provider; raises BadParams
    candidate_count(operation, brief)   how many outputs make a batch; 0: as routing finds best
    read(measured)                      what the meters say of one output
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from imaging.see import Seen
from routing.complexity import Demands
from routing.stages import Stage

NONE = Demands()


class BadParams(ValueError):
    """A parameter cannot be used; `field` names it and `text` says what to enter instead."""

    def __init__(self, field_name: str, text: str) -> None:
        super().__init__(text)
        self.field = field_name
        self.text = text


@dataclass(frozen=True, slots=True)
class Brief:
    """What planning may look at. Sizes are pixels of the picture that would go in, or 0.

    `count` is how many candidates a person asks for, 0 leaves it to routing.
    """

    has_base: bool
    wants_clip: bool
    purpose: str = "social"
    platforms: tuple[str, ...] = ()
    locale: str = "en-US"
    goal: str = ""
    headline: str = ""
    subline: str = ""
    cta: str = ""
    motion: str = ""
    motion_profile: str = ""
    brand_colors: tuple[str, ...] = ()
    count: int = 4
    as_is: bool = False
    width: int = 0
    height: int = 0
    todo: tuple[str, ...] = ()
    deadline_at: datetime | None = None
    demands: Demands = NONE


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing a person ticks at a gate. A warning of one of `meters` leaves it unticked."""

    key: str
    label: str
    meters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """One output to be measured, with the version it came from and the mask, where there are.

    `seen` is what lies in the source, in the source's pixels, when somebody looked.
    """

    path: Path
    is_clip: bool
    operation: str
    note: Mapping[str, Any]
    source: Path | None = None
    mask: Path | None = None
    seen: Seen | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter says. `verdict` is pass, warn, fail or info; a person still decides."""

    name: str
    label: str
    value: float | None
    value_text: str
    verdict: str
    origin: str
    threshold: float | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


class StageModule(Protocol):
    """The shape of a stage module."""

    KEY: Stage
    WORK: str
    CRITERIA: tuple[Criterion, ...]

    def default_operation(self, brief: Brief) -> str:
        """The operation to plan, or "pass"."""

    def params(self, operation: str, given: Mapping[str, Any], brief: Brief) -> dict[str, Any]:
        """Checked parameters. Raises BadParams."""

    def candidate_count(self, operation: str, brief: Brief) -> int:
        """Outputs in a batch; 0 leaves it to routing."""

    def read(self, measured: Measured) -> list[Reading]:
        """Meters of one output."""


def as_stage(module: ModuleType) -> StageModule:
    """`module` as a stage, for the type checker; a missing name shows in the tests."""
    stage: Any = module
    checked: StageModule = stage
    return checked


def whole_number(given: Mapping[str, Any], name: str, default: int, least: int, most: int) -> int:
    """A whole number from `given`. Raises BadParams outside [least, most]."""
    raw = given.get(name, "")
    if raw in ("", None):
        return default
    try:
        value = int(raw)
    except (TypeError, ValueError) as error:
        raise BadParams(name, f"Enter a whole number from {least} to {most}.") from error
    if not least <= value <= most:
        raise BadParams(name, f"Enter a whole number from {least} to {most}.")
    return value


def one_of(given: Mapping[str, Any], name: str, default: str, allowed: tuple[str, ...]) -> str:
    """A word from `given`. Raises BadParams unless it is one of `allowed`."""
    value = str(given.get(name) or default)
    if value not in allowed:
        raise BadParams(name, f"Choose one of {', '.join(allowed)}.")
    return value
