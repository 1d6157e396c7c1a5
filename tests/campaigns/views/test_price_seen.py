"""What the page showed is what may be spent: a price that went up since starts nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.actions import runs
from campaigns.formats.price_seen import PriceList, Seen, Wish
from campaigns.models import AdSet, Asset, CatalogModel, StageRun, Team
from campaigns.models.choices import RunState
from tests import factories
from tests.campaigns import money
from tests.campaigns.forms import values_of
from tests.campaigns.scripted import PRICE, Scripted, priced_type

JSON = {"HTTP_ACCEPT": "application/json"}
TYPE = "compose_type"


@pytest.fixture
def as_mara(client: Client, mara: User) -> Client:
    client.force_login(mara)
    return client


@pytest.fixture
def idle(ad_set: AdSet, mara: User, hosted: Scripted) -> Asset:
    """An asset on which nothing goes on, and money for ten outputs."""
    factories.fund(ad_set.campaign, low=100 * PRICE)
    asset = factories.asset(ad_set, by=mara)
    runs.cancel(run=factories.open_run(asset), by=mara)
    return asset


def at(name: str, team: Team, *args: int) -> str:
    return reverse(name, args=[team.slug, *args])


def shown(client: Client, team: Team, asset: Asset) -> dict[str, str]:
    """What the form of the page sends, untouched."""
    page = client.get(at("asset", team, asset.pk)).content.decode()
    return values_of(page, data_operation=TYPE)


def price(micros: int, key: str = "hosted-type") -> None:
    CatalogModel.objects.filter(key=key).update(price_micros=micros)


def started(asset: Asset) -> StageRun | None:
    return asset.runs.exclude(state=RunState.CANCELLED).first()


class TestRun:
    def test_of_what_was_shown_goes_through(self, as_mara: Client, team: Team, idle: Asset) -> None:
        sent = shown(as_mara, team, idle)
        assert sent["seen_micros"] == str(2 * PRICE)
        as_mara.post(at("asset_run", team, idle.pk), sent)
        assert started(idle).maximum_micros == 2 * PRICE

    @pytest.mark.parametrize("count", ["2", "1", "4", ""])
    def test_that_costs_more_by_now_is_refused_with_both_prices(
        self, as_mara: Client, team: Team, idle: Asset, count: str
    ) -> None:
        sent = shown(as_mara, team, idle)
        price(3 * PRICE)
        answer = as_mara.post(at("asset_run", team, idle.pk), {**sent, "count": count}, **JSON)
        assert answer.status_code == 409
        text = answer.json()["error"]
        assert "may now cost $0.24" in text
        assert "showed $0.08" in text
        assert "Look at the new price, then start again" in text
        assert started(idle) is None
        assert money.sums(idle.campaign) == (0, 0)

    def test_is_refused_without_script_too_and_the_next_click_goes_through(
        self, as_mara: Client, team: Team, idle: Asset
    ) -> None:
        sent = shown(as_mara, team, idle)
        price(3 * PRICE)
        page = at("asset", team, idle.pk)
        answer = as_mara.post(
            at("asset_run", team, idle.pk), sent, headers={"Referer": f"http://testserver{page}"},
            follow=True,
        )  # fmt: skip
        assert "The price went up: Hosted type may now cost $0.24" in answer.content.decode()
        again = values_of(answer.content.decode(), data_operation=TYPE)
        as_mara.post(at("asset_run", team, idle.pk), again)
        assert started(idle).maximum_micros == 6 * PRICE

    @pytest.mark.parametrize("count", ["1", "2", "12", ""])
    def test_with_another_count_typed_without_script_goes_through(
        self, as_mara: Client, team: Team, idle: Asset, count: str
    ) -> None:
        sent = shown(as_mara, team, idle)
        as_mara.post(at("asset_run", team, idle.pk), {**sent, "count": count})
        assert started(idle).maximum_micros == int(count or 2) * PRICE

    def test_that_costs_less_by_now_goes_through(
        self, as_mara: Client, team: Team, idle: Asset
    ) -> None:
        sent = shown(as_mara, team, idle)
        price(PRICE // 2)
        as_mara.post(at("asset_run", team, idle.pk), sent)
        assert started(idle).maximum_micros == PRICE

    @pytest.mark.parametrize(("raised", "goes"), [("hosted-type", True), ("other-type", False)])
    def test_by_another_model_chosen_without_script_is_held_to_its_own_price(
        self, as_mara: Client, team: Team, idle: Asset, raised: str, goes: bool
    ) -> None:
        priced_type(key="other-type", label="Other type", price_micros=5 * PRICE)
        sent = shown(as_mara, team, idle)
        price(20 * PRICE, raised)
        values = {**sent, "model": "other-type", "reason": "Better kerning", "count": "3"}
        answer = as_mara.post(at("asset_run", team, idle.pk), values, **JSON)
        assert (answer.status_code == 200) == goes, answer.json()
        if goes:
            assert started(idle).maximum_micros == 15 * PRICE
        else:
            assert "Other type may now cost $1.60" in answer.json()["error"]
            assert started(idle) is None

    def test_by_a_model_that_is_dearer_than_the_one_shown_now_is_refused(
        self, as_mara: Client, team: Team, idle: Asset
    ) -> None:
        priced_type(key="other-type", label="Other type", price_micros=5 * PRICE)
        sent = shown(as_mara, team, idle)
        CatalogModel.objects.filter(key="hosted-type").update(is_enabled=False)
        answer = as_mara.post(at("asset_run", team, idle.pk), sent, **JSON)
        assert answer.status_code == 409
        assert "Other type may now cost $0.40, and the page showed $0.08" in answer.json()["error"]

    def test_of_a_price_that_a_script_kept_up_to_date_is_compared_as_it_is(
        self, as_mara: Client, team: Team, idle: Asset
    ) -> None:
        sent = shown(as_mara, team, idle)
        address = at("asset_run", team, idle.pk)
        asked = {name: value for name, value in sent.items() if value} | {"count": "6"}
        quote = f"<form>{as_mara.get(address, asked).content.decode()}</form>"
        sent |= values_of(quote) | {"count": "6"}
        assert sent["seen_micros"] == str(6 * PRICE)
        price(PRICE + 1)
        answer = as_mara.post(address, sent, **JSON)
        assert answer.status_code == 409
        assert "showed $0.24" in answer.json()["error"]
        assert as_mara.post(address, {**sent, "count": ""}, **JSON).status_code == 409

    def test_that_was_started_is_not_priced_again_by_a_second_click(
        self, as_mara: Client, team: Team, idle: Asset
    ) -> None:
        sent = shown(as_mara, team, idle)
        as_mara.post(at("asset_run", team, idle.pk), sent)
        price(9 * PRICE)
        answer = as_mara.post(at("asset_run", team, idle.pk), sent, **JSON)
        assert answer.status_code == 200
        assert idle.runs.count() == 2
        assert money.sums(idle.campaign) == (2 * PRICE, 0)

    @pytest.mark.parametrize(
        "broken",
        [
            {"seen_prices": "{"}, {"seen_prices": "[]"}, {"seen_for": "x=1"},
            {"seen_prices": '{"wish": "n=1&m=", "micros": {"": "all"}}'},
            {"seen_prices": '{"wish": "n=1&m=", "micros": {"": -4}}'},
            {"seen_for": "n=x&m="}, {"seen_for": "n" * 5000},
        ],
    )  # fmt: skip
    def test_with_a_broken_price_is_a_run_like_any_other(
        self, as_mara: Client, team: Team, idle: Asset, broken: dict[str, str]
    ) -> None:
        sent = shown(as_mara, team, idle) | broken
        assert as_mara.post(at("asset_run", team, idle.pk), sent, **JSON).status_code == 200
        assert started(idle).maximum_micros == 2 * PRICE

    def test_with_an_impossible_price_names_the_field(
        self, as_mara: Client, team: Team, idle: Asset
    ) -> None:
        sent = shown(as_mara, team, idle) | {"seen_micros": "-1"}
        answer = as_mara.post(at("asset_run", team, idle.pk), sent, **JSON)
        assert (answer.status_code, answer.json()["field"]) == (422, "seen_micros")


class TestBrief:
    @pytest.fixture
    def filled(self, as_mara: Client, team: Team, ad_set: AdSet, hosted: Scripted) -> Any:
        """The untouched form with the words that must be filled in."""
        factories.fund(ad_set.campaign, low=100 * PRICE)
        page = as_mara.get(at("brief", team)).content.decode()
        words = {"goal": "Sell", "product": "Kit", "headline": "Slow", "platforms": ["reels"]}
        return {**values_of(page, id="brief"), **words}

    def test_of_what_the_plan_showed_starts(
        self, as_mara: Client, team: Team, filled: dict[str, Any]
    ) -> None:
        assert (filled["seen_micros"], filled["seen_count"]) == (str(3 * PRICE), "3")
        answer = as_mara.post(at("brief", team), filled)
        assert answer.status_code == 302, answer.context["form"].errors
        assert StageRun.objects.get().maximum_micros == 3 * PRICE

    def test_that_costs_more_by_now_writes_nothing_and_shows_the_new_plan(
        self, as_mara: Client, team: Team, ad_set: AdSet, filled: dict[str, Any]
    ) -> None:
        price(2 * PRICE)
        answer = as_mara.post(at("brief", team), filled)
        assert answer.status_code == 409
        text = answer.content.decode()
        assert "may now cost $0.24, and the page showed $0.12" in text
        assert not Asset.objects.exists()
        assert not StageRun.objects.exists()
        again = values_of(text, id="brief")
        assert (again["seen_micros"], again["product"]) == (str(6 * PRICE), "Kit")
        assert as_mara.post(at("brief", team), again | {"goal": "Sell"}).status_code == 302
        assert StageRun.objects.get().maximum_micros == 6 * PRICE

    def test_that_costs_more_leaves_no_new_campaign_behind(
        self, as_mara: Client, team: Team, ad_set: AdSet, filled: dict[str, Any]
    ) -> None:
        price(2 * PRICE)
        sent = {**filled, "ad_set": "new", "campaign_name": "Other", "ad_set_name": "One"}
        assert as_mara.post(at("brief", team), sent).status_code == 409
        assert list(team.campaigns.all()) == [ad_set.campaign]

    @pytest.mark.parametrize("count", [1, 7])
    def test_with_another_count_typed_without_script_starts(
        self, as_mara: Client, team: Team, filled: dict[str, Any], count: int
    ) -> None:
        as_mara.post(at("brief", team), {**filled, "count": count})
        assert StageRun.objects.get().maximum_micros == count * PRICE

    def test_that_costs_less_by_now_starts(
        self, as_mara: Client, team: Team, filled: dict[str, Any]
    ) -> None:
        price(1)
        as_mara.post(at("brief", team), filled)
        assert StageRun.objects.get().maximum_micros == 3


def test_a_price_survives_the_form() -> None:
    wish = Wish(3, "a&b", {"seconds": "6", "motion": "push in"})
    prices = PriceList(wish, {"": 1, "a": 2})
    read = Seen.read(micros=5, wish=wish.text(), prices=prices.text())
    assert read == Seen(5, wish, prices)
    assert Seen.read(micros=None, wish=wish.text(), prices="") is None
