"""Three ways to spend from the same lines, and what one of many spenders does with one of them.

The project's gate, and two rivals that differ from it only in how a line's sum is changed: row
lock, read and `save()`; and read, check and `save()` as one writes it without thinking of others.
Everything else (the approval, the ledger row, the day sums, the alerts) is the same code. `lines`
leaves that out and changes the three lines alone, to show what the way itself costs.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction

from campaigns.actions import alerts, approving, budgets, rollups, spending
from campaigns.models import Attempt, BudgetLine, StageRun
from campaigns.models.choices import EntryKind

GRANTED = "granted"
REFUSED = "refused"
REJECTED = "rejected"  # by a CHECK of the database


class Barrier(Protocol):
    """Threads' or processes': all wait here, then all go."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the others."""


@dataclass(frozen=True, slots=True)
class Way:
    """How to hold money for an attempt, and how to close the hold at what was billed."""

    label: str
    reserve: Callable[[Attempt, int, User], None]
    settle: Callable[[Attempt, int], None]


@dataclass(frozen=True, slots=True)
class Share:
    """What one spender did: counts by what became of a hold, and when (monotonic seconds)."""

    became: Counter[str]
    settled: int
    begun_s: float
    ended_s: float
    holds_s: list[float]


def _gate_reserve(attempt: Attempt, amount: int, by: User) -> None:
    with transaction.atomic():
        spending.reserve(attempt=attempt, amount_micros=amount, by=by)


def _gate_settle(attempt: Attempt, billed: int) -> None:
    spending.settle(attempt=attempt, billed_micros=billed)


def _prepared(attempt: Attempt, amount: int) -> list[int]:
    """What stands before the lines in the gate; returns the ids of the three lines."""
    run = StageRun.objects.select_related("asset__campaign__team").get(pk=attempt.run_id)
    approving.use(run=run, amount_micros=amount)
    return [line.pk for line in _chain(attempt)]


def _held(attempt: Attempt, chain: Sequence[BudgetLine], amount: int, by: User) -> None:
    """What stands behind the lines in the gate."""
    Attempt.objects.filter(pk=attempt.pk).update(reserved_micros=amount)
    attempt.reserved_micros = amount
    line = spending._tier_line(chain)
    spending._book(line, attempt, EntryKind.RESERVE, amount, by=by)
    alerts.check(lines=chain)


def _add_if_room(chain: Sequence[BudgetLine], amount: int) -> None:
    """In Python, from what was read."""
    for line in chain:
        if line.frozen_at or (line.left_micros is not None and line.left_micros < amount):
            raise spending.NotCovered(spending._refusal(chain, amount))
    for line in chain:
        line.reserved_micros += amount
        line.save(update_fields=["reserved_micros"])


def _close(chain: Sequence[BudgetLine], attempt: Attempt, billed: int) -> None:
    for line in chain:
        line.reserved_micros -= attempt.reserved_micros
        line.settled_micros += billed
        line.save(update_fields=["reserved_micros", "settled_micros"])
    Attempt.objects.filter(pk=attempt.pk).update(settled_micros=billed)
    spending._book(spending._tier_line(chain), attempt, EntryKind.SETTLE, billed)
    rollups.closed(attempt=attempt, micros=billed, settled=True)
    alerts.check(lines=chain)


def _lock_reserve(attempt: Attempt, amount: int, by: User) -> None:
    with transaction.atomic():
        ids = _prepared(attempt, amount)
        locked = BudgetLine.objects.select_for_update().filter(pk__in=ids)
        chain = list(locked.order_by("pk"))
        _add_if_room(chain, amount)
        _held(attempt, chain, amount, by)


def _lock_settle(attempt: Attempt, billed: int) -> None:
    with transaction.atomic():
        if spending._closed(attempt):
            return
        ids = [line.pk for line in spending.held_lines(attempt=attempt)]
        locked = BudgetLine.objects.select_for_update().filter(pk__in=ids)
        _close(list(locked.order_by("pk")), attempt, billed)


def _naive_reserve(attempt: Attempt, amount: int, by: User) -> None:
    chain = _chain(attempt)
    if any(line.left_micros is not None and line.left_micros < amount for line in chain):
        raise spending.NotCovered(spending._refusal(chain, amount))
    with transaction.atomic():
        _prepared(attempt, amount)
        _add_if_room(chain, amount)
        _held(attempt, chain, amount, by)


def _naive_settle(attempt: Attempt, billed: int) -> None:
    chain = spending.held_lines(attempt=attempt)
    with transaction.atomic():
        if not spending._closed(attempt):
            _close(chain, attempt, billed)


WAYS = {
    "gate": Way("one conditional UPDATE a line", _gate_reserve, _gate_settle),
    "lock": Way("SELECT … FOR UPDATE + save", _lock_reserve, _lock_settle),
    "naive": Way("read, check, save", _naive_reserve, _naive_settle),
}


def _chain(attempt: Attempt) -> list[BudgetLine]:
    lines = budgets.open_month(campaign=attempt.run.asset.campaign)
    return [line for line in lines if line.tier in ("", attempt.run.tier)]


def _locked(attempt: Attempt) -> list[BudgetLine]:
    ids = [line.pk for line in _chain(attempt)]
    return list(BudgetLine.objects.select_for_update().filter(pk__in=ids).order_by("pk"))


def _move(chain: Sequence[BudgetLine], amount: int) -> None:
    for line in chain:
        line.reserved_micros -= amount
        line.settled_micros += amount
        line.save(update_fields=["reserved_micros", "settled_micros"])


def _gate_lines(attempt: Attempt, amount: int, by: User) -> None:
    with transaction.atomic():
        spending._hold_all(_chain(attempt), amount)


def _gate_close(attempt: Attempt, amount: int) -> None:
    with transaction.atomic():
        spending._close(_chain(attempt), amount, amount)


def _lock_lines(attempt: Attempt, amount: int, by: User) -> None:
    with transaction.atomic():
        _add_if_room(_locked(attempt), amount)


def _lock_close(attempt: Attempt, amount: int) -> None:
    with transaction.atomic():
        _move(_locked(attempt), amount)


def _naive_lines(attempt: Attempt, amount: int, by: User) -> None:
    chain = _chain(attempt)
    with transaction.atomic():
        _add_if_room(chain, amount)


def _naive_close(attempt: Attempt, amount: int) -> None:
    chain = _chain(attempt)
    with transaction.atomic():
        _move(chain, amount)


LINES = {
    "gate": Way(WAYS["gate"].label, _gate_lines, _gate_close),
    "lock": Way(WAYS["lock"].label, _lock_lines, _lock_close),
    "naive": Way(WAYS["naive"].label, _naive_lines, _naive_close),
}
PARTS = {"whole": WAYS, "lines": LINES}


def spend(part: str, name: str, attempt_ids: Sequence[int], amount: int, barrier: Barrier) -> Share:
    """Hold `amount` for each attempt in turn and settle it whole, by the way called `name`.

    `part` is "whole" or "lines". Loads the rows first, then waits until everybody has. Raises
    what no way foresees.
    """
    way = PARTS[part][name]
    logging.getLogger("campaigns.dispatch").setLevel(logging.ERROR)  # nobody sends letters here
    try:
        rows = Attempt.objects.select_related("run__asset__campaign__team", "run__requested_by")
        attempts = rows.in_bulk(attempt_ids)
        barrier.wait(120)
        became: Counter[str] = Counter()
        holds: list[float] = []
        settled = 0
        begun = time.monotonic()
        for pk in attempt_ids:
            attempt = attempts[pk]
            asked = time.monotonic()
            outcome = _hold(way, attempt, amount)
            holds.append(time.monotonic() - asked)
            became[outcome] += 1
            if outcome == GRANTED:
                settled += _settle(way, attempt, amount)
        return Share(became, settled, begun, time.monotonic(), holds)
    finally:
        connection.close()


def _hold(way: Way, attempt: Attempt, amount: int) -> str:
    try:
        way.reserve(attempt, amount, attempt.run.requested_by)
    except spending.NotCovered:
        return REFUSED
    except IntegrityError:
        return REJECTED
    return GRANTED


def _settle(way: Way, attempt: Attempt, amount: int) -> bool:
    try:
        way.settle(attempt, amount)
    except IntegrityError:
        return False
    return True


_process_barrier: Barrier | None = None


def take_barrier(barrier: Barrier) -> None:
    """What a process of its own does first."""
    global _process_barrier
    _process_barrier = barrier


def spend_in_process(part: str, name: str, attempt_ids: Sequence[int], amount: int) -> Share:
    """`spend` in a process that `take_barrier` prepared."""
    if _process_barrier is None:
        raise RuntimeError("take_barrier was not called")
    return spend(part, name, attempt_ids, amount, _process_barrier)
