"""What a run costs beyond the provider's own time, beside a bare job of the same queue.

`bin/bench runs [--runs 100] [--memory 2000]`. Two workers, the scheduler, a real queue and
database, and a stand-in of fal in a process of its own that is done at once. A bare job does
nothing: its time is what the queue itself takes. All of a kind are started at one moment, so the
later ones wait for the earlier; the time of one run alone is printed too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django_rq
from django.conf import settings
from django.core.management import call_command
from rq import Queue, suspension
from rq.job import Job
from rq.serializers import JSONSerializer

from campaigns import embedded, env, services
from campaigns.actions import catalogs
from campaigns.models import AdSet, Attempt, Candidate, StageRun
from campaigns.models.choices import Role
from tests import factories
from tests.vendors.play import begin

MANAGE = Path(__file__).parents[2] / "manage.py"
WAIT_S = 3600.0
BARE = "tests.bench.bare"


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A process that ends with the block."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as made:
        try:
            yield made
        finally:
            made.terminate()


def wait(there: Callable[[], bool]) -> float:
    """Seconds until it is so."""
    begun = time.monotonic()
    while not there():
        if time.monotonic() - begun > WAIT_S:
            raise SystemExit("It did not come to its end.")
        time.sleep(0.02)
    return time.monotonic() - begun


def told(name: str, times: list[float], wall: float) -> float:
    """Print a line; gives the wall time for one."""
    times.sort()
    each = wall / len(times)
    print(
        f"{name:34}{len(times):6}{statistics.median(times) * 1000:10.0f} ms"
        f"{times[int(len(times) * 0.95) - 1] * 1000:10.0f} ms{each * 1000:10.0f} ms"
    )
    return each


def bare(count: int) -> float:
    """`count` jobs that do nothing, by RQ's own worker."""
    connection = django_rq.get_connection("models")
    queue = Queue("bare", connection=connection, serializer=JSONSerializer)
    suspension.suspend(connection)
    jobs: list[Job] = [queue.enqueue(f"{BARE}.nothing", result_ttl=600) for _ in range(count)]
    begun = time.time()
    suspension.resume(connection)
    took = wait(lambda: all(job.get_status(refresh=True) == "finished" for job in jobs))
    ended = []
    for job in jobs:
        job.refresh()
        assert job.ended_at is not None
        ended.append(job.ended_at.timestamp() - begun)
        job.delete()
    return told("bare job of the queue", ended, took)


def start(ad_set: AdSet, count: int) -> list[int]:
    """`count` runs of one candidate each on fal's model."""
    by = ad_set.campaign.created_by
    before = set(StageRun.objects.values_list("pk", flat=True))
    for _ in range(count):
        begin("fal", ad_set=ad_set, by=by, fault=lambda: None, count=1)
    return [pk for pk in StageRun.objects.values_list("pk", flat=True) if pk not in before]


def through(name: str, runs: list[int], *, since: float) -> float:
    """Wait for runs and print how long they took from `since`, or each from its own start."""
    rows = StageRun.objects.filter(pk__in=runs)
    wait(lambda: rows.filter(state="review").count() == len(runs))
    ends = [run.finished_at.timestamp() for run in rows if run.finished_at]
    return told(name, [end - since for end in ends], max(ends) - since)


def memory(pids: list[int]) -> int:
    """Megabytes that the workers hold; the process of a job ends with it and is left out."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return total >> 10


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--memory", type=int, default=0, help="runs to watch the memory over")
    given = parser.parse_args()
    call_command("migrate", verbosity=0)
    catalogs.sync()
    team = factories.team()
    mara = factories.member(team, "Mara", Role.MARKETER)
    ad_set = factories.ad_set(team, by=mara)
    folder = env.data_dir() / "run"
    folder.mkdir(parents=True, exist_ok=True)
    work = [sys.executable, str(MANAGE), "work"]
    vendor = [sys.executable, "-m", "tests.stand_in", "--tiny"]
    queue_server = embedded.command(socket=services.socket_path(), folder=folder)
    with process(*vendor) as stand_in, process(*queue_server):
        assert stand_in.stdout is not None
        base = json.loads(stand_in.stdout.readline())["base"]
        os.environ.update(
            FAL_KEY="key-id:key-secret-of-fal", FAL_QUEUE_URL=f"{base}/fal/queue",
            FAL_REST_URL=f"{base}/fal/rest", FAL_API_URL=f"{base}/fal/api",
            FAL_CDN_URL=f"{base}/fal/cdn",
        )  # fmt: skip
        settings.PROVIDERS = services.providers()
        wait(lambda: embedded.answers(settings.RQ_QUEUES["models"]["URL"]))
        print(f"{'':34}{'count':>6}{'median':>13}{'95 of 100':>13}{'for one':>13}")
        rq = ["worker", "bare", "--url", settings.RQ_QUEUES["models"]["URL"], "--quiet",
              "--serializer", "rq.serializers.JSONSerializer", "--path", "."]  # fmt: skip
        bare_worker = [str(Path(sys.executable).with_name("rq")), *rq]
        with process(*bare_worker), process(*bare_worker):
            bare(4)
            each_bare = bare(given.runs)
        connection = django_rq.get_connection("models")
        with (
            process(*work, "models") as first,
            process(*work, "models") as second,
            process(sys.executable, str(MANAGE), "scheduler"),
        ):
            for name in ("the first run", "one run alone", "one run alone"):
                since = time.time()
                through(name, start(ad_set, 1), since=since)
            suspension.suspend(connection)
            made = start(ad_set, given.runs)
            since = time.time()
            suspension.resume(connection)
            each = through("run: send, look up, bring in", made, since=since)
            calls = Attempt.objects.filter(run__in=made).count()
            outputs = Candidate.objects.filter(run__in=made).count()
            print(
                f"A run takes {each / each_bare:.1f} bare jobs; {calls} calls, {outputs} outputs."
            )
            if given.memory:
                watch(ad_set, given.memory, [first.pid, second.pid])


def watch(ad_set: AdSet, count: int, pids: list[int]) -> None:
    """Print the workers' memory after each tenth of the runs."""
    print("runs   workers' memory")
    for tenth in range(10):
        through_quietly(start(ad_set, count // 10))
        print(f"{(tenth + 1) * (count // 10):5}{memory(pids):8} MB", flush=True)


def through_quietly(runs: list[int]) -> None:
    """Wait for runs."""
    rows = StageRun.objects.filter(pk__in=runs)
    wait(lambda: rows.filter(state="review").count() == len(runs))


if __name__ == "__main__":
    main()
