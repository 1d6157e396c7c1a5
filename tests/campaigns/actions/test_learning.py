"""Routing learns from judged batches, and what is taken back is forgotten without a trace."""

from __future__ import annotations

from django.contrib.auth.models import User

from campaigns import jobs
from campaigns.actions import curation, learning, planning
from campaigns.models import AdSet, StageRun, TeamBelief
from campaigns.models.choices import Verdict
from campaigns.queries import beliefs
from routing import features
from routing import learning as learner
from tests import factories
from tests.campaigns.actions.test_curation import ALL, finished


def counts(run: StageRun) -> tuple[int, int]:
    """Kept (spares too) and seen, as the team's belief has them for the run's model."""
    belief = beliefs.of_team(run.team_id).get(run.stage, learner.fresh(run.stage))
    card = next(card for card in planning.cards() if card.key == run.model)
    found = belief.tallies.get((features.version_of(card), run.operation), learner.Tally())
    return found.kept, found.seen


def reject(run: StageRun, by: User) -> None:
    curation.reject_all(run=run, by=by, defect="hands")


class TestLearn:
    def test_counts_keepers_and_spares_as_good_enough(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        first, _ = run.candidates.order_by("position")
        curation.approve(run=run, candidate=first, met=ALL, by=cleo)
        jobs.learn(run.pk)
        assert counts(run) == (2, 2)

    def test_learns_a_batch_once(self, ad_set: AdSet, mara: User, cleo: User) -> None:
        run = finished(ad_set, mara)
        reject(run, cleo)
        assert learning.learn(run_id=run.pk) == 1
        assert learning.learn(run_id=run.pk) == 0
        assert counts(run) == (0, 2)

    def test_changes_what_the_next_decision_expects(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        before = run.decision["choices"][0]["each_chance"]
        reject(run, cleo)
        jobs.learn(run.pk)
        after = factories.open_run(
            factories.asset(ad_set, by=mara, bases=tuple(b.media for b in run.asset.bases.all()),
                            as_is=True, title="Another")
        )  # fmt: skip
        assert after.decision["choices"][0]["each_chance"] < before
        assert after.decision["basis"] == "picks"
        assert StageRun.objects.get(pk=run.pk).decision["choices"][0]["each_chance"] == before

    def test_is_woken_for_what_nobody_learned_from(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        reject(run, cleo)
        assert StageRun.objects.filter(learned_at__isnull=True, state="done").exists()
        jobs.learn(run.pk)
        assert not StageRun.objects.filter(learned_at__isnull=True, state="done").exists()


class TestForget:
    def test_leaves_what_the_rounds_that_stand_teach(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        stays, goes = finished(ad_set, mara), finished(ad_set, mara, title="Second")
        reject(stays, cleo)
        jobs.learn(stays.pk)
        alone = TeamBelief.objects.get().blob
        reject(goes, cleo)
        jobs.learn(goes.pk)
        assert counts(goes) == (0, 4)
        curation.undo(run=goes, by=cleo)
        assert TeamBelief.objects.get().is_stale
        jobs.learn(goes.pk)
        assert TeamBelief.objects.get().blob == alone
        assert counts(goes) == (0, 2)

    def test_of_an_unreadable_belief_learns_again(
        self, ad_set: AdSet, mara: User, cleo: User
    ) -> None:
        run = finished(ad_set, mara)
        reject(run, cleo)
        jobs.learn(run.pk)
        TeamBelief.objects.update(blob="of another release")
        assert beliefs.of_team(run.team_id) == {}
        jobs.learn(run.pk)
        assert counts(run) == (0, 2)


def test_labels_are_what_people_said(ad_set: AdSet, mara: User, cleo: User) -> None:
    run = finished(ad_set, mara)
    first, second = run.candidates.order_by("position")
    curation.judge(candidate=second, verdict=Verdict.REJECTED, by=cleo, defect="hands")
    curation.approve(run=run, candidate=first, met=ALL, by=cleo)
    labels = learning.labels_of(StageRun.objects.get(pk=run.pk))
    assert (labels.kept, labels.spare, labels.rejected) == (1, 0, 1)
