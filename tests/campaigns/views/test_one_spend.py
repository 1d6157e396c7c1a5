"""Double click, back button, two tabs: one spend, whatever the browser sends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from campaigns import jobs
from campaigns.actions import runs
from campaigns.models import AdSet, Approval, Asset, LedgerEntry, StageRun, Team
from campaigns.models.choices import Ceiling, RunState
from tests import factories
from tests.campaigns import money
from tests.campaigns.at_once import at_once
from tests.campaigns.forms import values_of
from tests.campaigns.scripted import PRICE, Scripted

JSON = {"HTTP_ACCEPT": "application/json"}
HELD = 2 * PRICE


@pytest.fixture
def idle(ad_set: AdSet, mara: User, hosted: Scripted) -> Asset:
    """An asset on which nothing goes on, and money for many runs."""
    factories.fund(ad_set.campaign, low=100 * PRICE)
    asset = factories.asset(ad_set, by=mara)
    runs.cancel(run=factories.open_run(asset), by=mara)
    return asset


def tab(user: User) -> Client:
    """A browser of this person."""
    client = Client()
    client.force_login(user)
    return client


def at(name: str, team: Team, *args: int) -> str:
    return reverse(name, args=[team.slug, *args])


def form(client: Client, asset: Asset) -> dict[str, str]:
    """The form as a freshly loaded page would send it."""
    page = client.get(at("asset", asset.team, asset.pk)).content.decode()
    return values_of(page, data_operation="compose_type")


def posts(user: User, address: str, *sent: dict[str, Any]) -> list[Callable[[], HttpResponseBase]]:
    """One request a thread, each of a browser of its own that is signed in already."""
    found = []
    for values in sent:
        browser = tab(user)
        found.append(lambda b=browser, v=values: b.post(address, v, **JSON))
    return found


def spent_once(asset: Asset) -> None:
    """One run beside the cancelled one, one hold, one line in the ledger for it."""
    (run,) = asset.runs.exclude(state=RunState.CANCELLED)
    assert run.attempts.count() == 1
    assert LedgerEntry.objects.filter(attempt__run=run, kind="reserve").count() == 1
    assert money.sums(asset.campaign) == (HELD, 0)
    money.check(asset.team)


class TestRun:
    def test_clicked_twice_holds_once(self, mara: User, idle: Asset) -> None:
        client = tab(mara)
        sent = form(client, idle)
        answers = [client.post(at("asset_run", idle.team, idle.pk), sent, **JSON) for _ in range(2)]
        assert [one.status_code for one in answers] == [200, 200]
        spent_once(idle)

    def test_sent_again_by_the_back_button_starts_nothing_new(
        self, mara: User, idle: Asset
    ) -> None:
        client = tab(mara)
        sent = form(client, idle)
        client.post(at("asset_run", idle.team, idle.pk), sent)
        runs.cancel(run=factories.open_run(idle), by=mara)
        client.post(at("asset_run", idle.team, idle.pk), sent)
        assert idle.runs.count() == 2
        assert not idle.runs.exclude(state=RunState.CANCELLED).exists()
        assert money.sums(idle.campaign) == (0, 0)

    def test_sent_again_with_other_values_says_so(self, mara: User, idle: Asset) -> None:
        client = tab(mara)
        sent = form(client, idle)
        client.post(at("asset_run", idle.team, idle.pk), sent)
        other = factories.asset(idle.ad_set, by=mara, title="Other")
        runs.cancel(run=factories.open_run(other), by=mara)
        answer = client.post(at("asset_run", idle.team, other.pk), sent, **JSON)
        assert answer.status_code == 409
        assert "sent before with other values" in answer.json()["error"]
        spent_once(idle)

    def test_in_a_second_tab_is_refused_politely_while_one_is_open(
        self, mara: User, idle: Asset
    ) -> None:
        client = tab(mara)
        first, second = form(client, idle), form(client, idle)
        assert first["token"] != second["token"]
        client.post(at("asset_run", idle.team, idle.pk), first)
        answer = client.post(at("asset_run", idle.team, idle.pk), second, **JSON)
        assert answer.status_code == 409
        assert "going on already" in answer.json()["error"]
        assert "no money was spent" in answer.json()["error"]
        spent_once(idle)

    def test_that_waits_for_a_manager_is_asked_once(self, mara: User, idle: Asset) -> None:
        idle.campaign.ceiling = Ceiling.NONE
        idle.campaign.save(update_fields=["ceiling"])
        client = tab(mara)
        sent = form(client, idle)
        for _ in range(2):
            client.post(at("asset_run", idle.team, idle.pk), sent)
        assert Approval.objects.filter(run__asset=idle).count() == 1
        assert money.sums(idle.campaign) == (0, 0)


class TestBrief:
    def test_clicked_twice_holds_once(self, ad_set: AdSet, mara: User, hosted: Scripted) -> None:
        factories.fund(ad_set.campaign, low=100 * PRICE)
        client = tab(mara)
        sent = brief(client, ad_set.campaign.team)
        for _ in range(2):
            assert client.post(at("brief", ad_set.campaign.team), sent).status_code == 302
        assert (Asset.objects.count(), StageRun.objects.count()) == (1, 1)
        assert money.sums(ad_set.campaign) == (3 * PRICE, 0)


def brief(client: Client, team: Team) -> dict[str, Any]:
    """A filled brief of a freshly loaded page."""
    page = client.get(at("brief", team)).content.decode()
    words = {"goal": "Sell", "product": "Kit", "headline": "Slow", "platforms": ["reels"]}
    return {**values_of(page, id="brief"), **words}


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    """Real threads and connections; on PostgreSQL they really run beside each other."""

    def test_one_form_sent_four_times_holds_once(self, mara: User, idle: Asset) -> None:
        sent = form(tab(mara), idle)
        told = at_once(*posts(mara, at("asset_run", idle.team, idle.pk), *[sent] * 4))
        assert [getattr(one, "status_code", one) for one in told] == [200] * 4
        spent_once(idle)

    def test_four_tabs_hold_once_and_three_are_told(self, mara: User, idle: Asset) -> None:
        forms = [form(tab(mara), idle) for _ in range(4)]
        told = at_once(*posts(mara, at("asset_run", idle.team, idle.pk), *forms))
        codes = sorted(getattr(one, "status_code", repr(one)) for one in told)
        assert codes == [200, 409, 409, 409]
        spent_once(idle)

    def test_one_brief_sent_four_times_is_one_asset(
        self, ad_set: AdSet, mara: User, hosted: Scripted
    ) -> None:
        factories.fund(ad_set.campaign, low=100 * PRICE)
        team = ad_set.campaign.team
        sent = brief(tab(mara), team)
        told = at_once(*posts(mara, at("brief", team), *[sent] * 4))
        assert [getattr(one, "status_code", one) for one in told] == [302] * 4
        assert (Asset.objects.count(), StageRun.objects.count()) == (1, 1)
        assert money.sums(ad_set.campaign) == (3 * PRICE, 0)
        money.check(team)

    def test_an_approval_clicked_four_times_holds_and_sends_once(
        self, team: Team, mara: User, dana: User, hosted: Scripted
    ) -> None:
        strict = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
        asset = factories.asset(strict, by=mara)
        factories.fund(strict.campaign, low=100 * PRICE)
        approval = Approval.objects.get()
        sent = {"decision": "approve"}
        told = at_once(*posts(dana, at("approval_decide", team, approval.pk), *[sent] * 4))
        codes = sorted(getattr(one, "status_code", 0) for one in told)
        assert codes[0] < 400, told
        assert codes[1:] == [409] * 3, told
        run = factories.open_run(asset)
        assert run.attempts.count() == 1
        assert money.sums(strict.campaign) == (HELD, 0)
        at_once(*[lambda: jobs.submit(run.attempts.get().pk)] * 3)
        assert len(hosted.accepted) == 1
        money.check(team)
