"""What happens to runs when a provider is full, stopped, or does not accept the account."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import jobs, throttle, wiring
from campaigns.models import AdSet, Attempt, LedgerEntry, Mail, Team
from routing.providers.base import AccountProblem, OutcomeUnknown, RateLimited
from tests import factories
from tests.campaigns.scripted import Scripted

PRICE = 40_000


def sent(ad_set: AdSet, mara: User) -> Attempt:
    factories.fund(ad_set.campaign, low=100 * PRICE)
    return factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()


def test_a_run_waits_for_a_place_and_stays_queued(
    ad_set: AdSet, mara: User, hosted: Scripted, queue: redis.Redis, settings: Any
) -> None:
    settings.CALLS_AT_ONCE = 1
    first, second = sent(ad_set, mara), sent(ad_set, mara)
    throttle.enter(provider="fal", team=first.run.team_id, attempt=first.pk, is_for_person=True)
    jobs.submit(second.pk)
    second.refresh_from_db()
    assert (second.state, second.run.state, second.tries) == ("intended", "queued", 0)
    assert second.due_at > timezone.now()
    assert hosted.accepted == []


def test_its_place_is_free_when_the_work_is_done(
    ad_set: AdSet, mara: User, hosted: Scripted, queue: redis.Redis, settings: Any
) -> None:
    settings.CALLS_AT_ONCE = 1
    first, second = sent(ad_set, mara), sent(ad_set, mara)
    jobs.submit(first.pk)
    jobs.submit(second.pk)
    assert len(hosted.accepted) == 2


@pytest.mark.parametrize(
    ("refusal", "stops"),
    [
        (AccountProblem("The balance is used up."), True),
        (OutcomeUnknown("No answer."), False),
        (RateLimited("Too many.", 5), False),
    ],
)
def test_a_refused_account_stops_the_provider_for_everybody(
    ad_set: AdSet, mara: User, dana: User, ada: User, hosted: Scripted, queue: redis.Redis,
    refusal: Exception, stops: bool,
) -> None:  # fmt: skip
    User.objects.filter(pk__in=[dana.pk, ada.pk]).update(email="someone@example.com")
    first, second = sent(ad_set, mara), sent(ad_set, mara)
    hosted.refuses = refusal
    jobs.submit(first.pk)
    hosted.refuses = None
    jobs.submit(second.pk)
    second.refresh_from_db()
    assert (second.state == "failed") == stops
    assert (Mail.objects.filter(to="someone@example.com").count() == 2) == stops
    if stops:
        assert hosted.accepted == []
        assert second.error_kind == "account"
        assert LedgerEntry.objects.filter(attempt=second, kind="release").exists()
        assert "fal" in wiring.circumstances().unhealthy


def test_a_stopped_provider_is_shown_and_a_working_key_opens_it(
    client: Client, team: Team, ada: User, hosted: Scripted, queue: redis.Redis
) -> None:
    throttle.stop_account(provider="fal", text="refuses the account: no balance")
    client.force_login(ada)
    page = client.get(reverse("keys", args=[team.slug])).content.decode()
    assert "Stopped" in page
    assert "no balance" in page
    client.post(reverse("key_try", args=[team.slug, "fal"]))
    assert throttle.stopped(["fal"]) == {}


def test_a_short_stop_is_waited_for(
    ad_set: AdSet, mara: User, hosted: Scripted, queue: redis.Redis
) -> None:
    attempt = sent(ad_set, mara)
    for _ in range(throttle.FAILURES):
        throttle.failed(provider="fal")
    jobs.submit(attempt.pk)
    attempt.refresh_from_db()
    assert attempt.state == "intended"
    assert (attempt.due_at - timezone.now()).total_seconds() > throttle.FIRST_REST_S - 10


def test_nothing_is_bought_that_the_disk_cannot_keep(
    ad_set: AdSet, mara: User, hosted: Scripted, settings: Any
) -> None:
    attempt = sent(ad_set, mara)
    room, settings.MIN_FREE_BYTES = settings.MIN_FREE_BYTES, 10**18
    jobs.submit(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.tries, hosted.accepted) == ("intended", 0, [])
    settings.MIN_FREE_BYTES = room
    jobs.submit(attempt.pk)
    assert len(hosted.accepted) == 1
