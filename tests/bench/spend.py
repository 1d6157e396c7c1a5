"""Holds and bills a second through the gate, beside two rivals, on one line that is too small.

`bin/bench spend`: 8 processes on SQLite; `SWITCHYARD_TEST_DB=pg bin/bench spend`: 32 threads on
PostgreSQL. Everybody wants five times what the line holds; each granted hold is settled whole.
Every other run carries a manager's yes, which is used up with the hold. The ways take turns in
each round, on a fresh campaign each time. First the whole of it, as production calls it; then the
three lines alone, without approval, ledger and day sums. It says how much was granted beyond the
line, and how far the line's own columns are from what was granted.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import secrets
import statistics
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from campaigns.models import (
    AdSet,
    Approval,
    Asset,
    Attempt,
    Campaign,
    StageRun,
    Team,
)
from campaigns.models.choices import ApprovalState, RunState
from tests import factories
from tests.bench import spenders

AMOUNT = 70_000
ROUNDS = 5
THREADS, PROCESSES, EACH = 32, 8, 50

Share = spenders.Share
Crew = Callable[[str, str, Sequence[Sequence[int]]], list[Share]]


@dataclass(frozen=True, slots=True)
class Round:
    """One way in one round. `off_micros`: what the line's columns lack of what was granted."""

    part: str
    way: str
    wanted: int
    fits: int
    granted: int
    refused: int
    rejected: int
    overspent_micros: int
    off_micros: int
    seconds: float
    ops_per_s: float
    hold_p50_ms: float
    hold_p95_ms: float


def funded(team: Team, *, by: User, spenders_count: int, each: int) -> tuple[Campaign, int]:
    """A campaign whose low tier has room for a fifth; returns (campaign, how many fit)."""
    ad_set = factories.ad_set(team, by=by, name=f"Bench {secrets.token_hex(4)}")
    fits = spenders_count * each // 5
    factories.fund(ad_set.campaign, low=fits * AMOUNT + AMOUNT - 1)
    return ad_set.campaign, fits


def shares(campaign: Campaign, *, by: User, spenders_count: int, each: int) -> list[list[int]]:
    """For each spender the ids of its attempts, each of a run of its own."""
    ad_set = campaign.ad_sets.get()
    assets = Asset.objects.bulk_create(
        _asset(campaign, ad_set, by) for _ in range(spenders_count * each)
    )
    runs = StageRun.objects.bulk_create(_run(asset, by) for asset in assets)
    now = timezone.now()
    Approval.objects.bulk_create(
        Approval(
            team=campaign.team, campaign=campaign, run=run, state=ApprovalState.APPROVED,
            tier=run.tier, amount_micros=AMOUNT, asked_micros=AMOUNT, currency=run.currency,
            why="bench", asked_by=by, decided_by=by, decided_at=now,
            expires_at=now + timedelta(days=1),
        )
        for run in runs[::2]
    )  # fmt: skip
    attempts = Attempt.objects.bulk_create(
        Attempt(
            run=run, number=1, provider="fal", model=run.model, model_version="1",
            key=secrets.token_urlsafe(32), due_at=now,
        )
        for run in runs
    )  # fmt: skip
    ids = [row.pk for row in attempts]
    return [ids[at * each : (at + 1) * each] for at in range(spenders_count)]


def _asset(campaign: Campaign, ad_set: AdSet, by: User) -> Asset:
    return Asset(
        team=campaign.team, campaign=campaign, ad_set=ad_set, title="Creative", goal="Bench",
        token=secrets.token_hex(16), created_by=by,
    )  # fmt: skip


def _run(asset: Asset, by: User) -> StageRun:
    return StageRun(
        team_id=asset.team_id, asset=asset, stage="generation", operation="compose_type",
        state=RunState.QUEUED, tier="low", model="bench", model_label="Bench", candidate_count=2,
        seed=1, currency="USD", expected_micros=AMOUNT, maximum_micros=AMOUNT,
        top_micros=2 * AMOUNT, token=secrets.token_hex(16), requested_by=by,
    )  # fmt: skip


def by_threads(part: str, way: str, work: Sequence[Sequence[int]]) -> list[Share]:
    """Everybody at once, each in a thread with a connection of its own."""
    barrier = threading.Barrier(len(work))
    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(lambda ids: spenders.spend(part, way, ids, AMOUNT, barrier), work))


class Processes:
    """Everybody at once, each in a process of its own that stays for all rounds."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(
            count, context, initializer=spenders.take_barrier, initargs=(context.Barrier(count),)
        )

    def __call__(self, part: str, way: str, work: Sequence[Sequence[int]]) -> list[Share]:
        """What each did. Raises what one of them raised."""
        count = len(work)
        same = [part] * count, [way] * count
        return list(self._pool.map(spenders.spend_in_process, *same, work, [AMOUNT] * count))

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown()


def play(part: str, way: str, crew: Crew, team: Team, *, by: User, count: int, each: int) -> Round:
    """One way on a campaign of its own: `count` spenders who want `each` holds."""
    campaign, fits = funded(team, by=by, spenders_count=count, each=each)
    work = shares(campaign, by=by, spenders_count=count, each=each)
    connection.close()  # nobody waits for this one
    found = crew(part, way, work)
    became = sum((share.became for share in found), Counter())
    granted, settled = became[spenders.GRANTED], sum(share.settled for share in found)
    seconds = max(share.ended_s for share in found) - min(share.begun_s for share in found)
    holds = sorted(1000 * one for share in found for one in share.holds_s)
    line = factories.tier_line(campaign)
    return Round(
        part=part,
        way=way,
        wanted=count * each,
        fits=fits,
        granted=granted,
        refused=became[spenders.REFUSED],
        rejected=became[spenders.REJECTED] + granted - settled,
        overspent_micros=max(0, granted - fits) * AMOUNT,
        off_micros=granted * AMOUNT - line.reserved_micros - line.settled_micros,
        seconds=seconds,
        ops_per_s=(count * each + settled) / seconds,
        hold_p50_ms=holds[len(holds) // 2],
        hold_p95_ms=holds[len(holds) * 95 // 100],
    )


def rounds(
    part: str, crew: Crew, team: Team, *, by: User, count: int, each: int, times: int
) -> dict[str, list[Round]]:
    """Every way `times` times; who begins changes, so that none has the younger tables."""
    names = list(spenders.WAYS)
    found: dict[str, list[Round]] = {name: [] for name in names}
    for number in range(times):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            found[name].append(play(part, name, crew, team, by=by, count=count, each=each))
    return found


def middle(results: Sequence[Round], name: str) -> float:
    """The median of a figure over the rounds."""
    return statistics.median(getattr(one, name) for one in results)


def table(found: dict[str, list[Round]]) -> list[str]:
    """Medians, a line a way; overspending of the worst round. `gate x`: the gate's speed by its."""
    gate = middle(found["gate"], "ops_per_s")
    lines = [
        f"{'way':30}  ops/s  gate x  p50 ms  p95 ms  granted  would fit  overspent at worst  "
        "columns off  rejected"
    ]
    for name, results in found.items():
        ops = middle(results, "ops_per_s")
        worst = max(results, key=lambda one: one.overspent_micros)
        over = worst.granted - worst.fits if worst.overspent_micros else 0
        off = max(abs(one.off_micros) for one in results) / 1_000_000
        lines.append(
            f"{spenders.WAYS[name].label:30}  {ops:5.0f}  {gate / ops:6.2f}  "
            f"{middle(results, 'hold_p50_ms'):6.1f}  {middle(results, 'hold_p95_ms'):6.1f}  "
            f"{middle(results, 'granted'):7.0f}  {worst.fits:9}  "
            f"{over:4} ({over / worst.fits:5.0%}) ${worst.overspent_micros / 1_000_000:5.2f}  "
            f"${off:10.2f}  {max(one.rejected for one in results):8}"
        )
    return lines


def main() -> None:
    """Print the table for the database of this process, and write the rounds as JSON."""
    parser = argparse.ArgumentParser(prog="bin/bench spend")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--each", type=int, default=EACH, help="holds a spender wants")
    parser.add_argument("--spenders", type=int, help=f"{THREADS} threads, {PROCESSES} processes")
    parser.add_argument("--json", type=Path, help="file for the figures of every round")
    options = parser.parse_args()
    on_postgres = connection.vendor == "postgresql"
    count = options.spenders or (THREADS if on_postgres else PROCESSES)
    call_command("migrate", verbosity=0)
    team = factories.team()
    by = team.memberships.select_related("user")[0].user
    crew: Crew = by_threads if on_postgres else Processes(count)
    kind = "threads" if on_postgres else "processes"
    every: list[Round] = []
    try:
        for part, what in (("whole", "the whole gate"), ("lines", "the three lines alone")):
            found = rounds(
                part, crew, team, by=by, count=count, each=options.each, times=options.rounds
            )
            print(
                f"{connection.vendor}, {what}: {count} {kind} x {options.each}, "
                f"{options.rounds} rounds, medians"
            )
            print("\n".join(table(found)), flush=True)
            every += [one for results in found.values() for one in results]
    finally:
        if isinstance(crew, Processes):
            crew.close()
    if options.json:
        head = {"database": connection.vendor, "spenders": count, "kind": kind}
        text = json.dumps({**head, "rounds": [asdict(one) for one in every]}, indent=1)
        options.json.write_text(text + "\n")
    connection.close()  # a server of its own waits for it before it ends


if __name__ == "__main__":
    main()
