"""The day sums equal what the rows say, after everything a line does to them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from campaigns import jobs
from campaigns.actions import (
    curation,
    fetching,
    planning,
    platform_files,
    rollups,
    runs,
    sending,
    spending,
)
from campaigns.models import AdSet, Asset, Attempt, SpendDay, StageRun, Team
from campaigns.models.choices import RunState
from tests import factories
from tests.campaigns import money, ready
from tests.campaigns.scripted import PRICE, Killed, Scripted

KEY = ("ad_set", "person", "day", "stage", "tier", "model")
SUMS = (
    "settled_micros",
    "estimated_micros",
    "top_micros",
    "credits_micros",
    "runs",
    "made",
    "kept",
)


def days(team: Team) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Every day sum by its key; seconds to the millisecond."""
    rows = SpendDay.objects.filter(team=team)
    return {
        tuple(row[: len(KEY)]): (*row[len(KEY) : -2], round(row[-2], 3), round(row[-1], 3))
        for row in rows.values_list(*KEY, *SUMS, "compute_s", "review_s")
    }


def check(team: Team) -> None:
    """What was counted step by step is what a rebuild finds."""
    before = days(team)
    rollups.rebuild(team=team)
    assert days(team) == before


def total(team: Team, name: str) -> int:
    return sum(SpendDay.objects.filter(team=team).values_list(name, flat=True))


def work(asset: Asset) -> StageRun:
    """What workers do for the newest run; it ends in review."""
    attempt = factories.open_run(asset).attempts.get()
    sending.submit(attempt_id=attempt.pk)
    fetching.fetch(attempt_id=attempt.pk)
    return factories.open_run(asset)


def again(asset: Asset, by: User, name: str) -> StageRun:
    runs.start(asset=Asset.objects.get(pk=asset.pk), operation="compose_type", by=by, token=name)
    return work(asset)


def keep(run: StageRun, by: User) -> None:
    curation.open_batch(run=run, by=by)
    run.refresh_from_db()
    met = [criterion["key"] for criterion in planning.criteria(run.stage)]
    candidate = run.candidates.order_by("position")[0]
    curation.approve(run=run, candidate=candidate, met=met, by=by)


@pytest.fixture
def paid(ad_set: AdSet, hosted: Scripted) -> AdSet:
    """A campaign in which each batch of two costs twice the price."""
    factories.fund(ad_set.campaign, low=40 * PRICE)
    return ad_set


class TestCounting:
    def test_of_a_complicated_line_equals_a_rebuild(
        self, team: Team, paid: AdSet, mara: User, cleo: User, dana: User, hosted: Scripted
    ) -> None:
        first = factories.asset(paid, by=mara, title="First")
        curation.reject_all(run=work(first), by=cleo, defect="text")
        check(team)
        second_run = again(first, mara, "second")
        keep(second_run, cleo)
        check(team)
        assert (total(team, "made"), total(team, "kept"), total(team, "runs")) == (4, 1, 2)

        curation.undo(run=second_run, by=cleo)
        assert total(team, "kept") == 0
        check(team)
        keep(second_run, cleo)
        check(team)

        spending.correct(
            attempt=second_run.attempts.get(), amount_micros=-5, note="invoice", token="c", by=dana
        )
        assert total(team, "settled_micros") == 4 * PRICE - 5
        check(team)

        released = factories.asset(paid, by=mara, title="Released")
        runs.cancel(run=factories.open_run(released), by=mara)
        assert total(team, "settled_micros") == 4 * PRICE - 5
        check(team)

        over = factories.open_run(factories.asset(paid, by=mara, title="Over")).attempts.get()
        spending.settle(attempt=over, billed_micros=100 * PRICE)
        assert total(team, "settled_micros") == 104 * PRICE - 5
        check(team)
        money.check(team)

    def test_of_a_batch_cancelled_half_way_equals_a_rebuild(
        self, team: Team, paid: AdSet, mara: User, hosted: Scripted
    ) -> None:
        hosted.makes, hosted.stops = [0, Killed()], False
        asset = factories.asset(paid, by=mara)
        with pytest.raises(Killed):
            work(asset)
        run = factories.open_run(asset)
        assert run.candidates.count() == 1
        runs.cancel(run=run, by=mara)
        jobs.stop(run.attempts.get().pk)
        hosted.makes = [0, 1]
        jobs.fetch(run.attempts.get().pk)
        assert run.candidates.count() == 2
        assert (total(team, "made"), total(team, "settled_micros")) == (2, 2 * PRICE)
        check(team)

    def test_repeats_without_counting_twice(
        self, team: Team, paid: AdSet, mara: User, cleo: User
    ) -> None:
        run = work(factories.asset(paid, by=mara))
        keep(run, cleo)
        before = days(team)
        for _ in range(3):
            rollups.judged(run_id=run.pk)
            spending.settle(attempt=run.attempts.get(), billed_micros=1)
        assert days(team) == before

    def test_keeps_people_models_and_tiers_apart(
        self, team: Team, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        factories.fund(ad_set.campaign, low=1000, medium=1000)
        ad_set.campaign.ceiling = "medium"
        ad_set.campaign.save(update_fields=["ceiling"])
        for by, tier in ((mara, "low"), (mara, "medium"), (cleo, "low"), (mara, "low")):
            attempt = money.start(ad_set, by=by, maximum=100, tier=tier).attempts.get()
            spending.settle(attempt=attempt, billed_micros=70)
        rows = SpendDay.objects.filter(team=team)
        found = sorted(rows.values_list("settled_micros", "estimated_micros", "top_micros", "runs"))
        assert found == [(70, 50, 200, 1), (70, 50, 200, 1), (140, 100, 400, 2)]
        check(team)

    def test_review_time_is_bounded(self, team: Team, paid: AdSet, mara: User, cleo: User) -> None:
        run = work(factories.asset(paid, by=mara))
        keep(run, cleo)
        opened = StageRun.objects.get(pk=run.pk).review_opened_at
        assert opened is not None
        later = money.Clock(opened).pass_by(days=2)
        StageRun.objects.filter(pk=run.pk).update(judged_at=later)
        rollups.judged(run_id=run.pk)
        assert SpendDay.objects.get(team=team).review_s == rollups.MOST_REVIEW_S
        check(team)

    def test_leaves_other_teams_alone(
        self, team: Team, paid: AdSet, mara: User, otto: User
    ) -> None:
        work(factories.asset(paid, by=mara))
        before = days(team)
        assert rollups.rebuild(team=Team.objects.get(name="Contoso")) == 0
        assert days(team) == before
        assert Attempt.objects.get().run.state == RunState.REVIEW


@pytest.mark.slow
def test_a_reopened_qa_gate_counts_once(team: Team, ad_set: AdSet, mara: User) -> None:
    asset = ready.in_qa(ad_set, by=mara)
    check(team)
    ready.approve(asset, by=mara)
    check(team)
    before = days(team)
    with transaction.atomic():
        platform_files.reopen_gate(asset=ready.fresh(asset), by=mara)
    assert factories.open_run(asset).state == RunState.REVIEW
    check(team)
    ready.approve(asset, by=mara)
    check(team)
    assert [row[:-2] for row in days(team).values()] == [row[:-2] for row in before.values()]
    money.check(team)
