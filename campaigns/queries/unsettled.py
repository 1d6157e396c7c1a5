"""Calls of which nobody knows whether they were billed, for the managers' page. Only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.models import Attempt, Event, StageRun, Team
from campaigns.models.choices import AttemptState
from campaigns.queries import history, lineage

MOST = 100
MOST_DECIDED = 10
VERBS = ("attempt.billed", "attempt.unbilled", "attempt.found")


@dataclass(frozen=True, slots=True)
class Row:
    """One call with what is held for it, in micro-units of `currency`. `why` says what was lost."""

    pk: int
    run: StageRun
    operation_label: str
    number: int
    provider: str
    held_micros: int
    currency: str
    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """Open calls, oldest first, at most MOST of `count`; and the newest decisions."""

    rows: tuple[Row, ...]
    count: int
    held_micros: int
    decided: tuple[history.Happening, ...]


def count(*, team: Team) -> int:
    """How many calls wait for a manager's word."""
    return Attempt.objects.filter(run__team=team, state=AttemptState.UNKNOWN).count()


def page(*, team: Team) -> Page:
    """The managers' page. A constant number of queries."""
    waiting = Attempt.objects.filter(run__team=team, state=AttemptState.UNKNOWN)
    found = list(
        waiting.select_related(
            "run__asset__campaign", "run__asset__current", "run__requested_by"
        ).order_by("due_at", "pk")
    )
    told = Event.objects.filter(team=team, verb__in=VERBS)
    return Page(
        rows=tuple(_row(one) for one in found[:MOST]),
        count=len(found),
        held_micros=sum(one.reserved_micros for one in found),
        decided=tuple(history.told(told, {}, most=MOST_DECIDED)),
    )


def _row(attempt: Attempt) -> Row:
    run = attempt.run
    return Row(
        pk=attempt.pk,
        run=run,
        operation_label=lineage.operation_label(run.operation),
        number=attempt.number,
        provider=attempt.provider,
        held_micros=attempt.reserved_micros,
        currency=run.currency,
        since=attempt.due_at,  # nobody is due to look at it any more: since its answer was lost
        why=attempt.error or "The worker died while it sent this.",
    )
