"""The model versions a team watches, for their page. Only reads."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.models import VersionWatch
from campaigns.models.choices import Stage
from campaigns.models.team import Team
from routing import drift
from routing.drift import Evidence


@dataclass(frozen=True, slots=True)
class Watched:
    """One version in one stage. `sign` is calm, hint, alarm or out (by a person's word);
    `level` 0..1 how near the evidence is to an alarm, on a scale of tenfold steps."""

    row: VersionWatch
    stage_label: str
    evidence: Evidence

    @property
    def sign(self) -> str:
        """What the evidence and people say."""
        if self.row.kept_out:
            return "out"
        if self.row.alarmed_at is not None:
            return "alarm"
        return "hint" if self.evidence.is_hint else "calm"

    @property
    def level(self) -> float:
        """Evidence against the version, 0 for none, 1 for an alarm."""
        return drift.level(self.evidence)


@dataclass(frozen=True, slots=True)
class Page:
    """`waiting` alarms wait for a person, the newest first; `rows` are all others."""

    waiting: tuple[Watched, ...]
    rows: tuple[Watched, ...]


def page(*, team: Team) -> Page:
    """Every watched version. One query."""
    found = [
        Watched(row, Stage(row.stage).label, drift.stored_evidence(row.evidence))
        for row in VersionWatch.objects.filter(team=team)
        .select_related("decided_by")
        .defer("baseline")
        .order_by("stage", "label", "version", "pk")
    ]
    waiting = [one for one in found if one.sign == "alarm"]
    waiting.sort(key=lambda one: (one.row.alarmed_at is not None, one.row.pk), reverse=True)
    return Page(tuple(waiting), tuple(one for one in found if one.sign != "alarm"))


def open_alarms(*, team: Team) -> int:
    """How many versions wait for a person's word."""
    return VersionWatch.objects.filter(team=team, alarmed_at__isnull=False, kept_out=False).count()
