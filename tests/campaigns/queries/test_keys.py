"""What the page of provider keys says of a day: calls, money held and billed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from campaigns.models import AdSet, Attempt, LedgerEntry
from campaigns.queries import keys
from tests import factories

SET = {
    "fal": {"secret": "id:a-secret-of-fal-6789"},
    "replicate": {"secret": ""},
    "google": {"secret": "a-secret-of-google"},
    "comfyui": {"secret": "http://name:hunter-of-ships@render.example:8188/"},
}


@pytest.fixture
def calls(ad_set: AdSet, mara: User) -> Iterator[AdSet]:
    """One settled, one failed, one under way and one lost call at fal."""
    run = factories.open_run(factories.asset(ad_set, by=mara))
    now = timezone.now()
    for number, (state, held, billed, error) in enumerate(
        [
            ("settled", 40_000, 30_000, ""),
            ("failed", 40_000, 10_000, "fal could not finish it."),
            ("submitted", 50_000, None, ""),
            ("unknown", 70_000, None, "fal gave no answer."),
        ],
        start=10,
    ):
        more: dict[str, Any] = {"finished_at": now} if billed is not None else {}
        if state in ("submitted", "settled"):
            more |= {"provider_ref": f"job-{number}", "submitted_at": now}
        made = Attempt.objects.create(
            run=run, number=number, provider="fal", model="m", model_version="v", state=state,
            key=f"key-{number}", due_at=now, sent_at=now, reserved_micros=held,
            settled_micros=billed, error=error, **more,
        )  # fmt: skip
        if billed is not None:
            book(made, billed)
    with override_settings(PROVIDERS=SET):
        yield ad_set


def book(attempt: Attempt, micros: int, kind: str = "settle") -> None:
    """A bill, booked now."""
    campaign = attempt.run.asset.campaign
    LedgerEntry.objects.create(
        team=campaign.team, line=factories.tier_line(campaign), attempt=attempt, kind=kind,
        amount_micros=micros, currency="USD", key=f"{kind}-{attempt.key}",
    )  # fmt: skip


def rows(ad_set: AdSet, *, shows_ends: bool = True) -> dict[str, keys.Row]:
    found = keys.page(team=ad_set.campaign.team, now=timezone.now(), shows_ends=shows_ends)
    return {row.key: row for row in found}


def test_a_lost_answer_is_not_counted_as_under_way_too(calls: AdSet) -> None:
    row = rows(calls)["fal"]
    assert (row.sent_count, row.done_count, row.failed_count) == (4, 1, 1)
    assert (row.open_count, row.unknown_count) == (1, 1)


def test_only_what_is_still_open_is_held(calls: AdSet) -> None:
    row = rows(calls)["fal"]
    assert (row.billed_micros, row.held_micros) == (40_000, 120_000)


def test_what_is_billed_today_counts_whenever_the_call_was_made(calls: AdSet) -> None:
    long_ago = timezone.now() - timedelta(days=3)
    Attempt.objects.update(created_at=long_ago, sent_at=long_ago)
    row = rows(calls)["fal"]
    assert (row.billed_micros, row.held_micros) == (40_000, 120_000)
    assert (row.sent_count, row.done_count, row.failed_count) == (0, 1, 1)
    assert (row.open_count, row.unknown_count) == (1, 1)
    Attempt.objects.filter(finished_at__isnull=False).update(finished_at=long_ago)
    assert rows(calls)["fal"].done_count == 0


def test_a_correction_of_today_counts_today(calls: AdSet) -> None:
    book(Attempt.objects.get(key="key-10"), -5_000, "correct")
    assert rows(calls)["fal"].billed_micros == 35_000


def test_what_was_billed_before_counts_no_more(calls: AdSet) -> None:
    later = timezone.now() + timedelta(days=1, minutes=1)
    found = keys.page(team=calls.campaign.team, now=later, shows_ends=True)
    assert [row.billed_micros for row in found if row.key == "fal"] == [0]


def test_an_address_comes_without_name_and_password_and_only_to_staff(calls: AdSet) -> None:
    assert rows(calls)["comfyui"].address == "render.example:8188"
    assert rows(calls, shows_ends=False)["comfyui"].address == ""
    assert rows(calls)["comfyui"].last_four == ""


def test_a_key_that_was_not_used_is_not_said_to_answer(
    calls: AdSet, client: Client, dana: User
) -> None:
    client.force_login(dana)
    page = client.get(reverse("keys", args=[calls.campaign.team.slug])).content.decode()
    assert page.count("Answering") == 1
    assert page.count("No call ended well in the last 24 hours.") == 2
    assert page.count("No key") == 1
    assert "$0.12 held" in page
    assert reverse("unsettled", args=[calls.campaign.team.slug]) in page
    for secret in ("6789", "hunter-of-ships", "a-secret"):
        assert secret not in page
