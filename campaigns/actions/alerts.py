"""What managers are told without asking: a line at 50, 80 and 100 %, an overrun, a new request.

Written in the transaction of the change it tells, once per mark and month.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from campaigns.actions import events, mails
from campaigns.models import Approval, Attempt, BudgetLine
from routing import money

MARKS = (100, 80, 50)


def check(*, lines: Iterable[BudgetLine]) -> None:
    """Tell the managers of each line that passed a mark since the last time."""
    fresh = BudgetLine.objects.filter(pk__in=[line.pk for line in lines])
    for line in fresh.select_related("team", "campaign").order_by("pk"):
        mark = reached(line)
        if mark <= line.alerted_percent:
            continue
        told = BudgetLine.objects.filter(pk=line.pk, alerted_percent__lt=mark).update(
            alerted_percent=mark
        )
        if told == 1:
            _tell(line, mark)


def reached(line: BudgetLine) -> int:
    """The highest mark that settled and held money of a line has reached, or 0."""
    if not line.approved_micros:
        return 0
    room = line.approved_micros - line.carried_out_micros
    if not line.used_micros:  # all of it moved to the next month
        return 0
    return next((mark for mark in MARKS if line.used_micros * 100 >= mark * room), 0)


def _tell(line: BudgetLine, mark: int) -> None:
    events.record(
        team=line.team,
        verb="budget.alert",
        subject="budget_line",
        subject_id=line.pk,
        by=None,
        after={"percent": mark, "line": line.name},
    )
    left = money.text(line.left_micros or 0, line.currency)
    mails.write(
        team=line.team,
        key=f"alert:{line.pk}:{mark}:{line.approved_micros}",
        people=mails.with_role(team=line.team, role="manager"),
        subject=f"{mark} % of the budget of {line.name} is used",
        body=f"{line.name}: {mark} % of this month's budget is spent or held; {left} is left.",
        path=_budget(line),
    )


def _budget(line: BudgetLine) -> str:
    at = reverse("budget", args=[line.team.slug])
    return f"{at}?campaign={line.campaign_id}" if line.campaign_id else at


def overrun(*, line: BudgetLine, attempt: Attempt, excess_micros: int) -> None:
    """A provider billed above the hold and the line: its tier was frozen."""
    excess = money.text(excess_micros, line.currency)
    mails.write(
        team=line.team,
        key=f"overrun:{attempt.pk}",
        people=mails.with_role(team=line.team, role="manager"),
        subject=f"{line.name} is frozen: a provider billed {excess} too much",
        body=(
            f"{attempt.run.model_label} billed {excess} more than was held for "
            f"“{attempt.run.asset.title}”, and the budget has no room for it. The tier is "
            "frozen: nothing new starts on it until a manager allows it again."
        ),
        path=_budget(line),
    )


def above_hold(*, line: BudgetLine, attempt: Attempt, excess_micros: int) -> None:
    """A provider billed above the hold; the budget carried it."""
    excess = money.text(excess_micros, line.currency)
    mails.write(
        team=line.team,
        key=f"above-hold:{attempt.pk}",
        people=mails.with_role(team=line.team, role="manager"),
        subject=f"{attempt.run.model_label} billed {excess} more than was promised",
        body=(
            f"{attempt.run.model_label} billed {excess} more than was held for "
            f"“{attempt.run.asset.title}”. The budget of {line.name} had room for it and carries "
            "it. Look at the model's price: the next run may do the same."
        ),
        path=_budget(line),
    )


def asked(*, approval: Approval) -> None:
    """A request waits: tell the managers who may decide about it."""
    run = approval.run
    amount = money.text(approval.amount_micros, approval.currency)
    who = approval.asked_by.get_full_name() or approval.asked_by.get_username()
    managers = mails.with_role(team=approval.team, role="manager")
    if not approval.team.self_approval_allowed:
        managers = [person for person in managers if person.pk != approval.asked_by_id]
    at = reverse("approvals", args=[approval.team.slug])
    mails.write(
        team=approval.team,
        # one letter a bulk action, not one a card
        key=f"asked:{approval.batch or approval.pk}",
        people=managers,
        subject=f"{amount} to approve: {run.asset.title}",
        body=(
            f"{who} asks for {amount} on the {approval.tier} tier of {approval.campaign.name}: "
            f"{run.model_label}, {run.candidate_count} for “{run.asset.title}”.\n"
            f"{approval.why}\n\nDecide here:"
        ),
        path=f"{at}#approval-{approval.pk}",
    )
