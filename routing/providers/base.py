"""What every provider must offer, and the errors it may raise.

A provider turns a frozen `Request` into files. It reads no settings and no database; key and
transport are given to it. It never retries a submit: whether to try again is a decision.

    ProviderError             base; `text` is for people
    ├─ RateLimited            not accepted, nothing billed; try again after `retry_after_s`
    ├─ Refused                the content was objected to; stop and tell the person. `billed` says
    │                         whether it cost money all the same (None: it does not say)
    ├─ InvalidRequest         a field is wrong; `field` names it; nothing billed
    ├─ Unavailable            not accepted, nothing billed; another model may be tried
    ├─ WorkFailed             accepted and then failed; `billed` says whether it cost money
    └─ OutcomeUnknown         the answer was lost; look it up, never send it again blindly
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Usage:
    """What the provider says it ran and took for it; None and "" where it does not say.

    Always of the whole attempt, never of one output, so that hearing it twice changes nothing.
    `width`, `height` (pixels) and `seconds` (of clip) are those of one output, `count` how many
    were billed. Money and credits are in millionths; `cost_micros` is in `currency`, and in the
    attempt's own where that is "". `request_id` is the one that stands on the provider's invoice.
    """

    model: str = ""
    version: str = ""
    count: int | None = None
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    credits_micros: int | None = None
    cost_micros: int | None = None
    currency: str = ""
    request_id: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values of what was said; what was not said is left out."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Usage:
        """Back from `as_json`; unknown fields are left out."""
        return cls(**{one.name: stored[one.name] for one in fields(cls) if one.name in stored})


class ProviderError(Exception):
    """Base of everything a provider may raise. `text` is a sentence for people.

    `billed` is None where the provider does not say whether it took money; `usage` what for.
    """

    billed: bool | None = None
    usage: Usage | None = None

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class RateLimited(ProviderError):
    """Too many requests; nothing was accepted."""

    def __init__(self, text: str, retry_after_s: float) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class Refused(ProviderError):
    """The provider objected to the content."""

    def __init__(
        self, text: str, *, billed: bool | None = None, usage: Usage | None = None
    ) -> None:
        super().__init__(text)
        self.billed = billed
        self.usage = usage


class InvalidRequest(ProviderError):
    """A field of the request cannot be worked with; `field` names it."""

    def __init__(self, field_name: str, text: str) -> None:
        super().__init__(text)
        self.field = field_name


class Unavailable(ProviderError):
    """Not accepted, nothing billed."""


class WorkFailed(ProviderError):
    """Accepted and then failed."""

    def __init__(self, text: str, *, billed: bool, usage: Usage | None = None) -> None:
        super().__init__(text)
        self.billed = billed
        self.usage = usage


class OutcomeUnknown(ProviderError):
    """The answer was lost after the request may have left."""


class Progress(StrEnum):
    """Where accepted work stands."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that goes in. `role`: base, mask or background. `path` is readable now."""

    role: str
    path: Path
    content_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Request:
    """Everything one attempt asks for; frozen, so it can be sent again bit for bit.

    One output is wanted per seed. `workdir` is a scratch folder that exists and is empty or
    holds what an earlier, interrupted try of the same attempt left there.
    """

    attempt_key: str
    model: str
    operation: str
    params: Mapping[str, Any]
    inputs: tuple[InputFile, ...]
    seeds: tuple[int, ...]
    workdir: Path

    def input(self, role: str) -> InputFile | None:
        """The input file with this role, or None."""
        return next((file for file in self.inputs if file.role == role), None)


@dataclass(frozen=True, slots=True)
class Submission:
    """The provider took the work; `ref` finds it again."""

    ref: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the provider says of accepted work. `share_done` runs from 0 to 1 or is unknown."""

    progress: Progress
    share_done: float | None = None
    error: str = ""
    billed: bool = True
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One file that came back. `position` is the index of its seed in the request.

    `usage` is what is known of the whole attempt by now. `compute_s` are the seconds that this one
    output took on a machine of our own; 0 for work done elsewhere.
    """

    position: int
    seed: int
    path: Path
    content_type: str
    note: Mapping[str, Any] = field(default_factory=dict)
    usage: Usage | None = None
    compute_s: float = 0.0


class Provider(Protocol):
    """The contract every adapter and the embedded engine keeps."""

    @property
    def key(self) -> str:
        """The provider's name in catalog rows, such as "local"."""

    @property
    def fetch_queue(self) -> str:
        """Queue whose workers run `fetch`: "models" for the network, "media" for the CPU."""

    def submit(self, request: Request) -> Submission:
        """Hand the work over, exactly once."""

    def look_up(self, request: Request, ref: str) -> Outcome:
        """Ask where the work stands. Free and repeatable."""

    def fetch(
        self,
        request: Request,
        ref: str,
        *,
        on_progress: Callable[[float], None],
        have: frozenset[int],
    ) -> Iterator[Output]:
        """Yield each output as soon as it is there, leaving out the positions in `have`."""

    def cancel(self, ref: str) -> bool:
        """Ask to stop; True when the provider says that nothing more will be billed."""
