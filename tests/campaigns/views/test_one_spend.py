"""Double click, back button, two tabs: one spend each, and whoever comes second is told."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.models import AdSet, Approval, Asset, LedgerEntry, StageRun, Team
from campaigns.models.choices import Ceiling
from tests import factories
from tests.campaigns import money
from tests.campaigns.at_once import at_once
from tests.campaigns.scripted import Scripted

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def asset(ad_set: AdSet, mara: User, hosted: Scripted) -> Asset:
    """Its first run, by a priced provider, is settled and waits for a curator."""
    factories.fund(ad_set.campaign, low=10 * money.USD)
    made = factories.asset(ad_set, by=mara)
    factories.drain()
    StageRun.objects.update(state="done")
    return made


@pytest.fixture
def address(team: Team, asset: Asset) -> str:
    return reverse("asset_run", args=[team.slug, asset.pk])


def holds() -> int:
    """How many times money was held."""
    return LedgerEntry.objects.filter(kind="reserve").count()


@pytest.fixture
def as_mara(client: Client, mara: User) -> Client:
    client.force_login(mara)
    return client


def sent(token: str) -> dict[str, str]:
    return {"operation": "compose_type", "count": "2", "token": token}


class TestAStart:
    def test_by_a_double_click_holds_once(self, as_mara: Client, address: str) -> None:
        before = holds()
        for _ in range(2):
            assert as_mara.post(address, sent("one-page-1"), **JSON).status_code == 200
        assert holds() == before + 1

    def test_from_the_page_before_after_it_ran_holds_nothing_more(
        self, as_mara: Client, address: str, asset: Asset
    ) -> None:
        as_mara.post(address, sent("one-page-1"))
        factories.drain()
        StageRun.objects.update(state="done")
        before, runs = holds(), asset.runs.count()
        assert as_mara.post(address, sent("one-page-1"), **JSON).status_code == 200
        assert (holds(), asset.runs.count()) == (before, runs)

    def test_from_a_second_tab_is_told(self, as_mara: Client, address: str, asset: Asset) -> None:
        as_mara.post(address, sent("first-tab-1"))
        before = holds()
        second = as_mara.post(address, sent("second-tab-2"), **JSON)
        assert second.status_code == 409
        assert "going on already" in second.json()["error"]
        assert second.json()["error"].endswith("no money was spent.")
        assert holds() == before

    def test_without_a_token_is_one_too(self, as_mara: Client, address: str) -> None:
        before = holds()
        values = sent("")
        codes = [as_mara.post(address, values, **JSON).status_code for _ in range(2)]
        assert codes == [200, 409]
        assert holds() == before + 1


@pytest.mark.django_db(transaction=True)
def test_two_tabs_at_the_same_moment_hold_once(address: str, asset: Asset, mara: User) -> None:
    tabs = [Client(), Client()]
    for tab in tabs:
        tab.force_login(mara)
    before = holds()
    answers = at_once(
        *(
            lambda tab=tab, number=number: tab.post(address, sent(f"tab-number-{number}"), **JSON)
            for number, tab in enumerate(tabs)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert holds() == before + 1
    money.check(asset.team)


class TestAYes:
    @pytest.fixture
    def asked(self, team: Team, mara: User, hosted: Scripted) -> Approval:
        strict = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
        factories.fund(strict.campaign, low=10 * money.USD)
        factories.asset(strict, by=mara)
        return Approval.objects.get()

    def test_again_by_back_button_or_second_tab_starts_nothing_more(
        self, client: Client, asked: Approval, dana: User
    ) -> None:
        client.force_login(dana)
        at = reverse("approval_decide", args=[asked.team.slug, asked.pk])
        less = reverse("approval_less", args=[asked.team.slug, asked.pk])
        assert client.post(at, {"decision": "approve"}, **JSON).status_code == 200
        factories.drain()
        for where, values in (
            (at, {"decision": "approve"}),
            (at, {"decision": "decline", "reason": "No"}),
            (less, {"count": "1", "model": asked.run.model, "seen_micros": "1"}),
        ):
            again = client.post(where, values, **JSON)
            assert again.status_code == 409
            assert again.json()["error"].startswith("Already approved by Dana")
        assert holds() == 1
        money.check(asked.team)
