"""Moving cards and advancing them: nothing is skipped that must not be, and two see each other."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import moves, runs
from campaigns.models import AdSet, Asset, Candidate, CatalogModel, Event, Media, StageRun
from campaigns.models.choices import Ceiling, RunState
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns.at_once import at_once

PASS = {"operation": "pass"}


def anchored(ad_set: AdSet, mara: User, plan: dict[str, str] | None = None) -> Asset:
    """An asset with an approved picture in Generation, where nothing runs."""
    asset = factories.asset(ad_set, by=mara)
    run = factories.open_run(asset)
    media = Media.objects.create(
        team=asset.team, origin="output", kind="still", file="a.png", content_type="image/png",
        sha256="0" * 64, size_bytes=1, width=1080, height=1920,
    )  # fmt: skip
    candidate = Candidate.objects.create(
        team=asset.team, asset=asset, run=run, attempt=run.attempts.get(), position=0, seed=1,
        media=media, verdict="kept", judged_at=timezone.now(),
    )  # fmt: skip
    runs.cancel(run=run, by=mara)
    wanted = {"edit": "pass", "polish": "pass", "animate": "pass", "qa": "check", **(plan or {})}
    Asset.objects.filter(pk=asset.pk).update(
        current=candidate,
        keyframe=candidate,
        plan=[{"stage": stage, "operation": what} for stage, what in wanted.items()],
    )
    return fresh(asset)


def fresh(asset: Asset) -> Asset:
    return Asset.objects.get(pk=asset.pk)


def one(asset: Asset, by: User, direction: str = "next", seen: int | None = None) -> moves.Moved:
    seen_of = {} if seen is None else {asset.pk: seen}
    (moved,) = moves.move(assets=[asset], direction=direction, by=by, revisions=seen_of)
    return moved


class TestNext:
    def test_passes_what_has_nothing_to_do_and_starts_qa(self, ad_set: AdSet, mara: User) -> None:
        asset = anchored(ad_set, mara)
        assert one(asset, mara).outcome == "moved"
        assert fresh(asset).stage == "qa"
        assert factories.open_run(asset).operation == "check"

    def test_never_passes_qa_whatever_the_plan_says(self, ad_set: AdSet, mara: User) -> None:
        for plan in ({"qa": "pass"}, {"qa": ""}):
            asset = anchored(ad_set, mara, plan)
            if not plan["qa"]:
                Asset.objects.filter(pk=asset.pk).update(plan=[])
            one(fresh(asset), mara)
            assert fresh(asset).stage == "qa"
            assert fresh(asset).ready_at is None

    def test_from_qa_is_refused(self, ad_set: AdSet, mara: User) -> None:
        asset = anchored(ad_set, mara)
        Asset.objects.filter(pk=asset.pk).update(stage="qa")
        moved = one(fresh(asset), mara)
        assert (moved.outcome, "Nothing skips QA" in moved.text) == ("refused", True)

    def test_from_ready_is_told(self, ad_set: AdSet, mara: User) -> None:
        asset = anchored(ad_set, mara)
        Asset.objects.filter(pk=asset.pk).update(stage="ready", ready_at=timezone.now())
        moved = one(fresh(asset), mara)
        assert (moved.outcome, "end of the line" in moved.text) == ("refused", True)

    def test_without_a_picture_is_refused(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara)
        runs.cancel(run=factories.open_run(asset), by=mara)
        assert "no approved picture" in one(fresh(asset), mara).text

    def test_while_work_goes_on_is_refused(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara)
        assert one(asset, mara).outcome == "refused"
        StageRun.objects.update(state=RunState.REVIEW)
        moved = one(asset, mara)
        assert (moved.outcome, moved.run_id) == ("gate", factories.open_run(asset).pk)

    def test_whose_run_cannot_start_stands_whole_in_its_stage(
        self, ad_set: AdSet, mara: User
    ) -> None:
        asset = anchored(ad_set, mara, {"polish": "upscale"})
        CatalogModel.objects.update(is_enabled=False)
        moved = one(asset, mara)
        assert moved.outcome == "moved"
        assert "did not start" in moved.text
        assert fresh(asset).stage == "polish"
        assert not asset.runs.filter(stage="polish").exists()

    def test_whose_run_needs_a_manager_waits_for_one(self, ad_set: AdSet, mara: User) -> None:
        asset = anchored(ad_set, mara, {"polish": "upscale"})
        ad_set.campaign.ceiling = Ceiling.NONE
        ad_set.campaign.save(update_fields=["ceiling"])
        assert one(asset, mara).text.endswith("waits for a manager's approval.")
        assert factories.open_run(asset).state == RunState.WAITING_APPROVAL

    def test_is_not_for_managers(self, ad_set: AdSet, mara: User, dana: User, otto: User) -> None:
        asset = anchored(ad_set, mara)
        for person in (dana, otto):
            assert one(asset, person).outcome == "refused"
        assert fresh(asset).stage == "generation"


class TestBack:
    def test_goes_one_stage_and_stops_at_the_beginning(self, ad_set: AdSet, mara: User) -> None:
        asset = anchored(ad_set, mara)
        Asset.objects.filter(pk=asset.pk).update(stage="ready", ready_at=timezone.now())
        for stage in ("qa", "animate", "polish", "edit", "generation"):
            assert one(fresh(asset), mara, "back").outcome == "moved"
            assert (fresh(asset).stage, fresh(asset).ready_at) == (stage, None)
        assert one(fresh(asset), mara, "back").outcome == "refused"


class TestSeen:
    def test_a_card_that_changed_since_is_refused(self, ad_set: AdSet, mara: User) -> None:
        asset = anchored(ad_set, mara)
        moved = one(asset, mara, seen=asset.revision - 1)
        assert (moved.outcome, "meanwhile" in moved.text) == ("refused", True)
        assert one(asset, mara, seen=asset.revision).outcome == "moved"

    def test_each_card_stands_for_itself(self, ad_set: AdSet, mara: User) -> None:
        good, busy = anchored(ad_set, mara), factories.asset(ad_set, by=mara)
        results = moves.move(assets=[busy, good], direction="next", by=mara)
        assert [result.outcome for result in results] == ["refused", "moved"]


class TestArchive:
    def test_keeps_a_busy_card(self, ad_set: AdSet, mara: User) -> None:
        asset = factories.asset(ad_set, by=mara)
        with pytest.raises(NotNow):
            moves.archive(asset=asset, by=mara)
        assert fresh(asset).archived_at is None

    def test_takes_a_card_out_of_every_move(self, ad_set: AdSet, mara: User) -> None:
        asset = anchored(ad_set, mara)
        moves.archive(asset=asset, by=mara)
        assert one(asset, mara).outcome == "refused"
        with pytest.raises(NotNow, match="archived"):
            runs.start(asset=asset, operation="upscale", by=mara, token="t")


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    @pytest.mark.parametrize("direction", ["next", "back"])
    def test_move_a_card_once(self, ad_set: AdSet, mara: User, cleo: User, direction: str) -> None:
        asset = anchored(ad_set, mara, {"edit": "object_erase", "polish": "object_erase"})
        Asset.objects.filter(pk=asset.pk).update(stage="edit")
        asset = fresh(asset)
        results = at_once(
            *[lambda by=by: one(fresh(asset), by, direction, asset.revision) for by in (mara, cleo)]
        )
        outcomes = sorted(result.outcome for result in results)  # type: ignore[attr-defined]
        assert outcomes == ["moved", "refused"], results
        assert fresh(asset).stage == ("polish" if direction == "next" else "generation")
        assert Event.objects.filter(verb__in=["stage.skip", "stage.back"]).count() == 1
