"""`manage.py work models|media`: one worker of one queue, with our job class and short lease."""

import sys
from typing import Any

import django_rq
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from redis.exceptions import RedisError

from campaigns import jobs, worker
from campaigns.actions import spool, stored
from imaging import see


class Command(BaseCommand):
    """Works on one queue until it is told to stop; a job that runs is finished first."""

    # What a job needs is loaded here, once: the child that is forked for each finds it loaded.
    runs = jobs

    help = "Work on one queue: models (waits on the network) or media (pictures and clips)."
    requires_system_checks = ()  # bin/check runs them; a start should be quick

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("queue", choices=sorted(settings.RQ_QUEUES))
        parser.add_argument(
            "--burst", action="store_true", help="Stop as soon as the queue is empty."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        stored.sweep_scratch()
        spool.sweep()
        name = options["queue"]
        if name == "media":
            see.load()
        queue = django_rq.get_queue(name)
        try:
            one = worker.ShortLeaseWorker(
                [queue],
                name=worker.new_name(name),
                connection=queue.connection,
                job_class=worker.NamedJob,
                queue_class=type(queue),
                serializer=settings.RQ_QUEUES[name]["SERIALIZER"],
                log_job_description=False,
            )
            one.work(burst=options["burst"], logging_level=None)
        except RedisError as error:
            sys.exit(f"switchyard: the queue does not answer: {error}")
