"""For how long it is worth asking a provider again for what it made and billed.

It moves no state and no money: who gives up ends the attempt and says why.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from campaigns import wiring
from campaigns.actions import spool
from campaigns.models import Attempt
from routing.providers.delivery import Missing, NotYet

LEAST_S = 24 * 3600.0
# a file or a request that was not there once may be there again, at a fresh address
MISSING_FOR = timedelta(minutes=30)
SINCE = "missing_since"
ELSEWHERE_FOR = timedelta(days=7)


def is_over(*, attempt: Attempt, rows: QuerySet, error: Exception) -> bool:
    """Whether to give up; `rows` is the attempt as long as it is ours to write.

    The provider's own retention counts. Where the reason lies elsewhere it is at least a day, and
    what waits on our own disk waits as long as it must, on another machine's a week.
    """
    now = timezone.now()
    if spool.is_expected(attempt=attempt):
        # here it waits for the storage; on another machine, for a worker there
        waited = now - (attempt.submitted_at or attempt.created_at)
        return not spool.is_here(attempt=attempt) and waited > ELSEWHERE_FOR
    keeps_s = _keeps_s(attempt)
    if isinstance(error, Missing):
        since = _missing_since(attempt, rows, now)
        if now - since > MISSING_FOR:
            return True
    elif not isinstance(error, NotYet):
        keeps_s = max(keeps_s, LEAST_S)
    return (now - (attempt.submitted_at or attempt.created_at)).total_seconds() > keeps_s


def forget_absence(*, attempt: Attempt, rows: QuerySet) -> None:
    """The provider knows the work again: a later absence is a new one, with its own half hour."""
    if SINCE in attempt.details:
        attempt.details = {name: kept for name, kept in attempt.details.items() if name != SINCE}
        rows.update(details=attempt.details)


def _missing_since(attempt: Attempt, rows: QuerySet, now: datetime) -> datetime:
    """When the provider first did not show it; noted down with the first question."""
    noted = attempt.details.get(SINCE)
    if noted:
        return datetime.fromtimestamp(float(noted), UTC)
    attempt.details = {**attempt.details, SINCE: f"{now.timestamp():.0f}"}
    rows.update(details=attempt.details)
    return now


def _keeps_s(attempt: Attempt) -> float:
    try:
        return wiring.provider(attempt.provider).keeps_s
    except wiring.NoSuchProvider:
        return 0.0
