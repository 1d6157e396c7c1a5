"""Messages of providers over HTTP: only what is proven counts, and it is only a nudge."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns import jobs
from campaigns.models import AdSet, Attempt
from routing.providers.base import Outcome, OutcomeUnknown, Progress, RateLimited
from tests import factories
from tests.campaigns.scripted import PRICE, Scripted


@pytest.fixture
def attempt(hosted: Scripted, ad_set: AdSet, mara: User) -> Attempt:
    factories.fund(ad_set.campaign, low=10 * PRICE)
    return factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()


def post(client: Client, attempt: Attempt, body: str, **values: str) -> int:
    address = reverse("hook", args=[values.get("provider", "fal"), values.get("key", attempt.key)])
    headers = {"signed": values.get("signed", "yes")}
    return client.post(
        address, body.encode(), content_type="application/json", headers=headers
    ).status_code


def test_a_proven_message_wakes_the_question(
    client: Client, attempt: Attempt, hosted: Scripted, woken: list[tuple[str, int]]
) -> None:
    hosted.outcome = Outcome(Progress.WAITING)
    jobs.submit(attempt.pk)
    woken.clear()
    assert post(client, attempt, "job-1") == 204
    assert woken == [("poll", attempt.pk)]


def test_it_heals_a_call_whose_answer_was_lost(
    client: Client, attempt: Attempt, hosted: Scripted
) -> None:
    hosted.refuses = OutcomeUnknown("No answer.")
    jobs.submit(attempt.pk)
    assert post(client, attempt, "job-9") == 204
    attempt.refresh_from_db()
    assert (attempt.state, attempt.provider_ref) == ("submitted", "job-9")
    assert post(client, attempt, "job-9") == 204


@pytest.mark.parametrize("answer", ["comes", "is lost", "says wait"])
def test_it_may_come_before_the_answer_to_the_submission(
    client: Client, attempt: Attempt, hosted: Scripted, answer: str
) -> None:
    hosted.outcome = Outcome(Progress.WAITING)
    errors = {"is lost": OutcomeUnknown("No answer."), "says wait": RateLimited("Wait.", 60)}

    def first() -> None:
        assert post(client, attempt, "job-1") == 204
        if answer in errors:
            raise errors[answer]

    hosted.before_answer = first
    jobs.submit(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.provider_ref, attempt.search_at) == ("submitted", "job-1", None)
    for job in (jobs.submit, jobs.search, jobs.poll):
        job(attempt.pk)
    assert len(hosted.accepted) == 1


@pytest.mark.parametrize(
    "values",
    [{"signed": "no"}, {"key": "unknown"}, {"provider": "replicate"}, {"provider": "nobody"}],
    ids=["forged", "no attempt", "other provider", "no provider"],
)
def test_what_is_not_proven_changes_nothing(
    client: Client, attempt: Attempt, hosted: Scripted, values: dict[str, str]
) -> None:
    hosted.refuses = OutcomeUnknown("No answer.")
    jobs.submit(attempt.pk)
    before = Attempt.objects.values().get()
    assert post(client, attempt, "job-9", **values) == 400
    assert Attempt.objects.values().get() == before


def test_other_works_message_changes_nothing(
    client: Client, attempt: Attempt, hosted: Scripted
) -> None:
    jobs.submit(attempt.pk)
    before = Attempt.objects.values().get()
    assert post(client, attempt, "job-77") == 400
    assert Attempt.objects.values().get() == before


def test_looking_and_floods_are_refused(client: Client, attempt: Attempt) -> None:
    address = reverse("hook", args=["fal", attempt.key])
    assert client.get(address).status_code == 405
    assert client.post(address, b"x" * 3_000_000, content_type="a/b").status_code == 413
