"""A call whose answer was lost: a manager's word closes its hold, once, and it is written down."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from campaigns import jobs
from campaigns.actions import runs, unsettled
from campaigns.models import AdSet, Attempt, Event, StageRun, Team
from campaigns.models.choices import Role, RunState
from campaigns.permissions import NotAllowed
from campaigns.transitions import NotNow
from routing.providers.base import OutcomeUnknown
from tests import factories
from tests.campaigns import money
from tests.campaigns.at_once import at_once
from tests.campaigns.scripted import PRICE, Scripted

HELD = 2 * PRICE


@pytest.fixture
def lost(ad_set: AdSet, mara: User, hosted: Scripted) -> Attempt:
    """A call that was sent and never answered."""
    factories.fund(ad_set.campaign, low=10 * PRICE)
    hosted.refuses = OutcomeUnknown("The connection broke while it was sent.")
    attempt = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()
    jobs.submit(attempt.pk)
    attempt.refresh_from_db()
    assert attempt.state == "unknown"
    return attempt


def sums(attempt: Attempt) -> tuple[int, int]:
    """(held, settled) of the line."""
    return money.sums(attempt.run.asset.campaign)


class TestSettle:
    @pytest.mark.parametrize(("said", "settled"), [(None, HELD), (HELD, HELD), (1, 1)])
    def test_closes_the_hold_at_what_the_manager_read(
        self, lost: Attempt, dana: User, team: Team, said: int | None, settled: int
    ) -> None:
        unsettled.settle(attempt=lost, billed_micros=said, reason="Invoice 7", by=dana)
        assert sums(lost) == (0, settled)
        lost.refresh_from_db()
        assert (lost.state, lost.settled_micros) == ("failed", settled)
        run = StageRun.objects.get(pk=lost.run_id)
        assert run.state == RunState.FAILED
        assert "was billed for it" in run.reason
        assert lost.entries.get(kind="settle").note.startswith("Invoice 7 (")
        money.check(team)

    def test_keeps_the_request_id_by_which_an_invoice_finds_it(
        self, lost: Attempt, dana: User
    ) -> None:
        unsettled.settle(attempt=lost, reason="Invoice 7", by=dana, request_id=" req-7 ")
        lost.refresh_from_db()
        assert lost.provider_ref == "req-7"

    def test_is_written_down_with_before_and_after(self, lost: Attempt, dana: User) -> None:
        unsettled.settle(attempt=lost, billed_micros=PRICE, reason="Invoice 7", by=dana)
        event = Event.objects.get(verb="attempt.billed")
        assert (event.by, event.subject_id, event.asset_id) == (dana, lost.pk, lost.run.asset_id)
        assert event.before == {"state": "unknown", "held_micros": HELD}
        assert event.after == {
            "state": "failed", "settled_micros": PRICE, "reason": "Invoice 7",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("amount", "reason", "field"),
        [
            (HELD + 1, "Invoice 7", "amount"),
            (-1, "Invoice 7", "amount"),
            (0, "Invoice 7", "amount"),
            (PRICE, "  ", "reason"),
            (PRICE, "x" * 201, "reason"),
        ],
    )
    def test_names_what_is_wrong_and_changes_nothing(
        self, lost: Attempt, dana: User, amount: int, reason: str, field: str
    ) -> None:
        with pytest.raises(unsettled.BadSettlement, match="Nothing was changed") as caught:
            unsettled.settle(attempt=lost, billed_micros=amount, reason=reason, by=dana)
        assert caught.value.field == field
        assert sums(lost) == (HELD, 0)

    def test_is_for_managers(self, lost: Attempt, mara: User, ada: User, otto: User) -> None:
        for person in (mara, ada, otto):
            with pytest.raises(NotAllowed):
                unsettled.settle(attempt=lost, reason="Invoice 7", by=person)
        assert sums(lost) == (HELD, 0)


class TestRelease:
    def test_gives_the_hold_back(self, lost: Attempt, dana: User, team: Team) -> None:
        unsettled.release(attempt=lost, reason="Not in their list", by=dana)
        assert sums(lost) == (0, 0)
        assert lost.entries.get(kind="release").note == "Not in their list"
        assert "No money was spent" in StageRun.objects.get(pk=lost.run_id).reason
        assert Event.objects.get(verb="attempt.unbilled").after["settled_micros"] == 0
        money.check(team)

    def test_leaves_a_cancelled_run_cancelled(self, lost: Attempt, mara: User, dana: User) -> None:
        runs.cancel(run=lost.run, by=mara)
        assert sums(lost) == (HELD, 0)
        unsettled.release(attempt=lost, reason="Not in their list", by=dana)
        assert sums(lost) == (0, 0)
        assert StageRun.objects.get(pk=lost.run_id).state == RunState.CANCELLED

    def test_frees_the_asset_for_another_run(self, lost: Attempt, mara: User, dana: User) -> None:
        unsettled.release(attempt=lost, reason="Not in their list", by=dana)
        again = runs.start(asset=lost.run.asset, operation="compose_type", by=mara, token="another")
        assert again.state == RunState.QUEUED


class TestTwice:
    def test_the_same_again_changes_nothing(self, lost: Attempt, dana: User) -> None:
        for _ in range(2):
            unsettled.settle(attempt=lost, billed_micros=PRICE, reason="Invoice 7", by=dana)
        assert sums(lost) == (0, PRICE)
        assert Event.objects.filter(verb="attempt.billed").count() == 1

    def test_somebody_else_is_told_who_decided_what(
        self, lost: Attempt, dana: User, team: Team
    ) -> None:
        eve = factories.member(team, "Eve", Role.MANAGER)
        unsettled.settle(attempt=lost, billed_micros=PRICE, reason="Invoice 7", by=dana)
        with pytest.raises(NotNow, match=r"already settled at \$0\.04 by Dana"):
            unsettled.release(attempt=lost, reason="Not there", by=eve)
        with pytest.raises(NotNow, match="by Dana"):
            unsettled.settle(attempt=lost, billed_micros=PRICE, reason="Invoice 7", by=eve)
        assert sums(lost) == (0, PRICE)

    def test_another_mind_of_the_same_person_is_told_too(self, lost: Attempt, dana: User) -> None:
        unsettled.release(attempt=lost, reason="Not there", by=dana)
        with pytest.raises(NotNow, match="already given back by Dana"):
            unsettled.settle(attempt=lost, reason="Found it", by=dana)
        assert sums(lost) == (0, 0)

    @pytest.mark.parametrize("state", ["submitted", "settled", "cancelled"])
    def test_a_call_that_is_clear_by_now_is_left_alone(
        self, lost: Attempt, dana: User, state: str
    ) -> None:
        Attempt.objects.filter(pk=lost.pk).update(
            state=state, provider_ref="job-1", settled_micros=0
        )
        with pytest.raises(NotNow, match="clear by now"):
            unsettled.settle(attempt=lost, reason="Invoice 7", by=dana)

    @pytest.mark.django_db(transaction=True)
    def test_two_managers_at_once_decide_once(self, lost: Attempt, dana: User, team: Team) -> None:
        eve = factories.member(team, "Eve", Role.MANAGER)
        told = at_once(
            lambda: unsettled.settle(attempt=lost, reason="Invoice 7", by=dana),
            lambda: unsettled.release(attempt=lost, reason="Not there", by=eve),
            lambda: unsettled.release(attempt=lost, reason="Not there", by=eve),
        )
        assert 1 <= told.count(None) <= 2, told
        assert all(one is None or isinstance(one, NotNow) for one in told), told
        assert lost.entries.filter(kind__in=["settle", "release"]).count() == 1
        assert Event.objects.filter(verb__in=unsettled.VERBS).count() == 1
        money.check(team)
