"""A hosted provider that does as it is told: priced, never sent again, and it may fail anywhere.

It stands where a vendor would stand and keeps the contract of routing.providers.base.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from campaigns.models import CatalogModel
from routing import catalog
from routing.providers.base import (
    BadNotice,
    Health,
    Notice,
    Outcome,
    Output,
    Progress,
    Request,
    Search,
    Submission,
    Trace,
    Usage,
)
from tests import factories

PRICE = 40_000


class Killed(BaseException):
    """The process dies here: nothing after this line happens, no handler runs."""


def _nothing() -> None:
    """No incident."""


@dataclass
class Scripted:
    """`before_answer` runs once the work is accepted but before its answer arrives.

    `makes` lists what `fetch` yields: a position, or an exception that is raised there. `usage` is
    what it says with each output of all that it ran.
    """

    before_answer: Callable[[], None] = _nothing
    refuses: Exception | None = None
    outcome: Outcome = field(default_factory=lambda: Outcome(Progress.READY))
    makes: list[int | BaseException] = field(default_factory=lambda: [0, 1])
    usage: Usage | None = None
    stops: bool = True
    found: Search = field(default_factory=lambda: Search(Trace.CANNOT_TELL))
    at_once: int = 0
    accepted: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    key: str = "fal"
    fetch_queue: str = "models"
    keeps_s: float = 3600.0

    def submit(self, request: Request) -> Submission:
        """Accept, or refuse as scripted."""
        if self.refuses is not None:
            raise self.refuses
        self.accepted.append(request.attempt_key)
        self.before_answer()
        return Submission(ref=f"job-{len(self.accepted)}")

    def look_up(self, request: Request, ref: str) -> Outcome:
        """As scripted."""
        return self.outcome

    def fetch(
        self,
        request: Request,
        ref: str,
        *,
        on_progress: Callable[[float], None],
        have: frozenset[int],
    ) -> Iterator[Output]:
        """A small real photograph for each position, or the scripted exception."""
        for step in self.makes:
            if isinstance(step, BaseException):
                raise step
            if step in have:
                continue
            path = request.workdir / f"{step}.png"
            with Image.open(factories.COFFEE) as photo:
                photo.resize((120, 80)).save(path)
            on_progress((step + 1) / len(self.makes))
            seed = request.seed(step)
            yield Output(step, seed, path, "image/png", usage=self.usage)

    def cancel(self, ref: str, request: Request | None = None) -> bool:
        """As scripted."""
        self.stopped.append(ref)
        return self.stops

    def search(self, request: Request) -> Search:
        """As scripted."""
        return self.found

    def notice(self, headers: Mapping[str, str], body: bytes, now: float) -> Notice:
        """A message is genuine when it says so."""
        if headers.get("signed") != "yes":
            raise BadNotice("the signature does not fit")
        return Notice(ref=body.decode(), event_id=body.decode())

    def check(self) -> Health:
        """It always works."""
        return Health(True, "It works.")

    def per_call(self, version: str, operation: str) -> int:
        """As scripted; 0 is no limit."""
        return self.at_once


def priced_type(**values: Any) -> CatalogModel:
    """The catalog with a priced model of this provider as the only one that sets type."""
    others = [card.key for card in catalog.shipped() if "compose_type" in card.operations]
    CatalogModel.objects.filter(key__in=others).update(is_enabled=False)
    row = CatalogModel.objects.get(key="local-type")
    row.pk = None
    for name, value in {
        "key": "hosted-type",
        "label": "Hosted type",
        "provider": "fal",
        "price_micros": PRICE,
        "is_enabled": True,
        **values,
    }.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row
