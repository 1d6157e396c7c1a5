"""A paid output that cannot be used: its bytes stay, nothing of them is opened or served inline."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.models import AdSet, Quarantine, StageRun
from tests import factories
from tests.stand_in import StandIn
from tests.stand_in.media import HTML
from tests.vendors.play import begin, ended, work_off

pytestmark = pytest.mark.django_db


def played(
    name: str, step: str, fault: str, *, vendor: StandIn, ad_set: AdSet, by: User,
    woken: list[tuple[str, int]], times: int = 99,
) -> StageRun:  # fmt: skip
    asset = begin(
        name,
        ad_set=ad_set,
        by=by,
        fault=lambda: vendor.fault(name, step, fault, times=times),
        count=1,
    )
    run = factories.open_run(asset)
    work_off(run, woken)
    run.refresh_from_db()
    return run


@pytest.mark.parametrize(
    ("name", "step", "is_billed"),
    [("fal", "media", True), ("google", "submit", True), ("comfyui", "view", False)],
)
def test_html_for_a_picture_is_kept_as_it_came_and_the_bill_is_booked(
    vendor: StandIn,
    ad_set: AdSet,
    mara: User,
    woken: list[tuple[str, int]],
    name: str,
    step: str,
    is_billed: bool,
) -> None:
    run = played(name, step, "media_html", vendor=vendor, ad_set=ad_set, by=mara, woken=woken)
    row = Quarantine.objects.get()
    with row.file.open("rb") as source:
        assert source.read() == HTML
    assert (row.attempt.state, row.reason) == (
        "failed",
        "What came is neither a picture nor a clip.",
    )
    assert run.state == "failed"
    got = ended(name, vendor, run)
    assert (got.outputs, got.aside) == (0, 1)
    assert (got.booked, got.held) == (vendor.billed_micros(name), 0)
    assert (got.billed > 0) is is_billed
    money = "It was charged for." if is_billed else "No money was spent."
    assert run.reason == f"What came is neither a picture nor a clip. {money}"


def test_a_picture_cut_in_half_is_kept_without_advice_for_uploads(
    vendor: StandIn, ad_set: AdSet, mara: User, woken: list[tuple[str, int]]
) -> None:
    run = played("fal", "media", "media_truncated", vendor=vendor, ad_set=ad_set, by=mara,
                 woken=woken)  # fmt: skip
    row = Quarantine.objects.get()
    assert row.reason == "This file is damaged or cut off."
    assert row.size_bytes == row.file.size > 0
    assert run.reason == "This file is damaged or cut off. It was charged for."


@pytest.mark.parametrize(("name", "step"), [("fal", "media"), ("google", "submit")])
def test_nothing_that_hides_behind_a_picture_is_stored_or_served(
    vendor: StandIn,
    ad_set: AdSet,
    mara: User,
    woken: list[tuple[str, int]],
    client: Client,
    name: str,
    step: str,
) -> None:
    run = played(name, step, "media_polyglot", vendor=vendor, ad_set=ad_set, by=mara, woken=woken)
    assert not Quarantine.objects.exists()
    candidate = run.candidates.get()
    client.force_login(mara)
    for variant in ("file", "thumb"):
        with getattr(candidate.media, variant).open("rb") as source:
            kept = source.read()
        address = reverse("media", args=[run.team.slug, candidate.media_id, variant])
        answer: Any = client.get(address)
        served = b"".join(answer.streaming_content)
        assert served == kept
        for part in (HTML, b"<script", b"<html", b"alert("):
            assert part not in served
        assert served.endswith((b"IEND\xaeB`\x82", b"\xff\xd9")) or served[:4] == b"RIFF"
    assert candidate.note["trimmed_bytes"] == len(HTML)
