"""Judging and gates: who may, what is bound, what undo brings back."""

from __future__ import annotations

import secrets

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.actions import curation, runs
from campaigns.models import AdSet, Asset, Candidate, Gate, StageRun
from campaigns.models.choices import RunState, Verdict
from campaigns.permissions import NotAllowed
from campaigns.transitions import NotNow
from tests import factories

ALL = ("composition", "product", "light", "text", "brand")


PASSED_BY = {"edit": {"operation": "pass"}, "polish": {"operation": "pass"}}


def second(run: StageRun) -> None:
    """One more output of the batch, so that there is something to choose from."""
    twin = run.candidates.get()
    twin.pk = None
    twin.position = 1
    twin.save(force_insert=True)


def finished(ad_set: AdSet, mara: User, **values: object) -> StageRun:
    """A generation batch of two that waits for a person. Taking a photo over is quick."""
    base = factories.photo(ad_set.campaign.team, by=mara)
    asset = factories.asset(ad_set, by=mara, bases=(base,), as_is=True, wanted=PASSED_BY, **values)
    factories.drain()
    run = factories.open_run(asset)
    assert run.state == RunState.REVIEW
    second(run)
    return run


def fresh(asset: Asset) -> Asset:
    return Asset.objects.select_related("campaign__team", "team", "current__media").get(pk=asset.pk)


class TestOpenBatch:
    def test_goes_to_one_curator_at_a_time(self, ad_set: AdSet, mara: User, cleo: User) -> None:
        run = finished(ad_set, mara)
        assert curation.open_batch(run=run, by=cleo)
        assert not curation.open_batch(run=run, by=mara)
        assert curation.open_batch(run=run, by=cleo)

    def test_comes_free_when_the_claim_is_over(self, ad_set: AdSet, mara: User, cleo: User) -> None:
        run = finished(ad_set, mara)
        curation.open_batch(run=run, by=cleo)
        StageRun.objects.filter(pk=run.pk).update(claimed_until=timezone.now())
        assert curation.open_batch(run=run, by=mara)

    def test_keeps_the_moment_it_was_first_opened(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        curation.open_batch(run=run, by=cleo)
        run.refresh_from_db()
        first = run.review_opened_at
        curation.open_batch(run=run, by=cleo)
        run.refresh_from_db()
        assert run.review_opened_at == first


class TestJudge:
    def test_rejects_with_a_defect_and_keeps_the_note(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        one = run.candidates.order_by("position")[0]
        curation.judge(candidate=one, verdict=Verdict.PENDING, by=cleo, comment="cup is cut")
        curation.judge(candidate=one, verdict=Verdict.REJECTED, by=cleo, defect="product")
        one.refresh_from_db()
        assert (one.verdict, one.defect, one.comment) == ("rejected", "product", "cup is cut")
        assert one.judged_by == cleo

    def test_undo_brings_back_verdict_and_note_step_by_step(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        one, two = run.candidates.order_by("position")
        curation.judge(candidate=one, verdict=Verdict.REJECTED, by=cleo, defect="text")
        curation.judge(candidate=two, verdict=Verdict.PENDING, by=cleo, comment="dark")
        curation.judge(candidate=two, verdict=Verdict.REJECTED, by=cleo, comment="too dark")
        curation.undo(run=run, by=cleo)
        two.refresh_from_db()
        assert (two.verdict, two.comment) == ("pending", "dark")
        curation.undo(run=run, by=cleo)
        two.refresh_from_db()
        assert two.comment == ""
        curation.undo(run=run, by=cleo)
        one.refresh_from_db()
        assert (one.verdict, one.defect, one.judged_at) == ("pending", "", None)
        with pytest.raises(NotNow, match="nothing to undo"):
            curation.undo(run=run, by=cleo)

    def test_undo_leaves_the_judgments_of_others_alone(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        one = run.candidates.order_by("position")[0]
        curation.judge(candidate=one, verdict=Verdict.REJECTED, by=cleo, defect="text")
        with pytest.raises(NotNow, match="nothing to undo"):
            curation.undo(run=run, by=mara)
        one.refresh_from_db()
        assert one.verdict == Verdict.REJECTED

    def test_is_refused_after_the_gate_with_the_name_of_who_decided(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        one, two = run.candidates.order_by("position")
        curation.approve(run=run, candidate=one, met=ALL, by=cleo)
        with pytest.raises(NotNow, match="Cleo"):
            curation.judge(candidate=two, verdict=Verdict.REJECTED, by=mara)
        two.refresh_from_db()
        assert two.verdict == Verdict.SPARE

    def test_is_not_for_media_buyers(self, ad_set: AdSet, mara: User, ben: User) -> None:
        run = finished(ad_set, mara)
        with pytest.raises(NotAllowed):
            curation.judge(candidate=run.candidates.first(), verdict=Verdict.REJECTED, by=ben)


class TestApprove:
    def test_binds_the_file_and_spares_the_rest(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        one, two = run.candidates.order_by("position")
        passed = curation.approve(run=run, candidate=two, met=ALL, by=cleo)
        assert passed.gate.sha256 == two.media.sha256
        assert passed.gate.percent == 100
        one.refresh_from_db()
        two.refresh_from_db()
        assert (one.verdict, two.verdict) == ("spare", "kept")
        asset = fresh(run.asset)
        assert asset.current == two
        assert asset.keyframe == two
        assert asset.stage == "qa"

    def test_unticked_criteria_become_the_next_stages_to_do(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        one = run.candidates.order_by("position")[0]
        passed = curation.approve(run=run, candidate=one, met=ALL[:-1], by=cleo)
        asset = fresh(run.asset)
        assert passed.gate.percent == 80
        assert asset.todo == ["Fits the brand"]
        assert asset.stage == "edit"
        assert "1 point" in passed.next_text

    def test_below_the_threshold_names_what_is_missing_and_changes_nothing(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        one = run.candidates.order_by("position")[0]
        with pytest.raises(curation.BelowGate, match="fits the brand") as refused:
            curation.approve(run=run, candidate=one, met=ALL[:3], by=cleo)
        assert "60 %" in refused.value.text
        assert "80 %" in refused.value.text
        run.refresh_from_db()
        assert run.state == RunState.REVIEW
        assert fresh(run.asset).current is None
        assert not Gate.objects.exists()

    def test_the_second_of_two_people_is_told_who_decided(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        stale = StageRun.objects.get(pk=run.pk)
        one, two = run.candidates.order_by("position")
        curation.approve(run=run, candidate=one, met=ALL, by=cleo)
        with pytest.raises(NotNow, match="already by Cleo"):
            curation.approve(run=stale, candidate=two, met=ALL, by=mara)
        assert fresh(run.asset).current == one
        assert Gate.objects.count() == 1

    def test_refuses_a_candidate_of_another_batch(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run, other = finished(ad_set, mara), finished(ad_set, mara, title="Second")
        with pytest.raises(NotNow, match="another batch"):
            curation.approve(run=run, candidate=other.candidates.first(), met=ALL, by=cleo)
        assert fresh(run.asset).current is None


class TestRejectAll:
    def test_ends_the_batch_and_leaves_the_asset_where_it_is(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        one, two = run.candidates.order_by("position")
        curation.judge(candidate=one, verdict=Verdict.REJECTED, by=cleo, defect="hands")
        curation.reject_all(run=run, by=cleo, defect="brand")
        one.refresh_from_db()
        two.refresh_from_db()
        assert (one.defect, two.defect) == ("hands", "brand")
        assert fresh(run.asset).stage == "generation"
        with pytest.raises(NotNow, match="already by Cleo"):
            curation.reject_all(run=run, by=mara)

    def test_undo_opens_it_again_and_keeps_what_was_judged_before(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        one, two = run.candidates.order_by("position")
        curation.judge(candidate=one, verdict=Verdict.REJECTED, by=cleo, defect="hands")
        curation.reject_all(run=run, by=cleo)
        curation.undo(run=StageRun.objects.get(pk=run.pk), by=cleo)
        one.refresh_from_db()
        two.refresh_from_db()
        assert (one.verdict, two.verdict) == ("rejected", "pending")
        run.refresh_from_db()
        assert run.state == RunState.REVIEW


class TestUndoGate:
    def test_opens_the_batch_and_cancels_what_followed(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        curation.approve(run=run, candidate=run.candidates.first(), met=ALL, by=cleo)
        following = factories.open_run(run.asset)
        assert following.pk != run.pk
        # the object still says "review": undo must look at the row
        curation.undo(run=run, by=cleo)
        run.refresh_from_db()
        following.refresh_from_db()
        assert (run.state, following.state) == ("review", "cancelled")
        asset = fresh(run.asset)
        assert (asset.stage, asset.current, asset.keyframe) == ("generation", None, None)
        assert set(run.candidates.values_list("verdict", flat=True)) == {"pending"}
        assert Gate.objects.get().withdrawn_at is not None

    def test_brings_back_the_version_and_to_do_that_stood_before_a_re_roll(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        kept = run.candidates.order_by("position")[0]
        curation.approve(run=run, candidate=kept, met=ALL[:-1], by=cleo)
        again = runs.start(
            asset=fresh(run.asset), operation="adopt", by=mara, token=secrets.token_hex(8)
        )
        factories.drain()
        curation.approve(run=again, candidate=again.candidates.first(), met=ALL, by=cleo)
        curation.undo(run=StageRun.objects.get(pk=again.pk), by=cleo)
        asset = fresh(run.asset)
        assert asset.current == kept
        assert asset.keyframe == kept
        assert asset.todo == ["Fits the brand"]
        assert Candidate.objects.get(pk=kept.pk).verdict == Verdict.KEPT

    def test_stands_once_the_next_step_was_judged(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        curation.approve(run=run, candidate=run.candidates.first(), met=ALL[:-1], by=cleo)
        removal = runs.start(
            asset=fresh(run.asset),
            operation="background_remove",
            by=mara,
            token=secrets.token_hex(8),
        )
        factories.drain()
        curation.reject_all(run=removal, by=cleo)
        with pytest.raises(NotNow, match="judged already"):
            curation.undo(run=StageRun.objects.get(pk=run.pk), by=cleo)
        assert fresh(run.asset).current is not None


class TestLocks:
    """Whoever writes more than one row takes the asset first, or two wait for each other."""

    @pytest.mark.parametrize("decision", ["approve", "reject_all", "judge"])
    def test_the_asset_is_read_before_anything_is_written(
        self, ad_set: AdSet, mara: User, cleo: User, decision: str
    ) -> None:
        run = finished(ad_set, mara)
        candidate = run.candidates.order_by("position")[0]
        with CaptureQueriesContext(connection) as log:
            match decision:
                case "approve":
                    curation.approve(run=run, candidate=candidate, met=ALL, by=cleo)
                case "reject_all":
                    curation.reject_all(run=run, by=cleo)
                case _:
                    curation.judge(candidate=candidate, verdict=Verdict.SPARE, by=cleo)
        statements = [query["sql"] for query in log]
        first = next(i for i, sql in enumerate(statements) if sql.startswith(("UPDATE", "INSERT")))
        before = [sql for sql in statements[:first] if 'FROM "campaigns_asset" ' in sql]
        assert before
        if connection.features.has_select_for_update:
            assert "FOR UPDATE" in before[-1]
