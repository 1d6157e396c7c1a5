"""What budget lines would leave if something were approved. Advice for a screen, not the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.models import BudgetLine, Team
from campaigns.queries.months import month
from routing import money

Lines = Mapping[tuple[int | None, str], BudgetLine]


@dataclass(frozen=True, slots=True)
class Room:
    """What budget lines leave once all that is wanted was held.

    `left_micros` is the smallest, of the line called `line`; None when nothing limits or the
    month is not open yet. `fits` counts what can be held; `short` says why the rest cannot.
    """

    left_micros: int | None
    line: str
    fits: int
    short: str


def lines_of(*, team: Team) -> Lines:
    """This month's budget lines of a team by campaign and tier; (None, "") is the team's own."""
    rows = BudgetLine.objects.filter(team=team, period=month()).select_related("campaign", "team")
    return {(row.campaign_id, row.tier): row for row in rows}


def room(wanted: Sequence[tuple[int, str, int]], lines: Lines, currency: str) -> Room:
    """Hold all that is wanted, (campaign, tier, micros), one after the other, on paper."""
    left: dict[int, int] = {}
    names: dict[int, str] = {}
    fits, short, is_open = 0, "", True
    for campaign, tier, micros in wanted:
        found = [lines.get(key) for key in ((campaign, tier), (campaign, ""), (None, ""))]
        chain = [line for line in found if line is not None]
        is_open = is_open and found[0] is not None
        for line in chain:
            names.setdefault(line.pk, line.name)
            if line.left_micros is not None:
                left.setdefault(line.pk, line.left_micros)
        problem = _short(chain, left, micros, currency)
        if problem:
            short = short or problem
            continue
        fits += 1
        for line in chain:
            if line.pk in left:
                left[line.pk] -= micros
    if not is_open or not left:
        return Room(None, "", fits, short)
    tightest = min(left, key=lambda pk: left[pk])
    return Room(left[tightest], names[tightest], fits, short)


def _short(chain: Sequence[BudgetLine], left: Mapping[int, int], micros: int, currency: str) -> str:
    for line in chain:
        if line.frozen_at is not None:
            return f"{line.name} is frozen: nothing new starts on it until a manager allows it."
    for line in chain:
        if line.pk in left and left[line.pk] < micros:
            return (
                f"It does not fit: {money.text(left[line.pk], currency)} is left on {line.name} "
                f"this month, and this needs {money.text(micros, currency)}."
            )
    return ""
