"""Budget, ledger and approvals in the browser's terms."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.actions import spending
from campaigns.models import AdSet, Approval, BudgetLine, CatalogModel, LedgerEntry, Team
from campaigns.models.choices import Ceiling
from tests import factories

DOLLAR = 1_000_000


@pytest.fixture
def asking(team: Team, mara: User) -> AdSet:
    """An ad set of a campaign that asks before every run."""
    return factories.ad_set(team, by=mara, ceiling=Ceiling.NONE, name="Asking")


def line_of(ad_set: AdSet, tier: str = "low") -> BudgetLine:
    return BudgetLine.objects.get(campaign=ad_set.campaign, tier=tier)


class TestBudget:
    def test_shows_every_tier_with_what_is_left(
        self, client: Client, team: Team, dana: User, ad_set: AdSet
    ) -> None:
        spending.set_approved(line=line_of(ad_set), amount_micros=40 * DOLLAR, by=dana)
        client.force_login(dana)
        page = client.get(reverse("budget", args=[team.slug])).content.decode()
        assert page.count('scope="row"') == 3
        assert "$40.00" in page

    def test_a_manager_sets_what_a_tier_may_spend(
        self, client: Client, team: Team, dana: User, ad_set: AdSet
    ) -> None:
        client.force_login(dana)
        url = reverse("budget_line", args=[team.slug, line_of(ad_set).pk])
        client.post(url, {"approved": "12.50"})
        assert line_of(ad_set).approved_micros == 12_500_000

    @pytest.mark.parametrize(
        "written", ["-1", "NaN", "1.005", "1e99", "10000000000", "", "12,50", "=1+1", "Infinity"]
    )
    def test_a_bad_amount_changes_nothing_and_says_what_to_write(
        self, client: Client, team: Team, dana: User, ad_set: AdSet, written: str
    ) -> None:
        client.force_login(dana)
        url = reverse("budget_line", args=[team.slug, line_of(ad_set).pk])
        page = client.post(url, {"approved": written}, follow=True).content.decode()
        assert line_of(ad_set).approved_micros == 0
        assert "Nothing was changed" in page

    def test_a_marketer_may_not_set_it(
        self, client: Client, team: Team, mara: User, ad_set: AdSet
    ) -> None:
        client.force_login(mara)
        client.post(reverse("budget_line", args=[team.slug, line_of(ad_set).pk]), {"approved": "5"})
        assert line_of(ad_set).approved_micros == 0

    @pytest.mark.parametrize("rows", [1, 3])
    def test_costs_the_same_queries_for_any_number_of_runs(
        self,
        client: Client,
        team: Team,
        mara: User,
        ad_set: AdSet,
        rows: int,
        django_assert_num_queries: Any,
    ) -> None:
        for number in range(rows):
            factories.asset(ad_set, by=mara, title=f"Type {number}")
        client.force_login(mara)
        client.get(reverse("budget", args=[team.slug]))
        with django_assert_num_queries(17):
            client.get(reverse("budget", args=[team.slug]))


class TestLedger:
    def test_every_run_has_its_row_also_at_price_nothing(
        self, client: Client, team: Team, mara: User, ad_set: AdSet
    ) -> None:
        factories.asset(ad_set, by=mara, title="Pour-over")
        client.force_login(mara)
        page = client.get(reverse("ledger", args=[team.slug])).content.decode()
        assert "Pour-over" in page
        assert "Held" in page

    def test_a_title_that_is_a_formula_is_harmless_in_the_csv(
        self, client: Client, team: Team, mara: User, ad_set: AdSet
    ) -> None:
        factories.asset(ad_set, by=mara, title='=HYPERLINK("evil")')
        client.force_login(mara)
        answer = client.get(reverse("ledger", args=[team.slug]), {"format": "csv"})
        cells = answer.content.decode().splitlines()[1]
        assert re.search(r"(^|,)\"?=", cells) is None


class TestApprovals:
    def test_a_run_above_the_ceiling_waits_and_a_manager_lets_it_go(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        asset = factories.asset(asking, by=mara)
        assert factories.open_run(asset).state == "waiting_approval"
        assert not LedgerEntry.objects.exists()
        approval = Approval.objects.get()
        client.force_login(dana)
        client.post(
            reverse("approval_decide", args=[team.slug, approval.pk]), {"decision": "approve"}
        )
        assert factories.open_run(asset).state == "queued"
        assert LedgerEntry.objects.get().kind == "reserve"

    def test_declining_says_that_no_money_was_spent(
        self, client: Client, team: Team, mara: User, dana: User, asking: AdSet
    ) -> None:
        asset = factories.asset(asking, by=mara)
        client.force_login(dana)
        page = client.post(
            reverse("approval_decide", args=[team.slug, Approval.objects.get().pk]),
            {"decision": "decline", "reason": "Too early"},
            follow=True,
        ).content.decode()
        assert "No money was spent" in page
        run = factories.open_run(asset)
        assert (run.state, run.reason) == ("declined", "Too early")

    def test_a_paid_run_that_the_line_cannot_hold_waits_with_the_amount_that_is_left(
        self, client: Client, team: Team, mara: User, dana: User, ad_set: AdSet
    ) -> None:
        CatalogModel.objects.filter(key="local-type").update(price_micros=2 * DOLLAR)
        asset = factories.asset(ad_set, by=mara, count=2)
        run = factories.open_run(asset)
        assert run.state == "waiting_approval"
        assert "$0.00 is left" in run.approval.why
        client.force_login(dana)
        url = reverse("approval_decide", args=[team.slug, run.approval.pk])
        page = client.post(url, {"decision": "approve"}, follow=True).content.decode()
        assert "this needs $4.00" in page
        run.refresh_from_db()
        assert run.state == "waiting_approval"
        spending.set_approved(line=line_of(ad_set), amount_micros=4 * DOLLAR, by=dana)
        client.post(url, {"decision": "approve"})
        line = line_of(ad_set)
        assert (line.reserved_micros, line.settled_micros) == (4 * DOLLAR, 0)
        factories.drain()
        line.refresh_from_db()
        assert (line.reserved_micros, line.settled_micros) == (0, 4 * DOLLAR)

    def test_nobody_approves_their_own_request(
        self, client: Client, team: Team, asking: AdSet
    ) -> None:
        founder = team.memberships.order_by("pk")[0].user
        factories.asset(asking, by=founder)
        approval = Approval.objects.get()
        client.force_login(founder)
        client.post(
            reverse("approval_decide", args=[team.slug, approval.pk]), {"decision": "approve"}
        )
        approval.refresh_from_db()
        assert approval.state == "asked"

    @pytest.mark.parametrize("rows", [1, 3])
    def test_the_inbox_costs_the_same_queries_for_any_number_of_requests(
        self,
        client: Client,
        team: Team,
        mara: User,
        dana: User,
        asking: AdSet,
        rows: int,
        django_assert_num_queries: Any,
    ) -> None:
        for number in range(rows):
            factories.asset(asking, by=mara, title=f"Type {number}")
        client.force_login(dana)
        client.get(reverse("approvals", args=[team.slug]))
        with django_assert_num_queries(11):
            client.get(reverse("approvals", args=[team.slug]))
