"""What nobody types and somebody sends: NULs, digits of other scripts, numbers without end."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.models import AdSet, Asset, Team
from tests import factories

ENDLESS = "9" * 5000


@pytest.fixture
def asset(ad_set: AdSet, mara: User, client: Client) -> Asset:
    client.force_login(mara)
    return factories.asset(ad_set, by=mara)


class TestAddresses:
    @pytest.mark.parametrize(
        ("name", "query"),
        [
            ("ledger", "model=%00"),
            ("search", "q=a%00b"),
            ("board", "q=%00"),
            ("brief", "campaign=\u00b2"),
            ("brief", f"campaign={ENDLESS}"),
            ("brief", f"ad_set={ENDLESS}"),
            ("board", f"new={ENDLESS}"),
            ("routing", f"run={ENDLESS}"),
            ("routing", "run=\u00b2"),
            ("what_if", f"days=90&price={ENDLESS}"),
            ("what_if", "days=90&use=%F0%9F%92%A9"),
        ],
    )
    def test_are_answered(
        self, client: Client, team: Team, asset: Asset, name: str, query: str
    ) -> None:
        address = reverse(name, args=[team.slug])
        assert client.get(f"{address}?{query}").status_code in {200, 400, 404, 422}


class TestForms:
    @pytest.mark.parametrize("value", ["\u00b2", ENDLESS, "-1", "", "1.5"])
    def test_of_cards_move_none(self, client: Client, team: Team, asset: Asset, value: str) -> None:
        address = reverse("board_move", args=[team.slug])
        answer = client.post(address, {"ids": value, "seen": f"{value}:{value}",
                                       "direction": "on"})  # fmt: skip
        assert answer.status_code in {302, 409, 422}

    @pytest.mark.parametrize("ids", [None, 7, True, "x", {"a": 1}, [None], [[1]]])
    def test_of_odd_json_move_none(
        self, client: Client, team: Team, asset: Asset, ids: object
    ) -> None:
        sent = json.dumps({"ids": ids, "seen": ids, "direction": "on"})
        answer = client.post(
            reverse("board_move", args=[team.slug]), sent, content_type="application/json",
            HTTP_ACCEPT="application/json",
        )  # fmt: skip
        assert answer.status_code in {409, 422}

    def test_with_deep_json_are_answered(self, client: Client, team: Team, asset: Asset) -> None:
        deep = '{"ids": ' + "[" * 100_000 + "]" * 100_000 + "}"
        answer = client.post(
            reverse("board_move", args=[team.slug]), deep, content_type="application/json",
            HTTP_ACCEPT="application/json",
        )  # fmt: skip
        assert answer.status_code in {400, 409, 422}

    def test_with_a_nul_start_nothing(self, client: Client, team: Team, asset: Asset) -> None:
        before = asset.runs.count()
        for name in ("headline", "reason", "token"):
            answer = client.post(
                reverse("asset_run", args=[team.slug, asset.pk]),
                {"operation": "compose_type", "token": "a-token-of-a-page", name: "a\x00b"},
            )
            assert answer.status_code == 400
        assert asset.runs.count() == before
