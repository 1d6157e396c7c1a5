"""A provider's invoice is accepted: each difference becomes a correction in the ledger.

Books only through `spending.correct`, one request at a time, each in a transaction of its own, so
that no lock is held for longer than one row needs, and two people who accept at once cannot wait
for each other. What breaks off half-way is continued by accepting again: what was booked is found
equal, and a correction is known by file and request. Each has its row in the audit trail.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction

from campaigns import permissions
from campaigns.actions import spending
from campaigns.models import Attempt, Team
from campaigns.queries import access
from campaigns.queries.invoices import Comparison, Row

# each costs about a dozen statements; a click has to be answered within the server's minute
MOST_AT_ONCE = 1000
_TOKEN = (
    40  # characters of a SHA-256: spending cuts its key at 120, an attempt's key takes up to 64
)


@dataclass(frozen=True, slots=True)
class Booked:
    """What accepting did. `micros` is the sum of all `count` corrections.

    `equal_count` agreed by the time they were looked at; `earlier_count` were booked from this
    file before and changed since; `refused` are (request id, why). `left_count` wait for another
    click.
    """

    count: int = 0
    micros: int = 0
    equal_count: int = 0
    earlier_count: int = 0
    refused: tuple[tuple[str, str], ...] = ()
    left_count: int = 0


def book(*, team: Team, comparison: Comparison, name: str, by: User) -> Booked:
    """Bring our books to the invoice's figures where they differ, the largest first.

    At most MOST_AT_ONCE a call. What is booked is theirs less ours as it is at that moment, not as
    it was shown. Doing it again changes nothing. `name` is the file's. Raises NotAllowed.
    """
    permissions.check_can_set_budget(access.roles(by, team))
    rows = comparison.differing
    booked = Booked(left_count=max(0, len(rows) - MOST_AT_ONCE))
    for row in rows[:MOST_AT_ONCE]:
        booked = _add(booked, row, team=team, comparison=comparison, name=name, by=by)
    return booked


def _add(
    so_far: Booked, row: Row, *, team: Team, comparison: Comparison, name: str, by: User
) -> Booked:
    try:
        micros = _book_one(row, team=team, comparison=comparison, name=name, by=by)
    except spending.BadCorrection as error:
        return replace(so_far, refused=(*so_far.refused, (row.request_id, error.text)))
    if micros is None:
        return replace(so_far, earlier_count=so_far.earlier_count + 1)
    if not micros:
        return replace(so_far, equal_count=so_far.equal_count + 1)
    return replace(so_far, count=so_far.count + 1, micros=so_far.micros + micros)


def _book_one(row: Row, *, team: Team, comparison: Comparison, name: str, by: User) -> int | None:
    """The micro-units that were booked; 0 when both agree, None when this file was booked before.

    The attempt is locked first: of two managers who accept at once the second finds both equal.
    """
    if row.call is None or row.theirs is None:
        raise ValueError("only a request that both sides know can be booked")
    with transaction.atomic():
        attempt = (
            Attempt.objects.select_for_update(of=("self",))
            .select_related("run__asset__campaign", "run__team")
            .get(pk=row.call.attempt_id, run__team=team)
        )
        token = _token(comparison.invoice.sha256, row.request_ids[0])
        difference = row.theirs - (attempt.settled_micros or 0)
        if not difference:
            return 0
        if attempt.entries.filter(key__endswith=f":{token}").exists():
            return None
        spending.correct(
            attempt=attempt,
            amount_micros=difference,
            note=_note(name, comparison.provider, row.request_id),
            token=token,
            by=by,
        )
    return difference


def _token(sha256: str, request_id: str) -> str:
    return hashlib.sha256(f"{sha256}\n{request_id}".encode()).hexdigest()[:_TOKEN]


def _note(name: str, provider: str, request_id: str) -> str:
    """Where the difference comes from; the ledger keeps 200 characters."""
    shown = name if len(name) <= 60 else f"{name[:59]}\u2026"
    return f"Invoice of {provider}, {shown}, request {request_id}"[:200]
