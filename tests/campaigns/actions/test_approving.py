"""The gate of every hold: whose yes counts, for what, how long, and once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from campaigns.actions import approvals, approving, runs, spending
from campaigns.models import AdSet, Approval, Attempt, Campaign, Event, StageRun, Team
from campaigns.models.choices import Ceiling, RunState
from tests import factories
from tests.campaigns import money


@pytest.fixture
def clock() -> Iterator[money.Clock]:
    with money.stopped_clock() as stopped:
        yield stopped


@pytest.fixture
def strict(clock: money.Clock, team: Team, mara: User, dana: User) -> AdSet:
    """A campaign that asks before every run, with money for it."""
    ad_set = factories.ad_set(team, by=mara, ceiling=Ceiling.NONE)
    factories.fund(ad_set.campaign, low=1000, medium=1000)
    return ad_set


@pytest.fixture
def asked(strict: AdSet, mara: User) -> Approval:
    """A request for 80 on the low tier."""
    return money.start(strict, by=mara, maximum=80).approval


def said_yes(approval: Approval, by: User) -> Approval:
    """Approved, and not used yet: what a shell could leave behind."""
    Approval.objects.filter(pk=approval.pk).update(
        state="approved", decided_by=by, decided_at=approval.asked_at
    )
    StageRun.objects.filter(pk=approval.run_id).update(state=RunState.QUEUED)
    return Approval.objects.select_related("run").get(pk=approval.pk)


def refusal(approval: Approval, by: User, amount: int = 80) -> str:
    """What a direct hold for the request's run is told; it holds nothing."""
    attempt = money.another(approval.run)
    before = money.sums(approval.campaign)
    with pytest.raises(approving.NotApproved) as refused:
        spending.reserve(attempt=attempt, amount_micros=amount, by=by)
    assert money.sums(approval.campaign) == before
    attempt.delete()
    return refused.value.text


class TestUse:
    def test_holds_once(self, asked: Approval, mara: User, dana: User) -> None:
        approvals.decide(approval=asked, approve=True, by=dana)
        asked.refresh_from_db()
        assert asked.used_at is not None
        assert refusal(asked, mara) == (
            "This approval was used already, on 15 Mar at 12:00 UTC. No money was spent."
        )
        with pytest.raises(approving.NotApproved, match="used already"):
            runs.launch(run=asked.run, by=mara)

    def test_covers_at_most_its_amount(self, asked: Approval, mara: User, dana: User) -> None:
        yes = said_yes(asked, dana)
        assert refusal(yes, mara, 81) == (
            "This approval covers at most $0.0001, and this needs $0.0001; ask again. "
            "No money was spent."
        )
        spending.reserve(attempt=money.another(yes.run), amount_micros=80, by=mara)
        assert money.sums(yes.campaign) == (80, 0)

    def test_counts_until_it_expires(
        self, asked: Approval, mara: User, dana: User, clock: money.Clock
    ) -> None:
        yes = said_yes(asked, dana)
        clock.at = yes.expires_at
        assert refusal(yes, mara) == (
            "This approval expired on 22 Mar at 12:00 UTC; ask again. No money was spent."
        )
        clock.pass_by(seconds=-1)
        spending.reserve(attempt=money.another(yes.run), amount_micros=80, by=mara)

    def test_is_for_its_own_run(
        self, asked: Approval, strict: AdSet, mara: User, dana: User
    ) -> None:
        other, yes = money.start(strict, by=mara, maximum=80), said_yes(asked, dana)
        with pytest.raises(approving.NotApproved) as refused:
            approving.use(run=other, amount_micros=80, approval=yes)
        assert refused.value.text == (
            "This approval was given for another run; ask for this one. No money was spent."
        )

    def test_is_for_its_tier_or_a_lower_one(self, asked: Approval, mara: User, dana: User) -> None:
        yes = said_yes(asked, dana)
        StageRun.objects.filter(pk=yes.run_id).update(tier="medium")
        assert refusal(yes, mara) == (
            "This approval is for the low tier, and this is medium tier. No money was spent."
        )
        Approval.objects.filter(pk=yes.pk).update(tier="high")
        spending.reserve(attempt=money.another(yes.run), amount_micros=80, by=mara)

    @pytest.mark.parametrize(
        ("state", "text"),
        [
            ("asked", "A manager has not decided about it yet."),
            ("declined", "A manager declined it."),
            ("withdrawn", "The request was taken back."),
            ("expired", "Nobody decided about it in time; ask again."),
        ],
    )
    def test_needs_a_yes(
        self, asked: Approval, mara: User, dana: User, clock: money.Clock, state: str, text: str
    ) -> None:
        match state:
            case "declined":
                approvals.decide(approval=asked, approve=False, by=dana, reason="Too dear.")
            case "withdrawn":
                runs.cancel(run=asked.run, by=mara)
            case "expired":
                approving.expire(now=clock.pass_by(days=8))
        assert Approval.objects.get().state == state
        assert refusal(asked, mara) == f"{text} No money was spent."
        StageRun.objects.update(state=RunState.QUEUED)  # a shell helps itself
        with pytest.raises(approving.NotApproved, match=text.split(";")[0]):
            runs.launch(run=asked.run, by=mara)

    def test_is_not_saved_by_a_ceiling_that_rose(
        self, asked: Approval, mara: User, dana: User
    ) -> None:
        approvals.decide(approval=asked, approve=False, by=dana, reason="No.")
        Campaign.objects.update(ceiling=Ceiling.HIGH)
        assert refusal(asked, mara).startswith("A manager declined it.")

    def test_without_a_question_is_refused_at_every_door(self, strict: AdSet, mara: User) -> None:
        attempt = money.hold_nothing(strict, by=mara, maximum=80)
        said = "This campaign asks before every run. A manager has to approve it first. "
        with pytest.raises(approving.NotApproved) as refused:
            spending.reserve(attempt=attempt, amount_micros=0, by=mara)
        assert refused.value.text == said + "No money was spent."
        bare = money.unsaved(strict, by=mara, maximum=0)
        bare.save()
        with pytest.raises(approving.NotApproved) as refused, transaction.atomic():
            runs.launch(run=bare, by=mara)
        assert refused.value.text == said + "No money was spent."
        assert not bare.attempts.exists()
        assert money.sums(strict.campaign) == (0, 0)

    def test_goes_back_when_the_line_cannot_hold_it(
        self, asked: Approval, mara: User, dana: User
    ) -> None:
        factories.fund(asked.campaign, low=79)
        yes = said_yes(asked, dana)
        with pytest.raises(spending.NotCovered):
            spending.reserve(attempt=money.another(yes.run), amount_micros=80, by=mara)
        yes.refresh_from_db()
        assert yes.used_at is None


class TestThreshold:
    @pytest.fixture
    def capped(self, clock: money.Clock, ad_set: AdSet, mara: User) -> AdSet:
        """Low runs unasked up to 100."""
        factories.fund(ad_set.campaign, low=1000)
        Campaign.objects.update(ask_above_micros=100)
        return ad_set

    def test_lets_exactly_its_amount_run(self, capped: AdSet, mara: User) -> None:
        assert money.start(capped, by=mara, maximum=100).state == RunState.QUEUED
        above = money.start(capped, by=mara, maximum=101)
        assert above.state == RunState.WAITING_APPROVAL
        assert "that one run of this campaign may cost unasked" in above.approval.why

    def test_looks_at_what_is_held_not_at_what_was_promised(
        self, capped: AdSet, mara: User
    ) -> None:
        attempt = money.hold_nothing(capped, by=mara, maximum=10)
        with pytest.raises(approving.NotApproved, match="may cost unasked"):
            spending.reserve(attempt=attempt, amount_micros=101, by=mara)

    def test_counts_all_attempts_of_a_run(self, capped: AdSet, mara: User) -> None:
        first = money.hold_nothing(capped, by=mara, maximum=60)
        spending.reserve(attempt=first, amount_micros=60, by=mara)
        second = money.another(first.run)
        with pytest.raises(approving.NotApproved, match="may cost unasked"):
            spending.reserve(attempt=second, amount_micros=60, by=mara)
        spending.release(attempt=first)
        spending.reserve(attempt=second, amount_micros=60, by=mara)


class TestAsk:
    def test_is_bound_to_its_run(self, asked: Approval, mara: User) -> None:
        assert (asked.amount_micros, asked.asked_micros, asked.tier) == (80, 80, "low")
        assert asked.asked_by == mara
        assert asked.expires_at == asked.asked_at + approving.ANSWER_WITHIN
        with pytest.raises(IntegrityError), transaction.atomic():
            approving.ask(run=asked.run, why="again", by=mara)

    def test_of_a_line_that_is_too_small_names_it(
        self, strict: AdSet, mara: User, clock: money.Clock
    ) -> None:
        Campaign.objects.update(ceiling=Ceiling.LOW)
        run = money.start(strict, by=mara, maximum=1001, batch="bulk")
        assert run.approval.why.startswith("$0.001 is left on")
        assert run.approval.batch == "bulk"
        assert not Attempt.objects.exists()


class TestExpire:
    def test_ends_what_nobody_answered_once(
        self, asked: Approval, dana: User, clock: money.Clock
    ) -> None:
        clock.at = asked.expires_at
        clock.pass_by(microseconds=-1)
        assert approving.expire(now=clock.at) == 0
        clock.pass_by(microseconds=1)
        assert [approving.expire(now=clock.at) for _ in range(2)] == [1, 0]
        asked.refresh_from_db()
        run = StageRun.objects.get()
        assert (asked.state, asked.decided_by, run.state) == ("expired", None, RunState.DECLINED)
        assert run.reason.startswith("Nobody decided about the request within 7 days.")
        assert Event.objects.filter(verb="approval.expire", by=None).count() == 1
        with pytest.raises(approvals.NotNow, match="expired"):
            approvals.decide(approval=asked, approve=True, by=dana)

    def test_leaves_what_was_decided(self, asked: Approval, dana: User, clock: money.Clock) -> None:
        approvals.decide(approval=asked, approve=True, by=dana)
        assert approving.expire(now=clock.at + timedelta(days=30)) == 0
        assert money.sums(asked.campaign) == (80, 0)
