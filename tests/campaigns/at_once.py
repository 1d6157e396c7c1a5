"""Real threads with database connections of their own, for what happens when two come at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection


def at_once(*work: Callable[[], object]) -> list[object]:
    """Run each in a thread of its own, all let go at one moment; errors come back as values."""
    gate = threading.Barrier(len(work))

    def one(call: Callable[[], object]) -> object:
        gate.wait(timeout=30)
        try:
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(one, work))
