"""Alerts: once a mark, to the managers, and never about money that is not used."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from campaigns.actions import alerts, budgets, spending
from campaigns.models import AdSet, BudgetLine, Event, Mail, Team
from campaigns.models.choices import Ceiling, Role
from tests import factories
from tests.campaigns import money
from tests.campaigns.money import USD


@pytest.fixture
def ad_set(team: Team, mara: User, dana: User) -> Iterator[AdSet]:
    """10 dollars on the low tier of a campaign with 1000."""
    with money.stopped_clock():
        made = factories.ad_set(team, by=mara)
        put(made, dana, 10)
        yield made


def put(ad_set: AdSet, by: User, low: int, total: int = 1000) -> None:
    budgets.set_campaign(
        campaign=ad_set.campaign, total_micros=total * USD, by=by,
        tiers={"low": low * USD, "medium": 0, "high": 0}, carries_over=True,
    )  # fmt: skip


def hold(ad_set: AdSet, by: User, dollars: int) -> spending.Attempt:
    attempt = money.hold_nothing(ad_set, by=by, maximum=dollars * USD)
    spending.reserve(attempt=attempt, amount_micros=dollars * USD, by=by)
    return attempt


def marks() -> list[int]:
    rows = Event.objects.filter(verb="budget.alert").order_by("pk")
    return [row.after["percent"] for row in rows]


class TestCheck:
    def test_tells_each_mark_once(self, ad_set: AdSet, mara: User, dana: User) -> None:
        told = []
        for dollars in (4, 1, 1, 2, 1, 1):
            hold(ad_set, mara, dollars)
            told.append(marks())
        assert told == [[], [50], [50], [50, 80], [50, 80], [50, 80, 100]]
        letter = Mail.objects.filter(to=dana.email).order_by("pk")[0]
        assert letter.subject == "50 % of the budget of Spring, low tier is used"
        assert "$5.00 is left" in letter.body

    def test_skips_marks_that_were_passed_together(self, ad_set: AdSet, mara: User) -> None:
        hold(ad_set, mara, 10)
        assert marks() == [100]

    def test_does_not_tell_again_after_a_release(self, ad_set: AdSet, mara: User) -> None:
        spending.release(attempt=hold(ad_set, mara, 6))
        hold(ad_set, mara, 6)
        assert marks() == [50]

    def test_tells_of_campaign_and_team_too(self, ad_set: AdSet, mara: User, dana: User) -> None:
        put(ad_set, dana, 10, total=10)
        budgets.set_team_month(team=ad_set.campaign.team, limit_micros=10 * USD, by=dana)
        hold(ad_set, mara, 5)
        assert marks() == [50, 50, 50]

    def test_starts_over_with_another_amount_only(
        self, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        hold(ad_set, mara, 5)
        put(ad_set, dana, 10)
        hold(ad_set, mara, 1)
        assert marks() == [50]
        put(ad_set, dana, 12)
        hold(ad_set, mara, 1)
        assert marks() == [50, 50]

    def test_is_silent_about_a_month_that_was_carried_over_whole(
        self, team: Team, ad_set: AdSet, mara: User
    ) -> None:
        free = money.hold_nothing(ad_set, by=mara, maximum=0)
        spending.reserve(attempt=free, amount_micros=0, by=mara)
        march = money.line(ad_set.campaign)
        with money.stopped_clock(money.Clock(march.entries.get().at).pass_by(days=31)):
            budgets.open_month(campaign=ad_set.campaign)
            spending.settle(attempt=free, billed_micros=0)
        march.refresh_from_db()
        assert march.left_micros == 0
        assert alerts.reached(march) == 0
        assert marks() == []

    def test_an_overrun_is_told_once_with_the_freeze(
        self, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        spending.settle(attempt=hold(ad_set, mara, 10), billed_micros=12 * USD)
        letter = Mail.objects.get(key__startswith="overrun:", to=dana.email)
        assert letter.subject == ("Spring, low tier is frozen: a provider billed $2.00 too much")
        assert BudgetLine.objects.get(pk=money.line(ad_set.campaign).pk).frozen_at


class TestAsked:
    def test_tells_the_managers_who_may_decide(self, team: Team, mara: User, dana: User) -> None:
        both = factories.member(team, "Both", Role.MANAGER, Role.MARKETER)
        strict = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
        money.start(strict, by=both, maximum=2 * USD)
        letter = Mail.objects.get(to=dana.email)
        assert not Mail.objects.filter(to=both.email).exists()  # the one who asks
        assert letter.subject == "$2.00 to approve: Creative"
        assert f"/t/{team.slug}/" in letter.body
        Team.objects.update(self_approval_allowed=True)
        strict = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE, name="Fall")
        money.start(strict, by=both, maximum=2 * USD)
        assert Mail.objects.filter(to=both.email).count() == 1

    def test_writes_one_letter_a_batch(self, team: Team, mara: User, dana: User) -> None:
        strict = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
        for _ in range(3):
            money.start(strict, by=mara, maximum=USD, batch="bulk")
        assert Mail.objects.filter(to=dana.email).count() == 1
