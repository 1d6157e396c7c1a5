"""A run through the real adapter over real HTTP: what fal gets, what is kept, what is booked."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from campaigns import jobs, wiring
from campaigns.actions import curation, runs
from campaigns.models import AdSet, Attempt, Event, LedgerEntry, StageRun
from campaigns.stages import generation
from tests import factories
from tests.routing.providers.desk import Asked, Desk, Reply, file, said

KEY = "planted-id:planted-secret-0123456789"


@pytest.fixture
def fal() -> Iterator[Desk]:
    """fal's queue on loopback: every submit is taken, counted and done at once."""
    with Desk() as desk:
        made: list[str] = []

        def submit(asked: Asked) -> Reply:
            made.append(asked.path)
            return said({"request_id": f"job-{len(made)}", "status": "IN_QUEUE"})

        picture = io.BytesIO()
        with Image.open(factories.COFFEE) as photo:
            photo.resize((640, 480)).save(picture, "PNG")
        desk.answers = {
            "POST /rest/storage/auth/token": said({"token": "t", "base_url": f"{desk.url}/cdn"}),
            "POST /cdn/files/upload": said({"access_url": "https://v3.fal.media/files/1"}),
            "POST /queue/": submit,
            "GET /queue/": said(
                {
                    "status": "COMPLETED",
                    "image": {"url": f"{desk.url}/media/out.png"},
                    "images": [{"url": f"{desk.url}/media/out.png"}],
                }
            ),
            "GET /media/": file(picture.getvalue()),
        }
        given = {
            "fal": {"secret": KEY, "account": "", "queue": f"{desk.url}/queue",
                    "rest": f"{desk.url}/rest", "api": f"{desk.url}/api",
                    "cdn": f"{desk.url}/cdn"},
            "replicate": {"secret": "", "api": "https://api.replicate.com"},
            "google": {"secret": "", "api": "https://generativelanguage.googleapis.com"},
        }  # fmt: skip
        with override_settings(PROVIDERS=given):
            wiring._providers.cache_clear()
            yield desk
    wiring._providers.cache_clear()


@pytest.fixture
def run(fal: Desk, ad_set: AdSet, mara: User) -> StageRun:
    """Removing the background with a hosted model, chosen by hand."""
    factories.fund(ad_set.campaign, low=1_000_000)
    photo = factories.photo(ad_set.campaign.team, by=mara)
    asset = factories.asset(ad_set, by=mara, bases=(photo,), as_is=True)
    factories.drain()
    first = factories.open_run(asset)
    curation.approve(
        run=first,
        candidate=first.candidates.get(),
        met=[one.key for one in generation.CRITERIA],
        by=mara,
    )
    runs.cancel(run=factories.open_run(asset), by=mara)  # the line went on by itself
    asset.refresh_from_db()
    return runs.start(
        asset=asset,
        operation="background_remove",
        by=mara,
        token="one-click",
        model="bria-background-remove",
        reason="Hair.",
    )


def held_and_settled(run: StageRun) -> tuple[int, int]:
    line = factories.tier_line(run.asset.campaign)
    return line.reserved_micros, line.settled_micros


def test_is_sent_once_kept_and_settled(fal: Desk, run: StageRun) -> None:
    attempt = run.attempts.get()
    assert held_and_settled(run) == (40_000, 0)
    for _ in range(2):  # every job may run twice
        jobs.submit(attempt.pk)
    for _ in range(2):
        jobs.fetch(attempt.pk)
    attempt.refresh_from_db()
    run.refresh_from_db()
    assert fal.count("POST /queue/") == 1
    assert (attempt.state, attempt.provider_ref, run.state) == ("settled", "job-1", "review")
    assert held_and_settled(run) == (0, 40_000)
    media = run.candidates.get().media
    assert (media.width, media.height) == (640, 480)


def test_a_dropped_answer_keeps_its_money_and_is_not_sent_again(fal: Desk, run: StageRun) -> None:
    fal.answers["POST /queue/"] = lambda asked: None
    attempt = run.attempts.get()
    jobs.submit(attempt.pk)
    jobs.submit(attempt.pk)
    jobs.search(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.state, fal.count("POST /queue/")) == ("unknown", 1)
    assert held_and_settled(run) == (40_000, 0)


def test_no_row_holds_the_key(fal: Desk, run: StageRun, caplog: pytest.LogCaptureFixture) -> None:
    fal.answers["POST /queue/"] = (500, {}, json.dumps({"detail": KEY}).encode())
    attempt = run.attempts.get()
    jobs.submit(attempt.pk)
    rows = [*Attempt.objects.values(), *StageRun.objects.values(), *LedgerEntry.objects.values(),
            *Event.objects.values()]  # fmt: skip
    assert fal.asked[-1].headers["authorization"] == f"Key {KEY}"
    assert "planted-secret" not in repr(rows)
    assert "planted-secret" not in caplog.text


def test_a_provider_that_refuses_the_key_costs_nothing(fal: Desk, run: StageRun) -> None:
    fal.answers["POST /queue/"] = said({"detail": "no"}, 401)
    attempt = run.attempts.get()
    jobs.submit(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.error_kind) == ("failed", "account")
    assert LedgerEntry.objects.filter(attempt=attempt).count() == 2


def test_without_an_answer_nobody_guesses(fal: Desk, run: StageRun) -> None:
    request = Attempt.objects.get(run=run)
    fal.answers["GET /queue/"] = (500, {}, b"")
    jobs.submit(request.pk)
    request.refresh_from_db()
    assert request.state == "submitted"


class TestKeys:
    def address(self, run: StageRun, name: str, *more: str) -> str:
        return reverse(name, args=[run.team.slug, *more])

    def test_shows_the_day_and_no_key(
        self, client: Client, fal: Desk, run: StageRun, ada: User
    ) -> None:
        attempt = run.attempts.get()
        jobs.submit(attempt.pk)
        jobs.fetch(attempt.pk)
        client.force_login(ada)
        page = client.get(self.address(run, "keys")).content.decode()
        assert "$0.04" in page
        assert "FAL_KEY" not in page
        assert "REPLICATE_API_TOKEN" in page
        assert "planted" not in page
        assert "ends in" not in page

    def test_shows_its_end_to_who_runs_this_place(
        self, client: Client, run: StageRun, ada: User
    ) -> None:
        User.objects.filter(pk=ada.pk).update(is_staff=True)
        client.force_login(ada)
        page = client.get(self.address(run, "keys")).content.decode()
        assert "ends in <code>6789</code>" in page
        assert "planted" not in page

    @pytest.mark.parametrize(("status", "says"), [(200, "is accepted"), (401, "not accepted")])
    def test_tries_a_key_for_nothing(
        self, client: Client, fal: Desk, run: StageRun, ada: User, status: int, says: str
    ) -> None:
        fal.answers["GET /api/v1/models/pricing"] = said({"prices": []}, status)
        client.force_login(ada)
        answer = client.post(self.address(run, "key_try", "fal"), follow=True)
        assert says in answer.content.decode()
        assert fal.count("POST /queue/") == 0

    def test_says_which_variable_a_missing_key_has(
        self, client: Client, run: StageRun, ada: User
    ) -> None:
        client.force_login(ada)
        answer = client.post(self.address(run, "key_try", "google"), follow=True)
        assert "Set GEMINI_API_KEY" in answer.content.decode()
        assert client.post(self.address(run, "key_try", "nobody")).status_code == 404

    def test_takes_the_same_queries_for_many_calls(
        self, client: Client, run: StageRun, ada: User
    ) -> None:
        client.force_login(ada)
        address = self.address(run, "keys")
        client.get(address)
        with CaptureQueriesContext(connection) as one:
            client.get(address)
        attempt = run.attempts.get()
        for number in (2, 3):
            Attempt.objects.create(
                run=run, number=number, provider="fal", model="m", model_version="v",
                key=f"key-{number}", due_at=attempt.due_at,
            )  # fmt: skip
        with CaptureQueriesContext(connection) as three:
            client.get(address)
        assert len(one) == len(three)
