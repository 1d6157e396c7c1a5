"""Work that nobody holds is found again: lost wake-ups, dead workers, an emptied queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django_rq
import pytest
import redis
from django.contrib.auth.models import User
from django.utils import timezone
from rq.job import Job, JobStatus

from campaigns import dispatch, jobs
from campaigns.actions import leases, reconcile, runs, sending
from campaigns.models import AdSet, Asset, Attempt, PlatformFile, StageRun
from campaigns.models.choices import RunState
from tests import factories
from tests.campaigns.actions.test_moves import anchored
from tests.campaigns.scripted import PRICE, Killed, Scripted


def waiting(name: str) -> list[str]:
    return list(django_rq.get_queue(name).job_ids)


def later(seconds: float = 60) -> int:
    """One look of the reconciler, so much later."""
    return reconcile.tick(timezone.now() + timedelta(seconds=seconds))


class TestDispatch:
    def test_asking_again_changes_nothing(self, queue: redis.Redis) -> None:
        for _ in range(3):
            assert dispatch.now("submit", 7)
        assert waiting("models") == ["submit-7-0"]

    def test_many_wake_ups_take_one_connection(self, queue: redis.Redis) -> None:
        before = len(queue.client_list())
        for number in range(50):
            dispatch.now("submit", number)
        assert len(queue.client_list()) <= before + 1

    def test_a_job_that_died_is_replaced(self, queue: redis.Redis) -> None:
        dispatch.now("submit", 7)
        job = Job.fetch(
            "submit-7-0", connection=queue, serializer=django_rq.get_queue("models").serializer
        )
        for status in (JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED, JobStatus.FINISHED):
            queue.delete("rq:queue:models")
            job.set_status(status)
            dispatch.now("submit", 7)
            assert waiting("models") == ["submit-7-0"], status

    def test_a_job_whose_place_in_line_is_lost_is_replaced(self, queue: redis.Redis) -> None:
        dispatch.now("submit", 7)
        queue.delete("rq:queue:models")
        dispatch.now("submit", 7)
        assert waiting("models") == ["submit-7-0"]

    def test_a_job_that_runs_is_left_alone(self, queue: redis.Redis) -> None:
        dispatch.now("submit", 7)
        job = Job.fetch(
            "submit-7-0", connection=queue, serializer=django_rq.get_queue("models").serializer
        )
        queue.delete("rq:queue:models")
        job.set_status(JobStatus.STARTED)
        dispatch.now("submit", 7)
        assert waiting("models") == []

    def test_a_job_that_ends_while_it_is_looked_at_is_replaced(
        self, queue: redis.Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dispatch.now("submit", 7)
        fetch = Job.fetch

        def fetch_late(*given: Any, **named: Any) -> Job:
            job = fetch(*given, **named)
            queue.delete("rq:queue:models", "rq:job:submit-7-0")  # its worker is done with it
            return job

        monkeypatch.setattr(Job, "fetch", fetch_late)
        assert dispatch.now("submit", 7)
        assert waiting("models") == ["submit-7-0"]

    def test_without_a_queue_is_no_error(self) -> None:
        assert dispatch.now("submit", 7) is False


class TestTick:
    def test_heals_an_emptied_queue(self, ad_set: AdSet, mara: User, queue: redis.Redis) -> None:
        for number in range(3):
            factories.asset(ad_set, by=mara, title=str(number))
        queue.flushall()
        assert later() == 3
        first = sorted(waiting("models"))
        assert first == sorted(
            f"submit-{pk}-0" for pk in Attempt.objects.values_list("pk", flat=True)
        )
        later()
        assert sorted(waiting("models")) == first

    def test_leaves_fresh_rows_and_held_rows_alone(
        self, ad_set: AdSet, mara: User, queue: redis.Redis
    ) -> None:
        factories.asset(ad_set, by=mara)
        queue.flushall()
        assert reconcile.tick(timezone.now() - timedelta(seconds=1)) == 0
        leases.claim(Attempt.objects.filter(state="intended"))
        assert later(10) == 0
        assert later(40) == 1

    def test_sends_repeatable_work_again(self, ad_set: AdSet, mara: User) -> None:
        attempt = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()
        Attempt.objects.update(state="submitting", lease_until=timezone.now())
        later()
        attempt.refresh_from_db()
        assert (attempt.state, attempt.lease_until) == ("intended", None)
        jobs.submit(attempt.pk)
        attempt.refresh_from_db()
        assert attempt.state == "fetching"

    def test_never_sends_again_what_may_have_been_bought(
        self, ad_set: AdSet, mara: User, hosted: Scripted
    ) -> None:
        factories.fund(ad_set.campaign, low=10 * PRICE)
        attempt = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()

        def die() -> None:
            raise Killed

        hosted.before_answer = die
        with pytest.raises(Killed):
            jobs.submit(attempt.pk)
        for _ in range(3):
            later()
            jobs.submit(attempt.pk)
            jobs.poll(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, len(hosted.accepted)) == ("unknown", 1)
        assert attempt.reserved_micros == 2 * PRICE
        assert not attempt.entries.filter(kind__in=["settle", "release"]).exists()

    def test_a_run_cancelled_while_its_worker_died_is_closed(
        self, ad_set: AdSet, mara: User
    ) -> None:
        run = factories.open_run(factories.asset(ad_set, by=mara))
        attempt = run.attempts.get()
        Attempt.objects.update(state="submitting", lease_until=timezone.now())
        StageRun.objects.update(state=RunState.RUNNING)
        runs.cancel(run=run, by=mara)
        later()
        jobs.submit(attempt.pk)
        attempt.refresh_from_db()
        assert attempt.state == "cancelled"
        assert attempt.entries.filter(kind="release").count() == 1

    def test_a_provider_that_is_gone_does_not_hold_up_the_others(
        self, ad_set: AdSet, mara: User, queue: redis.Redis
    ) -> None:
        for number in range(2):
            factories.asset(ad_set, by=mara, title=str(number))
        queue.flushall()
        gone = Attempt.objects.order_by("pk")[0]
        Attempt.objects.filter(pk=gone.pk).update(
            provider="gone", state="fetching", provider_ref="r"
        )
        StageRun.objects.filter(pk=gone.run_id).update(state=RunState.RUNNING)
        assert later() == 2
        jobs.fetch(gone.pk)
        gone.refresh_from_db()
        assert (gone.state, gone.lease_until, gone.tries) == ("fetching", None, 0)
        runs.cancel(run=gone.run, by=mara)
        jobs.stop(gone.pk)
        gone.refresh_from_db()
        assert (gone.state, gone.lease_until) == ("fetching", None), "its bill is not known yet"

    def test_more_rows_than_one_look_takes_are_all_found(
        self, ad_set: AdSet, mara: User, queue: redis.Redis, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reconcile, "AT_ONCE", 2)
        for number in range(5):
            factories.asset(ad_set, by=mara, title=str(number))
        queue.flushall()
        for _ in range(3):
            later()
            for job in waiting("models"):
                if job.startswith("submit"):
                    sending.submit(attempt_id=int(job.split("-")[1]))
        assert not Attempt.objects.filter(state="intended").exists()


class TestQa:
    def checking(self, ad_set: AdSet, mara: User) -> tuple[Asset, StageRun]:
        asset = anchored(ad_set, mara)
        run = runs.start(asset=asset, operation="check", by=mara, token="check")
        return asset, run

    @pytest.mark.parametrize("after", range(4))
    def test_survives_a_death_at_each_commit(
        self,
        ad_set: AdSet,
        mara: User,
        queue: redis.Redis,
        monkeypatch: pytest.MonkeyPatch,
        after: int,
    ) -> None:
        asset, run = self.checking(ad_set, mara)
        attempt = run.attempts.get()
        steps = iter(range(100))
        update = Attempt._default_manager.get_queryset().__class__.update

        def dying(rows: object, **values: object) -> int:
            changed = update(rows, **values)  # type: ignore[arg-type]
            if rows.model in {Attempt, StageRun, Asset} and next(steps) == after:  # type: ignore[attr-defined]
                raise Killed
            return changed

        monkeypatch.setattr("django.db.models.query.QuerySet.update", dying)
        with pytest.raises(Killed):
            jobs.submit(attempt.pk)
        monkeypatch.setattr("django.db.models.query.QuerySet.update", update)
        assert not PlatformFile.objects.exists()
        for _ in range(3):
            Attempt.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now())
            later()
            for job in waiting("models"):
                name, pk, _ = job.rsplit("-", 2)
                getattr(jobs, name)(int(pk))
        run.refresh_from_db()
        attempt.refresh_from_db()
        assert (run.state, attempt.state) == (RunState.RUNNING, "submitted")
        assert PlatformFile.objects.filter(due_at__isnull=False).count() == len(asset.platforms)
        jobs.prepare_files(attempt.pk)
        assert PlatformFile.objects.count() == len(asset.platforms)

    def test_survives_a_death_between_sending_and_writing_files(
        self, ad_set: AdSet, mara: User, queue: redis.Redis
    ) -> None:
        asset, run = self.checking(ad_set, mara)
        Attempt.objects.filter(run=run).update(state="submitted", provider_ref="files")
        Attempt.objects.update(due_at=timezone.now() + sending.NEVER)
        StageRun.objects.filter(pk=run.pk).update(state="running", started_at=timezone.now())
        queue.flushall()
        later()
        (job,) = waiting("models")
        jobs.prepare_files(int(job.split("-")[1]))
        assert PlatformFile.objects.count() == len(asset.platforms)
        queue.flushall()
        later()
        made = [job for job in waiting("media") if job.startswith("make_file-")]
        assert len(made) == len(asset.platforms)
