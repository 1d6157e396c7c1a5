"""The watch on model versions: when it begins, what makes it alarm, and a person's word."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import curation, drift, learning, planning
from campaigns.models import (
    AdSet,
    Asset,
    Candidate,
    Event,
    Media,
    StageRun,
    Team,
    TeamBelief,
    VersionWatch,
)
from campaigns.permissions import NotAllowed
from campaigns.queries import recent
from campaigns.transitions import NotNow
from routing import blob
from tests import factories

STAGE = "generation"


class Line:
    """Judged batches of one model version, learned from one after the other."""

    def __init__(self, ad_set: AdSet, by: User) -> None:
        self.by, self.ad_set = by, ad_set
        self.first = factories.asset(ad_set, by=by)
        self.run = factories.open_run(self.first)
        self.attempt = self.run.attempts.get()
        self.media = Media.objects.create(
            team=ad_set.campaign.team, origin="output", kind="still", file="a.png", size_bytes=1,
            content_type="image/png", sha256="0" * 64, width=1, height=1,
        )  # fmt: skip
        StageRun.objects.filter(pk=self.run.pk).update(state="cancelled")
        self.at = timezone.now() - timedelta(days=3)

    def batch(self, kept: int, rejected: int) -> StageRun:
        """One more judged batch on an asset of its own."""
        self.at += timedelta(minutes=5)
        asset = Asset.objects.create(
            team=self.run.team, campaign=self.ad_set.campaign, ad_set=self.ad_set, title="A",
            goal="Sell", token=secrets.token_hex(16), created_by=self.by,
        )  # fmt: skip
        run = StageRun.objects.get(pk=self.run.pk)
        run.pk, run.asset, run.state = None, asset, "done"
        run.token, run.judged_at, run.judged_by = secrets.token_hex(16), self.at, self.by
        run.candidate_count = kept + rejected
        run.save()
        for place in range(kept + rejected):
            Candidate.objects.create(
                team=run.team, asset=asset, run=run, attempt=self.attempt,
                position=1000 * run.pk % 30_000 + place, seed=place, media=self.media,
                judged_at=self.at, verdict="kept" if place < kept else "rejected",
            )  # fmt: skip
        learning.learn(run_id=run.pk)
        return run

    def watch(self) -> VersionWatch | None:
        return VersionWatch.objects.filter(team=self.run.team, stage=STAGE).first()

    def good_times(self) -> None:
        """Enough picks to be known, most of them keeps."""
        for _ in range(10):
            self.batch(3, 1)

    def bad_times(self) -> None:
        """Rejects until the watch alarms."""
        for _ in range(40):
            self.batch(0, 4)
            found = self.watch()
            if found is not None and found.alarmed_at is not None:
                return
        raise AssertionError("160 rejects in a row are no alarm")


@pytest.fixture
def line(ad_set: AdSet, mara: User) -> Line:
    return Line(ad_set, mara)


class TestWatch:
    def test_begins_when_enough_is_known(self, line: Line) -> None:
        for _ in range(5):
            line.batch(3, 1)
        assert line.watch() is None
        line.batch(3, 1)
        found = line.watch()
        assert found is not None
        assert found.evidence["labels"] == 4
        assert blob.loads(found.baseline).has_evidence
        assert (found.model, found.alarmed_at) == (line.run.model, None)

    def test_stays_calm_while_keeps_go_on(self, line: Line) -> None:
        for _ in range(30):
            line.batch(3, 1)
        found = line.watch()
        assert found is not None
        assert found.alarmed_at is None
        assert not Event.objects.filter(verb="watch.alarm").exists()

    def test_alarms_once_takes_the_version_out_and_doubts_what_was_learned(
        self, line: Line, team: Team
    ) -> None:
        line.good_times()
        version = f"{line.run.model}@{line.attempt.model_version}"
        assert recent.frozen(team.pk) == frozenset()
        line.bad_times()
        found = line.watch()
        assert found is not None
        assert "keeps fell from" in found.text
        assert recent.frozen(team.pk) == {version}
        line.batch(0, 4)
        event = Event.objects.get(verb="watch.alarm")
        assert (event.by, event.after["text"]) == (None, found.text)

    def test_leaves_a_version_out_of_routes_unless_it_is_picked(
        self, line: Line, ad_set: AdSet
    ) -> None:
        line.good_times()
        line.bad_times()
        asset = line.first

        def routed(pinned: str) -> planning.Decision:
            return planning.route(
                campaign=asset.campaign, brief=planning.brief_of(asset), stage=STAGE,
                operation=line.run.operation, params={}, count=2, has_base=False,
                pinned_model=pinned,
            )  # fmt: skip

        decision = routed("")
        assert line.run.model not in {choice.card.key for choice in decision.choices}
        (reason,) = [x for x in decision.losers if x.key == line.run.model]
        assert reason.code == "frozen"
        picked = routed(line.run.model).best
        assert picked is not None
        assert picked.card.key == line.run.model

    def test_does_not_count_again_what_is_learned_again(self, line: Line, team: Team) -> None:
        line.good_times()
        before = line.watch()
        assert before is not None
        TeamBelief.objects.filter(team=team).update(is_stale=True)
        StageRun.objects.filter(team=team, state="done").update(learned_at=None)
        learning.learn_stage(team_id=team.pk, stage=STAGE)
        after = line.watch()
        assert after is not None
        assert after.evidence == before.evidence

    def test_begins_anew_where_another_release_wrote_the_measure(self, line: Line) -> None:
        line.good_times()
        VersionWatch.objects.update(baseline="{}", evidence={"values": [9]})
        line.batch(3, 1)
        found = line.watch()
        assert found is not None
        assert found.evidence["labels"] == 4
        assert blob.loads(found.baseline).has_evidence

    def test_is_fed_by_a_judged_review(self, line: Line, cleo: User, team: Team) -> None:
        line.good_times()
        before = line.watch()
        asset = factories.asset(line.ad_set, by=line.by)
        run = factories.open_run(asset)
        media = line.media
        for place in range(2):
            Candidate.objects.create(
                team=team, asset=asset, run=run, attempt=run.attempts.get(), position=place,
                seed=place, media=media,
            )  # fmt: skip
        StageRun.objects.filter(pk=run.pk).update(state="review")
        run.refresh_from_db()
        curation.reject_all(run=run, by=cleo)
        learning.learn(run_id=run.pk)
        after = line.watch()
        assert before is not None
        assert after is not None
        assert after.evidence["labels"] == before.evidence["labels"] + 2


class TestDecide:
    def test_trusting_takes_today_as_the_measure(self, line: Line, cleo: User, team: Team) -> None:
        line.good_times()
        line.bad_times()
        watch = line.watch()
        assert watch is not None
        done = drift.decide(watch=watch, decision=drift.TRUST, by=cleo)
        assert (done.alarmed_at, done.kept_out, done.evidence) == (None, False, {})
        assert done.baseline == TeamBelief.objects.get(team=team, stage=STAGE).blob
        assert recent.frozen(team.pk) == frozenset()
        event = Event.objects.get(verb="watch.trust")
        assert (event.before["out"], event.after["out"], event.by) == (True, False, cleo)
        for _ in range(3):
            line.batch(0, 4)
        again = line.watch()
        assert again is not None
        assert again.alarmed_at is None

    def test_keeping_out_holds_until_somebody_trusts_it(
        self, line: Line, dana: User, team: Team
    ) -> None:
        line.good_times()
        watch = line.watch()
        assert watch is not None
        out = drift.decide(watch=watch, decision=drift.KEEP_OUT, by=dana)
        assert (out.kept_out, out.text, out.decided_by) == (True, "taken out by hand", dana)
        assert len(recent.frozen(team.pk)) == 1
        with pytest.raises(NotNow, match="kept out already"):
            drift.decide(watch=watch, decision=drift.KEEP_OUT, by=dana)
        drift.decide(watch=watch, decision=drift.TRUST, by=dana)
        assert recent.frozen(team.pk) == frozenset()
        with pytest.raises(NotNow, match="trusted already"):
            drift.decide(watch=watch, decision=drift.TRUST, by=dana)

    def test_is_for_those_who_judge_or_manage(self, line: Line, mara: User, ben: User) -> None:
        line.good_times()
        watch = line.watch()
        assert watch is not None
        for person in (mara, ben):
            with pytest.raises(NotAllowed, match="say which model is trusted"):
                drift.decide(watch=watch, decision=drift.KEEP_OUT, by=person)
        assert not VersionWatch.objects.filter(kept_out=True).exists()

    def test_knows_two_decisions(self, line: Line, dana: User) -> None:
        line.good_times()
        watch = line.watch()
        assert watch is not None
        with pytest.raises(NotNow, match="Choose to trust"):
            drift.decide(watch=watch, decision="maybe", by=dana)
