"""The board's reads: counts, money, order, words of a card, and a constant number of queries."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import events, moves, runs
from campaigns.models import AdSet, Asset, Attempt, Campaign, StageRun, Team
from campaigns.models.choices import Ceiling, RunState, Stage
from campaigns.queries import board, search
from tests import factories

QUERIES_OF_A_BOARD = 15


def viewer(team: Team, *roles: str, user_id: int = 0) -> board.Viewer:
    return board.viewer_of(team=team, user_id=user_id, roles=roles)


def shown(team: Team, *roles: str, user_id: int = 0, **filters: Any) -> board.Board:
    return board.board(
        team=team,
        viewer=viewer(team, *roles, user_id=user_id),
        filters=board.Filters(**filters),
        now=timezone.now(),
    )


def cards(found: board.Board) -> dict[str, Any]:
    return {card.title: card for column in found.columns for card in column.cards}


def many(ad_set: AdSet, count: int, by: User) -> None:
    """Rows as they stand after a brief, written at once."""
    made = Asset.objects.bulk_create(
        Asset(
            team=ad_set.campaign.team,
            campaign=ad_set.campaign,
            ad_set=ad_set,
            title=f"Creative {number}",
            goal="x",
            stage=Stage.values[number % 6],
            platforms=["tiktok"],
            token=f"many-{number}",
            created_by=by,
        )
        for number in range(count)
    )
    StageRun.objects.bulk_create(
        StageRun(
            team=asset.team,
            asset=asset,
            stage="generation",
            operation="compose_type",
            state=RunState.REVIEW if asset.pk % 3 else RunState.RUNNING,
            tier="low",
            model="local-type",
            model_label="Local type composer",
            candidate_count=4,
            seed=1,
            currency="USD",
            expected_micros=0,
            maximum_micros=0,
            token=f"run-{asset.pk}",
            requested_by=by,
        )
        for asset in made
    )


class TestQueries:
    def test_are_as_many_for_one_card_as_for_three(
        self, ad_set: AdSet, mara: User, team: Team, django_assert_num_queries: Any
    ) -> None:
        factories.asset(ad_set, by=mara, title="One")
        with django_assert_num_queries(QUERIES_OF_A_BOARD):
            shown(team, "marketer")
        factories.asset(ad_set, by=mara, title="Two")
        factories.asset(ad_set, by=mara, title="Three")
        with django_assert_num_queries(QUERIES_OF_A_BOARD):
            shown(team, "marketer")

    def test_are_as_many_for_no_card(self, team: Team, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(QUERIES_OF_A_BOARD):
            shown(team, "marketer")

    def test_are_as_many_for_two_thousand_and_only_the_first_screen_is_loaded(
        self, ad_set: AdSet, mara: User, team: Team, django_assert_num_queries: Any
    ) -> None:
        many(ad_set, 2000, mara)
        with django_assert_num_queries(QUERIES_OF_A_BOARD):
            found = shown(team, "marketer")
        assert found.asset_count == 2000
        assert [len(column.cards) for column in found.columns] == [20] * 6
        assert sum(column.left for column in found.columns) == 2000 - 120


class TestColumns:
    def test_more_cards_follow_where_the_first_screen_ended(
        self, ad_set: AdSet, mara: User, team: Team
    ) -> None:
        many(ad_set, 150, mara)
        first = shown(team, "marketer").columns[0].cards
        rest = board.column(
            team=team,
            viewer=viewer(team, "marketer"),
            filters=board.Filters(),
            stage="generation",
            offset=20,
            now=timezone.now(),
        )
        ids = [card.id for card in (*first, *rest)]
        assert len(rest) == 5
        there = Asset.objects.filter(stage="generation").values_list("pk", flat=True)
        assert sorted(ids) == sorted(there)

    def test_a_shown_count_brings_back_what_was_loaded(
        self, ad_set: AdSet, mara: User, team: Team
    ) -> None:
        many(ad_set, 150, mara)
        found = shown(team, "marketer", shown={"generation": 40})
        assert [len(column.cards) for column in found.columns][:2] == [25, 20]

    def test_progress_does_not_change_the_order(
        self, ad_set: AdSet, mara: User, team: Team
    ) -> None:
        old = factories.asset(ad_set, by=mara, title="Old")
        factories.asset(ad_set, by=mara, title="New")
        events.show_progress(asset_id=old.pk)
        assert list(cards(shown(team, "marketer"))) == ["New", "Old"]

    def test_money_is_summed_by_column_held_apart_from_spent(
        self, ad_set: AdSet, mara: User, team: Team
    ) -> None:
        one = factories.asset(ad_set, by=mara, title="One")
        two = factories.asset(ad_set, by=mara, title="Two")
        Attempt.objects.filter(run__asset=one).update(
            state="settled", settled_micros=40_000, reserved_micros=50_000
        )
        Attempt.objects.filter(run__asset=two).update(reserved_micros=70_000)
        found = shown(team, "marketer")
        assert (found.columns[0].spent_micros, found.columns[0].held_micros) == (40_000, 70_000)
        assert cards(found)["One"].spent_micros == 40_000
        assert cards(found)["Two"].held_micros == 70_000

    def test_archived_cards_are_gone(self, ad_set: AdSet, mara: User, team: Team) -> None:
        asset = factories.asset(ad_set, by=mara)
        runs.cancel(run=factories.open_run(asset), by=mara)
        moves.archive(asset=asset, by=mara)
        assert shown(team, "marketer").asset_count == 0

    def test_another_team_sees_nothing(self, ad_set: AdSet, mara: User, otto: User) -> None:
        factories.asset(ad_set, by=mara)
        other = Team.objects.get(name="Contoso")
        found = shown(other, "admin", campaign_id=ad_set.campaign_id)
        assert found.asset_count == 0
        assert found.campaigns == ()
        assert search.find(team=other, text="pour-over") == []


class TestFilters:
    @pytest.fixture
    def two(self, ad_set: AdSet, mara: User) -> None:
        factories.asset(ad_set, by=mara, title="Only TikTok", platforms=("tiktok",), locale="de-DE")
        factories.asset(ad_set, by=mara, title="Only Shorts", platforms=("shorts",))

    @pytest.mark.parametrize(
        ("filters", "titles"),
        [
            ({"platform": "tiktok"}, ["Only TikTok"]),
            ({"locale": "en-GB"}, ["Only Shorts"]),
            ({"tier": "low"}, ["Only Shorts", "Only TikTok"]),
            ({"tier": "high"}, []),
            ({"text": "shorts only"}, ["Only Shorts"]),
            ({"text": "100%"}, []),
            ({"is_running": True}, ["Only Shorts", "Only TikTok"]),
            ({"is_waiting": True}, []),
        ],
    )
    def test_narrow_the_cards(
        self, two: None, team: Team, filters: dict[str, Any], titles: list[str]
    ) -> None:
        assert list(cards(shown(team, "marketer", **filters))) == titles

    def test_an_address_that_makes_no_sense_shows_everything(self) -> None:
        query = {"campaign": "²", "platform": "x", "tier": "y", "show": "edit:9e9,no:4,qa"}
        assert board.read_filters(query) == board.Filters()

    def test_what_was_loaded_survives_the_address(self) -> None:
        written = board.write_shown({"qa": 60, "edit": 40})
        assert board.read_filters({"show": written}).shown == {"edit": 40, "qa": 60}


class TestStanding:
    def test_a_batch_is_picked_by_who_may_judge(
        self, ad_set: AdSet, mara: User, team: Team
    ) -> None:
        asset = factories.asset(ad_set, by=mara)
        StageRun.objects.filter(asset=asset).update(state=RunState.REVIEW)
        assert shown(team, "curator").waiting_count == 1
        assert shown(team, "buyer").waiting_count == 0
        card = cards(shown(team, "curator"))["Pour-over"]
        assert (card.standing.needs_you, card.standing.act) == (True, "review")

    def test_a_request_waits_for_a_manager_but_not_for_the_one_who_asked(
        self, team: Team, mara: User
    ) -> None:
        strict = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE, name="Strict")
        factories.asset(strict, by=mara)
        found = shown(team, "manager", user_id=mara.pk + 1)
        standing = cards(found)["Pour-over"].standing
        assert standing.text == "Needs approval $0.00"
        assert standing.detail == "asked just now"
        assert (found.waiting_count, standing.needs_you) == (1, True)
        own = shown(team, "manager", user_id=mara.pk)
        assert (own.waiting_count, cards(own)["Pour-over"].standing.needs_you) == (0, False)

    def test_a_failure_says_why(self, ad_set: AdSet, mara: User, team: Team) -> None:
        asset = factories.asset(ad_set, by=mara)
        StageRun.objects.filter(asset=asset).update(
            state=RunState.FAILED, reason="The photo is too dark.\nTry another one."
        )
        standing = cards(shown(team, "marketer"))["Pour-over"].standing
        assert (standing.tone, standing.text) == ("bad", "Failed: The photo is too dark")
        assert standing.needs_you

    def test_points_to_mend_are_counted(self, ad_set: AdSet, mara: User, team: Team) -> None:
        asset = factories.asset(ad_set, by=mara)
        StageRun.objects.filter(asset=asset).update(state=RunState.DONE)
        Asset.objects.filter(pk=asset.pk).update(stage=Stage.EDIT, todo=["Light", "Words"])
        standing = cards(shown(team, "marketer"))["Pour-over"].standing
        assert (standing.text, standing.detail) == ("2 to mend", "Light, Words")

    def test_a_running_batch_says_which_one_it_is_at(
        self, ad_set: AdSet, mara: User, team: Team
    ) -> None:
        asset = factories.asset(ad_set, by=mara, count=6)
        StageRun.objects.filter(asset=asset).update(state=RunState.RUNNING, progress=0.25)
        standing = cards(shown(team, "marketer"))["Pour-over"].standing
        assert (standing.tone, standing.text, standing.share) == ("run", "Composing 1 of 6", 0.25)


class TestVersion:
    def test_changes_with_a_card_and_with_the_filters(
        self, ad_set: AdSet, mara: User, team: Team
    ) -> None:
        asset = factories.asset(ad_set, by=mara)
        now = timezone.now()
        first, running = board.version(team=team, key="a", now=now)
        assert running
        assert board.version(team=team, key="a", now=now)[0] == first
        assert board.version(team=team, key="b", now=now)[0] != first
        events.touch(asset_ids=[asset.pk])
        assert board.version(team=team, key="a", now=now)[0] != first


class TestSearch:
    def test_finds_assets_and_campaigns_by_their_words(
        self, ad_set: AdSet, mara: User, team: Team
    ) -> None:
        asset = factories.asset(ad_set, by=mara, title="Spring <script> ☕")
        found = search.find(team=team, text="spring")
        assert [(hit.kind, hit.id) for hit in found] == [
            ("campaign", Campaign.objects.get().pk),
            ("asset", asset.pk),
        ]
        assert search.find(team=team, text="s") == []
