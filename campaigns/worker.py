"""The queue's job and worker classes: what may run, and how soon a dead worker is noticed.

Nothing is kept in a job: the database row is the truth and the queue only a nudge, so this
module must not decide what happens to a row.
"""

import logging
import os
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, connections
from redis.exceptions import RedisError
from rq import Worker, worker_registration
from rq.executions import Execution
from rq.job import Job
from rq.queue import Queue
from rq.worker import WorkerStatus

from campaigns import processes
from campaigns.actions import heartbeats, searching
from imaging import sandbox

log = logging.getLogger(__name__)

_ALLOWED = re.compile(r"campaigns\.jobs\.[a-z][a-z0-9_]*")

# Defaults of RQ notice a lost machine after thirteen minutes; with these it takes at most half a
# minute. The lease must outlast a worker that gets no processor time on a crowded machine.
WORKER_TTL_S = 20
MONITORING_INTERVAL_S = 5
MAINTENANCE_INTERVAL_S = 5
LEASE_MARGIN_S = 20
LOOK_EVERY_S = 60.0
_LONGEST_WAIT_S = 5.0


class ForeignJob(Exception):
    """A job in the queue names a function that is not one of ours. It is never imported."""


class NamedJob(Job):
    """A job that runs only a public function of campaigns.jobs.

    JSON keeps code out of a job's arguments, but its function name, its callbacks and its class
    are imported by whoever works on it, and its webhooks are called: without this class anybody
    who can write to the queue could name os.system or an inner address.
    """

    @property
    def func(self) -> Callable[..., Any]:
        """The function to run. Raises ForeignJob before anything is imported."""
        if self.instance is not None or not _ALLOWED.fullmatch(str(self.func_name)):
            raise ForeignJob(f"the queue names {self.func_name!r}, which is not a job of ours")
        return super().func

    @property
    def success_callback(self) -> None:
        """We have none; one that stands in the queue is not ours."""
        return

    @property
    def failure_callback(self) -> None:
        """As `success_callback`."""
        return

    @property
    def stopped_callback(self) -> None:
        """As `success_callback`."""
        return

    def send_webhooks(self, *args: Any, **kwargs: Any) -> None:
        """We have none; one that stands in the queue is not ours."""


def new_name(queue: str) -> str:
    """A worker's name: its queue and a random part. Nothing about the machine."""
    return f"{queue}-{secrets.token_hex(4)}"


class ShortLeaseWorker(Worker):
    """RQ's forking worker that is missed soon, comes back by itself and leaves no orphan."""

    job_class = NamedJob

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("worker_ttl", WORKER_TTL_S)
        kwargs.setdefault("job_monitoring_interval", MONITORING_INTERVAL_S)
        kwargs.setdefault("maintenance_interval", MAINTENANCE_INTERVAL_S)
        super().__init__(*args, **kwargs)
        if len(self.queues) > 1:
            # With several, RQ pops without moving (BLPOP): a death in between loses the job.
            raise ValueError("a worker listens on one queue only")
        self._look_again_at = 0.0
        self._sign = heartbeats.Sign(name=self.name, kind=self._kind())

    def _kind(self) -> str:
        return f"worker:{self.queues[0].name}" if self.queues else "worker"

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        """Seconds without a sign of life after which the job counts as abandoned."""
        return int(self.job_monitoring_interval) + LEASE_MARGIN_S

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Sign of life to the queue and to the database; registers again when Redis was emptied."""
        super().heartbeat(timeout, pipeline)
        if self.is_horse:
            return
        connection: Any = self.connection if pipeline is None else pipeline
        if self.birth_date is not None:
            connection.hset(self.key, mapping=self.serialize())
        worker_registration.register(self, connection)
        if pipeline is None:
            self._give_sign()
            self._take_up()

    def _give_sign(self) -> None:
        state = self.get_state()
        # The driver of PostgreSQL would write an enum's name, not its value.
        self._sign.give(detail=state.value if isinstance(state, WorkerStatus) else state)

    def _take_up(self) -> None:
        """Once a minute: what came and was not noted down before a death on this machine."""
        if time.monotonic() < self._look_again_at:
            return
        self._look_again_at = time.monotonic() + LOOK_EVERY_S
        try:
            searching.take_up_what_lies_here()
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("worker %s cannot look for lost answers: %s", self.name, error)
            connection.close()

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """As RQ does, but a Redis that is away does not end the worker and so kill the job."""
        try:
            super().maintain_heartbeats(job, execution)
        except RedisError as error:
            log.warning("worker %s works on without the queue: %s", self.name, error)
        self._give_sign()

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Fork without sharing a database connection between parent and child, and with the
        decoders loaded, which the child would otherwise do by itself."""
        connections.close_all()
        sandbox.warm_up()
        self._parent_pid = os.getpid()
        super().fork_work_horse(job, queue)

    def setup_work_horse_signals(self) -> None:
        """In the child: never outlive the worker, or the job could run twice at a time."""
        super().setup_work_horse_signals()
        processes.die_with_parent(self._parent_pid)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job in a child; wait for Redis when it went away meanwhile."""
        try:
            super().execute_job(job, queue)
        except RedisError as error:
            log.warning("worker %s lost the queue: %s", self.name, error)
            if self.horse_pid:
                self.wait_for_horse()
                self._horse_pid = 0
            self.executions.clear()
            self._state = WorkerStatus.IDLE
            self._wait_for_queue()

    def _wait_for_queue(self) -> None:
        pause_s = 0.25
        while not self._stop_requested:
            try:
                self.connection.ping()
                return
            except RedisError:
                time.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_WAIT_S)

    def set_shutdown_requested_date(self) -> None:
        """Tell Redis about the shutdown, if it is there to be told."""
        try:
            super().set_shutdown_requested_date()
        except RedisError:
            log.debug("worker %s: the shutdown could not be noted", self.name)

    def teardown(self) -> None:
        """Sign off; without Redis or database the entries expire by themselves."""
        if not self.is_horse:
            self._sign.take_back()
        try:
            super().teardown()
        except RedisError:
            log.debug("worker %s: could not sign off", self.name)
