"""A manager's decision: once, by somebody else, and with the money it needs."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import approvals, runs, spending
from campaigns.models import AdSet, Approval, Attempt, BudgetLine, Campaign, Event, StageRun, Team
from campaigns.models.choices import Ceiling, Role, RunState
from campaigns.permissions import NotAllowed
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns.at_once import at_once
from tests.campaigns.scripted import PRICE, Scripted


@pytest.fixture
def asked(team: Team, mara: User, hosted: Scripted) -> Approval:
    """A run of 0.08 in a campaign that asks before every run; its line holds nothing."""
    ad_set = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
    return Approval.objects.get(run=factories.open_run(factories.asset(ad_set, by=mara)))


def cover(approval: Approval) -> BudgetLine:
    factories.fund(approval.campaign, low=10 * PRICE)
    return factories.tier_line(approval.campaign)


class TestDecide:
    def test_yes_holds_the_money_and_starts_the_run(self, asked: Approval, dana: User) -> None:
        line = cover(asked)
        approvals.decide(approval=asked, approve=True, by=dana)
        assert StageRun.objects.get().state == RunState.QUEUED
        assert Attempt.objects.get().reserved_micros == asked.amount_micros == 2 * PRICE
        line.refresh_from_db()
        assert line.reserved_micros == 2 * PRICE
        assert Event.objects.filter(verb="approval.approve", by=dana).count() == 1

    def test_yes_without_money_leaves_the_question_open(self, asked: Approval, dana: User) -> None:
        with pytest.raises(spending.NotCovered):
            approvals.decide(approval=asked, approve=True, by=dana)
        asked.refresh_from_db()
        assert (asked.state, asked.decided_by) == ("asked", None)
        assert StageRun.objects.get().state == RunState.WAITING_APPROVAL
        assert not Attempt.objects.exists()

    def test_no_ends_the_run_with_the_reason(self, asked: Approval, dana: User) -> None:
        approvals.decide(approval=asked, approve=False, by=dana, reason="Too dear.")
        run = StageRun.objects.get()
        assert (run.state, run.reason) == (RunState.DECLINED, "Too dear.")
        assert not Attempt.objects.exists()

    def test_is_for_managers(self, asked: Approval, mara: User, ada: User, otto: User) -> None:
        for person in (mara, ada, otto):
            with pytest.raises(NotAllowed):
                approvals.decide(approval=asked, approve=True, by=person)

    def test_of_ones_own_question_needs_the_teams_leave(self, team: Team, hosted: Scripted) -> None:
        both = factories.member(team, "Both", Role.MANAGER, Role.MARKETER)
        ad_set = factories.ad_set(team, by=both, ceiling=Ceiling.NONE)
        factories.asset(ad_set, by=both)
        approval = Approval.objects.get()
        cover(approval)
        with pytest.raises(NotAllowed, match="another manager"):
            approvals.decide(approval=approval, approve=True, by=both)
        Team.objects.filter(pk=team.pk).update(self_approval_allowed=True)
        approvals.decide(approval=Approval.objects.get(), approve=True, by=both)
        assert StageRun.objects.get().state == RunState.QUEUED

    def test_buys_nothing_for_an_archived_campaign(self, asked: Approval, dana: User) -> None:
        cover(asked)
        Campaign.objects.update(archived_at=timezone.now())
        with pytest.raises(NotNow, match="archived"):
            approvals.decide(approval=asked, approve=True, by=dana)
        approvals.decide(approval=asked, approve=False, by=dana, reason="No.")
        assert StageRun.objects.get().state == RunState.DECLINED

    def test_twice_is_told_who_was_first(self, asked: Approval, dana: User) -> None:
        approvals.decide(approval=asked, approve=False, by=dana, reason="No.")
        with pytest.raises(NotNow, match="Already declined by Dana"):
            approvals.decide(approval=asked, approve=True, by=dana)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_managers_make_one_decision(self, team: Team, asked: Approval, dana: User) -> None:
        line, eve = cover(asked), factories.member(team, "Eve", Role.MANAGER)
        results = at_once(
            lambda: approvals.decide(approval=asked, approve=True, by=dana),
            lambda: approvals.decide(approval=asked, approve=False, by=eve, reason="No."),
            lambda: approvals.decide(approval=asked, approve=True, by=eve),
        )
        assert results.count(None) == 1, results
        assert sum(isinstance(result, NotNow) for result in results) == 2, results
        asked.refresh_from_db()
        yes = asked.state == "approved"
        line.refresh_from_db()
        assert line.reserved_micros == (2 * PRICE if yes else 0)
        assert Attempt.objects.count() == int(yes)

    def test_a_cancel_and_a_yes_agree(self, asked: Approval, mara: User, dana: User) -> None:
        line, run = cover(asked), asked.run
        at_once(
            lambda: approvals.decide(approval=asked, approve=True, by=dana),
            lambda: runs.cancel(run=run, by=mara),
        )
        run.refresh_from_db()
        line.refresh_from_db()
        assert run.state == RunState.CANCELLED
        assert line.reserved_micros == 0
        asked.refresh_from_db()
        assert asked.state in {"approved", "withdrawn"}


def test_a_run_without_a_question_has_none(ad_set: AdSet, mara: User) -> None:
    factories.asset(ad_set, by=mara)
    assert not Approval.objects.exists()
