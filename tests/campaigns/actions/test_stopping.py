"""Stopping sent work: written down first, the provider asked after, booked as it was billed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from campaigns import jobs
from campaigns.actions import curation, reconcile, runs, stopping
from campaigns.models import AdSet, Attempt, LedgerEntry, StageRun
from campaigns.models.choices import RunState
from routing.providers.base import Outcome, Progress, Unavailable, Usage
from tests import factories
from tests.campaigns.actions.test_curation import ALL
from tests.campaigns.scripted import PRICE, Scripted

HELD = 2 * PRICE


@pytest.fixture
def sent(ad_set: AdSet, mara: User, hosted: Scripted) -> Attempt:
    """Two outputs at a provider that is still at work."""
    factories.fund(ad_set.campaign, low=10 * PRICE)
    hosted.outcome = Outcome(Progress.WAITING)
    attempt = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()
    jobs.submit(attempt.pk)
    attempt.refresh_from_db()
    assert attempt.state == "submitted"
    return attempt


def sums(attempt: Attempt) -> tuple[int, int]:
    """(held, settled) of the line."""
    line = factories.tier_line(attempt.run.asset.campaign)
    return line.reserved_micros, line.settled_micros


def state(attempt: Attempt) -> str:
    return Attempt.objects.get(pk=attempt.pk).state


class TestCancel:
    def test_asks_no_provider_itself(self, sent: Attempt, mara: User, hosted: Scripted) -> None:
        runs.cancel(run=sent.run, by=mara)
        assert hosted.stopped == []
        assert StageRun.objects.get(pk=sent.run_id).state == RunState.CANCELLED
        assert (state(sent), sums(sent)) == ("submitted", (HELD, 0))

    @pytest.mark.django_db(transaction=True)
    def test_wakes_a_worker_once_it_is_committed(
        self, sent: Attempt, mara: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        woken: list[tuple[str, bool]] = []
        monkeypatch.setattr(
            "campaigns.dispatch.now",
            lambda name, pk, tries=0: woken.append((name, connection.in_atomic_block)),
        )
        runs.cancel(run=sent.run, by=mara)
        assert woken == [("stop", False)]

    def test_leaves_the_asset_free_for_another_run(self, sent: Attempt, mara: User) -> None:
        runs.cancel(run=sent.run, by=mara)
        again = runs.start(asset=sent.run.asset, operation="compose_type", by=mara, token="another")
        assert again.state == RunState.QUEUED
        assert sums(sent) == (2 * HELD, 0)

    def test_by_undoing_a_gate_asks_no_provider_either(
        self, ad_set: AdSet, mara: User, cleo: User, hosted: Scripted
    ) -> None:
        factories.fund(ad_set.campaign, low=10 * PRICE)
        asset = factories.asset(ad_set, by=mara)
        first = factories.open_run(asset)
        for job in (jobs.submit, jobs.fetch):
            job(first.attempts.get().pk)
        curation.approve(run=first, candidate=first.candidates.all()[0], met=ALL, by=cleo)
        following = factories.open_run(asset)
        assert following.pk != first.pk
        following.attempts.update(state="submitted", provider="fal", provider_ref="job-7")
        curation.undo(run=first, by=cleo)
        assert hosted.stopped == []
        following.refresh_from_db()
        assert following.state == RunState.CANCELLED
        jobs.stop(following.attempts.get().pk)
        assert hosted.stopped == ["job-7"]


class TestStop:
    @pytest.mark.parametrize(
        ("stops", "outcome", "settled"),
        [
            (True, Outcome(Progress.WAITING), 0),
            (False, Outcome(Progress.FAILED, billed=False), 0),
            (False, Outcome(Progress.FAILED, billed=True), HELD),
            (False, Outcome(Progress.FAILED, usage=Usage(cost_micros=7)), 7),
        ],
    )
    def test_settles_what_the_provider_reports(
        self,
        sent: Attempt,
        mara: User,
        hosted: Scripted,
        stops: bool,
        outcome: Outcome,
        settled: int,
    ) -> None:
        runs.cancel(run=sent.run, by=mara)
        hosted.stops, hosted.outcome = stops, outcome
        for _ in range(2):
            jobs.stop(sent.pk)
        assert (state(sent), sums(sent)) == ("cancelled", (0, settled))
        closing = LedgerEntry.objects.filter(attempt=sent).exclude(kind="reserve").get()
        assert closing.kind == ("settle" if settled else "release")

    @pytest.mark.parametrize(
        ("usage", "settled"),
        [(None, HELD), (Usage(cost_micros=50_000), 50_000), (Usage(count=1), PRICE)],
    )
    def test_keeps_and_pays_what_was_made_all_the_same(
        self, sent: Attempt, mara: User, hosted: Scripted, usage: Usage | None, settled: int
    ) -> None:
        runs.cancel(run=sent.run, by=mara)
        hosted.stops, hosted.outcome = False, Outcome(Progress.READY, usage=usage)
        for _ in range(2):
            jobs.stop(sent.pk)
        for _ in range(2):
            jobs.fetch(sent.pk)
        assert (state(sent), sums(sent)) == ("settled", (0, settled))
        assert sent.candidates.count() == 2
        assert StageRun.objects.get(pk=sent.run_id).state == RunState.CANCELLED

    def test_pays_what_was_taken_before_it_stopped(
        self, sent: Attempt, mara: User, hosted: Scripted
    ) -> None:
        hosted.outcome = Outcome(Progress.WAITING, usage=Usage(cost_micros=11_000))
        jobs.poll(sent.pk)
        runs.cancel(run=sent.run, by=mara)
        jobs.stop(sent.pk)
        assert sums(sent) == (0, 11_000)
        assert "billed $0.011" in sent.entries.get(kind="settle").note

    def test_waits_while_the_provider_goes_on(
        self, sent: Attempt, mara: User, hosted: Scripted
    ) -> None:
        hosted.stops = False
        runs.cancel(run=sent.run, by=mara)
        jobs.stop(sent.pk)
        assert (state(sent), sums(sent)) == ("submitted", (HELD, 0))
        sent.refresh_from_db()
        assert sent.due_at > timezone.now()
        hosted.outcome = Outcome(Progress.READY, usage=Usage(cost_micros=30_000))
        jobs.poll(sent.pk)
        jobs.fetch(sent.pk)
        assert (state(sent), sums(sent)) == ("settled", (0, 30_000))

    def test_is_asked_again_by_the_reconciler(
        self, sent: Attempt, mara: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        runs.cancel(run=sent.run, by=mara)
        woken: list[tuple[Any, ...]] = []
        monkeypatch.setattr(
            "campaigns.dispatch.now", lambda *wake: bool(woken.append(wake)) or True
        )
        reconcile.tick(timezone.now())
        assert ("poll", sent.pk, 0) in woken

    def test_of_a_provider_that_does_not_answer_settles_the_hold_after_a_day(
        self, sent: Attempt, mara: User, hosted: Scripted
    ) -> None:
        def away(ref: str, request: object = None) -> bool:
            raise Unavailable("Away.")

        hosted.cancel = away  # type: ignore[method-assign]
        runs.cancel(run=sent.run, by=mara)
        jobs.stop(sent.pk)
        assert sums(sent) == (HELD, 0)
        StageRun.objects.update(finished_at=timezone.now() - timedelta(days=1, seconds=1))
        jobs.stop(sent.pk)
        assert (state(sent), sums(sent)) == ("cancelled", (0, HELD))
        assert "did not say what it billed" in sent.entries.get(kind="settle").note

    def test_leaves_work_alone_that_nobody_cancelled(self, sent: Attempt, hosted: Scripted) -> None:
        jobs.stop(sent.pk)
        assert (state(sent), hosted.stopped) == ("submitted", [])

    def test_leaves_work_alone_that_was_sent_since_it_was_read(
        self, ad_set: AdSet, mara: User, hosted: Scripted
    ) -> None:
        factories.fund(ad_set.campaign, low=10 * PRICE)
        run = factories.open_run(factories.asset(ad_set, by=mara))
        read = run.attempts.get()
        run.attempts.update(state="submitted", provider_ref="job-1")
        stopping.end(attempt=read)
        assert (state(read), sums(read)) == ("submitted", (HELD, 0))


@pytest.mark.parametrize("at", ["submitted", "fetching"])
def test_our_own_engine_is_ended_at_once(ad_set: AdSet, mara: User, at: str) -> None:
    run = factories.open_run(factories.asset(ad_set, by=mara))
    run.attempts.update(state=at, provider_ref="r")
    runs.cancel(run=run, by=mara)
    assert run.attempts.get().state == "cancelled"
