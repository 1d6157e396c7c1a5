"""Keeps the queue's own books clean: jobs whose worker is gone, and jobs that never began.

Rows are found again by the reconciler; this only frees the ids that block their wake-ups. It
must not decide anything about a row.
"""

import logging

import django_rq
from django.conf import settings
from redis import Redis
from rq.queue import Queue
from rq.registry import clean_registries
from rq.worker_registration import clean_worker_registry

from campaigns import redis_link

log = logging.getLogger(__name__)

# A worker moves a job here and starts it within a moment; longer means that it died in between.
_STRANDED_AFTER_S = 15


def clean_up() -> int:
    """Clean every queue's registries; returns how many stranded jobs were put back.

    Raises redis.RedisError when the queue is away.
    """
    put_back = 0
    for name in settings.RQ_QUEUES:
        queue = django_rq.get_queue(
            name, commit_mode="auto", connection=redis_link.connection(name)
        )
        clean_registries(queue)
        clean_worker_registry(queue)
        put_back += _put_back_stranded(queue)
    return put_back


def _put_back_stranded(queue: Queue) -> int:
    connection: Redis = queue.connection
    waiting = queue.intermediate_queue.get_job_ids()
    started = set(queue.started_job_registry.get_job_ids(cleanup=False)) if waiting else set()
    count = 0
    for job_id in waiting:
        if job_id in started:
            continue
        seen = f"switchyard:stranded:{queue.name}:{job_id}"
        if connection.set(seen, 1, nx=True, ex=3600):
            continue  # first seen now
        if 3600 - int(connection.ttl(seen)) < _STRANDED_AFTER_S:
            continue
        # Only whoever takes it out puts it back, so two that look at once do it once.
        if connection.lrem(queue.intermediate_queue_key, 1, job_id):
            connection.delete(seen)
            connection.lpush(queue.key, job_id)
            log.warning("put job %s back, its worker died before it began", job_id)
            count += 1
    return count
