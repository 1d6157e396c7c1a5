"""The mask editor's question to the server: who may ask, and what comes back."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.actions import heartbeats
from campaigns.models import AdSet, Asset, Lease
from tests.campaigns.views.test_asset import adopted

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def made(ad_set: AdSet, mara: User) -> Asset:
    return adopted(ad_set, mara)


def url_of(made: Asset) -> str:
    return reverse("asset_pick", args=[made.campaign.team.slug, made.pk])


class TestPick:
    def test_a_point_gives_outlines_as_shares_and_stores_nothing(
        self, client: Client, made: Asset, mara: User
    ) -> None:
        client.force_login(mara)
        answer = client.post(url_of(made), {"x": "0.5", "y": "0.45"}, **JSON)
        assert answer.status_code == 200
        (first, *_) = answer.json()["outlines"]
        assert len(first) >= 6
        assert all(0 <= value <= 1 for value in first)
        assert not Lease.objects.filter(name=f"pick-{mara.pk}").exists()

    def test_one_search_a_person(self, client: Client, made: Asset, mara: User) -> None:
        client.force_login(mara)
        assert heartbeats.lead(name=f"pick-{mara.pk}", holder="another", seconds=30)
        answer = client.post(url_of(made), {"x": "0.5", "y": "0.5"}, **JSON)
        assert answer.status_code == 409
        assert "still being worked on" in answer.json()["error"]

    @pytest.mark.parametrize("point", [{"x": "2", "y": "0.5"}, {"x": "nan", "y": "0.5"}])
    def test_a_point_outside_is_refused(
        self, client: Client, made: Asset, mara: User, point: dict[str, str]
    ) -> None:
        client.force_login(mara)
        assert client.post(url_of(made), point, **JSON).status_code == 422

    def test_others_get_no_answer(
        self, client: Client, made: Asset, otto: User, ben: User, mara: User
    ) -> None:
        for person, status in ((otto, 404), (ben, 403)):
            client.force_login(person)
            assert client.post(url_of(made), {"x": "0.5", "y": "0.5"}, **JSON).status_code == status
        client.force_login(mara)
        assert client.get(url_of(made)).status_code == 405
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(mara)
        assert strict.post(url_of(made), {"x": "0.5", "y": "0.5"}, **JSON).status_code == 403
