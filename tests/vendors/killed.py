"""A process that dies by SIGKILL at a named point of a run, for tests on a real installation.

`python -m tests.vendors.killed prepare VENDOR N` writes N runs on a vendor's model and prints the
ids of their attempts; `… at POINT ATTEMPT` does a worker's work up to the point.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - after Django is set up

from campaigns import dispatch, env, jobs  # noqa: E402
from campaigns.actions import catalogs, fetching, sending, spending  # noqa: E402
from campaigns.models import AdSet, Attempt, Team  # noqa: E402
from campaigns.models.choices import Role  # noqa: E402
from routing.providers import delivery  # noqa: E402
from routing.providers.replicate import Replicate  # noqa: E402
from tests import factories  # noqa: E402
from tests.vendors.play import begin  # noqa: E402


def die(*args: Any, **values: Any) -> Any:
    """As a machine that loses its power."""
    os.kill(os.getpid(), signal.SIGKILL)


def prepare(vendor: str, count: int) -> list[int]:
    """N assets whose Generation goes to the vendor; gives their attempts."""
    env.data_dir().mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    catalogs.sync()
    team = Team.objects.first() or factories.team()
    mara = factories.member(team, f"Mara{AdSet.objects.count()}", Role.MARKETER)
    ad_set = factories.ad_set(team, by=mara)
    for _ in range(count):
        begin(vendor, ad_set=ad_set, by=mara, fault=lambda: None)
    rows = Attempt.objects.filter(run__asset__ad_set=ad_set).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _submit(attempt: int) -> None:
    jobs.submit(attempt)


def _submit_and_fetch(attempt: int) -> None:
    jobs.submit(attempt)
    jobs.fetch(attempt)


def _brief(attempt: int) -> None:
    ad_set = AdSet.objects.order_by("pk")[0]
    factories.asset(ad_set, by=ad_set.campaign.created_by, count=2)


POINTS: dict[str, tuple[Callable[[int], None], tuple[Any, str] | None]] = {
    "before_intent": (_brief, (spending, "reserve")),
    "after_intent": (_brief, (dispatch, "now")),
    "during_post": (_submit, None),  # whoever started this kills it
    "after_post": (_submit, (sending, "_accept")),
    "polling": (_submit, (Replicate, "look_up")),
    "downloading": (_submit_and_fetch, (delivery, "stored")),
    "stored": (_submit_and_fetch, (fetching, "finish")),
}


def main(what: str, first: str, second: str) -> None:
    """See the module."""
    if what == "prepare":
        print(json.dumps(prepare(first, int(second))))
        return
    work, where = POINTS[first]
    if where is not None:
        setattr(*where, die)
    work(int(second))
    raise SystemExit(f"{first} was not reached")


if __name__ == "__main__":
    main(*sys.argv[1:4])
