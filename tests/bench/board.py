"""The board with 1, 3 and 2 000 assets: queries, server time, bytes. `bin/bench board`.

A throw-away SQLite database; the page is asked for through Django's own client, so the figures are
the server's alone, without network or browser.
"""

from __future__ import annotations

import statistics
import time

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, setup_test_environment

from campaigns.models import AdSet, Asset, StageRun
from tests import factories

ROUNDS = 15
SIZES = (1, 3, 2000)


def prepare() -> tuple[Client, AdSet]:
    """A migrated database with a team; returns (client, ad set)."""
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    setup_test_environment()
    call_command("migrate", verbosity=0)
    team = factories.team()
    founder = team.memberships.select_related("user")[0].user
    client = Client()
    client.force_login(founder)
    return client, factories.ad_set(team, by=founder)


def fill(ad_set: AdSet, count: int) -> None:
    """Bring the board to `count` assets spread over the columns, each with a run in review."""
    team, campaign = ad_set.campaign.team, ad_set.campaign
    stages = ["generation", "edit", "polish", "animate", "qa", "ready"]
    have = Asset.objects.count()
    made = Asset.objects.bulk_create(
        Asset(
            team=team,
            campaign=campaign,
            ad_set=ad_set,
            title=f"Creative {number}",
            goal="Bench",
            platforms=["tiktok", "reels", "shorts"],
            stage=stages[number % 6],
            token=f"bench-{number}",
            created_by_id=campaign.created_by_id,
        )
        for number in range(have, count)
    )
    StageRun.objects.bulk_create(
        StageRun(
            team=team,
            asset=asset,
            stage="generation",
            operation="compose",
            state="review",
            tier="low",
            model="local-compose",
            model_label="Local composer",
            candidate_count=4,
            seed=1,
            currency="USD",
            expected_micros=0,
            maximum_micros=0,
            token=f"run-{asset.token}",
            requested_by_id=campaign.created_by_id,
        )
        for asset in made
    )


def main() -> None:
    """Print one line a size."""
    client, ad_set = prepare()
    url = f"/t/{ad_set.campaign.team.slug}/board/"
    print("assets  queries  median ms  min ms  max ms   bytes")
    for size in SIZES:
        fill(ad_set, size)
        client.get(url)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = client.get(url)
        count = len(queries.captured_queries)  # now: the next request empties the log
        assert answer.status_code == 200, answer.status_code
        times = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            client.get(url)
            times.append(1000 * (time.perf_counter() - begun))
        print(
            f"{size:6}  {count:7}  {statistics.median(times):9.1f}  {min(times):6.1f}  "
            f"{max(times):6.1f}  {len(answer.content):7}"
        )


if __name__ == "__main__":
    main()
