"""Many spenders at once, and everybody who changes lines: exact sums, and nobody waits for ever.

On PostgreSQL 32 threads with connections of their own; on SQLite eight processes on the file.
"""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from campaigns.actions import budgets, rollups, runs, spending, standing
from campaigns.models import AdSet, Attempt, BudgetLine, LedgerEntry, RuleDay, StageRun, Team
from campaigns.models.choices import Ceiling, RunState
from tests import factories
from tests.campaigns import money, spender
from tests.campaigns.at_once import at_once

EACH = 50
AMOUNT = 70

pytestmark = pytest.mark.django_db(transaction=True)


def on_postgres() -> bool:
    return connection.vendor == "postgresql"


def spenders() -> int:
    return 32 if on_postgres() else 8


def shares(ad_set: AdSet, by: User, each: int = EACH) -> list[list[int]]:
    """For each spender the ids of its own attempts; none holds money yet."""
    made = []
    for _ in range(spenders()):
        run = money.unsaved(ad_set, by=by, maximum=AMOUNT)
        run.save()
        ids = []
        for number in range(each):
            ids.append(
                Attempt(
                    run=run, number=number + 1, provider="fal", model="m", model_version="1",
                    key=f"key-{run.pk}-{number}", due_at=run.created_at,
                )
            )  # fmt: skip
        made.append([row.pk for row in Attempt.objects.bulk_create(ids)])
    return made


def all_spend(work: list[list[int]], close: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everybody spends their share at once; what became of each attempt."""
    if on_postgres():
        done = at_once(*(lambda ids=ids: spender.spend(ids, AMOUNT, close) for ids in work))
        assert all(isinstance(part, list) for part in done), done
        return [one for part in done for one in part]  # type: ignore[union-attr]
    url = f"sqlite:///{connection.settings_dict['NAME']}"
    monkeypatch.setenv("DATABASE_URL", url)
    connection.close()
    count = len(work)
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        parts = pool.map(
            spender.spend_in_process, [url] * count, work, [AMOUNT] * count, [close] * count
        )
        return [one for part in parts for one in part]


class TestManySpenders:
    def test_are_granted_exactly_what_fits(
        self, ad_set: AdSet, mara: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        work = shares(ad_set, mara)
        fits = len(work) * EACH // 5
        factories.fund(ad_set.campaign, low=fits * AMOUNT + AMOUNT - 1)
        became = all_spend(work, "", monkeypatch)
        assert set(became) == {spender.HELD, spender.REFUSED}
        assert became.count(spender.HELD) == fits
        for name in ("low", "campaign", "team"):
            assert money.sums(ad_set.campaign, name) == (fits * AMOUNT, 0)
        assert LedgerEntry.objects.filter(kind="reserve").count() == fits
        money.check(ad_set.campaign.team)

    def test_lose_no_release_and_no_bill(
        self, ad_set: AdSet, mara: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        work = shares(ad_set, mara, each=15)
        factories.fund(ad_set.campaign, low=len(work) * 15 * AMOUNT // 5)
        became = all_spend(work, "mixed", monkeypatch)
        assert set(became) == {spender.HELD, spender.REFUSED}
        money.check(ad_set.campaign.team)
        kinds = [LedgerEntry.objects.filter(kind=kind).count() for kind in ("settle", "release")]
        held, settled = money.sums(ad_set.campaign)
        assert settled == kinds[0] * (AMOUNT // 2)
        assert held == (became.count(spender.HELD) - sum(kinds)) * AMOUNT
        for attempt in Attempt.objects.select_related("run__asset__campaign__team"):
            spending.release(attempt=attempt)
        assert money.sums(ad_set.campaign) == (0, settled)
        assert money.sums(ad_set.campaign, "team") == (0, settled)


def until_somebody_waits() -> None:
    """Go on once another connection waits for a lock of ours. SQLite cannot be asked: go on."""
    if not on_postgres():
        return
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody came to wait")


class TestNobodyWaitsForEver:
    @pytest.fixture(autouse=True)
    def stopped(self) -> Iterator[money.Clock]:
        with money.stopped_clock() as clock:
            self.clock = clock
            yield clock

    def test_a_start_by_a_rule_and_a_bill_of_that_rule(
        self, team: Team, mara: User, dana: User
    ) -> None:
        strict = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
        factories.fund(strict.campaign, low=1000)
        standing.add(team=team, tier="low", day_micros=500, by=dana)
        earlier = money.start(strict, by=mara, maximum=100).attempts.get()
        later = money.unsaved(strict, by=mara, maximum=100)
        has_day = threading.Event()

        def start() -> None:
            with transaction.atomic():
                later.save()
                day = standing.match(run=later)
                assert day is not None
                has_day.set()
                until_somebody_waits()
                runs.approving.grant_by_rule(run=later, why="asks", day=day, by=mara)
                runs.launch(run=later, by=mara)

        def bill() -> None:
            has_day.wait(30)
            spending.settle(attempt=earlier, billed_micros=40)

        assert at_once(start, bill) == [None, None]
        assert RuleDay.objects.get().used_micros == 140
        assert money.sums(strict.campaign) == (100, 40)
        money.check(team)

    def test_two_first_runs_of_a_month(self, ad_set: AdSet, mara: User) -> None:
        self.clock.pass_by(days=31)
        both = threading.Barrier(2)

        def start(run: StageRun) -> None:
            with transaction.atomic():
                run.save()
                if on_postgres():  # SQLite lets only one of them begin to write
                    both.wait(30)
                runs.launch(run=run, by=mara)

        waiting = [money.unsaved(ad_set, by=mara, maximum=0) for _ in range(2)]
        assert at_once(*(lambda run=run: start(run) for run in waiting)) == [None, None]
        april = BudgetLine.objects.filter(period="2026-04-01")
        assert april.count() == 5
        money.check(ad_set.campaign.team)

    def test_a_month_that_opens_and_a_bill_of_the_month_before(
        self, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        budgets.set_campaign(
            campaign=ad_set.campaign, total_micros=300, by=dana, carries_over=True,
            tiers=dict.fromkeys(("low", "medium", "high"), 100),
        )  # fmt: skip
        attempt = money.hold_nothing(ad_set, by=mara, maximum=60)
        spending.reserve(attempt=attempt, amount_micros=60, by=mara)
        self.clock.pass_by(days=31)
        has_lines = threading.Event()

        def bill() -> None:
            with transaction.atomic():
                ids = [line.pk for line in spending.held_lines(attempt=attempt)]
                list(BudgetLine.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
                has_lines.set()
                until_somebody_waits()
                spending.settle(attempt=attempt, billed_micros=150)

        def opens() -> None:
            has_lines.wait(30)
            budgets.open_month(campaign=ad_set.campaign)

        assert at_once(bill, opens) == [None, None]
        assert money.line(ad_set.campaign).frozen_at is not None
        money.check(ad_set.campaign.team)

    def test_managers_spenders_and_a_new_month_all_together(
        self, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        budgets.set_campaign(
            campaign=ad_set.campaign, total_micros=9000, by=dana, carries_over=True,
            tiers=dict.fromkeys(("low", "medium", "high"), 3000),
        )  # fmt: skip
        rounds = 12 if on_postgres() else 6
        mine = [
            [money.hold_nothing(ad_set, by=mara, maximum=50) for _ in range(rounds)]
            for _ in range(6)
        ]

        def spends(attempts: list[Attempt]) -> None:
            for number, attempt in enumerate(attempts):
                try:
                    with transaction.atomic():
                        spending.reserve(attempt=attempt, amount_micros=50, by=mara)
                except spending.NotCovered:
                    continue
                if number % 3 == 0:
                    spending.release(attempt=attempt)
                else:
                    spending.settle(attempt=attempt, billed_micros=40 + 10 * (number % 3))

        def manages(seed: int) -> None:
            chance = random.Random(seed)
            for _ in range(rounds):
                tiers = {name: chance.randint(500, 3000) for name in ("low", "medium", "high")}
                try:
                    budgets.set_campaign(
                        campaign=ad_set.campaign, total_micros=9000, tiers=tiers, by=dana
                    )
                    budgets.set_team_month(
                        team=ad_set.campaign.team, limit_micros=chance.randint(4000, 9000), by=dana
                    )
                except budgets.BadBudget:
                    continue

        def turns() -> None:
            for _ in range(3):
                budgets.open_months(now=self.clock.pass_by(days=31))

        work = [*(lambda part=part: spends(part) for part in mine)]
        results = at_once(*work, lambda: manages(1), lambda: manages(2), turns)
        assert results == [None] * len(results), results
        money.check(ad_set.campaign.team)
        before = list(rollups.SpendDay.objects.order_by("day").values_list("day", "settled_micros"))
        rollups.rebuild(team=ad_set.campaign.team)
        assert before == list(
            rollups.SpendDay.objects.order_by("day").values_list("day", "settled_micros")
        )
        assert StageRun.objects.filter(state=RunState.QUEUED).count() == 6 * rounds
