"""How one odd file is described: how to make it, and how it has to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taken:
    """It comes in with this size; each note begins one of what was done to it, in order."""

    size: tuple[int, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """It does not come in; `words` begin what the person reads."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Odd:
    """One file: its name, what is odd, its bytes, its end; `cpu_s` narrows the cage."""

    name: str
    what: str
    make: Callable[[], bytes]
    ends: Taken | Refused
    cpu_s: int = 0


DAMAGED = Refused("damaged", "This file is damaged or cut off.")
