"""Outputs come in once, whatever dies; a batch that came short is paid for as far as it came."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.utils import timezone

from campaigns import jobs
from campaigns.actions import fetching, leases, patience, reconcile, runs, sending
from campaigns.models import AdSet, Attempt, Candidate, LedgerEntry, Media, StageRun
from campaigns.models.choices import RunState
from routing.providers.base import (
    AccountProblem,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
    WorkFailed,
)
from routing.providers.delivery import Missing
from tests import factories
from tests.campaigns import object_storage
from tests.campaigns.scripted import PRICE, Killed, Scripted


@pytest.fixture
def attempt(ad_set: AdSet, mara: User, hosted: Scripted) -> Attempt:
    """Sent, and ready to be fetched: two outputs are wanted, 0.08 is held."""
    factories.fund(ad_set.campaign, low=10 * PRICE)
    made = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()
    sending.submit(attempt_id=made.pk)
    return Attempt.objects.get(pk=made.pk)


@pytest.fixture
def s3() -> Iterator[str]:
    with object_storage.running() as address:
        yield address


def run_of(attempt: Attempt) -> StageRun:
    return StageRun.objects.get(pk=attempt.run_id)


def line_of(attempt: Attempt) -> tuple[int, int]:
    line = factories.tier_line(attempt.run.asset.campaign)
    return line.reserved_micros, line.settled_micros


def time_passes() -> None:
    """Every lease has run out."""
    Attempt.objects.update(lease_until=timezone.now() - leases.LEASE)


def stored_files() -> set[str]:
    def walk(folder: str) -> Iterator[str]:
        folders, files = default_storage.listdir(folder)
        yield from (f"{folder}/{name}" for name in files)
        for name in folders:
            yield from walk(f"{folder}/{name}")

    return set(walk("teams")) if default_storage.exists("teams") else set()


def named_files() -> set[str]:
    return {
        name
        for row in Media.objects.values_list("file", "thumb", "poster", "original")
        for name in row
        if name
    }


class TestFetch:
    def test_brings_each_output_once_however_often_it_runs(self, attempt: Attempt) -> None:
        for _ in range(3):
            jobs.fetch(attempt.pk)
        assert run_of(attempt).state == RunState.REVIEW
        assert attempt.candidates.count() == 2
        assert line_of(attempt) == (0, 2 * PRICE)
        kinds = LedgerEntry.objects.filter(attempt=attempt).values_list("kind", flat=True)
        assert sorted(kinds) == ["reserve", "settle"]

    def test_goes_on_where_a_dead_worker_stopped(self, attempt: Attempt, hosted: Scripted) -> None:
        hosted.makes = [0, Killed()]
        with pytest.raises(Killed):
            jobs.fetch(attempt.pk)
        first = attempt.candidates.get()
        jobs.fetch(attempt.pk)
        assert run_of(attempt).state == RunState.RUNNING, "the dead worker's lease still holds"
        time_passes()
        hosted.makes = [0, 1]
        jobs.fetch(attempt.pk)
        assert attempt.candidates.order_by("position")[0].pk == first.pk
        assert attempt.candidates.count() == 2
        assert stored_files() == named_files()

    def test_gives_up_what_kills_every_worker_and_pays_for_it(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.makes = [Killed()]
        for _ in range(leases.MOST_TRIES):
            with pytest.raises(Killed):
                jobs.fetch(attempt.pk)
            time_passes()
        jobs.fetch(attempt.pk)
        run = run_of(attempt)
        assert run.state == RunState.FAILED
        assert "It was charged for." in run.reason
        assert line_of(attempt) == (0, 2 * PRICE)

    def test_of_a_short_batch_is_reviewed_and_costs_its_share(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.makes = [0, Unavailable("The second is gone.")]
        jobs.fetch(attempt.pk)
        run = run_of(attempt)
        assert (run.state, run.reason) == (RunState.REVIEW, "The second is gone.")
        assert line_of(attempt) == (0, PRICE)

    def test_rounds_a_share_up_where_no_price_was_frozen(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        Attempt.objects.filter(pk=attempt.pk).update(seeds=[1, 2, 3])
        run = run_of(attempt)
        for choice in run.decision["choices"]:
            del choice["price_micros"]
        run.save(update_fields=["decision"])
        hosted.makes = [0, Unavailable("The rest is gone.")]
        jobs.fetch(attempt.pk)
        assert line_of(attempt) == (0, 26_667)  # a third of 80 000

    def test_keeps_more_than_was_asked_for_and_says_so(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.makes = [0, 1, 2]
        for _ in range(2):
            jobs.fetch(attempt.pk)
        kept = attempt.candidates.order_by("position")
        assert [(one.position, one.seed) for one in kept] == [
            (n, attempt.seeds[0] + n) for n in range(3)
        ]
        assert run_of(attempt).reason == "3 came where 2 were asked for. All are here."
        assert line_of(attempt) == (0, 3 * PRICE)
        assert stored_files() == named_files()

    def test_takes_none_twice_when_it_died_among_those_beyond(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.makes = [0, 1, 2, Killed()]
        with pytest.raises(Killed):
            jobs.fetch(attempt.pk)
        time_passes()
        hosted.makes = [0, 1, 2, 3]
        jobs.fetch(attempt.pk)
        assert sorted(attempt.candidates.values_list("position", flat=True)) == [0, 1, 2, 3]
        assert Media.objects.filter(origin="output").count() == 4

    def test_keeps_a_flood_aside(self, attempt: Attempt, hosted: Scripted) -> None:
        hosted.makes = list(range(14))
        jobs.fetch(attempt.pk)
        assert attempt.candidates.count() == fetching.MOST_IN_ALL
        reasons = set(attempt.kept_aside.values_list("position", "reason"))
        assert reasons == {(n, fetching.TOO_MANY) for n in (12, 13)}

    def test_waits_for_room_in_the_scratch_folder_without_using_up_tries(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        for number in (errno.ENOSPC, errno.EDQUOT):
            hosted.makes = [0, OSError(number, "No space left on device")]
            for _ in range(leases.MOST_TRIES + 1):
                jobs.fetch(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.tries, attempt.lease_until) == ("fetching", 0, None)
        assert (attempt.candidates.count(), line_of(attempt)) == (1, (2 * PRICE, 0))
        hosted.makes = [0, 1]
        jobs.fetch(attempt.pk)
        assert (attempt.candidates.count(), line_of(attempt)) == (2, (0, 2 * PRICE))

    def test_asks_again_for_what_is_not_shown_until_it_counts_as_lost(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.makes = [0, Missing("The provider does not keep it any more.")]
        for _ in range(leases.MOST_TRIES + 1):
            jobs.fetch(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.candidates.count()) == ("fetching", 1)
        assert attempt.due_at > timezone.now()
        since = float(attempt.details[patience.SINCE]) - patience.MISSING_FOR.total_seconds() - 1
        Attempt.objects.update(details={patience.SINCE: str(since)})
        jobs.fetch(attempt.pk)
        run = run_of(attempt)
        assert (run.state, run.reason) == ("review", "The provider does not keep it any more.")
        assert line_of(attempt) == (0, PRICE)

    def test_an_absence_that_ended_does_not_count_for_the_next(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        since = timezone.now() - patience.MISSING_FOR - timedelta(minutes=10)
        details = {patience.SINCE: f"{since.timestamp():.0f}", "status_url": "kept"}
        Attempt.objects.update(state="submitted", details=details)
        jobs.poll(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.details) == ("fetching", {"status_url": "kept"})
        hosted.makes = [Missing("The provider does not keep it any more.")]
        jobs.fetch(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, line_of(attempt)) == ("fetching", (2 * PRICE, 0))

    def test_of_nothing_at_all_fails_and_never_asks_for_a_review(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.makes = []
        jobs.fetch(attempt.pk)
        run = run_of(attempt)
        assert run.state == RunState.FAILED
        assert run.reason.startswith("Nothing came back")
        assert line_of(attempt) == (0, 2 * PRICE)

    @pytest.mark.parametrize(("billed", "settled"), [(True, 2 * PRICE), (False, 0)])
    def test_of_failed_work_costs_what_the_provider_says(
        self, attempt: Attempt, hosted: Scripted, billed: bool, settled: int
    ) -> None:
        hosted.makes = [WorkFailed("It failed there.", billed=billed)]
        jobs.fetch(attempt.pk)
        assert run_of(attempt).state == RunState.FAILED
        assert line_of(attempt) == (0, settled)

    def test_waits_when_the_provider_asks_for_it(self, attempt: Attempt, hosted: Scripted) -> None:
        hosted.makes = [RateLimited("Slow down.", 90)]
        jobs.fetch(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.lease_until, attempt.tries) == ("fetching", None, 0)
        assert attempt.due_at > timezone.now()
        assert line_of(attempt) == (2 * PRICE, 0)

    def test_waits_while_the_account_is_not_accepted_and_loses_nothing(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.makes = [AccountProblem("The balance is used up.")]
        jobs.fetch(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.tries) == ("fetching", 0)
        assert (line_of(attempt), attempt.run.attempts.count()) == ((2 * PRICE, 0), 1)
        hosted.makes = [0, 1]
        jobs.fetch(attempt.pk)
        assert (attempt.candidates.count(), line_of(attempt)) == (2, (0, 2 * PRICE))

    @pytest.mark.parametrize("error", [OutcomeUnknown("No answer."), AccountProblem("No.")])
    def test_does_not_wait_for_ever(
        self, attempt: Attempt, hosted: Scripted, error: Exception
    ) -> None:
        hosted.makes = [error]
        Attempt.objects.update(submitted_at=timezone.now() - timedelta(days=1, hours=1))
        jobs.fetch(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, line_of(attempt)) == ("failed", (0, 2 * PRICE))

    def test_waits_while_there_is_no_room_and_loses_nothing(
        self, attempt: Attempt, settings: Any
    ) -> None:
        room, settings.MIN_FREE_BYTES = settings.MIN_FREE_BYTES, 10**18
        for _ in range(leases.MOST_TRIES + 2):
            jobs.fetch(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.candidates.count()) == ("fetching", 0)
        assert line_of(attempt) == (2 * PRICE, 0)
        settings.MIN_FREE_BYTES = room
        jobs.fetch(attempt.pk)
        assert (attempt.candidates.count(), line_of(attempt)) == (2, (0, 2 * PRICE))

    def test_waits_while_the_storage_does_not_answer(
        self, attempt: Attempt, settings: Any, s3: str
    ) -> None:
        usual = settings.STORAGES

        for address, bucket in ((object_storage.AWAY, "media"), (s3, "not-made-yet")):
            settings.STORAGES = object_storage.storages(usual, address=address, bucket=bucket)
            for _ in range(leases.MOST_TRIES + 1):
                jobs.fetch(attempt.pk)
            attempt.refresh_from_db()
            assert (attempt.state, Media.objects.count()) == ("fetching", 0)
            assert line_of(attempt) == (2 * PRICE, 0)
        settings.STORAGES = object_storage.storages(usual, address=s3)
        jobs.fetch(attempt.pk)
        assert (attempt.candidates.count(), line_of(attempt)) == (2, (0, 2 * PRICE))
        media = attempt.candidates.order_by("position")[0].media
        with media.file.open("rb") as stored:
            assert hashlib.sha256(stored.read()).hexdigest() == media.sha256


class TestLostLease:
    def test_writes_nothing_and_leaves_no_file(self, attempt: Attempt, hosted: Scripted) -> None:
        taken: list[int] = []

        def take_over() -> None:
            taken.append(Attempt.objects.filter(pk=attempt.pk).update(lease_key="another's"))

        hosted.fetch = _interrupted(hosted, take_over)  # type: ignore[method-assign]
        jobs.fetch(attempt.pk)
        assert taken == [1]
        assert not attempt.candidates.exists()
        assert run_of(attempt).state == RunState.RUNNING
        assert stored_files() == named_files() == set()

    def test_of_a_cancelled_run_ends_cleanly(
        self, attempt: Attempt, hosted: Scripted, mara: User
    ) -> None:
        run = run_of(attempt)
        hosted.fetch = _interrupted(  # type: ignore[method-assign]
            hosted, lambda: runs.cancel(run=run, by=mara), after=1
        )
        jobs.fetch(attempt.pk)
        jobs.stop(attempt.pk)
        assert run_of(attempt).state == RunState.CANCELLED
        assert attempt.candidates.count() == 1, "what came before stays with the run"
        del hosted.fetch
        jobs.fetch(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.candidates.count()) == ("settled", 2), "it is paid for"
        assert line_of(attempt) == (0, 2 * PRICE)
        assert stored_files() == named_files()

    def test_at_the_end_settles_nothing(self, attempt: Attempt) -> None:
        key = leases.claim(Attempt.objects.filter(pk=attempt.pk))
        assert key is not None
        Attempt.objects.update(lease_key="another's")
        fetching.finish(attempt_id=attempt.pk, key=key)
        assert line_of(attempt) == (2 * PRICE, 0)
        assert run_of(attempt).state == RunState.RUNNING


def _interrupted(hosted: Scripted, incident: object, after: int = 0) -> object:
    """`hosted.fetch` that lets something happen while the output number `after` is made."""
    plain = Scripted.fetch

    def fetch(request, ref, *, on_progress, have):  # type: ignore[no-untyped-def]
        for number, output in enumerate(
            plain(hosted, request, ref, on_progress=on_progress, have=have)
        ):
            if number == after:
                incident()  # type: ignore[operator]
            yield output

    return fetch


class TestDeathAtACommit:
    """A worker dies after each commit in turn; then the reconciler and another worker go on."""

    @pytest.mark.parametrize("after", range(8))
    def test_of_the_local_engine_ends_right(
        self, ad_set: AdSet, mara: User, monkeypatch: pytest.MonkeyPatch, after: int
    ) -> None:
        photo = factories.photo(ad_set.campaign.team, by=mara)
        asset = factories.asset(ad_set, by=mara, bases=(photo,), as_is=True)
        attempt = factories.open_run(asset).attempts.get()
        left = after
        update = Attempt._default_manager.get_queryset().__class__.update

        def dying(rows: object, **values: object) -> int:
            nonlocal left
            changed = update(rows, **values)  # type: ignore[arg-type]
            if rows.model is Attempt and values:  # type: ignore[attr-defined]
                if left == 0:
                    left -= 1
                    raise Killed
                left -= 1
            return changed

        monkeypatch.setattr("django.db.models.query.QuerySet.update", dying)
        for job in (jobs.submit, jobs.poll, jobs.fetch_media):
            try:
                job(attempt.pk)
            except Killed:
                break
        monkeypatch.setattr("django.db.models.query.QuerySet.update", update)
        for _ in range(6):
            time_passes()
            Attempt.objects.update(due_at=timezone.now())
            reconcile.tick(timezone.now())
            for job in (jobs.submit, jobs.poll, jobs.fetch_media):
                job(attempt.pk)
                job(attempt.pk)
        run = run_of(attempt)
        assert run.state == RunState.REVIEW, run.reason
        assert Candidate.objects.filter(run=run).count() == 1
        kinds = LedgerEntry.objects.values_list("kind", flat=True)
        assert sorted(kinds) == ["reserve", "settle"]
        assert stored_files() == named_files()
