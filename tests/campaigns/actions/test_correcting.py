"""Corrections, and closing a hold by what is stored, whatever the caller remembers."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from campaigns.actions import runs, spending
from campaigns.models import AdSet, Attempt, Event, LedgerEntry
from campaigns.permissions import NotAllowed
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns import money


@pytest.fixture
def settled(ad_set: AdSet, mara: User) -> Attempt:
    """60 of a hold of 80 were billed; the line has 100."""
    factories.fund(ad_set.campaign, low=100)
    attempt = money.hold_nothing(ad_set, by=mara, maximum=80)
    spending.reserve(attempt=attempt, amount_micros=80, by=mara)
    spending.settle(attempt=attempt, billed_micros=60)
    return attempt


def correct(attempt: Attempt, amount: int, by: User, click: str = "a", note: str = "bill") -> None:
    spending.correct(attempt=attempt, amount_micros=amount, note=note, token=click, by=by)


class TestCorrect:
    def test_that_overruns_stops_the_tier_and_says_so(
        self, settled: Attempt, dana: User, ad_set: AdSet
    ) -> None:
        correct(settled, 41, dana)
        assert money.line(ad_set.campaign).frozen_at is not None
        event = Event.objects.get(verb="budget.overrun")
        assert event.after == {"excess_micros": 41}

    def test_takes_back_and_adds(self, settled: Attempt, ad_set: AdSet, dana: User) -> None:
        correct(settled, -10, dana, "a")
        correct(settled, 30, dana, "b")
        assert money.sums(ad_set.campaign) == money.sums(ad_set.campaign, "team") == (0, 80)
        settled.refresh_from_db()
        assert settled.settled_micros == 80
        event = Event.objects.filter(verb="budget.correct").latest("pk")
        assert (event.before, event.by) == ({"settled_micros": 50}, dana)
        money.check(ad_set.campaign.team)

    def test_books_one_token_once(self, settled: Attempt, ad_set: AdSet, dana: User) -> None:
        for _ in range(2):
            correct(settled, -10, dana)
        assert money.sums(ad_set.campaign) == (0, 50)
        with pytest.raises(spending.BadCorrection) as refused:
            correct(settled, -20, dana)
        assert refused.value.text == (
            "This form was sent before with another amount. Load the page again. "
            "Nothing was changed."
        )

    def test_above_the_line_stands_as_overrun_and_is_taken_back_first(
        self, settled: Attempt, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        correct(settled, 41, dana, "a")
        line = money.line(ad_set.campaign)
        assert (line.settled_micros, line.overrun_micros, line.left_micros) == (60, 41, -1)
        with pytest.raises(spending.NotCovered, match="is frozen"):
            spending.reserve(attempt=money.another(settled.run), amount_micros=1, by=mara)
        correct(settled, -51, dana, "b")
        line.refresh_from_db()
        assert (line.settled_micros, line.overrun_micros) == (50, 0)
        money.check(ad_set.campaign.team)

    def test_of_released_work_books_the_bill_that_came_after_all(
        self, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        factories.fund(ad_set.campaign, low=100)
        attempt = money.hold_nothing(ad_set, by=mara, maximum=80)
        spending.reserve(attempt=attempt, amount_micros=80, by=mara)
        with pytest.raises(spending.BadCorrection, match="not settled yet"):
            correct(attempt, 10, dana)
        spending.release(attempt=attempt)
        correct(attempt, 10, dana)
        assert money.sums(ad_set.campaign) == (0, 10)
        money.check(ad_set.campaign.team)

    @pytest.mark.parametrize("amount", [0, 10**15 + 1, -(10**15) - 1])
    def test_refuses_no_amount_and_absurd_ones(
        self, settled: Attempt, dana: User, amount: int
    ) -> None:
        with pytest.raises(spending.BadCorrection) as refused:
            correct(settled, amount, dana)
        assert refused.value.field == "amount"
        assert refused.value.text == "Enter an amount that is not 0 and below 1,000,000,000."

    def test_refuses_to_take_back_more_than_was_booked(self, settled: Attempt, dana: User) -> None:
        with pytest.raises(spending.BadCorrection, match=r"Only \$0\.0001 was booked"):
            correct(settled, -61, dana)

    def test_wants_to_know_why(self, settled: Attempt, dana: User) -> None:
        with pytest.raises(spending.BadCorrection, match="Say where") as refused:
            correct(settled, 1, dana, note="  ")
        assert refused.value.field == "note"

    def test_is_for_managers(self, settled: Attempt, mara: User, otto: User) -> None:
        for person in (mara, otto):
            with pytest.raises(NotAllowed):
                correct(settled, 1, person)
        assert not LedgerEntry.objects.filter(kind="correct").exists()


class TestWhatTheCallerRemembers:
    def test_of_a_hold_does_not_leave_it_behind(self, ad_set: AdSet, mara: User) -> None:
        factories.fund(ad_set.campaign, low=100)
        for close in (
            lambda stale: spending.settle(attempt=stale, billed_micros=20),
            lambda stale: spending.release(attempt=stale),
        ):
            attempt = money.hold_nothing(ad_set, by=mara, maximum=30)
            stale = Attempt.objects.select_related("run__asset").get(pk=attempt.pk)
            spending.reserve(attempt=attempt, amount_micros=30, by=mara)
            close(stale)
        assert money.sums(ad_set.campaign) == (0, 20)

    def test_of_a_tier_opens_no_other_line(self, ad_set: AdSet, mara: User) -> None:
        factories.fund(ad_set.campaign, low=100)
        attempt = money.hold_nothing(ad_set, by=mara, maximum=30, tier="high")
        attempt.run.tier = "low"
        with pytest.raises(runs.approving.NotApproved, match="High tier is above"):
            spending.reserve(attempt=attempt, amount_micros=30, by=mara)
        assert money.sums(ad_set.campaign) == (0, 0)

    def test_settling_what_was_never_held_is_loud(self, ad_set: AdSet, mara: User) -> None:
        attempt = money.hold_nothing(ad_set, by=mara, maximum=30)
        with pytest.raises(ValueError, match="nothing was held"):
            spending.settle(attempt=attempt, billed_micros=1)
        spending.release(attempt=attempt)
        assert not LedgerEntry.objects.exists()

    def test_a_run_is_launched_once(self, ad_set: AdSet, mara: User) -> None:
        factories.fund(ad_set.campaign, low=100)
        run = money.start(ad_set, by=mara, maximum=30)
        with pytest.raises(NotNow, match="started already"):
            runs.launch(run=run, by=mara)
        assert money.sums(ad_set.campaign) == (30, 0)
