"""What follows a call without an output, and runs that need several calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns import jobs
from campaigns.actions import ai_marks, approvals, approving, reconcile, spending
from campaigns.models import (
    AdSet,
    Approval,
    Attempt,
    BudgetLine,
    CatalogModel,
    LedgerEntry,
    StageRun,
    Team,
)
from campaigns.models.choices import Ceiling
from routing.providers.base import (
    AccountProblem,
    InvalidRequest,
    Kind,
    Outcome,
    OutcomeUnknown,
    Progress,
    RateLimited,
    Refused,
    Search,
    Submission,
    Trace,
    Unavailable,
    WorkFailed,
)
from tests import factories
from tests.campaigns import money
from tests.campaigns.scripted import PRICE, Scripted


@pytest.fixture
def two(hosted: Scripted) -> Scripted:
    """A second model of the same provider that costs the same and comes next."""
    row = CatalogModel.objects.get(key="hosted-type")
    row.pk = None
    row.key, row.label, row.approval_prior = "second-type", "Second type", 0.2
    row.save(force_insert=True)
    return hosted


def run_of(ad_set: AdSet, mara: User) -> StageRun:
    factories.fund(ad_set.campaign, low=10 * PRICE)
    return factories.open_run(factories.asset(ad_set, by=mara))


def tried(run: StageRun) -> list[tuple[str, str]]:
    return list(run.attempts.order_by("number").values_list("model", "state"))


def held() -> tuple[int, int]:
    line = BudgetLine.objects.exclude(tier="").exclude(reserved_micros=0, settled_micros=0).first()
    return (line.reserved_micros, line.settled_micros) if line else (0, 0)


@pytest.mark.parametrize(
    "error", [Unavailable("Gone."), AccountProblem("No credit.")], ids=["gone", "account"]
)
def test_the_next_choice_takes_over_with_a_hold_of_its_own(
    two: Scripted, ad_set: AdSet, mara: User, error: Exception
) -> None:
    run = run_of(ad_set, mara)
    two.refuses = error
    jobs.submit(run.attempts.get().pk)
    run.refresh_from_db()
    assert tried(run) == [("hosted-type", "failed"), ("second-type", "intended")]
    assert (run.state, run.model, run.model_label) == ("running", "second-type", "Second type")
    assert held() == (2 * PRICE, 0)
    kinds = LedgerEntry.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["reserve", "release", "reserve"]


def test_nothing_follows_when_every_choice_was_tried(
    two: Scripted, ad_set: AdSet, mara: User
) -> None:
    run = run_of(ad_set, mara)
    two.refuses = Unavailable("Gone.")
    for _ in range(3):
        for attempt in run.attempts.filter(state="intended"):
            jobs.submit(attempt.pk)
    run.refresh_from_db()
    assert [state for _, state in tried(run)] == ["failed", "failed"]
    assert (run.state, run.reason, held()) == ("failed", "Gone.", (0, 0))


@pytest.mark.parametrize(
    "error", [Refused("Objected."), InvalidRequest("prompt", "Too long.")], ids=["refused", "field"]
)
def test_what_another_model_would_not_mend_stops(
    two: Scripted, ad_set: AdSet, mara: User, error: Exception
) -> None:
    run = run_of(ad_set, mara)
    two.refuses = error
    jobs.submit(run.attempts.get().pk)
    run.refresh_from_db()
    assert (run.state, len(tried(run))) == ("failed", 1)


def test_a_failure_that_was_not_billed_is_tried_once_more_and_then_elsewhere(
    two: Scripted, ad_set: AdSet, mara: User
) -> None:
    run = run_of(ad_set, mara)
    two.outcome = Outcome(Progress.FAILED, error="Boom.", billed=False, again=True)
    for _ in range(4):
        for attempt in run.attempts.filter(state="intended"):
            jobs.submit(attempt.pk)
    models = [model for model, _ in tried(run)]
    assert models == ["hosted-type", "hosted-type", "second-type", "second-type"]
    run.refresh_from_db()
    assert (run.state, held()) == ("failed", (0, 0))


def test_a_billed_failure_leaves_no_money_for_another(
    two: Scripted, ad_set: AdSet, mara: User
) -> None:
    run = run_of(ad_set, mara)
    two.outcome = Outcome(Progress.FAILED, error="Boom.", billed=True)
    jobs.submit(run.attempts.get().pk)
    run.refresh_from_db()
    assert (run.state, len(tried(run)), held()) == ("failed", 1, (0, 2 * PRICE))


def test_a_dearer_or_higher_choice_is_not_taken_unasked(
    two: Scripted, ad_set: AdSet, mara: User
) -> None:
    CatalogModel.objects.filter(key="second-type").update(price_micros=PRICE + 1)
    run = run_of(ad_set, mara)
    two.refuses = Unavailable("Gone.")
    jobs.submit(run.attempts.get().pk)
    run.refresh_from_db()
    assert (run.state, len(tried(run)), held()) == ("failed", 1, (0, 0))


class TestSeveralCalls:
    def test_each_has_its_part_and_its_hold(
        self, hosted: Scripted, ad_set: AdSet, mara: User
    ) -> None:
        hosted.at_once = 1
        run = run_of(ad_set, mara)
        first, second = run.attempts.order_by("number")
        assert first.seeds + second.seeds == [run.seed, run.seed + 1]
        assert (first.reserved_micros, second.reserved_micros) == (PRICE, PRICE)

    def test_the_batch_waits_for_all_of_them(
        self, hosted: Scripted, ad_set: AdSet, mara: User
    ) -> None:
        hosted.at_once, hosted.makes = 1, [0]
        run = run_of(ad_set, mara)
        first, second = run.attempts.order_by("number")
        jobs.submit(first.pk)
        jobs.fetch(first.pk)
        run.refresh_from_db()
        assert run.state == "running"
        jobs.submit(second.pk)
        jobs.fetch(second.pk)
        run.refresh_from_db()
        positions = run.candidates.order_by("position").values_list("position", flat=True)
        assert (run.state, list(positions), held()) == ("review", [0, 1], (0, 2 * PRICE))

    def test_one_that_fails_leaves_a_smaller_batch(
        self, hosted: Scripted, ad_set: AdSet, mara: User
    ) -> None:
        hosted.at_once, hosted.makes = 1, [0]
        run = run_of(ad_set, mara)
        first, second = run.attempts.order_by("number")
        jobs.submit(first.pk)
        jobs.fetch(first.pk)
        hosted.refuses = Unavailable("Gone.")
        jobs.submit(second.pk)
        run.refresh_from_db()
        assert (run.state, run.reason, run.candidates.count()) == ("review", "Gone.", 1)
        assert held() == (0, PRICE)


class TestLostAnswers:
    @pytest.fixture
    def lost(self, hosted: Scripted, ad_set: AdSet, mara: User) -> Attempt:
        run = run_of(ad_set, mara)
        hosted.refuses = OutcomeUnknown("No answer.")
        attempt = run.attempts.get()
        jobs.submit(attempt.pk)
        attempt.refresh_from_db()
        assert (attempt.state, attempt.error_kind, held()) == (
            "unknown", Kind.AMBIGUOUS, (2 * PRICE, 0),
        )  # fmt: skip
        hosted.refuses = None
        return attempt

    def state(self, attempt: Attempt) -> str:
        attempt.refresh_from_db()
        return attempt.state

    def test_found_it_goes_on_and_nothing_is_sent(self, lost: Attempt, hosted: Scripted) -> None:
        hosted.found = Search(Trace.FOUND, Submission("job-lost"))
        jobs.search(lost.pk)
        assert (self.state(lost), lost.provider_ref) == ("submitted", "job-lost")
        jobs.poll(lost.pk)
        jobs.fetch(lost.pk)
        assert (self.state(lost), held(), hosted.accepted) == ("settled", (0, 2 * PRICE), [])

    def test_certainly_not_accepted_it_is_sent_once_more(
        self, lost: Attempt, hosted: Scripted
    ) -> None:
        hosted.found = Search(Trace.NOT_ACCEPTED)
        jobs.search(lost.pk)
        assert self.state(lost) == "intended"
        jobs.submit(lost.pk)
        assert hosted.accepted == [lost.key]

    def test_not_seen_yet_it_is_looked_for_again(self, lost: Attempt, hosted: Scripted) -> None:
        hosted.found = Search(Trace.NOT_YET)
        jobs.search(lost.pk)
        assert self.state(lost) == "unknown"
        assert lost.search_at > timezone.now()

    def test_where_nobody_can_tell_it_stays_with_the_managers(
        self, lost: Attempt, hosted: Scripted
    ) -> None:
        jobs.search(lost.pk)
        assert (self.state(lost), lost.search_at, held()) == ("unknown", None, (2 * PRICE, 0))
        assert hosted.accepted == []

    def test_the_reconciler_looks_for_it(self, lost: Attempt, woken: list[tuple[str, int]]) -> None:
        reconcile.tick(timezone.now())
        assert ("search", lost.pk) in woken


def test_a_busy_provider_is_waited_for_and_then_left(
    two: Scripted, ad_set: AdSet, mara: User
) -> None:
    run = run_of(ad_set, mara)
    two.refuses = RateLimited("Busy.", 5)
    attempt = run.attempts.get()
    jobs.submit(attempt.pk)
    assert tried(run) == [("hosted-type", "intended")]
    Attempt.objects.update(created_at=timezone.now() - timedelta(minutes=16))
    jobs.submit(attempt.pk)
    assert tried(run) == [("hosted-type", "failed"), ("second-type", "intended")]


def test_an_unusable_file_is_paid_and_not_bought_again(
    two: Scripted, ad_set: AdSet, mara: User
) -> None:
    run = run_of(ad_set, mara)
    two.makes = [WorkFailed("What came is neither a picture nor a clip.", billed=True)]
    attempt = run.attempts.get()
    jobs.submit(attempt.pk)
    jobs.fetch(attempt.pk)
    run.refresh_from_db()
    assert (run.state, len(tried(run)), held()) == ("failed", 1, (0, 2 * PRICE))


@pytest.mark.parametrize(
    ("operation", "own", "hosted"),
    [
        ("compose_type", "none", "ai_generated"),
        ("compose", "none", "ai_modified"),
        ("background_remove", "none", "none"),
        ("image_to_video", "none", "ai_generated"),
        ("upscale", "ai_modified", "ai_modified"),
    ],
)
def test_what_a_hosted_model_invents_is_said(operation: str, own: str, hosted: str) -> None:
    assert ai_marks.ai_status(operation, ["none"]) == own
    assert ai_marks.ai_status(operation, ["none"], is_own_engine=False) == hosted


class TestApprovedRuns:
    @pytest.fixture
    def asking(self, team: Team, mara: User) -> AdSet:
        """A campaign that asks before every run, with money for it."""
        made = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE, name="Asking")
        factories.fund(made.campaign, low=10 * PRICE)
        return made

    def approved(self, ad_set: AdSet, mara: User, dana: User) -> StageRun:
        run = factories.open_run(factories.asset(ad_set, by=mara))
        approvals.decide(approval=run.approval, approve=True, by=dana)
        return StageRun.objects.get(pk=run.pk)

    def test_start_every_call_of_their_batch_by_one_yes(
        self, asking: AdSet, mara: User, dana: User, hosted: Scripted
    ) -> None:
        hosted.at_once = 1
        run = self.approved(asking, mara, dana)
        assert (run.state, run.attempts.count(), held()) == ("queued", 2, (2 * PRICE, 0))
        with pytest.raises(approving.NotApproved, match="used already"):
            spending.reserve(attempt=money.another(run), amount_micros=1, by=mara)
        assert held() == (2 * PRICE, 0)

    def test_go_on_with_the_next_model_within_their_yes(
        self, asking: AdSet, mara: User, dana: User, two: Scripted
    ) -> None:
        run = self.approved(asking, mara, dana)
        two.refuses = Unavailable("Gone.")
        jobs.submit(run.attempts.get().pk)
        assert tried(run) == [("hosted-type", "failed"), ("second-type", "intended")]
        assert held() == (2 * PRICE, 0)

    def test_end_where_their_yes_is_used_up(
        self, asking: AdSet, mara: User, dana: User, two: Scripted
    ) -> None:
        run = self.approved(asking, mara, dana)
        Approval.objects.filter(run=run).update(amount_micros=PRICE)
        two.refuses = Unavailable("Gone.")
        jobs.submit(run.attempts.get().pk)
        run.refresh_from_db()
        assert (run.state, tried(run)) == ("failed", [("hosted-type", "failed")])
        assert held() == (0, 0)


def test_a_split_batch_never_holds_more_than_its_maximum(
    two: Scripted, ad_set: AdSet, mara: User
) -> None:
    CatalogModel.objects.filter(key="second-type").update(price_micros=2 * PRICE)
    two.at_once = 1
    run = run_of(ad_set, mara)
    two.refuses = Unavailable("Gone.")
    jobs.submit(run.attempts.order_by("number")[0].pk)
    assert sum(held()) <= run.maximum_micros


def test_a_call_lost_an_hour_ago_is_not_sent_again_because_the_list_is_silent(
    hosted: Scripted, ad_set: AdSet, mara: User
) -> None:
    attempt = run_of(ad_set, mara).attempts.get()
    hosted.refuses = OutcomeUnknown("No answer.")
    jobs.submit(attempt.pk)
    hosted.found = Search(Trace.NOT_YET)
    Attempt.objects.update(sent_at=timezone.now() - timedelta(hours=8))
    jobs.search(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.search_at, held()) == ("unknown", None, (2 * PRICE, 0))


def test_work_of_another_call_is_not_taken_for_a_lost_one(
    hosted: Scripted, ad_set: AdSet, mara: User
) -> None:
    first = run_of(ad_set, mara).attempts.get()
    jobs.submit(first.pk)
    lost = factories.open_run(factories.asset(ad_set, by=mara, title="Other")).attempts.get()
    hosted.refuses = OutcomeUnknown("No answer.")
    jobs.submit(lost.pk)
    first.refresh_from_db()
    hosted.found = Search(Trace.FOUND, Submission(first.provider_ref))
    jobs.search(lost.pk)
    lost.refresh_from_db()
    assert (lost.state, lost.provider_ref, lost.search_at) == ("unknown", "", None)
