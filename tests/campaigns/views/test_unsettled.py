"""The managers' page of calls whose answer was lost, and the ways to it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns import jobs
from campaigns.actions import unsettled
from campaigns.models import AdSet, Attempt, Team
from routing.providers.base import OutcomeUnknown
from tests import factories
from tests.campaigns import money
from tests.campaigns.scripted import PRICE, Scripted

BROKE = "The connection broke while it was sent."


@pytest.fixture
def lose(ad_set: AdSet, mara: User, hosted: Scripted) -> Any:
    """Make one more call that is never answered."""
    factories.fund(ad_set.campaign, low=100 * PRICE)

    def one(title: str = "Pour-over") -> Attempt:
        hosted.refuses = OutcomeUnknown(BROKE)
        attempt = factories.open_run(factories.asset(ad_set, by=mara, title=title)).attempts.get()
        jobs.submit(attempt.pk)
        return attempt

    return one


@pytest.fixture
def as_dana(client: Client, dana: User) -> Client:
    client.force_login(dana)
    return client


@pytest.fixture
def url(team: Team) -> str:
    return reverse("unsettled", args=[team.slug])


def decide(team: Team, attempt: Attempt) -> str:
    return reverse("unsettled_decide", args=[team.slug, attempt.pk])


class TestList:
    def test_says_what_is_held_for_which_asset_since_when(
        self, as_dana: Client, lose: Any, url: str
    ) -> None:
        attempt = lose()
        page = as_dana.get(url).content.decode()
        for words in ("Pour-over", "Hosted type at fal", "$0.08", BROKE, "1 call,", "Mara"):
            assert words in page, words
        assert f"#run-{attempt.run_id}" in page
        assert page.count('name="decision"') == 3

    def test_is_empty_in_words(self, as_dana: Client, url: str) -> None:
        assert "Every call is accounted for" in as_dana.get(url).content.decode()

    def test_is_for_managers(self, client: Client, mara: User, lose: Any, url: str) -> None:
        lose()
        client.force_login(mara)
        answer = client.get(url)
        assert answer.status_code == 403
        assert "Ask a manager" in answer.content.decode()

    @pytest.mark.parametrize("rows", [1, 3])
    def test_costs_the_same_with_one_and_three_rows(
        self, as_dana: Client, lose: Any, url: str, rows: int, django_assert_num_queries: Any
    ) -> None:
        for number in range(rows):
            lose(str(number))
        as_dana.get(url)
        with django_assert_num_queries(11):
            as_dana.get(url)

    @pytest.mark.parametrize("name", ["budget", "ledger"])
    def test_is_reached_with_a_count(
        self, as_dana: Client, lose: Any, team: Team, url: str, name: str, mara: User
    ) -> None:
        lose()
        lose("Second")
        page = as_dana.get(reverse(name, args=[team.slug])).content.decode()
        assert f'href="{url}"' in page
        assert ("2 calls to a provider" if name == "budget" else "<span>2</span>") in page
        as_dana.force_login(mara)
        assert url not in as_dana.get(reverse(name, args=[team.slug])).content.decode()

    def test_the_budget_page_is_quiet_without_any(
        self, as_dana: Client, ad_set: AdSet, team: Team, url: str
    ) -> None:
        assert url not in as_dana.get(reverse("budget", args=[team.slug])).content.decode()


class TestDecide:
    @pytest.mark.parametrize(
        ("sent", "settled", "says"),
        [
            ({"decision": "billed", "amount": ""}, 2 * PRICE, "settled a call without an answer"),
            ({"decision": "billed", "amount": "0.05"}, 50_000, "at $0.05 of $0.08 held"),
            ({"decision": "unbilled"}, 0, "gave $0.08 back"),
        ],
    )
    def test_books_it_and_shows_who_said_so(
        self,
        as_dana: Client,
        lose: Any,
        team: Team,
        sent: dict[str, str],
        settled: int,
        says: str,
    ) -> None:
        attempt = lose()
        page = as_dana.post(
            decide(team, attempt), {**sent, "reason": "Invoice 7"}, follow=True
        ).content.decode()
        assert "Every call is accounted for" in page
        assert "Dana" in page
        assert says in page
        assert "Invoice 7" in page
        assert money.sums(attempt.run.asset.campaign) == (0, settled)

    @pytest.mark.parametrize(
        ("sent", "says"),
        [
            ({"decision": "billed", "amount": "0.09"}, "at most that can be settled"),
            ({"decision": "billed", "amount": "-1"}, "cannot be negative"),
            ({"decision": "billed", "amount": "NaN"}, "is not an amount"),
            ({"decision": "billed", "amount": "0.001"}, "more than two decimals"),
            ({"decision": "billed", "reason": " "}, "Say how you know"),
            ({"decision": "maybe"}, "Choose whether it was found"),
        ],
    )
    def test_shows_what_is_wrong_at_the_row_and_keeps_what_was_typed(
        self, as_dana: Client, lose: Any, team: Team, sent: dict[str, str], says: str
    ) -> None:
        attempt = lose()
        answer = as_dana.post(decide(team, attempt), {"reason": "Invoice 7", **sent})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert says in page
        if "amount" in sent:
            assert f'value="{sent["amount"]}"' in page
            assert 'value="Invoice 7"' in page
        assert money.sums(attempt.run.asset.campaign) == (2 * PRICE, 0)

    def test_of_what_was_decided_meanwhile_is_told_politely(
        self, as_dana: Client, lose: Any, team: Team, dana: User, url: str
    ) -> None:
        attempt = lose()
        unsettled.release(attempt=attempt, reason="Not there", by=dana)
        sent = {"decision": "billed", "reason": "Invoice 7"}
        page = as_dana.post(
            decide(team, attempt), sent, follow=True, headers={"Referer": f"http://testserver{url}"}
        ).content.decode()
        assert "already given back by Dana" in page
        assert money.sums(attempt.run.asset.campaign) == (0, 0)
