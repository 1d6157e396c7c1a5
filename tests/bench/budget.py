"""The budget page and the ledger with 1, 3 and 50 000 ledger rows: queries and server time.

`bin/bench budget` on SQLite, `SWITCHYARD_TEST_DB=pg bin/bench budget` on PostgreSQL, both
throw-away. Django's own client asks for the pages, so the figures are the server's alone, without
network or browser. The day sums are what `rollups` would have made of the same work.
"""

from __future__ import annotations

import statistics
import time
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Mod
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment
from django.utils import timezone

from campaigns.actions import budgets
from campaigns.models import (
    AdSet,
    Asset,
    Attempt,
    BudgetLine,
    Campaign,
    LedgerEntry,
    SpendDay,
    StageRun,
    Team,
)
from campaigns.queries.months import month
from tests import factories

ROUNDS = 21
SIZES = (1, 3, 50_000)  # the ratio is to the second
AD_SETS, PEOPLE, DAYS = 12, 4, 20
PRICE = 40_000
# what a run is made of: stage, tier, model; kept apart as the day sums keep them apart
WORK = (
    ("generation", "low", "flux-schnell"), ("generation", "medium", "nano-banana"),
    ("edit", "medium", "background-swap"), ("polish", "high", "topaz"),
    ("animate", "high", "kling-2-1"),
)  # fmt: skip


def prepare() -> tuple[Client, Campaign]:
    """A migrated database with a team and a campaign; returns (client, campaign)."""
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    setup_test_environment()
    call_command("migrate", verbosity=0)
    team = factories.team()
    founder = team.memberships.select_related("user")[0].user
    client = Client()
    client.force_login(founder)
    campaign = factories.ad_set(team, by=founder).campaign
    for number in range(1, AD_SETS):
        AdSet.objects.create(campaign=campaign, name=f"Ad set {number}")
    for number in range(1, PEOPLE):
        factories.member(team, f"Person{number}", "marketer")
    factories.fund(campaign, low=10**10, medium=10**10, high=10**10)
    return client, campaign


def fill(campaign: Campaign, count: int) -> None:
    """Bring the ledger to `count` rows: a hold and its settlement an attempt, four runs an asset.

    An odd count ends with a hold of its own. Every third asset is ready.
    """
    team = campaign.team
    have = LedgerEntry.objects.count()
    attempts = (count - have + 1) // 2
    first = Attempt.objects.count()
    runs = StageRun.objects.bulk_create(
        _runs(team, _assets(campaign, first, attempts), first, attempts), batch_size=2000
    )
    made = Attempt.objects.bulk_create(
        (
            Attempt(
                run=run, state="settled", provider="fal", model=run.model, model_version="1",
                key=f"bench-{first + at}", provider_ref=f"req-{first + at}",
                reserved_micros=PRICE, settled_micros=PRICE, compute_s=3.5, due_at=timezone.now(),
            )
            for at, run in enumerate(runs)
        ),
        batch_size=2000,
    )  # fmt: skip
    _spread(made)
    lines = {line.tier: line for line in budgets.open_month(campaign=campaign)}
    entries = [
        LedgerEntry(
            team=team, line=lines[attempt.run.tier], attempt=attempt, kind=kind,
            amount_micros=PRICE, currency="USD", key=f"{kind}:{attempt.key}",
            compute_s=3.5 if kind == "settle" else 0,
        )
        for attempt in made
        for kind in ("reserve", "settle")
    ]  # fmt: skip
    LedgerEntry.objects.bulk_create(entries[: count - have], batch_size=2000)
    _sums(campaign)
    _day_sums(team)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _assets(campaign: Campaign, first: int, attempts: int) -> list[Asset]:
    ad_sets = list(campaign.ad_sets.order_by("pk"))
    now = timezone.now()
    return Asset.objects.bulk_create(
        (
            Asset(
                team=campaign.team, campaign=campaign, ad_set=ad_sets[number % AD_SETS],
                title=f"Creative {first}-{number}", goal="Bench", platforms=["reels"],
                stage="ready" if number % 3 == 0 else "edit", token=f"bench-{first}-{number}",
                ready_at=now if number % 3 == 0 else None, created_by_id=campaign.created_by_id,
            )
            for number in range((attempts + 3) // 4)
        ),
        batch_size=2000,
    )  # fmt: skip


def _runs(team: Team, assets: list[Asset], first: int, count: int) -> list[StageRun]:
    people = list(team.memberships.order_by("user").values_list("user", flat=True).distinct())
    runs = []
    for at in range(count):
        stage, tier, model = WORK[(at // 4 + at) % len(WORK)]
        runs.append(
            StageRun(
                team=team, asset=assets[at // 4], stage=stage, operation="compose", state="done",
                tier=tier, model=model, model_label=model, candidate_count=4, seed=1,
                currency="USD", expected_micros=PRICE, maximum_micros=PRICE, top_micros=2 * PRICE,
                token=f"run-{first + at}", requested_by_id=people[at // 7 % len(people)],
            )
        )  # fmt: skip
    return runs


def _spread(attempts: list[Attempt]) -> None:
    """Spread them over the days of this month that have passed, at most twenty."""
    start = month()
    passed = max(1, min(DAYS, (timezone.now().date() - start).days))
    now = timezone.now()
    for day in range(passed):
        Attempt.objects.filter(pk__gte=attempts[0].pk).annotate(rest=Mod("pk", passed)).filter(
            rest=day
        ).update(created_at=now - timedelta(days=day))


def _sums(campaign: Campaign) -> None:
    """Bring the lines to what the ledger says."""
    for line in BudgetLine.objects.filter(team=campaign.team, period=month()):
        rows = LedgerEntry.objects.filter(team=campaign.team, kind="settle")
        settled = rows.filter(line=line) if line.tier else rows
        BudgetLine.objects.filter(pk=line.pk).update(settled_micros=settled.count() * PRICE)


def _day_sums(team: Team) -> None:
    """As the closing transactions would have left them, in one go."""
    SpendDay.objects.filter(team=team).delete()
    closed = Attempt.objects.filter(run__team=team, entries__kind="settle").select_related(
        "run__asset"
    )
    campaign = team.campaigns.get()
    sums: dict[tuple[object, ...], int] = {}
    for attempt in closed.order_by("pk").iterator(chunk_size=2000):
        run = attempt.run
        key = (
            run.asset.ad_set_id, run.requested_by_id, attempt.created_at.date(), run.stage,
            run.tier, run.model,
        )  # fmt: skip
        sums[key] = sums.get(key, 0) + 1
    SpendDay.objects.bulk_create(
        (
            SpendDay(
                team=team, campaign=campaign, ad_set_id=ad_set, person_id=person,
                day=day, stage=stage, tier=tier, model=model, model_label=model, runs=count,
                settled_micros=count * PRICE, estimated_micros=count * PRICE,
                top_micros=2 * count * PRICE, compute_s=3.5 * count, made=4 * count, kept=count,
                review_s=30 * count,
            )
            for (ad_set, person, day, stage, tier, model), count in sums.items()
        ),
        batch_size=1000,
    )  # fmt: skip


def measure(client: Client, url: str) -> tuple[int, float]:
    """(queries, median milliseconds) of one page."""
    client.get(url)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(url)
    count = len(queries.captured_queries)  # now: the next request empties the log
    assert answer.status_code == 200, answer.status_code
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        client.get(url)
        times.append(1000 * (time.perf_counter() - begun))
    return count, statistics.median(times)


def main() -> None:
    """Print one line a page and size for the database of this process."""
    client, campaign = prepare()
    budget = f"/t/{campaign.team.slug}/budget/"
    pages = {
        "budget": budget,
        "budget by ad set": f"{budget}?by=ad_set",
        "ledger": f"{budget}ledger/",
        "ledger of a month": f"{budget}ledger/?month={month():%Y-%m}",
    }
    found: dict[str, list[tuple[int, float]]] = {name: [] for name in pages}
    for size in SIZES:
        fill(campaign, size)
        assert LedgerEntry.objects.count() == size
        for name, url in pages.items():
            found[name].append(measure(client, url))
    print(f"{connection.vendor}: {SpendDay.objects.count()} day sums at {SIZES[-1]} ledger rows")
    print(f"{'page':18}  {'rows':>6}  queries  median ms  ratio")
    for name, results in found.items():
        for size, (count, median) in zip(SIZES, results, strict=True):
            ratio = f"{median / results[1][1]:5.2f}"
            print(f"{name:18}  {size:6}  {count:7}  {median:9.1f}  {ratio}", flush=True)
    connection.close()  # a server of its own waits for it before it ends


if __name__ == "__main__":
    main()
