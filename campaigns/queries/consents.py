"""Whose faces may be used: the page of consents, and those that can be chosen today.

Reads rows, writes none. Days are UTC, as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from campaigns.models import FaceConsent, Team


@dataclass(frozen=True, slots=True)
class Row:
    """One consent with its state: in force, not yet, ended or revoked; `tone` of its pill."""

    consent: FaceConsent
    state: str
    tone: str
    run_count: int

    @property
    def can_be_revoked(self) -> bool:
        """A consent that ended by itself needs no end."""
        return self.state in ("In force", "Not yet")


def today() -> date:
    """The day that counts, in UTC."""
    return timezone.now().date()


def day(of: date) -> str:
    """A day in words, "3 March 2027"."""
    return f"{of.day} {of:%B %Y}"


def problem(consent: FaceConsent, on: date) -> str:
    """Why this face may not be used on that day, or ""."""
    whose = f"The consent of {consent.person_name}"
    if consent.revoked_at is not None:
        return f"{whose} was revoked on {day(consent.revoked_at.date())}."
    if on > consent.valid_until:
        return f"{whose} ended on {day(consent.valid_until)}."
    if on < consent.valid_from:
        return f"{whose} begins on {day(consent.valid_from)}."
    return ""


def usable(*, team: Team) -> QuerySet[FaceConsent]:
    """The consents in force today, by name."""
    on = today()
    return (
        FaceConsent.objects.filter(
            team=team, revoked_at__isnull=True, valid_from__lte=on, valid_until__gte=on
        )
        .select_related("face")
        .order_by("person_name", "pk")
    )


def rows(*, team: Team) -> list[Row]:
    """Every consent of the team: those in force first, then by their last day."""
    on = today()
    found = (
        FaceConsent.objects.filter(team=team)
        .select_related("face", "recorded_by", "revoked_by")
        .annotate(run_count=Count("runs", filter=Q(runs__candidates__isnull=False), distinct=True))
        .order_by("-valid_until", "-pk")
    )
    made = [Row(one, *_state(one, on), one.run_count) for one in found]
    return sorted(made, key=lambda row: not row.can_be_revoked)


def _state(consent: FaceConsent, on: date) -> tuple[str, str]:
    if consent.revoked_at is not None:
        return "Revoked", "bad"
    if on > consent.valid_until:
        return "Ended", ""
    return ("Not yet", "warn") if on < consent.valid_from else ("In force", "ok")
