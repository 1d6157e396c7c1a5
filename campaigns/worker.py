"""The queue's job and worker classes: what may run, and how soon a dead worker is noticed.

Nothing is kept in a job: the database row is the truth and the queue only a nudge, so this
module must not decide what happens to a row.
"""

import re
from collections.abc import Callable
from typing import Any

from rq.job import Job

_ALLOWED = re.compile(r"campaigns\.jobs\.[a-z][a-z0-9_]*")


class ForeignJob(Exception):
    """A job in the queue names a function that is not one of ours. It is never imported."""


class NamedJob(Job):
    """A job that runs only a public function of campaigns.jobs.

    JSON keeps code out of a job's arguments, but its function name is imported by whoever works
    on it: without this check anybody who can write to the queue could name os.system.
    """

    @property
    def func(self) -> Callable[..., Any]:
        """The function to run. Raises ForeignJob before anything is imported."""
        if self.instance is not None or not _ALLOWED.fullmatch(str(self.func_name)):
            raise ForeignJob(f"the queue names {self.func_name!r}, which is not a job of ours")
        return super().func
