"""Which month a budget line belongs to. Months are UTC, like every stored time."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.utils import timezone


def month_of(at: datetime | date) -> date:
    """The first day of the month, which names a budget line's period."""
    day = at.astimezone(UTC) if isinstance(at, datetime) else at
    return date(day.year, day.month, 1)


def month() -> date:
    """The period that money is held in now."""
    return month_of(timezone.now())


def month_after(period: date) -> date:
    """The first day of the month that follows."""
    return date(period.year + period.month // 12, period.month % 12 + 1, 1)
