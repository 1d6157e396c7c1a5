"""The only door to RQ: wake a worker by name and id. The row is the truth, this is a nudge.

A wake-up that is lost is found again by the reconciler; one that is sent twice finds the row
claimed. So nothing here may raise because Redis is away.
"""

from __future__ import annotations

import logging
from functools import partial

import django_rq
from django.db import transaction
from redis.exceptions import RedisError
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.queue import Queue

from campaigns import redis_link

log = logging.getLogger(__name__)

QUEUES: dict[str, str] = {
    "submit": "models",
    "poll": "models",
    "search": "models",
    "stop": "models",
    "fetch": "models",
    "fetch_media": "media",
    "measure": "media",
    "prepare_files": "models",
    "make_file": "media",
    "build_export": "media",
    "send_mail": "models",
    "learn": "models",
    "read_golden": "media",
}
TIMEOUT_S = 1800
DEAD = (JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)


def job_id(name: str, pk: int, tries: int) -> str:
    """The one id of this wake-up; a row that was taken up again gets a new one."""
    return f"{name}-{pk}-{tries}"


def _enqueue(queue: Queue, name: str, pk: int, identity: str) -> None:
    queue.enqueue_call(
        f"campaigns.jobs.{name}",
        args=(pk,),
        job_id=identity,
        unique=True,
        timeout=TIMEOUT_S,
        result_ttl=0,
        failure_ttl=30,
    )


def _is_dead(queue: Queue, identity: str) -> bool:
    try:
        job = Job.fetch(identity, connection=queue.connection, serializer=queue.serializer)
        status = job.get_status()
    except (NoSuchJobError, InvalidJobOperation):
        return True  # its worker finished it meanwhile
    if status in DEAD:
        job.delete()
        return True
    if status == JobStatus.QUEUED and queue.get_job_position(identity) is None:
        job.delete()
        return True
    return False


def now(name: str, pk: int, tries: int = 0) -> bool:
    """Wake a worker of the right queue for row `pk`. False when Redis is away.

    Asking twice is free: the second finds the same id. A job that Redis lost or that died is
    replaced.
    """
    identity = job_id(name, pk, tries)
    try:
        queue = django_rq.get_queue(
            QUEUES[name], commit_mode="auto", connection=redis_link.connection(QUEUES[name])
        )
        try:
            _enqueue(queue, name, pk, identity)
        except DuplicateJobError:
            if _is_dead(queue, identity):
                _enqueue(queue, name, pk, identity)
    except DuplicateJobError:
        log.debug("%s is queued already", identity)
    except (RedisError, OSError) as error:
        log.warning("cannot wake a worker for %s: %s; the scheduler will", identity, error)
        return False
    return True


def on_commit(name: str, pk: int, tries: int = 0) -> None:
    """Like `now`, but only once the surrounding transaction has committed."""
    transaction.on_commit(partial(now, name, pk, tries))
