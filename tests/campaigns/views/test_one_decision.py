"""A manager's yes sent again, by the back button or from another tab, starts nothing more."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.models import Approval, LedgerEntry, Team
from campaigns.models.choices import Ceiling
from tests import factories
from tests.campaigns import money
from tests.campaigns.scripted import Scripted

JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def asked(team: Team, mara: User, hosted: Scripted) -> Approval:
    strict = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
    factories.fund(strict.campaign, low=10 * money.USD)
    factories.asset(strict, by=mara)
    return Approval.objects.get()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("approval_decide", {"decision": "approve"}),
        ("approval_decide", {"decision": "decline", "reason": "No"}),
        ("approval_less", {"count": "1", "model": "hosted-type", "seen_micros": "1"}),
    ],
)
def test_after_the_work_is_done_it_is_told_who_decided(
    client: Client, asked: Approval, dana: User, name: str, values: dict[str, str]
) -> None:
    client.force_login(dana)
    decide = reverse("approval_decide", args=[asked.team.slug, asked.pk])
    assert client.post(decide, {"decision": "approve"}, **JSON).status_code == 200
    factories.drain()
    before = list(LedgerEntry.objects.order_by("pk").values_list("kind", flat=True))
    assert before == ["reserve", "settle"]
    again = client.post(reverse(name, args=[asked.team.slug, asked.pk]), values, **JSON)
    assert again.status_code == 409
    assert again.json()["error"].startswith("Already approved by Dana")
    assert LedgerEntry.objects.count() == 2
    money.check(asked.team)
