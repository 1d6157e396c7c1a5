"""Cost comes from what ran: a figure of the provider's first, then the frozen price times that."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from campaigns import jobs
from campaigns.actions import sending
from campaigns.models import AdSet, Attempt, CatalogModel, LedgerEntry, SpendDay, StageRun
from campaigns.models.choices import EntryKind, RunState
from routing.providers.base import Outcome, Progress, Refused, Unavailable, Usage, WorkFailed
from tests import factories
from tests.campaigns.scripted import PRICE, Scripted

HELD = 4 * PRICE


def begun(ad_set: AdSet, by: User) -> Attempt:
    """An attempt that is held and not sent yet: four outputs are wanted."""
    factories.fund(ad_set.campaign, low=100 * PRICE)
    return factories.open_run(factories.asset(ad_set, by=by, count=4)).attempts.get()


@pytest.fixture
def attempt(ad_set: AdSet, mara: User, hosted: Scripted) -> Attempt:
    """Sent, and ready to be fetched; everything that was wanted comes, unless a test says so."""
    hosted.makes = [0, 1, 2, 3]
    made = begun(ad_set, mara)
    sending.submit(attempt_id=made.pk)
    return Attempt.objects.get(pk=made.pk)


def freeze(attempt: Attempt, **price: Any) -> None:
    """Another price stood in the catalog when the run was decided."""
    run = StageRun.objects.get(pk=attempt.run_id)
    run.decision["choices"][0].update(price)
    run.save(update_fields=["decision"])


def billed(attempt: Attempt) -> int:
    """What was settled, the same on the attempt, the ledger, the line and the day's sum."""
    attempt.refresh_from_db()
    (entry,) = LedgerEntry.objects.filter(attempt=attempt, kind=EntryKind.SETTLE)
    line = factories.tier_line(attempt.run.asset.campaign)
    assert (line.reserved_micros, line.settled_micros) == (0, entry.amount_micros)
    assert attempt.settled_micros == entry.amount_micros
    assert SpendDay.objects.get().settled_micros == entry.amount_micros
    return entry.amount_micros


def note(attempt: Attempt) -> str:
    return LedgerEntry.objects.get(attempt=attempt, kind=EntryKind.SETTLE).note


class TestOutputs:
    def test_all_that_came_cost_what_was_expected_and_need_no_word(self, attempt: Attempt) -> None:
        jobs.fetch(attempt.pk)
        assert billed(attempt) == HELD
        assert note(attempt) == ""
        assert attempt.ran["bill"]["basis"] == "measured"

    def test_three_of_four_cost_three(self, attempt: Attempt, hosted: Scripted) -> None:
        hosted.makes = [0, 1, 2, Unavailable("The fourth is gone.")]
        jobs.fetch(attempt.pk)
        assert billed(attempt) == 3 * PRICE
        assert note(attempt) == "estimated $0.16, billed $0.12: 3 of 4 came"

    def test_a_cost_that_the_provider_reports_wins(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.usage = Usage(cost_micros=123_457, count=4, request_id="req-9")
        jobs.fetch(attempt.pk)
        assert billed(attempt) == 123_457
        assert attempt.ran["bill"]["basis"] == "reported"
        assert attempt.ran["request_id"] == "req-9"
        assert "billed $0.123457" in note(attempt) or "billed $0.12" in note(attempt)

    def test_a_cost_in_another_currency_is_not_taken_for_ours(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.usage = Usage(cost_micros=999, currency="JPY")
        jobs.fetch(attempt.pk)
        assert billed(attempt) == HELD

    def test_a_negative_cost_is_not_believed(self, attempt: Attempt, hosted: Scripted) -> None:
        hosted.usage = Usage(cost_micros=-5)
        jobs.fetch(attempt.pk)
        assert billed(attempt) == HELD

    def test_what_was_billed_but_did_not_come_is_paid(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        hosted.usage = Usage(count=4)
        hosted.makes = [0, 1, Unavailable("The rest is gone.")]
        jobs.fetch(attempt.pk)
        assert billed(attempt) == HELD

    def test_reported_seconds_count_exactly(self, attempt: Attempt, hosted: Scripted) -> None:
        freeze(attempt, price_unit="second", price_micros=10_000)
        hosted.usage = Usage(count=4, seconds=4.06)
        jobs.fetch(attempt.pk)
        assert billed(attempt) == 162_400

    def test_megapixels_that_nobody_reports_are_measured(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        freeze(attempt, price_unit="megapixel", price_micros=1_000_000)
        jobs.fetch(attempt.pk)
        assert billed(attempt) == 4 * 9_600  # 120 x 80 pixels each
        assert note(attempt).endswith("by the size and length of what came")

    def test_the_price_is_the_one_of_the_day_it_was_decided(
        self, attempt: Attempt, hosted: Scripted
    ) -> None:
        CatalogModel.objects.filter(key="hosted-type").update(price_micros=9 * PRICE)
        jobs.fetch(attempt.pk)
        assert billed(attempt) == HELD

    def test_more_than_was_held_is_booked_too(self, attempt: Attempt, hosted: Scripted) -> None:
        hosted.usage = Usage(cost_micros=2 * HELD)
        jobs.fetch(attempt.pk)
        assert billed(attempt) == 2 * HELD

    def test_credits_stand_beside_the_money(self, attempt: Attempt, hosted: Scripted) -> None:
        hosted.usage = Usage(credits_micros=7_500_000)
        jobs.fetch(attempt.pk)
        entry = LedgerEntry.objects.get(attempt=attempt, kind=EntryKind.SETTLE)
        assert entry.credits_micros == 7_500_000
        assert SpendDay.objects.get().credits_micros == 7_500_000

    def test_what_was_said_at_each_look_is_kept_together(
        self, ad_set: AdSet, mara: User, hosted: Scripted
    ) -> None:
        hosted.outcome = Outcome(
            Progress.READY, usage=Usage(model="flux", version="1.1", request_id="early")
        )
        hosted.usage = Usage(request_id="late", width=640)
        made = begun(ad_set, mara)
        sending.submit(attempt_id=made.pk)
        jobs.fetch(made.pk)
        made.refresh_from_db()
        assert {key: made.ran[key] for key in ("model", "version", "request_id", "width")} == {
            "model": "flux",
            "version": "1.1",
            "request_id": "late",
            "width": 640,
        }

    def test_our_own_engine_costs_time_only(self, ad_set: AdSet, mara: User, team: object) -> None:
        made = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()
        factories.drain()
        made.refresh_from_db()
        assert made.compute_s > 0
        assert made.settled_micros == 0


class TestFailures:
    @pytest.mark.parametrize(
        ("usage", "settled"),
        [(None, HELD), (Usage(cost_micros=1_234), 1_234), (Usage(count=1), PRICE)],
    )
    def test_that_were_billed_settle_at_what_is_known(
        self, attempt: Attempt, hosted: Scripted, usage: Usage | None, settled: int
    ) -> None:
        hosted.makes = [WorkFailed("It failed there.", billed=True, usage=usage)]
        jobs.fetch(attempt.pk)
        assert StageRun.objects.get(pk=attempt.run_id).state == RunState.FAILED
        assert billed(attempt) == settled

    @pytest.mark.parametrize("usage", [None, Usage(cost_micros=0)])
    def test_that_were_not_billed_release(
        self, attempt: Attempt, hosted: Scripted, usage: Usage | None
    ) -> None:
        hosted.makes = [WorkFailed("It failed there.", billed=usage is not None, usage=usage)]
        jobs.fetch(attempt.pk)
        kinds = LedgerEntry.objects.filter(attempt=attempt).values_list("kind", flat=True)
        assert sorted(kinds) == ["release", "reserve"]

    def test_a_failure_seen_at_a_look_settles_by_what_it_says(
        self, ad_set: AdSet, mara: User, hosted: Scripted
    ) -> None:
        hosted.outcome = Outcome(
            Progress.FAILED, error="It failed there.", usage=Usage(cost_micros=50)
        )
        made = begun(ad_set, mara)
        sending.submit(attempt_id=made.pk)
        assert billed(made) == 50

    @pytest.mark.parametrize(
        ("refused", "kinds"),
        [
            (Refused("Not this picture."), ["release", "reserve"]),
            (
                Refused("Not this picture.", billed=True, usage=Usage(cost_micros=300)),
                ["reserve", "settle"],
            ),
        ],
    )
    def test_a_refusal_settles_only_when_it_was_billed(
        self, ad_set: AdSet, mara: User, hosted: Scripted, refused: Refused, kinds: list[str]
    ) -> None:
        hosted.refuses = refused
        made = begun(ad_set, mara)
        sending.submit(attempt_id=made.pk)
        found = LedgerEntry.objects.filter(attempt=made).values_list("kind", flat=True)
        assert sorted(found) == kinds
        made.refresh_from_db()
        assert (made.settled_micros or 0) == (300 if refused.billed else 0)
