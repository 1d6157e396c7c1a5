"""What every provider must offer, and the errors it may raise.

A provider turns a frozen `Request` into files. It reads no settings and no database; key and
transport are given to it. It never retries a submit: whether to try again is a decision.

    ProviderError             base; `text` is for people, `kind` says what to do
    ├─ RateLimited            not accepted, nothing billed; try again after `retry_after_s`
    ├─ Refused                the content was objected to; stop and tell the person. `billed` says
    │                         whether it cost money all the same (None: it does not say)
    ├─ InvalidRequest         a field is wrong; `field` names it; nothing billed
    ├─ Unavailable            not accepted, nothing billed; another model may be tried
    ├─ AccountProblem         key or balance; nothing billed; nothing more is sent to the provider
    ├─ WorkFailed             accepted and then failed; `billed` says whether it cost money
    │  ├─ NoResult            it ended without an output
    │  └─ ResultLost          paid, and the output is gone
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
    `units_micros` are the units it billed in all, of the kind its price is for. `basis` is
    "metered" where the cost is its meter times a price of ours.
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
    units_micros: int | None = None
    basis: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values of what was said; what was not said is left out."""
        return {name: value for name, value in asdict(self).items() if value not in (None, "")}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Usage:
        """Back from `as_json`; unknown fields are left out."""
        return cls(**{one.name: stored[one.name] for one in fields(cls) if one.name in stored})


class Kind(StrEnum):
    """What became of a call, in the one word that decides what happens next."""

    REFUSED = "refused"
    NO_RESULT = "no_result"
    TRANSIENT = "transient"
    AMBIGUOUS = "ambiguous"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    INVALID = "invalid"
    ACCOUNT = "account"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    RESULT_LOST = "result_lost"
    PARTIAL = "partial"


class ProviderError(Exception):
    """Base of everything a provider may raise. `text` is a sentence for people.

    `billed` is None where the provider does not say whether it took money; `usage` what for.
    `again` says that the same model may be asked once more, as a new attempt.
    """

    kind: Kind = Kind.FAILED
    again: bool = False
    billed: bool | None = None
    usage: Usage | None = None

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class RateLimited(ProviderError):
    """Too many requests; nothing was accepted."""

    kind = Kind.TRANSIENT

    def __init__(self, text: str, retry_after_s: float) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class Refused(ProviderError):
    """The provider objected to the content."""

    kind = Kind.REFUSED

    def __init__(
        self, text: str, *, billed: bool | None = None, usage: Usage | None = None
    ) -> None:
        super().__init__(text)
        self.billed = billed
        self.usage = usage


class InvalidRequest(ProviderError):
    """A field of the request cannot be worked with; `field` names it."""

    kind = Kind.INVALID

    def __init__(self, field_name: str, text: str) -> None:
        super().__init__(text)
        self.field = field_name


class Unavailable(ProviderError):
    """Not accepted, nothing billed."""

    kind = Kind.UNAVAILABLE


class AccountProblem(ProviderError):
    """The key is not accepted or the balance is used up; nothing was billed."""

    kind = Kind.ACCOUNT


class WorkFailed(ProviderError):
    """Accepted and then failed."""

    def __init__(
        self, text: str, *, billed: bool, usage: Usage | None = None, again: bool = False
    ) -> None:
        super().__init__(text)
        self.billed = billed
        self.usage = usage
        self.again = again


class NoResult(WorkFailed):
    """It ended well and made nothing."""

    kind = Kind.NO_RESULT


class ResultLost(WorkFailed):
    """It was made and billed, and the provider does not have it any more."""

    kind = Kind.RESULT_LOST


class OutcomeUnknown(ProviderError):
    """The answer was lost after the request may have left."""

    kind = Kind.AMBIGUOUS


class Progress(StrEnum):
    """Where accepted work stands."""

    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that goes in. `role`: base, mask, background or face. `path` is readable now."""

    role: str
    path: Path
    content_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Request:
    """Everything one attempt asks for; frozen, so it can be sent again bit for bit.

    One output is wanted per seed. `workdir` is a scratch folder that exists and is empty or
    holds what an earlier, interrupted try of the same attempt left there. `version` is the
    provider's own name of the model, `hook_url` where it may tell that it is done ("" for
    nowhere), `details` what `submit` gave to be kept, `sent_at` when it was sent (Unix seconds).
    """

    attempt_key: str
    model: str
    operation: str
    params: Mapping[str, Any]
    inputs: tuple[InputFile, ...]
    seeds: tuple[int, ...]
    workdir: Path
    version: str = ""
    hook_url: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    sent_at: float = 0.0

    def input(self, role: str) -> InputFile | None:
        """The input file with this role, or None."""
        return next((file for file in self.inputs if file.role == role), None)

    def seed(self, position: int) -> int:
        """The seed of an output; those beyond what was asked for count on, as providers do."""
        last = len(self.seeds) - 1
        return self.seeds[min(position, last)] + max(0, position - last)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the provider says of accepted work. `share_done` runs from 0 to 1 or is unknown.

    Of work that failed `kind` and `again` mean what they mean of an error.
    """

    progress: Progress
    share_done: float | None = None
    error: str = ""
    billed: bool = True
    usage: Usage | None = None
    kind: Kind = Kind.FAILED
    again: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One file that came back. `position` is the index of its seed in the request, or beyond it
    where more came than was asked for.

    `usage` is what is known of the whole attempt by now. `compute_s` are the seconds that this one
    output took on a machine of our own; 0 for work done elsewhere. With a `problem` the bytes are
    no still and no clip, and are only there to be kept aside; the error comes at the end as well.
    """

    position: int
    seed: int
    path: Path
    content_type: str
    note: Mapping[str, Any] = field(default_factory=dict)
    usage: Usage | None = None
    compute_s: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """The provider took the work; `ref` finds it again, `details` are kept beside it.

    A provider that answers with the work itself gives it in `outputs`.
    """

    ref: str
    details: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()


class Trace(StrEnum):
    """What a search for a submission whose answer was lost may find."""

    FOUND = "found"
    NOT_ACCEPTED = "not_accepted"
    NOT_YET = "not_yet"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Search:
    """The end of such a search; `submission` is there when it was found."""

    trace: Trace
    submission: Submission | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A message of the provider that was proven to be its own: work `ref` has news."""

    ref: str
    event_id: str


class BadNotice(Exception):
    """A message that is not proven to be the provider's; `text` says why, for the log."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


@dataclass(frozen=True, slots=True)
class Health:
    """What a free call said of key and service."""

    works: bool
    text: str


class Provider(Protocol):
    """The contract every adapter and the embedded engine keeps."""

    @property
    def key(self) -> str:
        """The provider's name in catalog rows, such as "local"."""

    @property
    def fetch_queue(self) -> str:
        """Queue whose workers run `fetch`: "models" for the network, "media" for the CPU."""

    @property
    def keeps_s(self) -> float:
        """Seconds for which outputs can be fetched after the work was taken."""

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

    def cancel(self, ref: str, request: Request | None = None) -> bool:
        """Ask to stop; True when the provider says that nothing more will be billed."""

    def search(self, request: Request) -> Search:
        """Look for a submission whose answer was lost. Free and repeatable; sends no work."""

    def notice(self, headers: Mapping[str, str], body: bytes, now: float) -> Notice:
        """Prove that a message came from the provider. Raises BadNotice. `now` in Unix seconds."""

    def check(self) -> Health:
        """Ask with a call that costs nothing whether key and service work."""

    def per_call(self, version: str, operation: str) -> int:
        """Most outputs of one submit; 0 when there is no limit."""
