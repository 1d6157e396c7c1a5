"""Any sequence of holds, bills, decisions, budgets, months and kills keeps every sum in order.

A kill strikes at a statement inside an action: nothing of its open transaction remains, and what
was committed before stays. `MONEY_EXAMPLES=2000` looks longer than a common run does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from campaigns.actions import approvals, approving, budgets, rollups, runs, spending, standing
from campaigns.models import (
    AdSet,
    Approval,
    Attempt,
    BudgetLine,
    Campaign,
    SpendDay,
    StageRun,
    StandingRule,
    Team,
)
from campaigns.models.choices import Ceiling, Role
from campaigns.permissions import NotAllowed
from campaigns.queries.months import month
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns import money
from tests.campaigns.scripted import Killed

DEEP = int(os.environ.get("MONEY_EXAMPLES", "0"))
EXAMPLES = settings(
    max_examples=DEEP or 25,
    stateful_step_count=60 if DEEP else 25,
    derandomize=not DEEP,  # a common run is the same everywhere
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
REFUSALS = (
    NotAllowed,
    NotNow,
    approvals.NeedsReason,
    approving.NotApproved,
    budgets.BadBudget,
    spending.BadCorrection,
    spending.NotCovered,
)

amounts = st.integers(0, 120)
tiers = st.sampled_from(["low", "low", "medium", "high"])
which = st.integers(0, 1000)
kills = st.one_of(st.none(), st.none(), st.none(), st.integers(0, 45))


@contextmanager
def killed_at(statement: int | None) -> Iterator[None]:
    """The process dies at this statement of the block, or not at all."""
    seen = 0

    def count(execute: Callable[..., Any], *call: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen - 1 == statement:
            raise Killed
        return execute(*call)

    with connection.execute_wrapper(count):
        yield


def sums(team: Team) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The day sums as values, without rows that came to nothing."""
    key = ("ad_set", "person", "day", "stage", "tier", "model")
    value = ("settled_micros", "estimated_micros", "top_micros", "runs", "made", "kept")
    rows = SpendDay.objects.filter(team=team).values_list(*key, *value)
    return {row[:6]: row[6:] for row in rows if any(row[6:])}


class Money(RuleBasedStateMachine):
    """One campaign, two people, and everything that may happen to their money."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.stack.enter_context(transaction.atomic())
        self.clock = self.stack.enter_context(money.stopped_clock())

    @initialize()
    def a_funded_campaign(self) -> None:
        team = self.team = factories.team()
        self.mara = factories.member(team, "Mara", Role.MARKETER)
        self.dana = factories.member(team, "Dana", Role.MANAGER, Role.MARKETER)
        self.ad_set: AdSet = factories.ad_set(team, by=self.mara, ceiling=Ceiling.MEDIUM)
        self.tokens = 0
        self.act(
            None, budgets.set_campaign, campaign=self.campaign, total_micros=500, by=self.dana,
            tiers={"low": 200, "medium": 200, "high": 100}, carries_over=True,
        )  # fmt: skip

    @property
    def campaign(self) -> Campaign:
        return Campaign.objects.select_related("team").get(pk=self.ad_set.campaign_id)

    def act(self, kill: int | None, action: Callable[..., object], **values: Any) -> None:
        """Do it; a refusal changes nothing, a kill leaves what was committed."""
        try:
            with killed_at(kill), transaction.atomic():
                action(**values)
        except (Killed, *REFUSALS):
            return

    def attempt(self, number: int) -> Attempt | None:
        rows = list(Attempt.objects.select_related("run__asset__campaign__team").order_by("pk"))
        return rows[number % len(rows)] if rows else None

    def person(self, number: int) -> User:
        return (self.mara, self.dana)[number % 2]

    @rule(maximum=amounts, tier=tiers, by=which, kill=kills)
    def start(self, maximum: int, tier: str, by: int, kill: int | None) -> None:
        person = self.person(by)
        self.act(kill, money.start, ad_set=self.ad_set, by=person, maximum=maximum, tier=tier)

    @rule(number=which, share=st.sampled_from([0, 1, 50, 99, 100, 101, 150, 400]), kill=kills)
    def settle(self, number: int, share: int, kill: int | None) -> None:
        found = self.attempt(number)
        if found is not None:
            billed = found.reserved_micros * share // 100
            self.act(kill, spending.settle, attempt=found, billed_micros=billed)

    @rule(number=which, kill=kills)
    def release(self, number: int, kill: int | None) -> None:
        found = self.attempt(number)
        if found is not None:
            self.act(kill, spending.release, attempt=found)

    @rule(number=which, amount=st.integers(-150, 150), again=st.booleans(), kill=kills)
    def correct(self, number: int, amount: int, again: bool, kill: int | None) -> None:
        found = self.attempt(number)
        self.tokens += not again
        if found is not None:
            self.act(
                kill, spending.correct, attempt=found, amount_micros=amount, note="invoice",
                token=str(self.tokens), by=self.dana,
            )  # fmt: skip

    @rule(number=which, yes=st.booleans(), kill=kills)
    def decide(self, number: int, yes: bool, kill: int | None) -> None:
        rows = list(Approval.objects.order_by("pk"))
        if rows:
            found = rows[number % len(rows)]
            self.act(kill, approvals.decide, approval=found, approve=yes, by=self.dana, reason="x")

    @rule(number=which, amount=amounts)
    def hold_without_leave(self, number: int, amount: int) -> None:
        """A shell puts another attempt on a run that was asked about."""
        rows = list(StageRun.objects.filter(approval__isnull=False).order_by("pk"))
        if rows:
            run = rows[number % len(rows)]
            attempt = money.another(run)
            with pytest.raises(approving.NotApproved):
                spending.reserve(attempt=attempt, amount_micros=amount, by=self.mara)
            attempt.delete()

    @rule(number=which, kill=kills)
    def cancel(self, number: int, kill: int | None) -> None:
        rows = list(StageRun.objects.order_by("pk"))
        if rows:
            self.act(kill, runs.cancel, run=rows[number % len(rows)], by=self.mara)

    @rule(
        total=st.integers(0, 600), parts=st.tuples(*[st.integers(0, 250)] * 3),
        carries=st.booleans(), ask_above=st.none() | st.integers(0, 120), kill=kills,
    )  # fmt: skip
    def set_budget(
        self, total: int, parts: tuple[int, ...], carries: bool, ask_above: int | None,
        kill: int | None,
    ) -> None:  # fmt: skip
        named = dict(zip(("low", "medium", "high"), parts, strict=True))
        self.act(
            kill, budgets.set_campaign, campaign=self.campaign, total_micros=total, tiers=named,
            by=self.dana, ask_above_micros=ask_above, carries_over=carries,
        )  # fmt: skip

    @rule(limit=st.none() | st.integers(0, 600), kill=kills)
    def limit_the_team(self, limit: int | None, kill: int | None) -> None:
        team = Team.objects.get(pk=self.team.pk)
        self.act(kill, budgets.set_team_month, team=team, limit_micros=limit, by=self.dana)

    @rule(number=which, frozen=st.booleans(), kill=kills)
    def freeze(self, number: int, frozen: bool, kill: int | None) -> None:
        rows = list(BudgetLine.objects.order_by("pk"))
        found = rows[number % len(rows)]
        self.act(kill, budgets.set_frozen, line=found, frozen=frozen, by=self.dana)

    @rule(tier=tiers, day=st.integers(1, 150), own=st.booleans(), kill=kills)
    def write_a_rule(self, tier: str, day: int, own: bool, kill: int | None) -> None:
        self.act(
            kill, standing.add, team=self.team, tier=tier, day_micros=day, by=self.dana,
            person=self.mara if own else None,
        )  # fmt: skip

    @rule(number=which)
    def end_a_rule(self, number: int) -> None:
        rows = list(StandingRule.objects.order_by("pk"))
        if rows:
            self.act(None, standing.end, rule=rows[number % len(rows)], by=self.dana)

    @rule(hours=st.sampled_from([1, 13, 24 * 7]), kill=kills)
    def wait(self, hours: int, kill: int | None) -> None:
        now = self.clock.pass_by(hours=hours)
        self.act(kill, approving.expire, now=now)

    @rule(opened=st.booleans(), kill=kills)
    def next_month(self, opened: bool, kill: int | None) -> None:
        now = self.clock.pass_by(days=31)
        if opened:
            self.act(kill, budgets.open_months, now=now)

    @invariant()
    def sums_agree(self) -> None:
        if hasattr(self, "ad_set"):
            money.check(self.team)

    def teardown(self) -> None:
        """Everything closes: no hold is left over, and the day sums are those of the ledger."""
        try:
            if hasattr(self, "ad_set"):
                for attempt in Attempt.objects.select_related("run__asset__campaign__team"):
                    spending.settle(attempt=attempt, billed_micros=attempt.reserved_micros // 2)
                held = BudgetLine.objects.exclude(reserved_micros=0)
                assert not held.exists()
                money.check(self.team)
                before = sums(self.team)
                rollups.rebuild(team=self.team)
                assert sums(self.team) == before
                assert all(row.period <= month() for row in BudgetLine.objects.all())
        finally:
            transaction.set_rollback(True)
            self.stack.close()


@pytest.mark.django_db
def test_money_agrees_whatever_happens() -> None:
    run_state_machine_as_test(Money, settings=EXAMPLES)
