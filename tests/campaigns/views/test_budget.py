"""The budget page: what it shows, what managers set on it, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.actions import budgets
from campaigns.models import AdSet, BudgetLine, Campaign, Event, SpendDay, Team
from campaigns.models.choices import Ceiling
from campaigns.queries.months import month
from tests import factories

DOLLAR = 1_000_000
NOTHING = {"low": 0, "medium": 0, "high": 0}
AMOUNTS = {"total": "250", "low": "40", "medium": "90.50", "high": "119.50"}
# what people type, and a part of the sentence that says what to write instead
BAD = {
    "-1": "cannot be negative. Enter 0 or more",
    "\u22125": "cannot be negative. Enter 0 or more",
    "NaN": "is not an amount. Enter digits and a point",
    "Infinity": "is not an amount. Enter digits and a point",
    "12.345": "has more than two decimals. Round it to whole cents",
    "0.00001": "has more than two decimals. Round it to whole cents",
    "12 EUR": "is kept in USD. Enter the number alone",
    "\u20ac12": "is kept in USD. Enter the number alone",
    "1000000000000": "is too large. The most is 999999999.99",
    "": "is missing. Enter an amount",
    "\uff11\uff12": "has digits of another script. Type 0 to 9",
    "\u0661\u0662": "has digits of another script. Type 0 to 9",
    "12,50": "has a comma. Write it with a point",
    "1e3": "is not an amount",
    "=1+1": "is not an amount",
    "$": "is not an amount",
    "9" * 30: "is too long",
}


def lines(campaign: Campaign) -> dict[str, int | None]:
    """This month's lines of a campaign: {tier: approved micro-units}."""
    found = BudgetLine.objects.filter(campaign=campaign, period=month())
    return dict(found.values_list("tier", "approved_micros"))


@pytest.fixture
def url(team: Team, ad_set: AdSet) -> str:
    """Where the budget of the first campaign is set."""
    return reverse("budget_set", args=[team.slug, ad_set.campaign_id])


@pytest.fixture
def page_url(team: Team) -> str:
    """The budget page."""
    return reverse("budget", args=[team.slug])


@pytest.fixture
def spent(ad_set: AdSet, mara: User, hosted: object) -> AdSet:
    """Two creatives that a priced provider made: $0.16 settled, nothing held."""
    factories.fund(ad_set.campaign, low=10 * DOLLAR)
    for title in ("Pour-over", "Espresso"):
        factories.asset(ad_set, by=mara, title=title)
    factories.drain()
    return ad_set


class TestBudget:
    def test_shows_every_tier_with_what_is_left(
        self, client: Client, ad_set: AdSet, dana: User, page_url: str
    ) -> None:
        factories.fund(ad_set.campaign, low=40 * DOLLAR, high=7 * DOLLAR)
        client.force_login(dana)
        answer = client.get(page_url)
        tiers = {line.tier: line for line in answer.context["funds"].tiers}
        assert (tiers["low"].left, tiers["medium"].left) == (40 * DOLLAR, 0)
        assert answer.context["funds"].whole.room == 47 * DOLLAR
        assert "$47.00" in answer.content.decode()

    def test_the_day_sums_and_the_lines_tell_the_same(
        self, client: Client, spent: AdSet, dana: User, page_url: str
    ) -> None:
        client.force_login(dana)
        context = client.get(page_url).context
        settled = context["where"].whole.settled
        assert settled > 0
        assert (
            settled
            == context["funds"].whole.billed
            == sum(line.billed for line in context["funds"].tiers)
        )

    @pytest.mark.parametrize("by", ["model", "stage", "campaign", "ad_set", "person"])
    def test_every_breakdown_adds_up_and_leads_to_its_rows(
        self, client: Client, spent: AdSet, dana: User, page_url: str, by: str
    ) -> None:
        client.force_login(dana)
        answer = client.get(page_url, {"by": by})
        where = answer.context["where"]
        assert sum(row.settled for row in where.rows) == where.whole.settled
        for row in where.rows:
            drill = f"{answer.context['drill']}&{row.query}&kind=billed"
            rows = client.get(drill).context["page"].rows
            assert sum(entry.amount_micros for entry in rows) == row.settled

    def test_a_month_that_is_over_shows_its_own_numbers(
        self, client: Client, spent: AdSet, dana: User, page_url: str
    ) -> None:
        SpendDay.objects.update(day=datetime(2025, 3, 30, tzinfo=UTC).date())
        client.force_login(dana)
        assert client.get(page_url).context["where"].whole.settled == 0
        march = client.get(page_url, {"month": "2025-03"})
        assert march.context["where"].whole.settled > 0
        assert "1 \u2013 31 March 2025" in march.content.decode()
        assert "Set budget" not in march.content.decode()

    @pytest.mark.parametrize(
        "asked",
        [{"month": "2026-13"}, {"month": "9999-01"}, {"month": "\uff12026-11"}, {"month": "x"},
         {"by": "color"}, {"campaign": "0"}, {"campaign": "x"}],
    )  # fmt: skip
    def test_an_address_that_means_nothing_is_not_found(
        self, client: Client, ad_set: AdSet, dana: User, page_url: str, asked: dict[str, str]
    ) -> None:
        client.force_login(dana)
        assert client.get(page_url, asked).status_code == 404

    def test_marks_a_tier_that_passed_four_fifths(
        self, client: Client, ad_set: AdSet, dana: User, page_url: str
    ) -> None:
        factories.fund(ad_set.campaign, low=10 * DOLLAR)
        BudgetLine.objects.filter(pk=factories.tier_line(ad_set.campaign).pk).update(
            settled_micros=8 * DOLLAR
        )
        client.force_login(dana)
        answer = client.get(page_url)
        assert [line.mark for line in answer.context["funds"].tiers] == [80, 0, 0]
        assert "over 80 % used" in answer.content.decode()

    def test_says_an_overrun_in_words(
        self, client: Client, ad_set: AdSet, dana: User, page_url: str
    ) -> None:
        factories.fund(ad_set.campaign, low=DOLLAR)
        BudgetLine.objects.filter(pk=factories.tier_line(ad_set.campaign).pk).update(
            settled_micros=DOLLAR, overrun_micros=500_000
        )
        client.force_login(dana)
        page = client.get(page_url).content.decode()
        assert "$0.50 billed beyond the budget" in page
        assert "-$0.50" in page

    @pytest.mark.parametrize("rows", [1, 3])
    def test_costs_the_same_queries_for_any_number_of_rows(
        self,
        client: Client,
        team: Team,
        mara: User,
        dana: User,
        ad_set: AdSet,
        page_url: str,
        rows: int,
        django_assert_num_queries: Any,
    ) -> None:
        asking = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE, name="Asking")
        for number in range(rows):
            factories.asset(ad_set, by=mara, title=f"Type {number}")
            factories.asset(asking, by=mara, title=f"Asked {number}")
        factories.drain()
        client.force_login(dana)
        client.get(page_url)
        with django_assert_num_queries(23):
            client.get(page_url)


class TestSetBudget:
    def test_a_manager_sets_everything_in_one_form(
        self, client: Client, ad_set: AdSet, dana: User, url: str
    ) -> None:
        client.force_login(dana)
        sent = {**AMOUNTS, "ask_above": "$5", "carries_over": "on"}
        page = client.post(url, sent, follow=True).content.decode()
        assert lines(ad_set.campaign) == {
            "": 250 * DOLLAR, "low": 40 * DOLLAR, "medium": 90_500_000, "high": 119_500_000,
        }  # fmt: skip
        ad_set.campaign.refresh_from_db()
        assert ad_set.campaign.ask_above_micros == 5 * DOLLAR
        assert ad_set.campaign.carries_over
        assert "may spend $250.00 a month" in page

    def test_the_form_stands_on_a_page_of_its_own_with_what_is_set(
        self, client: Client, ad_set: AdSet, dana: User, url: str
    ) -> None:
        factories.fund(ad_set.campaign, low=12_500_000)
        client.force_login(dana)
        page = client.get(url).content.decode()
        assert page.count('value="12.50"') == 2  # the tier and the total
        assert "<html" in page

    @pytest.mark.parametrize("field", ["total", "high"])
    @pytest.mark.parametrize("written", list(BAD))
    def test_a_bad_amount_changes_nothing_and_says_at_the_field_what_to_write(
        self, client: Client, ad_set: AdSet, dana: User, url: str, field: str, written: str
    ) -> None:
        factories.fund(ad_set.campaign, low=DOLLAR)
        before = lines(ad_set.campaign)
        client.force_login(dana)
        answer = client.post(url, {**AMOUNTS, field: written})
        form = answer.context["set_form"]
        assert answer.status_code == 422
        assert list(form.errors) == [field]
        (text,) = form.errors[field]
        assert text.startswith(form.fields[field].label)
        assert BAD[written] in text
        page = answer.content.decode()
        assert 'aria-invalid="true"' in page
        assert 'value="90.50"' in page  # what was typed elsewhere is kept
        assert lines(ad_set.campaign) == before
        assert not Event.objects.filter(verb="budget.set").exists()

    @pytest.mark.parametrize("written", ["-1", "NaN", "12.345", "12 EUR", "1000000000000"])
    def test_a_bad_threshold_changes_nothing_either(
        self, client: Client, ad_set: AdSet, dana: User, url: str, written: str
    ) -> None:
        client.force_login(dana)
        answer = client.post(url, {**AMOUNTS, "ask_above": written})
        assert list(answer.context["set_form"].errors) == ["ask_above"]
        assert set(lines(ad_set.campaign).values()) <= {0}

    def test_tiers_above_the_total_are_refused_at_the_total(
        self, client: Client, ad_set: AdSet, dana: User, url: str
    ) -> None:
        client.force_login(dana)
        answer = client.post(url, {**AMOUNTS, "total": "100"})
        (text,) = answer.context["set_form"].errors["total"]
        assert "$250.00, more than the total of $100.00" in text
        assert set(lines(ad_set.campaign).values()) <= {0}

    def test_less_than_what_is_spent_is_refused_at_its_tier(
        self, client: Client, ad_set: AdSet, dana: User, url: str
    ) -> None:
        factories.fund(ad_set.campaign, low=10 * DOLLAR)
        BudgetLine.objects.filter(campaign=ad_set.campaign, tier__in=["", "low"]).update(
            settled_micros=8 * DOLLAR
        )
        client.force_login(dana)
        answer = client.post(url, {**AMOUNTS, "low": "5"})
        (text,) = answer.context["set_form"].errors["low"]
        assert "$8.00 is already spent or held" in text
        assert lines(ad_set.campaign)[""] == 10 * DOLLAR

    def test_a_dialog_gets_only_the_form_and_is_told_where_to_go(
        self, client: Client, ad_set: AdSet, dana: User, url: str
    ) -> None:
        client.force_login(dana)
        asked = {"HTTP_X_FRAGMENT": "1", "HTTP_ACCEPT": "text/html"}
        wrong = client.post(url, {**AMOUNTS, "low": "x"}, **asked)
        assert (wrong.status_code, b"<html" in wrong.content) == (422, False)
        right = client.post(url, AMOUNTS, **asked)
        assert right.status_code == 204
        assert right["X-Location"].endswith(f"/budget/?campaign={ad_set.campaign_id}")

    def test_a_marketer_may_not(self, client: Client, ad_set: AdSet, mara: User, url: str) -> None:
        client.force_login(mara)
        client.post(url, AMOUNTS)
        assert client.get(url).status_code == 403
        assert set(lines(ad_set.campaign).values()) <= {0}


class TestTeamMonth:
    def test_limits_the_team_and_takes_the_limit_away(
        self, client: Client, team: Team, ad_set: AdSet, dana: User, page_url: str
    ) -> None:
        url = reverse("budget_month", args=[team.slug])
        client.force_login(dana)
        client.post(url, {"month": "500"})
        line = BudgetLine.objects.get(team=team, campaign=None, period=month())
        assert line.approved_micros == 500 * DOLLAR
        assert "of $500.00" in client.get(page_url).content.decode()
        client.post(url, {"month": ""})
        line.refresh_from_db()
        assert line.approved_micros is None

    @pytest.mark.parametrize(
        ("written", "says"),
        [("0", "must be above 0"), *((bad, says) for bad, says in BAD.items() if bad)],
    )
    def test_a_bad_limit_changes_nothing(
        self, client: Client, team: Team, dana: User, written: str, says: str
    ) -> None:
        client.force_login(dana)
        answer = client.post(reverse("budget_month", args=[team.slug]), {"month": written})
        assert answer.status_code == 422
        (text,) = answer.context["month_form"].errors["month"]
        assert text.startswith("Limit a month ")
        assert says in text
        assert not Event.objects.filter(verb="budget.month").exists()


class TestFreeze:
    def test_one_click_freezes_and_one_thaws(
        self, client: Client, team: Team, ad_set: AdSet, dana: User, page_url: str
    ) -> None:
        budgets.open_month(campaign=ad_set.campaign)
        line = factories.tier_line(ad_set.campaign, "high")
        url = reverse("budget_freeze", args=[team.slug, line.pk])
        client.force_login(dana)
        page = client.post(url, {"freeze": "1"}, follow=True).content.decode()
        line.refresh_from_db()
        assert line.frozen_at is not None
        assert "Frozen" in page
        client.post(url, {"freeze": "0"})
        line.refresh_from_db()
        assert line.frozen_at is None

    def test_a_marketer_may_not(
        self, client: Client, team: Team, ad_set: AdSet, mara: User
    ) -> None:
        budgets.open_month(campaign=ad_set.campaign)
        line = factories.tier_line(ad_set.campaign)
        client.force_login(mara)
        client.post(reverse("budget_freeze", args=[team.slug, line.pk]), {"freeze": "1"})
        line.refresh_from_db()
        assert line.frozen_at is None
