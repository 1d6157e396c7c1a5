"""A manager finds a lost call in the provider's account: it goes on, and costs what it cost."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.models import AdSet, Attempt, Event, StageRun
from tests import factories
from tests.campaigns import money
from tests.stand_in import StandIn
from tests.vendors.play import begin, work_off


@pytest.fixture
def lost(vendor: StandIn, ad_set: AdSet, mara: User, woken: list[tuple[str, int]]) -> StageRun:
    asset = begin(
        "fal",
        ad_set=ad_set,
        by=mara,
        fault=lambda: vendor.fault("fal", "submit", "accept_then_drop"),
    )
    run = factories.open_run(asset)
    work_off(run, woken)
    assert run.attempts.get().state == "unknown"
    return run


def say(client: Client, run: StageRun, request_id: str) -> tuple[int, str]:
    answer = client.post(
        reverse("unsettled_decide", args=[run.team.slug, run.attempts.get().pk]),
        {"decision": "found", "reason": "Account page", "request_id": request_id},
    )
    return answer.status_code, answer.content.decode()


@pytest.mark.django_db
def test_goes_on_with_what_was_made(
    vendor: StandIn,
    lost: StageRun,
    dana: User,
    client: Client,
    woken: list[tuple[str, int]],
) -> None:
    client.force_login(dana)
    ref = vendor.charges("fal")[0].job
    assert say(client, lost, ref)[0] == 302
    assert say(client, lost, ref)[0] in (409, 422)
    work_off(lost, woken)
    assert (lost.state, lost.candidates.count()) == ("review", 2)
    assert money.sums(lost.asset.campaign) == (0, vendor.billed_micros("fal"))
    assert len(vendor.posts("fal")) == 1
    assert Event.objects.filter(verb="attempt.found", by=dana).count() == 1
    page = client.get(reverse("unsettled", args=[lost.team.slug])).content.decode()
    assert "found" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ref", "says"), [("", "request id"), ("nobody-knows-it", "does not know this request id")]
)
def test_refuses_an_id_the_provider_does_not_know(
    vendor: StandIn, lost: StageRun, dana: User, client: Client, ref: str, says: str
) -> None:
    client.force_login(dana)
    status, page = say(client, lost, ref)
    assert status == 422
    assert says in page
    assert Attempt.objects.get().state == "unknown"


@pytest.mark.django_db
def test_refuses_the_id_of_another_call(
    vendor: StandIn,
    lost: StageRun,
    ad_set: AdSet,
    mara: User,
    dana: User,
    client: Client,
    woken: list[tuple[str, int]],
) -> None:
    other = factories.open_run(begin("fal", ad_set=ad_set, by=mara, fault=lambda: None))
    work_off(other, woken)
    client.force_login(dana)
    status, page = say(client, lost, other.attempts.get().provider_ref)
    assert status == 422
    assert "of another call" in page
