"""What the review screen prepares: the first pick, the doubted criteria, the curve, the sitting."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import curation, planning
from campaigns.models import AdSet, Finding, StageRun
from campaigns.queries import review
from tests import factories

ALL = ("composition", "product", "light", "text", "brand")


@pytest.fixture
def run(ad_set: AdSet, mara: User) -> StageRun:
    """A batch of two of a photo taken over as it is."""
    base = factories.photo(ad_set.campaign.team, by=mara)
    made = factories.asset(ad_set, by=mara, bases=(base,), as_is=True)
    factories.drain()
    found = factories.open_run(made)
    twin = found.candidates.get()
    twin.pk, twin.position = None, 1
    twin.save(force_insert=True)
    return found


def batch(run: StageRun, user: User) -> review.Batch:
    return review.batch(
        run=run,
        user=user,
        criteria=planning.criteria(run.stage),
        meters=planning.meters(run.stage),
    )


def warn(run: StageRun, position: int, name: str, **values: object) -> None:
    """A meter that doubts the candidate at `position`."""
    candidate = run.candidates.get(position=position)
    candidate.findings.filter(name=name).delete()
    defaults = {"label": name, "value_text": "low", "verdict": "warn", "origin": "test"}
    Finding.objects.create(candidate=candidate, name=name, **{**defaults, **values})


class TestBatch:
    def test_ticks_everything_but_what_a_meter_doubts(self, run: StageRun, cleo: User) -> None:
        warn(run, 0, "exposure")
        warn(run, 1, "exposure")
        found = batch(run, cleo)
        assert {c.key: c.ticked for c in found.criteria} == {
            "composition": True,
            "product": True,
            "light": False,
            "text": True,
            "brand": True,
        }
        assert found.percent == 80

    def test_picks_the_one_with_the_fewest_warnings_first(self, run: StageRun, cleo: User) -> None:
        warn(run, 0, "exposure")
        found = batch(run, cleo)
        assert found.picked is not None
        assert found.picked.number == 2
        assert found.percent == 100

    def test_draws_likeness_and_where_it_holds(self, run: StageRun, cleo: User) -> None:
        warn(
            run,
            0,
            "likeness",
            value=3.0,
            value_text="holds 3.0 s",
            detail={"likeness": [1.0, 0.5, 0.0], "duration_s": 6.0},
        )
        curve = batch(run, cleo).tiles[0].curve
        assert curve is not None
        assert curve.line == "0.0,4.0 100.0,22.0 200.0,40.0"
        assert curve.holds_x == "100.0"
        assert curve.table[-1] == ("6.0 s", "0.00")
        assert "holds 3.0 s" in curve.text

    def test_says_its_place_in_the_queue(self, run: StageRun, cleo: User) -> None:
        found = batch(run, cleo)
        assert (found.place, found.total) == (1, 1)
        assert found.lineage == ("Brief", "Photo")


class TestSitting:
    def test_ends_at_a_pause(self, run: StageRun, cleo: User) -> None:
        curation.open_batch(run=run, by=cleo)
        run.refresh_from_db()
        curation.approve(run=run, candidate=run.candidates.first(), met=ALL, by=cleo)
        now = review.sitting(team=run.team, user=cleo)
        assert (now.seen, now.kept, now.batches) == (2, 1, 1)
        assert now.last == run
        StageRun.objects.filter(pk=run.pk).update(judged_at=timezone.now() - timedelta(hours=1))
        assert review.sitting(team=run.team, user=cleo).batches == 0

    def test_counts_a_forgotten_window_for_ten_minutes_at_most(
        self, run: StageRun, cleo: User
    ) -> None:
        opened = timezone.now() - timedelta(hours=5)
        StageRun.objects.filter(pk=run.pk).update(review_opened_at=opened)
        curation.approve(run=run, candidate=run.candidates.first(), met=ALL, by=cleo)
        assert review.sitting(team=run.team, user=cleo).seconds == 600
