"""Workers run only our own jobs, are missed soon and come back after Redis was emptied."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django_rq.queues import get_queue_class
from rq import Queue
from rq.job import JobStatus
from rq.serializers import JSONSerializer

from campaigns import queue_care
from campaigns.models import Heartbeat
from campaigns.worker import ForeignJob, NamedJob, ShortLeaseWorker, new_name
from tests.campaigns import queue_server


@pytest.fixture
def url() -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="sy-q-") as folder,
        queue_server.running(Path(folder)) as address,
    ):
        yield address


@pytest.fixture
def connection(url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(url) as client:
        yield client


@pytest.fixture
def queue(connection: redis.Redis) -> Queue:
    return Queue("media", connection=connection, serializer=JSONSerializer, job_class=NamedJob)


@pytest.fixture
def worker(queue: Queue) -> ShortLeaseWorker:
    return ShortLeaseWorker(
        [queue], name=new_name("media"), connection=queue.connection, serializer=JSONSerializer
    )


@pytest.mark.django_db(transaction=True)
class TestForeignJobs:
    @pytest.mark.parametrize(
        "name",
        [
            "os.system",
            "campaigns.jobs.os.system",
            "campaigns.jobs._private",
            "campaigns.actions.people.set_roles",
            "campaigns.jobs",
        ],
    )
    def test_are_never_imported(self, queue, name):
        job = queue.enqueue_call(name, args=("true",))
        with pytest.raises(ForeignJob):
            _ = NamedJob.fetch(job.id, queue.connection, serializer=JSONSerializer).func

    def test_fail_in_the_worker_without_an_effect(self, queue, worker, tmp_path):
        witness = tmp_path / "witness"
        job = queue.enqueue_call("os.system", args=(f"touch {witness}",))
        worker.work(burst=True, logging_level=None)
        assert job.get_status() == JobStatus.FAILED
        assert not witness.exists()

    def test_bring_no_callback_and_no_webhook_along(self, queue):
        job = queue.enqueue_call("campaigns.jobs.submit", args=(0,))
        for kind in ("success", "failure", "stopped"):
            queue.connection.hset(job.key, f"{kind}_callback_name", "os.system")
        found = NamedJob.fetch(job.id, queue.connection, serializer=JSONSerializer)
        assert found.success_callback is None
        assert found.failure_callback is None
        assert found.stopped_callback is None
        assert found.send_webhooks(JobStatus.FAILED) is None

    def test_with_an_instance_do_not_reach_its_methods(self, queue):
        job = queue.enqueue_call("campaigns.jobs.submit", args=(0,))
        forged = JSONSerializer.dumps(["campaigns.jobs.submit", "text", [0], {}])
        queue.connection.hset(job.key, "data", forged)
        with pytest.raises(ForeignJob):
            _ = NamedJob.fetch(job.id, queue.connection, serializer=JSONSerializer).func


@pytest.mark.django_db(transaction=True)
class TestShortLeaseWorker:
    def test_listens_on_one_queue_only(self, queue, connection):
        other = Queue("models", connection=connection, serializer=JSONSerializer)
        with pytest.raises(ValueError, match="one queue only"):
            ShortLeaseWorker([queue, other], connection=connection)

    def test_is_missed_within_half_a_minute(self, queue, worker):
        job = queue.enqueue_call("campaigns.jobs.submit", args=(0,), timeout=3600)
        assert worker.get_heartbeat_ttl(job) <= 30
        assert worker.dequeue_timeout <= 5

    def test_registers_again_after_redis_was_emptied(self, worker, connection):
        worker.register_birth()
        connection.flushall()
        assert ShortLeaseWorker.all(connection=connection) == []
        worker.heartbeat()
        (found,) = ShortLeaseWorker.all(connection=connection)
        assert found.name == worker.name
        assert found.queue_names() == ["media"]
        assert found.birth_date is not None

    def test_gives_a_sign_of_life_to_the_database_and_takes_it_back(self, worker):
        worker.register_birth()
        worker.heartbeat()
        assert Heartbeat.objects.get(name=worker.name).kind == "worker:media"
        worker.teardown()
        assert not Heartbeat.objects.filter(name=worker.name).exists()

    def test_works_on_when_redis_is_away_at_a_heartbeat(self, queue, worker):
        worker.register_birth()
        job = queue.enqueue_call("campaigns.jobs.submit", args=(0,), timeout=60)
        execution = worker.prepare_execution(job)
        worker.connection = redis.Redis(unix_socket_path="/nonexistent/socket", retry=None)
        with pytest.raises(redis.ConnectionError):
            worker.connection.ping()
        worker.maintain_heartbeats(job, execution)
        assert Heartbeat.objects.get(name=worker.name).detail == "busy"

    def test_looks_for_lost_answers_of_this_machine_now_and_then(self, worker, monkeypatch):
        looked = []
        monkeypatch.setattr(
            "campaigns.actions.searching.take_up_what_lies_here", lambda: looked.append(1) or 0
        )
        worker.heartbeat()
        worker.heartbeat()
        assert looked == [1]

    def test_does_not_name_the_machine(self):
        assert socket.gethostname() not in new_name("media")
        assert new_name("media") != new_name("media")


class TestQueueCare:
    @pytest.fixture(autouse=True)
    def here(self, settings, url, monkeypatch):
        serializer = "rq.serializers.JSONSerializer"
        settings.RQ_QUEUES = {"media": {"URL": url, "SERIALIZER": serializer}}
        monkeypatch.setattr("django_rq.settings.QUEUES", settings.RQ_QUEUES)
        assert get_queue_class() is not None

    def strand(self, queue: Queue) -> str:
        """As a worker does that dies between taking a job and starting it."""
        job = queue.enqueue_call("campaigns.jobs.submit", args=(0,), job_id="submit-1-0")
        queue.connection.lmove(queue.key, queue.intermediate_queue_key, "RIGHT", "LEFT")
        return job.id

    def test_puts_a_stranded_job_back_once(self, queue, connection):
        job_id = self.strand(queue)
        assert queue_care.clean_up() == 0, "it may be about to start"
        assert queue.job_ids == []
        connection.expire(f"switchyard:stranded:media:{job_id}", 3600 - 20)
        assert queue_care.clean_up() == 1
        assert queue_care.clean_up() == 0
        assert queue.job_ids == [job_id]

    def test_leaves_alone_what_waits_in_line(self, queue):
        queue.enqueue_call("campaigns.jobs.submit", args=(0,), job_id="submit-1-0")
        queue_care.clean_up()
        assert queue.job_ids == ["submit-1-0"]
