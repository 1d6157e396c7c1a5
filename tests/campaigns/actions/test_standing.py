"""Standing rules: what starts unasked, up to which sum a campaign and day, and by whose word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from campaigns.actions import approvals, runs, spending, standing
from campaigns.models import AdSet, Approval, Event, Membership, RuleDay, StageRun, Team
from campaigns.models.choices import Ceiling, Role, RunState
from campaigns.permissions import NotAllowed
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns import money
from tests.campaigns.at_once import at_once


@pytest.fixture
def strict(team: Team, mara: User, dana: User) -> AdSet:
    """A campaign that asks before every run, with money for it."""
    ad_set = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
    factories.fund(ad_set.campaign, low=1000, medium=1000, high=1000)
    return ad_set


@pytest.fixture
def clock(strict: AdSet) -> Iterator[money.Clock]:
    """Stands still, so that no test meets midnight."""
    with money.stopped_clock() as stopped:
        factories.fund(strict.campaign, low=1000, medium=1000, high=1000)
        yield stopped


def allow(team: Team, by: User, **values: Any) -> standing.StandingRule:
    return standing.add(**{"team": team, "tier": "medium", "day_micros": 100, "by": by, **values})


def state(ad_set: AdSet, by: User, maximum: int = 60, tier: str = "low") -> str:
    return money.start(ad_set, by=by, maximum=maximum, tier=tier).state


QUEUED, WAITING = RunState.QUEUED, RunState.WAITING_APPROVAL


class TestMatch:
    def test_starts_up_to_exactly_its_amount(
        self, strict: AdSet, mara: User, dana: User, clock: money.Clock
    ) -> None:
        rule = allow(strict.campaign.team, dana)
        assert [state(strict, mara, maximum) for maximum in (60, 41, 40, 1)] == [
            QUEUED, WAITING, QUEUED, WAITING
        ]  # fmt: skip
        assert RuleDay.objects.get().used_micros == 100
        approval = Approval.objects.filter(rule=rule).order_by("pk")[0]
        assert (approval.state, approval.decided_by) == ("approved", dana)
        assert (approval.reason, approval.used_at) == ("Standing rule", clock.at)
        assert Event.objects.filter(verb="approval.rule", by=mara).count() == 2
        money.check(strict.campaign.team)

    def test_covers_its_tier_and_lower_ones(
        self, strict: AdSet, mara: User, dana: User, clock: money.Clock
    ) -> None:
        allow(strict.campaign.team, dana)
        tiers = {tier: state(strict, mara, 10, tier) for tier in ("low", "medium", "high")}
        assert tiers == {"low": QUEUED, "medium": QUEUED, "high": WAITING}

    def test_counts_each_campaign_and_day_for_itself(
        self, strict: AdSet, mara: User, dana: User, clock: money.Clock
    ) -> None:
        allow(strict.campaign.team, dana)
        other = factories.ad_set(strict.campaign.team, by=mara, ceiling=Ceiling.NONE, name="Fall")
        factories.fund(other.campaign, low=1000)
        assert (state(strict, mara), state(strict, mara)) == (QUEUED, WAITING)
        assert (state(other, mara), state(other, mara)) == (QUEUED, WAITING)
        clock.pass_by(days=1)
        assert state(strict, mara) == QUEUED
        assert RuleDay.objects.count() == 3

    def test_may_name_a_campaign_and_a_person(
        self, strict: AdSet, mara: User, cleo: User, dana: User, clock: money.Clock
    ) -> None:
        team = strict.campaign.team
        other = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE, name="Fall")
        factories.fund(other.campaign, low=1000)
        allow(team, dana, campaign=strict.campaign, person=mara)
        assert state(other, mara) == WAITING
        assert state(strict, cleo) == WAITING
        assert state(strict, mara) == QUEUED

    def test_ends_with_its_author(
        self, strict: AdSet, mara: User, dana: User, clock: money.Clock
    ) -> None:
        allow(strict.campaign.team, dana)
        Membership.objects.filter(user=dana).update(role=Role.BUYER)
        assert state(strict, mara, 1) == WAITING
        Membership.objects.filter(user=dana).update(role=Role.MANAGER)
        User.objects.filter(pk=dana.pk).update(is_active=False)
        assert state(strict, mara, 1) == WAITING
        User.objects.filter(pk=dana.pk).update(is_active=True)
        assert state(strict, mara, 1) == QUEUED

    def test_is_nobodys_leave_for_himself(
        self, strict: AdSet, dana: User, clock: money.Clock
    ) -> None:
        team = strict.campaign.team
        allow(team, dana)
        assert state(strict, dana, 1) == WAITING
        Team.objects.update(self_approval_allowed=True)
        strict.campaign.refresh_from_db()
        assert state(strict, dana, 1) == QUEUED

    def test_ends_when_a_manager_says_so(
        self, strict: AdSet, mara: User, dana: User, clock: money.Clock
    ) -> None:
        rule = allow(strict.campaign.team, dana)
        standing.end(rule=rule, by=dana)
        assert state(strict, mara, 1) == WAITING
        with pytest.raises(NotNow, match="ended already"):
            standing.end(rule=rule, by=dana)
        with pytest.raises(NotAllowed):
            standing.end(rule=rule, by=mara)

    def test_takes_nothing_from_its_day_when_the_line_is_too_small(
        self, strict: AdSet, mara: User, dana: User, clock: money.Clock
    ) -> None:
        allow(strict.campaign.team, dana)
        factories.fund(strict.campaign, low=59)
        run = money.start(strict, by=mara, maximum=60)
        assert run.state == WAITING
        assert "is left on" in run.approval.why
        assert not RuleDay.objects.filter(used_micros__gt=0).exists()
        money.check(strict.campaign.team)


class TestGiveBack:
    @pytest.mark.parametrize(("billed", "used"), [(0, 0), (25, 25), (60, 60), (90, 60)])
    def test_returns_what_the_bill_did_not_need(
        self, strict: AdSet, mara: User, dana: User, clock: money.Clock, billed: int, used: int
    ) -> None:
        allow(strict.campaign.team, dana)
        run = money.start(strict, by=mara, maximum=60)
        clock.pass_by(days=1)  # to the day it was taken from
        for _ in range(2):
            spending.settle(attempt=run.attempts.get(), billed_micros=billed)
        assert RuleDay.objects.get().used_micros == used
        money.check(strict.campaign.team)

    def test_returns_all_of_a_cancelled_run(
        self, strict: AdSet, mara: User, dana: User, clock: money.Clock
    ) -> None:
        allow(strict.campaign.team, dana)
        runs.cancel(run=money.start(strict, by=mara, maximum=60), by=mara)
        assert RuleDay.objects.get().used_micros == 0
        assert state(strict, mara, 100) == QUEUED

    def test_returns_nothing_for_what_a_manager_approved(
        self, strict: AdSet, mara: User, dana: User, clock: money.Clock
    ) -> None:
        allow(strict.campaign.team, dana)
        assert state(strict, mara, 60) == QUEUED
        asked = money.start(strict, by=mara, maximum=50)
        approvals.decide(approval=asked.approval, approve=True, by=dana)
        spending.release(attempt=asked.attempts.get())
        assert RuleDay.objects.get().used_micros == 60


class TestAdd:
    @pytest.mark.parametrize(
        ("values", "field", "text"),
        [
            ({"tier": "top"}, "tier", "Choose low, medium or high."),
            ({"day_micros": 0}, "day", "Enter an amount above 0."),
            ({"day_micros": -1}, "day", "Enter an amount above 0."),
            ({"day_micros": 10**15}, "day", "Enter an amount below 1,000,000,000."),
        ],
    )
    def test_names_what_to_change(
        self, team: Team, dana: User, values: dict[str, Any], field: str, text: str
    ) -> None:
        with pytest.raises(standing.BadRule) as refused:
            allow(team, dana, **values)
        assert (refused.value.field, refused.value.text) == (field, text)

    def test_stays_inside_the_team(
        self, team: Team, ad_set: AdSet, dana: User, mara: User, otto: User
    ) -> None:
        foreign = factories.ad_set(Team.objects.get(name="Contoso"), by=otto, name="Theirs")
        with pytest.raises(standing.BadRule, match="campaign of this team"):
            allow(team, dana, campaign=foreign.campaign)
        with pytest.raises(standing.BadRule, match="person of this team"):
            allow(team, dana, person=otto)
        for person in (mara, otto):
            with pytest.raises(NotAllowed):
                allow(team, person)
        assert not standing.StandingRule.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_pass_no_day_together(self, strict: AdSet, mara: User, dana: User) -> None:
        allow(strict.campaign.team, dana)
        waiting = [money.unsaved(strict, by=mara, maximum=40) for _ in range(6)]
        results = at_once(
            *(lambda run=run: runs._write(run=run, by=mara, batch="") for run in waiting)
        )
        assert all(isinstance(result, StageRun) for result in results), results
        assert sorted(result.state for result in results).count(QUEUED) == 2
        assert sum(RuleDay.objects.values_list("used_micros", flat=True)) == 80
        money.check(strict.campaign.team)

    def test_a_kill_before_the_commit_takes_nothing(
        self, strict: AdSet, mara: User, dana: User
    ) -> None:
        allow(strict.campaign.team, dana)
        with transaction.atomic():
            money.start(strict, by=mara, maximum=40)
            transaction.set_rollback(True)
        assert not RuleDay.objects.exists()
        assert money.sums(strict.campaign) == (0, 0)
