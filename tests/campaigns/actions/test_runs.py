"""Starting, failing and cancelling runs: once, with its money, and never half."""

from __future__ import annotations

import secrets

import pytest
from django.contrib.auth.models import User

from campaigns import jobs
from campaigns.actions import approvals, runs, sending
from campaigns.models import (
    AdSet,
    Approval,
    Asset,
    Attempt,
    BudgetLine,
    Campaign,
    CatalogModel,
    Event,
    StageRun,
    Team,
)
from campaigns.models.choices import Ceiling, RunState
from campaigns.permissions import NotAllowed
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns.at_once import at_once
from tests.campaigns.scripted import PRICE, Killed, Scripted


def idle(ad_set: AdSet, mara: User) -> Asset:
    """An asset whose first run was cancelled: nothing goes on."""
    asset = factories.asset(ad_set, by=mara)
    runs.cancel(run=factories.open_run(asset), by=mara)
    return asset


def start(asset: Asset, by: User, **values: object) -> StageRun:
    options = {"operation": "compose_type", "token": secrets.token_hex(8), **values}
    return runs.start(asset=asset, by=by, **options)


def low(ad_set: AdSet, approved: int) -> BudgetLine:
    factories.fund(ad_set.campaign, low=approved)
    return factories.tier_line(ad_set.campaign)


class TestStart:
    def test_writes_run_attempt_and_hold_together(
        self, ad_set: AdSet, mara: User, hosted: Scripted
    ) -> None:
        line = low(ad_set, 10 * PRICE)
        run = factories.open_run(factories.asset(ad_set, by=mara))
        attempt = run.attempts.get()
        assert (run.state, attempt.state) == (RunState.QUEUED, "intended")
        assert attempt.reserved_micros == 2 * PRICE == run.maximum_micros
        assert attempt.entries.get().kind == "reserve"
        line.refresh_from_db()
        assert line.reserved_micros == 2 * PRICE

    def test_waits_for_a_manager_when_the_line_is_empty(
        self, ad_set: AdSet, mara: User, hosted: Scripted
    ) -> None:
        run = factories.open_run(factories.asset(ad_set, by=mara))
        assert run.state == RunState.WAITING_APPROVAL
        assert not run.attempts.exists()
        assert "is left on the low tier" in run.approval.why
        assert Event.objects.get(verb="run.start").after["state"] == RunState.WAITING_APPROVAL

    def test_waits_for_a_manager_above_the_ceiling(self, team: Team, mara: User) -> None:
        ad_set = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
        run = factories.open_run(factories.asset(ad_set, by=mara))
        assert run.state == RunState.WAITING_APPROVAL
        assert run.approval.why == "This campaign asks before every run."

    def test_with_the_same_token_returns_the_same_run(self, ad_set: AdSet, mara: User) -> None:
        asset = idle(ad_set, mara)
        first = start(asset, mara, token="click")
        assert start(asset, mara, token="click") == first
        assert asset.runs.count() == 2

    def test_refuses_a_token_that_meant_something_else(self, ad_set: AdSet, mara: User) -> None:
        start(idle(ad_set, mara), mara, token="click")
        other = idle(ad_set, mara)
        with pytest.raises(NotNow, match="sent before with other values"):
            start(other, mara, token="click")
        assert other.runs.count() == 1

    def test_refuses_a_second_run_and_leaves_nothing(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara)
        with pytest.raises(NotNow, match="going on already"):
            start(asset, mara)
        assert (asset.runs.count(), Attempt.objects.count()) == (1, 1)

    def test_without_a_model_writes_nothing(self, ad_set: AdSet, mara: User) -> None:
        asset = idle(ad_set, mara)
        CatalogModel.objects.update(is_enabled=False)
        with pytest.raises(runs.NoModel, match="switched off"):
            start(asset, mara)
        assert asset.runs.count() == 1

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"operation": "paint"}, "operation"),
            ({"count": 13}, "count"),
            ({"count": -1}, "count"),
            ({"operation": "object_erase"}, "mask"),
        ],
    )
    def test_names_the_field_that_is_wrong(
        self, ad_set: AdSet, mara: User, values: dict[str, object], field: str
    ) -> None:
        with pytest.raises(BadParams) as caught:
            start(idle(ad_set, mara), mara, **values)
        assert caught.value.field == field

    def test_needs_a_picture_behind_generation(self, ad_set: AdSet, mara: User) -> None:
        asset = idle(ad_set, mara)
        with pytest.raises((NotNow, runs.NoModel)):
            start(asset, mara, operation="upscale")
        assert asset.runs.count() == 1

    def test_is_refused_when_archived(self, ad_set: AdSet, mara: User) -> None:
        asset = idle(ad_set, mara)
        Campaign.objects.update(archived_at=asset.created_at)
        with pytest.raises(NotNow, match="archived"):
            start(asset, mara)

    def test_is_not_for_managers_and_buyers(
        self, ad_set: AdSet, mara: User, dana: User, ben: User, otto: User
    ) -> None:
        asset = idle(ad_set, mara)
        for person in (dana, ben, otto):
            with pytest.raises(NotAllowed):
                start(asset, person)
        assert asset.runs.count() == 1


class TestCancel:
    def test_gives_an_unsent_hold_back(self, ad_set: AdSet, mara: User, hosted: Scripted) -> None:
        line = low(ad_set, 10 * PRICE)
        run = factories.open_run(factories.asset(ad_set, by=mara))
        runs.cancel(run=run, by=mara)
        line.refresh_from_db()
        assert (line.reserved_micros, line.settled_micros) == (0, 0)
        attempt = run.attempts.get()
        assert attempt.state == "cancelled"
        assert sorted(attempt.entries.values_list("kind", flat=True)) == ["release", "reserve"]
        sending.submit(attempt_id=attempt.pk)
        assert hosted.accepted == []

    @pytest.mark.parametrize(
        ("stops", "settled", "ended"), [(True, 0, "cancelled"), (False, 2 * PRICE, "settled")]
    )
    def test_while_it_is_being_sent_keeps_the_hold_until_the_answer(
        self,
        ad_set: AdSet,
        mara: User,
        hosted: Scripted,
        stops: bool,
        settled: int,
        ended: str,
    ) -> None:
        line, hosted.stops = low(ad_set, 10 * PRICE), stops
        run = factories.open_run(factories.asset(ad_set, by=mara))
        held = []

        def meanwhile() -> None:
            runs.cancel(run=run, by=mara)
            line.refresh_from_db()
            held.append(line.reserved_micros)

        hosted.before_answer = meanwhile
        sending.submit(attempt_id=run.attempts.get().pk)
        jobs.fetch(run.attempts.get().pk)
        line.refresh_from_db()
        assert held == [2 * PRICE]
        assert (line.reserved_micros, line.settled_micros) == (0, settled)
        attempt = run.attempts.get()
        assert (attempt.state, attempt.provider_ref) == (ended, "job-1")
        run.refresh_from_db()
        assert run.state == RunState.CANCELLED

    def test_withdraws_the_question(self, team: Team, mara: User, dana: User) -> None:
        ad_set = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
        run = factories.open_run(factories.asset(ad_set, by=mara))
        runs.cancel(run=run, by=mara)
        approval = Approval.objects.get()
        assert approval.state == "withdrawn"
        with pytest.raises(NotNow):
            approvals.decide(approval=approval, approve=True, by=dana)

    def test_twice_is_told(self, ad_set: AdSet, mara: User) -> None:
        run = factories.open_run(factories.asset(ad_set, by=mara))
        runs.cancel(run=run, by=mara)
        with pytest.raises(NotNow, match="ended already"):
            runs.cancel(run=run, by=mara)
        assert Event.objects.filter(verb="run.cancel").count() == 1


class TestFail:
    @pytest.mark.parametrize("billed", [False, True])
    def test_books_what_it_cost_once(
        self, ad_set: AdSet, mara: User, hosted: Scripted, billed: bool
    ) -> None:
        line = low(ad_set, 10 * PRICE)
        run = factories.open_run(factories.asset(ad_set, by=mara))
        for _ in range(2):
            runs.fail(attempt_id=run.attempts.get().pk, text="It broke.", billed=billed)
        run.refresh_from_db()
        assert (run.state, run.reason) == (RunState.FAILED, "It broke.")
        line.refresh_from_db()
        assert (line.reserved_micros, line.settled_micros) == (0, 2 * PRICE if billed else 0)
        assert Event.objects.filter(verb="run.fail").count() == 1

    def test_leaves_the_card_free_for_another_try(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara)
        runs.fail(attempt_id=Attempt.objects.get().pk, text="It broke.")
        assert start(asset, mara).state == RunState.QUEUED


class TestSubmit:
    def test_sends_once(self, ad_set: AdSet, mara: User, hosted: Scripted) -> None:
        low(ad_set, 10 * PRICE)
        attempt = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()
        for _ in range(3):
            sending.submit(attempt_id=attempt.pk)
        assert hosted.accepted == [attempt.key]
        attempt.refresh_from_db()
        assert (attempt.state, attempt.provider_ref) == ("fetching", "job-1")

    def test_whose_answer_is_lost_with_the_worker_is_never_sent_again(
        self, ad_set: AdSet, mara: User, hosted: Scripted
    ) -> None:
        low(ad_set, 10 * PRICE)
        attempt = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()

        def die() -> None:
            raise Killed

        hosted.before_answer = die
        with pytest.raises(Killed):
            sending.submit(attempt_id=attempt.pk)
        sending.submit(attempt_id=attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, len(hosted.accepted)) == ("submitting", 1)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_start_one_run(self, ad_set: AdSet, mara: User, cleo: User) -> None:
        asset = idle(ad_set, mara)
        results = at_once(
            *[lambda: start(Asset.objects.get(pk=asset.pk), mara)] * 2,
            *[lambda: start(Asset.objects.get(pk=asset.pk), cleo)] * 2,
        )
        assert sum(isinstance(result, StageRun) for result in results) == 1, results
        assert sum(isinstance(result, NotNow) for result in results) == 3, results
        assert asset.runs.filter(state=RunState.QUEUED).count() == 1

    def test_with_one_token_get_the_same_run(self, ad_set: AdSet, mara: User) -> None:
        asset = idle(ad_set, mara)
        results = at_once(
            *[lambda: start(Asset.objects.get(pk=asset.pk), mara, token="click").pk] * 4
        )
        assert len(set(results)) == 1, results
        assert asset.runs.count() == 2

    def test_send_one_attempt_once(self, ad_set: AdSet, mara: User, hosted: Scripted) -> None:
        low(ad_set, 10 * PRICE)
        attempt = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()
        assert at_once(*[lambda: sending.submit(attempt_id=attempt.pk)] * 4) == [None] * 4
        assert hosted.accepted == [attempt.key]
