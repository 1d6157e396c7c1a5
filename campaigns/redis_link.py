"""The one connection pool of a process to Redis.

django-rq opens a pool for each queue object it makes; the scheduler makes thousands of them, and
Redis then takes no more clients. It must not decide what is said over the connection.
"""

from __future__ import annotations

from functools import lru_cache

import django_rq
from django_rq import settings as configured
from redis import Redis


@lru_cache(maxsize=4)
def _opened(name: str, url: str) -> Redis:
    made: Redis = django_rq.get_connection(name)
    return made


def connection(name: str = "models") -> Redis:
    """The connection of a queue; the same object for the same address. Safe across forks."""
    return _opened(name, str(configured.QUEUES[name].get("URL", "")))
