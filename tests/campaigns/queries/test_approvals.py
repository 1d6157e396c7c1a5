"""What an approval would leave on the lines, and how requests become cards."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import approvals as actions
from campaigns.actions import budgets
from campaigns.models import AdSet, Approval, BudgetLine, Campaign, Team
from campaigns.models.choices import Ceiling, Role
from campaigns.queries import approvals, room
from tests import factories
from tests.campaigns.scripted import PRICE, Scripted


@pytest.fixture
def campaign(team: Team, mara: User) -> Campaign:
    """10 on low, 30 on high, 40 in all."""
    made = factories.ad_set(team, by=mara).campaign
    factories.fund(made, low=10, high=30)
    return made


def left(team: Team, *wanted: tuple[int, str, int]) -> room.Room:
    return room.room(list(wanted), room.lines_of(team=team), "USD")


class TestRoom:
    def test_is_the_smallest_of_tier_campaign_and_team(
        self, team: Team, campaign: Campaign, dana: User
    ) -> None:
        tier = left(team, (campaign.pk, "low", 4))
        assert (tier.left_micros, tier.line) == (6, "Spring, low tier")
        BudgetLine.objects.filter(campaign=campaign, tier="").update(reserved_micros=31)
        whole = left(team, (campaign.pk, "low", 4))
        assert (whole.left_micros, whole.line) == (5, "Spring")
        budgets.set_team_month(team=team, limit_micros=8, by=dana)
        month = left(team, (campaign.pk, "low", 4))
        assert (month.left_micros, month.line) == (4, "Northwind Coffee, whole team")

    def test_holds_one_after_the_other_and_says_why_the_rest_does_not_fit(
        self, team: Team, campaign: Campaign
    ) -> None:
        found = left(team, *[(campaign.pk, "low", 4_000_000)] * 2)
        assert (found.fits, found.left_micros) == (0, 10)
        factories.fund(campaign, low=10_000_000)
        found = left(team, *[(campaign.pk, "low", 4_000_000)] * 3)
        assert (found.fits, found.left_micros) == (2, 2_000_000)
        assert found.short == (
            "It does not fit: $2.00 is left on Spring, low tier this month, and this needs $4.00."
        )

    def test_a_frozen_line_fits_nothing(self, team: Team, campaign: Campaign) -> None:
        BudgetLine.objects.filter(campaign=campaign, tier="low").update(frozen_at=timezone.now())
        found = left(team, (campaign.pk, "low", 0), (campaign.pk, "high", 1))
        assert found.fits == 1
        assert found.short.startswith("Spring, low tier is frozen")

    def test_without_lines_nothing_is_promised(self, team: Team, campaign: Campaign) -> None:
        BudgetLine.objects.all().delete()
        assert left(team, (campaign.pk, "low", 4)) == room.Room(None, "", 1, "")


class TestCards:
    @pytest.fixture
    def asking(self, team: Team, mara: User, hosted: Scripted) -> AdSet:
        return factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)

    def inbox(self, team: Team, person: User) -> approvals.Inbox:
        return approvals.inbox(team=team, person=person, may_decide=True, review_each_micros=0)

    def test_a_batch_stands_where_its_oldest_request_stands(
        self, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        for title, batch in (("A", "one"), ("B", ""), ("C", "one"), ("D", "two")):
            asset = factories.asset(asking, by=mara, title=title)
            Approval.objects.filter(run__asset=asset).update(batch=batch)
        found = self.inbox(team, dana)
        assert [card.title for card in found.cards] == ["A and 1 more", "B", "D"]
        assert found.cards[0].amount_micros == 4 * PRICE
        assert [following for _, following in found.rows][-1] == ""
        assert found.count == 4

    def test_a_member_that_was_put_aside_leaves_its_group(
        self, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        for title in ("A", "B"):
            factories.asset(asking, by=mara, title=title)
        Approval.objects.update(batch="one")
        actions.snooze(approval=Approval.objects.order_by("pk")[0], by=dana)
        found = self.inbox(team, dana)
        assert [card.title for card in found.cards] == ["B"]
        assert [card.title for card in found.snoozed] == ["A"]
        assert [card.title for card in self.inbox(team, mara).cards] == ["A and 1 more"]

    def test_the_version_follows_what_is_shown(
        self, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        factories.asset(asking, by=mara)
        first = self.inbox(team, dana).version
        factories.fund(asking.campaign, low=9 * PRICE)
        assert self.inbox(team, dana).version != first

    def test_waits_for_those_who_may_decide(self, team: Team, asking: AdSet, dana: User) -> None:
        team.memberships.exclude(user=dana).filter(role=Role.MANAGER).delete()
        both = factories.member(team, "Eve", Role.MANAGER, Role.MARKETER)
        factories.asset(asking, by=both)
        assert self.inbox(team, dana).cards[0].first.waits_for == "Dana"
