"""What came with the answer itself is kept on this disk until it can be stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns import jobs
from campaigns.actions import leases, reconcile, searching, sending, spool
from campaigns.models import AdSet, Attempt, Quarantine, StageRun
from tests import factories
from tests.campaigns import object_storage
from tests.campaigns.scripted import Killed
from tests.stand_in import StandIn
from tests.stand_in.media import HTML
from tests.vendors.play import begin, ended, work_off

pytestmark = pytest.mark.django_db
PRICE = 39_000


@pytest.fixture
def s3() -> Iterator[str]:
    with object_storage.running() as address:
        yield address


@pytest.fixture
def run(vendor: StandIn, ad_set: AdSet, mara: User, settings: Any, tmp_path: Any) -> StageRun:
    """One picture of Google is to be made."""
    settings.DATA_DIR = tmp_path
    asset = begin("google", ad_set=ad_set, by=mara, fault=lambda: None, count=1)
    return factories.open_run(asset)


def outputs_here() -> int:
    return sum(one.is_dir() for one in spool.folder().iterdir())


def test_waits_for_the_storage_and_is_not_bought_again(
    vendor: StandIn, run: StageRun, settings: Any, woken: list[tuple[str, int]], s3: str
) -> None:
    usual = settings.STORAGES
    attempt = run.attempts.get()
    submit = sending._accept

    def accept(*args: Any) -> bool:
        # away from the moment at which the photo that goes in was read
        settings.STORAGES = object_storage.storages(usual, address=object_storage.AWAY)
        return submit(*args)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sending, "_accept", accept)
        jobs.submit(attempt.pk)
    for _ in range(leases.MOST_TRIES + 2):
        jobs.fetch(attempt.pk)
    Attempt.objects.update(submitted_at=timezone.now() - timedelta(days=3))
    jobs.fetch(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.tries, outputs_here()) == ("fetching", 0, 1)
    settings.STORAGES = object_storage.storages(usual, address=s3)
    work_off(run, woken)
    got = ended("google", vendor, run)
    assert (got.run, got.outputs, got.posts) == ("review", 1, 1)
    assert (got.booked, got.held) == (PRICE, 0)
    assert outputs_here() == 0


@pytest.mark.parametrize("fault", ["", "media_html"])
def test_survives_a_death_before_the_row_says_that_it_was_taken(
    vendor: StandIn,
    run: StageRun,
    monkeypatch: pytest.MonkeyPatch,
    woken: list[tuple[str, int]],
    fault: str,
) -> None:
    if fault:
        vendor.fault("google", "submit", fault)

    def die(*args: Any) -> bool:
        raise Killed

    attempt = run.attempts.get()
    with monkeypatch.context() as patched:
        patched.setattr(sending, "_accept", die)
        with pytest.raises(Killed):
            jobs.submit(attempt.pk)
    assert outputs_here() == 1
    Attempt.objects.update(lease_until=timezone.now() - leases.LEASE)
    reconcile.tick(timezone.now())
    work_off(run, woken)
    got = ended("google", vendor, run)
    assert (got.posts, got.booked, got.held) == (1, PRICE, 0)
    if fault:
        with Quarantine.objects.get().file.open("rb") as source:
            assert (source.read(), got.run) == (HTML, "failed")
    else:
        assert (got.run, got.outputs) == ("review", 1)
    assert outputs_here() == 0


def test_on_the_disk_of_another_machine_it_is_waited_for(
    vendor: StandIn, run: StageRun, settings: Any, tmp_path: Any, woken: list[tuple[str, int]]
) -> None:
    attempt = run.attempts.get()
    room, settings.MIN_FREE_BYTES = settings.MIN_FREE_BYTES, 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("campaigns.actions.fetching.take", lambda **_: None)
        jobs.submit(attempt.pk)
    settings.MIN_FREE_BYTES = room
    here, settings.DATA_DIR = settings.DATA_DIR, tmp_path / "elsewhere"
    jobs.poll(attempt.pk)
    jobs.fetch(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.tries) == ("fetching", 0)
    settings.DATA_DIR = here
    work_off(run, woken)
    got = ended("google", vendor, run)
    assert (got.run, got.outputs, got.posts, got.booked) == ("review", 1, 1, PRICE)


def test_a_search_on_another_machine_does_not_lose_it(
    vendor: StandIn, run: StageRun, settings: Any, tmp_path: Any, woken: list[tuple[str, int]]
) -> None:
    def die(*args: Any) -> bool:
        raise Killed

    attempt = run.attempts.get()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sending, "_accept", die)
        with pytest.raises(Killed):
            jobs.submit(attempt.pk)
    Attempt.objects.update(lease_until=timezone.now() - leases.LEASE)
    reconcile.tick(timezone.now())
    here, settings.DATA_DIR = settings.DATA_DIR, tmp_path / "elsewhere"
    jobs.search(attempt.pk)
    assert searching.take_up_what_lies_here() == 0
    attempt.refresh_from_db()
    assert (attempt.state, attempt.search_at) == ("unknown", None)
    settings.DATA_DIR = here
    assert [searching.take_up_what_lies_here() for _ in range(2)] == [1, 0]
    work_off(run, woken)
    got = ended("google", vendor, run)
    assert (got.run, got.outputs, got.posts, got.booked) == ("review", 1, 1, PRICE)


def test_on_the_disk_of_another_machine_it_is_waited_for_longer_than_a_day(
    vendor: StandIn, run: StageRun, settings: Any, tmp_path: Any
) -> None:
    attempt = run.attempts.get()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("campaigns.actions.fetching.take", lambda **_: None)
        jobs.submit(attempt.pk)
    jobs.poll(attempt.pk)
    settings.DATA_DIR = tmp_path / "elsewhere"
    settings.DATA_DIR.mkdir()
    for days, state in ((3, "fetching"), (8, "failed")):
        Attempt.objects.update(submitted_at=timezone.now() - timedelta(days=days))
        jobs.fetch(attempt.pk)
        attempt.refresh_from_db()
        assert attempt.state == state


def test_what_nobody_waits_for_any_more_is_swept(
    vendor: StandIn, run: StageRun, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt = run.attempts.get()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("campaigns.actions.fetching.take", lambda **_: None)
        jobs.submit(attempt.pk)
    (spool.folder() / "part-of-a-dead-worker").mkdir()
    monkeypatch.setattr(spool, "KEPT_S", -60)
    assert (spool.sweep(), outputs_here()) == (1, 1)
    Attempt.objects.update(state="failed")
    assert (spool.sweep(), outputs_here()) == (1, 0)
