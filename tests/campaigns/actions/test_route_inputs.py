"""What a route looks at of a team's past: batch size left open, re-rolls, defects, one model."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.actions import offering, planning
from campaigns.models import AdSet, Asset, Candidate, Media, StageRun, Team
from campaigns.queries import recent
from routing import index
from routing.complexity import Demands
from routing.need import Need
from tests import factories

PEOPLE = Demands(people=2, hands=True)


def rejected_round(of: Asset, by: User, *, defect: str = "", kept: bool = False) -> StageRun:
    """Judge the asset's open run: two outputs, rejected with a tag, or one kept."""
    run = factories.open_run(of)
    media = Media.objects.create(
        team=of.team, origin="output", kind="still", file=f"{run.pk}.png", size_bytes=1,
        content_type="image/png", sha256="0" * 64, width=1, height=1,
    )  # fmt: skip
    for place in range(2):
        verdict = "kept" if kept and place == 0 else "rejected"
        Candidate.objects.create(
            team=of.team, asset=of, run=run, attempt=run.attempts.get(), position=place,
            seed=place, media=media, judged_at=timezone.now(), verdict=verdict,
            defect=defect if verdict == "rejected" else "",
        )  # fmt: skip
    StageRun.objects.filter(pk=run.pk).update(state="done", judged_at=timezone.now(), judged_by=by)
    return run


def another(run: StageRun) -> StageRun:
    """One more open run of the same asset and operation."""
    attempt = run.attempts.get()
    again = StageRun.objects.get(pk=run.pk)
    again.pk = None
    again.state, again.token, again.judged_at, again.judged_by = (
        "queued",
        secrets.token_hex(16),
        None,
        None,
    )
    again.save()
    attempt.pk, attempt.run, attempt.key = None, again, secrets.token_hex(16)
    attempt.save()
    return again


class TestBatchSize:
    def test_is_chosen_by_routing_when_the_brief_leaves_it_open(
        self, ad_set: AdSet, mara: User
    ) -> None:
        run = factories.open_run(factories.asset(ad_set, by=mara, count=0))
        best = run.decision["choices"][0]
        assert run.candidate_count == best["count"] == run.decision["need"]["count"]
        assert run.candidate_count in index.SIZES
        assert run.attempts.get().seeds == [run.seed + n for n in range(run.candidate_count)]

    def test_is_the_cheapest_per_approved_asset(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara, count=0)
        chosen = factories.open_run(asset).decision["choices"][0]
        for count in index.SIZES:
            other = planning.route(
                campaign=asset.campaign, brief=planning.brief_of(asset), stage="generation",
                operation="compose_type", params={}, count=count, has_base=False,
            )  # fmt: skip
            assert other.best is not None
            assert other.best.per_approved_micros >= chosen["per_approved_micros"]

    def test_stays_as_asked(self, ad_set: AdSet, mara: User) -> None:
        assert factories.open_run(factories.asset(ad_set, by=mara, count=5)).candidate_count == 5


class TestRolls:
    def test_count_rounds_without_a_keeper_and_name_the_worst_tag(
        self, ad_set: AdSet, mara: User
    ) -> None:
        asset = factories.asset(ad_set, by=mara)
        assert recent.rolls(asset=asset) == {}
        first = rejected_round(asset, mara, defect="hands")
        another(first)
        rejected_round(asset, mara, defect="text")
        assert recent.rolls(asset=asset) == {first.operation: recent.Rolled(2, "text")}

    def test_start_anew_after_a_keeper(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara)
        first = rejected_round(asset, mara, defect="hands")
        another(first)
        rejected_round(asset, mara, kept=True)
        assert recent.rolls(asset=asset)[first.operation].count == 0

    def test_propose_to_edit_before_the_third(self, ad_set: AdSet, mara: User) -> None:
        photo = factories.photo(ad_set.campaign.team, by=mara)
        asset = factories.asset(ad_set, by=mara, bases=(photo,))
        run = rejected_round(asset, mara, defect="text")
        for rolls in (1, 2):
            quote = offering.quote(asset=asset, operation=run.operation)
            assert not any("Re-roll" in note for note in quote.notes), rolls
            another(run)
            rejected_round(asset, mara, defect="text")
        quote = offering.quote(asset=asset, operation=run.operation)
        (said,) = [note for note in quote.notes if note.startswith("Re-roll 3")]
        assert "edit the best reject" in said

    def test_weigh_mending_against_rolling(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara)

        def routed(rolled: recent.Rolled) -> planning.Decision:
            return planning.route(
                campaign=asset.campaign, brief=planning.brief_of(asset), stage="generation",
                operation="compose_type", params={}, count=8, has_base=False, rolled=rolled,
            )  # fmt: skip

        assert routed(recent.NEVER).repair is None
        assert routed(recent.Rolled(1, "hands")).repair is None
        mend = routed(recent.Rolled(1, "text")).repair
        best = routed(recent.NEVER).best
        assert best is not None
        if mend is None:
            pytest.fail("eight outputs to look at cost more than one repair")
        assert mend.per_approved_micros < best.per_approved_micros
        assert "object_erase" in mend.card.operations


class TestPast:
    def test_learns_defects_by_version_from_judged_pictures(
        self, ad_set: AdSet, mara: User, team: Team
    ) -> None:
        run = rejected_round(factories.asset(ad_set, by=mara, demands=PEOPLE), mara, defect="hands")
        rejected_round(factories.asset(ad_set, by=mara), mara, defect="hands")
        version = run.attempts.get().model_version
        (name,) = recent.of_team(team.pk).records
        record = recent.of_team(team.pk).records[name]
        assert name == f"{run.model}@{version}"
        assert record.outputs == 2
        assert record.defects["hands"] > 0

    def test_warns_when_one_model_does_nearly_all(self, ad_set: AdSet, mara: User) -> None:
        for _ in range(20):
            asset = factories.asset(ad_set, by=mara)
        found = planning.plan(campaign=asset.campaign, brief=planning.brief_of(asset))
        decision = found.stages[0].decision
        assert decision is not None
        assert [note.code for note in decision.notes] == ["concentration"]

    def test_costs_three_queries(self, ad_set: AdSet, mara: User, team: Team) -> None:
        for _ in range(2):
            rejected_round(factories.asset(ad_set, by=mara, demands=PEOPLE), mara)
        with CaptureQueriesContext(connection) as asked:
            recent.of_team(team.pk)
        assert len(asked) == 3


class TestDemands:
    def test_go_from_the_brief_into_the_need_and_the_decision(
        self, ad_set: AdSet, mara: User
    ) -> None:
        asset = factories.asset(ad_set, by=mara, demands=PEOPLE)
        asset.refresh_from_db()
        assert planning.demands_of(asset.demands) == PEOPLE
        need = factories.open_run(asset).decision["need"]
        assert (need["people"], need["hands"]) == (2, True)
        assert factories.asset(ad_set, by=mara).demands == {}

    def test_are_told_for_models_that_draw(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara, demands=PEOPLE)
        cards = [
            replace(card, provider="local", is_enabled=True, is_commercial=None)
            for card in planning.cards()
            if "compose" in card.operations and card.price_micros is not None
        ]
        decision = planning.route(
            campaign=asset.campaign, brief=planning.brief_of(asset), stage="generation",
            operation="compose", params={}, count=2, has_base=True, catalog=cards,
        )  # fmt: skip
        drawn = {one.key for one in decision.outlooks}
        assert drawn
        assert "local-compose" not in drawn
        assert {choice.card.key for choice in decision.choices} > drawn

    def test_ask_nothing_of_qa(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara, demands=PEOPLE)
        plan = planning.plan(campaign=asset.campaign, brief=planning.brief_of(asset))
        needs: dict[str, Need] = {s.stage: s.decision.need for s in plan.stages if s.decision}
        assert needs["generation"].people == 2
        assert needs["qa"].people == 0
