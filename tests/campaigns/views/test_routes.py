"""The Routing page and the replay: counts, the marked run, the table, another way."""

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
from campaigns.models import AdSet, Attempt, Candidate, CatalogModel, Gate, Media, StageRun, Team
from campaigns.queries import routes
from tests import factories


@pytest.fixture
def url(team: Team) -> str:
    return reverse("routing", args=[team.slug])


@pytest.fixture
def replay_url(team: Team) -> str:
    return reverse("what_if", args=[team.slug])


def desk(team: Team) -> routes.Desk:
    """Today's catalog and what this team's time costs."""
    return routes.Desk(planning.cards(), planning.people(team.review_rate_micros_per_hour))


def judged(ad_set: AdSet, by: User, *, kept: bool = True, photo: bool = False) -> StageRun:
    """A judged batch of an asset, two outputs of half a second each; no engine runs."""
    bases = (factories.photo(ad_set.campaign.team, by=by),) if photo else ()
    made = factories.asset(ad_set, by=by, bases=bases)
    run = factories.open_run(made)
    now = timezone.now()
    attempt = run.attempts.get()
    Attempt.objects.filter(pk=attempt.pk).update(
        state="settled", settled_micros=0, submitted_at=now - timedelta(seconds=1), finished_at=now
    )
    picture = Media.objects.create(
        team=made.team, origin="output", kind="still", file=f"{run.pk}.png", size_bytes=1,
        content_type="image/png", sha256="0" * 64, width=1, height=1,
    )  # fmt: skip
    candidates = [
        Candidate.objects.create(
            team=made.team,
            asset=made,
            run=run,
            attempt=attempt,
            position=place,
            seed=place,
            media=picture,
            judged_at=now,
            verdict="kept" if kept and place == 0 else "rejected",
        )
        for place in range(2)
    ]
    if kept:
        Gate.objects.create(
            asset=made, run=run, candidate=candidates[0], sha256="0" * 64, stage=run.stage,
            percent=90, threshold=80, passed=True, decided_by=by, decided_at=now,
        )  # fmt: skip
    StageRun.objects.filter(pk=run.pk).update(state="done", judged_at=now, judged_by=by)
    run.refresh_from_db()
    return run


class TestPage:
    def test_counts_and_marks_the_way_of_a_run(
        self, client: Client, url: str, team: Team, ad_set: AdSet, mara: User
    ) -> None:
        run = judged(ad_set, mara)
        factories.asset(ad_set, by=mara)
        page = routes.routes(team=team, desk=desk(team), stage="generation", days=30, run=run)
        assert (page.operation, page.flow.total, page.is_cut) == (run.operation, 2, False)
        gate = {step.key: step.count for step in page.flow.groups[-1].steps}
        assert gate["at_once"] == 2
        client.force_login(mara)
        text = client.get(url, {"run": run.pk}).content.decode()
        assert "The way of one run is marked" in text
        assert text.count("On the way of the marked run") >= 3
        assert "The way of one run is marked" not in client.get(url).content.decode()

    def test_shows_expected_beside_seen(self, team: Team, ad_set: AdSet, mara: User) -> None:
        run = judged(ad_set, mara, photo=True)
        attempt = Attempt.objects.filter(run=run)
        assert attempt.update(settled_micros=50_000) == 1
        page = routes.routes(team=team, desk=desk(team), stage="generation", days=7)
        row = next(one for one in page.table.rows if one.told["key"] == run.model)
        assert (row.seen.runs, row.seen.made, row.seen.kept) == (1, run.candidate_count, 1)
        assert row.seen.paid_per_kept_micros == 50_000
        assert row.seen.usual_s == pytest.approx(0.5)
        assert row.told["rank"] == 1
        losers = [one for one in page.table.rows if not one.told["rank"]]
        assert all(one.told["reason"] for one in losers)
        assert len(losers) > 2

    def test_keeps_what_was_decided_when_prices_change(
        self, team: Team, ad_set: AdSet, mara: User
    ) -> None:
        run = judged(ad_set, mara)
        before = routes.routes(
            team=team, desk=desk(team), stage="generation", days=30, run=run
        ).flow
        CatalogModel.objects.filter(key=run.model).update(price_micros=9_000_000)
        CatalogModel.objects.exclude(key=run.model).update(is_enabled=False)
        after = routes.routes(team=team, desk=desk(team), stage="generation", days=30, run=run)
        assert after.flow == before
        assert after.table.rows[0].told["price_micros"] == 9_000_000

    def test_stands_empty_for_every_stage_and_operation(
        self, client: Client, url: str, mara: User
    ) -> None:
        client.force_login(mara)
        for stage in ("generation", "edit", "polish", "animate", "qa"):
            answer = client.get(url, {"stage": stage})
            assert answer.status_code == 200
            assert "No run of this operation" in answer.content.decode()
        assert (
            "Expand to a ratio"
            in client.get(url, {"stage": "edit", "operation": "outpaint"}).content.decode()
        )

    @pytest.mark.parametrize(
        "query", [{"stage": "cook"}, {"days": "8"}, {"run": "x"}, {"run": "999999"}]
    )
    def test_does_not_know_other_addresses(
        self, client: Client, url: str, mara: User, query: dict[str, str]
    ) -> None:
        client.force_login(mara)
        assert client.get(url, query).status_code == 404

    def test_does_not_mark_a_run_of_another_team(
        self, client: Client, ad_set: AdSet, mara: User, otto: User
    ) -> None:
        run = judged(ad_set, mara)
        client.force_login(otto)
        theirs = reverse("routing", args=[otto.memberships.order_by("pk")[0].team.slug])  # type: ignore[attr-defined]
        assert client.get(theirs, {"run": run.pk}).status_code == 404

    def test_costs_the_same_with_one_and_three_runs(
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

    def test_is_reached_from_the_asset(
        self, client: Client, url: str, team: Team, ad_set: AdSet, mara: User
    ) -> None:
        run = judged(ad_set, mara)
        client.force_login(mara)
        text = client.get(reverse("asset", args=[team.slug, run.asset_id])).content.decode()
        assert f"{url}?run={run.pk}" in text


class TestWhatIf:
    def test_says_when_there_is_nothing_to_replay(
        self, client: Client, replay_url: str, mara: User
    ) -> None:
        client.force_login(mara)
        assert "Say what would be otherwise" in client.get(replay_url).content.decode()
        assert "no judged round" in client.get(replay_url, {"days": "90"}).content.decode()

    def test_finds_no_difference_where_nothing_changes(
        self, client: Client, replay_url: str, ad_set: AdSet, mara: User
    ) -> None:
        judged(ad_set, mara)
        client.force_login(mara)
        text = client.get(replay_url, {"days": "90"}).content.decode()
        assert "No difference" in text
        assert "0 of 1 round would go" in text

    def test_prices_a_loss_at_doing_it_by_hand(
        self, client: Client, replay_url: str, ad_set: AdSet, mara: User
    ) -> None:
        run = judged(ad_set, mara)
        judged(ad_set, mara, kept=False)
        others = CatalogModel.objects.filter(price_micros__isnull=False, provider="local")
        query = {"days": "90", "use": list(others.exclude(key=run.model).values_list("key"))}
        query["use"] = [key for (key,) in query["use"]]
        client.force_login(mara)
        text = client.get(replay_url, query).content.decode()
        assert "2 rounds by hand" in text
        assert "$25.00" in text

    def test_counts_a_model_without_a_key_as_connected(
        self, team: Team, ad_set: AdSet, mara: User
    ) -> None:
        run = judged(ad_set, mara, photo=True)
        keys = [
            row.key
            for row in CatalogModel.objects.exclude(provider="local")
            if run.operation in row.operations and row.price_micros is not None
        ]
        answer = routes.what_if(
            team=team, desk=desk(team), stage="", days=7, change=routes.Change(use=frozenset(keys))
        )
        assert answer is not None
        assert answer.after.by_hand == 0
        assert answer.moved == 1
        labels = set(CatalogModel.objects.filter(key__in=keys).values_list("label", flat=True))
        assert answer.after.rounds[0][0] in labels

    def test_takes_another_price(self, team: Team, ad_set: AdSet, mara: User) -> None:
        run = judged(ad_set, mara)
        answer = routes.what_if(
            team=team,
            desk=desk(team),
            stage="generation",
            days=7,
            change=routes.Change(prices={run.model: 2_000_000}),
        )
        assert answer is not None
        assert answer.difference_interval[0] > 0
        assert CatalogModel.objects.get(key=run.model).price_micros == 0

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ({"days": "90", "price": "0.5"}, "Choose the model"),
            ({"days": "90", "model": "local-compose"}, "Write the price"),
            ({"days": "90", "limit": "-1"}, ""),
            ({"days": "90", "limit": "NaN"}, ""),
            ({"days": "5"}, ""),
            ({"days": "90", "use": "no-such-model"}, "no-such-model is no model"),
            ({"days": "90", "highest_tier": "royal"}, ""),
        ],
    )
    def test_refuses_what_it_cannot_use(
        self, client: Client, replay_url: str, ad_set: AdSet, mara: User,
        query: dict[str, str], words: str,
    ) -> None:  # fmt: skip
        factories.asset(ad_set, by=mara)
        if "model" in query:
            query = {**query, "model": CatalogModel.objects.filter(provider="local")[0].key}
        client.force_login(mara)
        answer = client.get(replay_url, query)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert words in text
        assert "aria-invalid" in text or "no-such-model" in text

    def test_costs_the_same_with_one_and_three_rounds(
        self, client: Client, replay_url: str, ad_set: AdSet, mara: User
    ) -> None:
        client.force_login(mara)
        counts = []
        for number in (1, 2):
            for _ in range(number):
                judged(ad_set, mara)
            with CaptureQueriesContext(connection) as asked:
                assert client.get(replay_url, {"days": "90"}).status_code == 200
            counts.append(len(asked))
        assert counts[0] == counts[1]
