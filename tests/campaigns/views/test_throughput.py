"""Throughput: what is counted, the dials against the team's own baseline, and what waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.actions import planning
from campaigns.models import AdSet, Asset, Candidate, Event, Gate, Media, StageRun, Team
from campaigns.queries import throughput
from routing.decide import Exploration
from tests import factories


@pytest.fixture
def url(team: Team) -> str:
    """The page."""
    return reverse("throughput", args=[team.slug])


def judged(ad_set: AdSet, by: User, *, kept: int = 1, made: int = 4, hours: float = 2.0) -> Asset:
    """An asset that one decided round of `made` outputs brought to ready after `hours`."""
    asset = factories.asset(ad_set, by=by)
    run = factories.open_run(asset)
    now = timezone.now()
    media = Media.objects.create(
        team=asset.team, origin="output", kind="still", file=f"{asset.pk}.png", size_bytes=1,
        content_type="image/png", sha256="0" * 64, width=1, height=1,
    )  # fmt: skip
    for place in range(made):
        candidate = Candidate.objects.create(
            team=asset.team, asset=asset, run=run, attempt=run.attempts.get(), position=place,
            seed=place, media=media, judged_at=now,
            verdict="kept" if place < kept else "rejected",
        )  # fmt: skip
    StageRun.objects.filter(pk=run.pk).update(state="done", judged_at=now, judged_by=by)
    Gate.objects.create(
        asset=asset, run=run, candidate=candidate, sha256="0" * 64, stage="generation",
        percent=90, threshold=80, passed=True, decided_by=by, decided_at=now,
    )  # fmt: skip
    Asset.objects.filter(pk=asset.pk).update(
        stage="ready", ready_at=now, created_at=now - timedelta(hours=hours)
    )
    return asset


class TestThroughput:
    def test_compares_with_what_the_team_says_of_before(
        self, team: Team, ad_set: AdSet, mara: User
    ) -> None:
        for hours in (1, 2, 30):
            judged(ad_set, mara, hours=hours)
        team.baseline_hours = 24
        dials = throughput.throughput(team=team, days=30).dials
        assert (dials.ready, dials.quality) == (3, pytest.approx(0.9))
        assert dials.median_hours == pytest.approx(2, abs=0.01)
        assert dials.speed == pytest.approx(12, abs=0.1)

    def test_says_nothing_it_does_not_know(self, team: Team, ad_set: AdSet, mara: User) -> None:
        empty = throughput.throughput(team=team, days=7)
        assert (empty.dials.quality, empty.dials.speed, empty.per_day) == (None, None, 0)
        judged(ad_set, mara)
        assert throughput.throughput(team=team, days=7).dials.speed is None

    def test_counts_yield_rework_and_what_waits(
        self, team: Team, ad_set: AdSet, mara: User
    ) -> None:
        judged(ad_set, mara, kept=1, made=4)
        judged(ad_set, mara, kept=2, made=4)
        for _ in range(2):
            factories.asset(ad_set, by=mara)
        page = throughput.throughput(team=team, days=7)
        first = page.stages[0]
        assert (first.stage, first.rounds, first.made, first.kept) == ("generation", 2, 8, 3)
        assert (first.yield_share, first.rework) == (pytest.approx(3 / 8), 0)
        assert (first.waiting, first.is_bottleneck, page.in_work) == (2, True, 2)
        assert first.oldest_at is not None
        assert page.by_day[-1].ready == 2

    def test_leaves_out_what_is_older(self, team: Team, ad_set: AdSet, mara: User) -> None:
        asset = judged(ad_set, mara)
        Asset.objects.filter(pk=asset.pk).update(ready_at=timezone.now() - timedelta(days=8))
        assert throughput.throughput(team=team, days=7).dials.ready == 0
        assert throughput.throughput(team=team, days=30).dials.ready == 1


class TestPage:
    def test_costs_the_same_with_one_and_three_assets(
        self, client: Client, url: str, ad_set: AdSet, mara: User
    ) -> None:
        client.force_login(mara)
        counts = []
        for number in (1, 2):
            for _ in range(number):
                judged(ad_set, mara)
            with CaptureQueriesContext(connection) as asked:
                assert client.get(url).status_code == 200
            counts.append(len(asked))
        assert counts[0] == counts[1]

    def test_asks_for_the_baseline_until_there_is_one(
        self, client: Client, url: str, team: Team, ad_set: AdSet, mara: User
    ) -> None:
        judged(ad_set, mara)
        client.force_login(mara)
        assert "No baseline" in client.get(url).content.decode()
        Team.objects.filter(pk=team.pk).update(baseline_hours=20)
        page = client.get(url).content.decode()
        assert "10.0\u00d7" in page
        assert client.get(url, {"days": "8"}).status_code == 404


class TestSettings:
    def test_keep_the_baseline_and_how_much_is_spent_on_learning(
        self, client: Client, team: Team, ada: User
    ) -> None:
        client.force_login(ada)
        client.post(
            reverse("team_settings", args=[team.slug]),
            {
                "name": team.name, "gate_threshold_percent": "80", "review_rate": "40",
                "name_pattern": team.name_pattern, "baseline_hours": "24", "explore_percent": "0",
            },
        )  # fmt: skip
        team.refresh_from_db()
        assert (team.baseline_hours, team.explore_percent) == (24.0, 0)
        event = Event.objects.get(verb="team.change")
        assert (event.before["explore_percent"], event.after["explore_percent"]) == (25, 0)
        assert (event.before["baseline_hours"], event.after["baseline_hours"]) == (None, 24.0)

    def test_nothing_spent_on_learning_is_no_exploration(self) -> None:
        assert planning.exploration(0) is None
        assert planning.exploration(25) == Exploration(premium=0.25)
