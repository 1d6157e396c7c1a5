"""Invoices beside our books: what is matched, what accepting books, and what it never touches."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.actions import invoices, spending
from campaigns.formats.invoices import Invoice, parse
from campaigns.models import AdSet, Attempt, Event, LedgerEntry, Team
from campaigns.permissions import NotAllowed
from campaigns.queries.invoices import Comparison, Row, State, compare, providers
from tests import factories
from tests.campaigns import money
from tests.campaigns.at_once import at_once

CENT = 10_000


def settled(
    ad_set: AdSet, by: User, ref: str, cents: int, *, said: str = "", provider: str = "fal"
) -> Attempt:
    """A settled call that the provider knows as `ref`, and bills as `said`."""
    attempt = held(ad_set, by, ref, said=said, provider=provider)
    spending.settle(attempt=attempt, billed_micros=cents * CENT)
    return attempt


def held(ad_set: AdSet, by: User, ref: str, *, said: str = "", provider: str = "fal") -> Attempt:
    """A call that holds 50 cents and is not closed."""
    attempt = money.hold_nothing(ad_set, by=by, maximum=50 * CENT)
    Attempt.objects.filter(pk=attempt.pk).update(
        provider_ref=ref, provider=provider, ran={"request_id": said} if said else {}
    )
    attempt.refresh_from_db()
    spending.reserve(attempt=attempt, amount_micros=50 * CENT, by=by)
    return attempt


def invoice(*lines: str) -> Invoice:
    """Of lines such as "id,amount" or "id,amount,date"."""
    rows = [line if line.count(",") == 2 else f"{line}," for line in lines]
    raw = "\n".join(("request_id,amount,date", *rows, ""))
    return parse(io.BytesIO(raw.encode()), currency="USD")


def seen(comparison: Comparison) -> list[tuple[str, str, int | None, int | None]]:
    """(state, ids, theirs, ours) in cents."""

    def cents(micros: int | None) -> int | None:
        return None if micros is None else micros // CENT

    return [(row.state, row.request_id, cents(row.theirs), cents(row.ours)) for row in
            comparison.rows]  # fmt: skip


def booked() -> list[tuple[int, str]]:
    """The corrections, in cents, with their notes."""
    rows = LedgerEntry.objects.filter(kind="correct").order_by("pk")
    return [(row.amount_micros // CENT, row.note) for row in rows]


@pytest.fixture
def funded(ad_set: AdSet) -> AdSet:
    """A campaign with ten dollars on its low tier."""
    factories.fund(ad_set.campaign, low=1000 * CENT)
    return ad_set


class TestCompare:
    def test_says_of_each_request_what_it_is(self, funded: AdSet, mara: User, team: Team) -> None:
        settled(funded, mara, "same", 10)
        settled(funded, mara, "job-1", 20, said="dear")
        settled(funded, mara, "cheap", 20)
        settled(funded, mara, "ours", 7)
        settled(funded, mara, "nothing", 0)
        held(funded, mara, "open")
        found = compare(
            team=team,
            invoice=invoice("same,0.10", "dear,0.25", "cheap,0.19", "open,0.30", "theirs,4"),
        )
        assert seen(found) == [
            ("differs", "dear", 25, 20),
            ("differs", "cheap", 19, 20),
            ("open", "open", 30, None),
            ("theirs", "theirs", 400, None),
            ("ours", "ours", None, 7),
            ("same", "same", 10, 10),
        ]
        assert (found.provider, found.month.start if found.month else None) == (
            "fal", money.month(),
        )  # fmt: skip
        assert found.theirs == 484 * CENT
        assert found.ours == 57 * CENT
        assert found.difference == 427 * CENT
        assert found.to_book == 4 * CENT
        assert found.counts[0] == (State.DIFFERS, 2, 4 * CENT)

    def test_a_call_billed_under_both_its_ids_is_one_row(
        self, funded: AdSet, mara: User, team: Team
    ) -> None:
        settled(funded, mara, "job-1", 20, said="req-1")
        found = compare(team=team, invoice=invoice("job-1,0.15", "req-1,0.05", "req-1,0.01"))
        assert seen(found) == [("differs", "job-1, req-1", 21, 20)]
        assert found.rows[0].line_count == 3

    def test_a_number_that_two_calls_have_is_nobodys(
        self, funded: AdSet, mara: User, team: Team
    ) -> None:
        settled(funded, mara, "job-1", 20)
        settled(funded, mara, "job-2", 20, said="job-1")
        found = compare(team=team, invoice=invoice("job-1,0.15"))
        assert seen(found) == [("unclear", "job-1", 15, None)]
        assert not found.differing

    def test_a_released_call_that_was_billed_after_all_differs(
        self, funded: AdSet, mara: User, team: Team
    ) -> None:
        spending.release(attempt=held(funded, mara, "job-1"))
        assert seen(compare(team=team, invoice=invoice("job-1,0.15"))) == [
            ("differs", "job-1", 15, 0)
        ]

    def test_another_providers_call_with_that_number_is_left_alone(
        self, funded: AdSet, mara: User, team: Team
    ) -> None:
        settled(funded, mara, "a", 1)
        settled(funded, mara, "b", 2)
        settled(funded, mara, "c", 3, provider="replicate")
        found = compare(team=team, invoice=invoice("a,0.01", "b,0.02", "c,1"))
        assert [row[:2] for row in seen(found)] == [
            ("theirs", "c"), ("same", "a"), ("same", "b"),
        ]  # fmt: skip
        found = compare(team=team, invoice=invoice("a,0.01", "b,0.02", "c,1"), provider="replicate")
        assert [row[:2] for row in seen(found)] == [
            ("differs", "c"), ("theirs", "b"), ("theirs", "a"),
        ]  # fmt: skip
        assert providers(team=team) == ["fal", "replicate"]

    def test_only_ours_is_looked_up_in_the_invoices_month(
        self, funded: AdSet, mara: User, team: Team
    ) -> None:
        settled(funded, mara, "job-1", 20)
        now = money.month()
        assert [row[1] for row in seen(compare(team=team, invoice=invoice("x,1"), provider="fal",
                month=now))] == ["x", "job-1"]  # fmt: skip
        found = compare(team=team, invoice=invoice("x,1,2020-02-03"), provider="fal")
        assert [row[1] for row in seen(found)] == ["x"]
        assert found.is_scoped
        nobody = compare(team=team, invoice=invoice("x,1"))
        assert (nobody.is_scoped, nobody.provider, nobody.month) == (False, "", None)

    def test_another_teams_calls_are_neither_matched_nor_shown(
        self, funded: AdSet, mara: User, team: Team, otto: User
    ) -> None:
        theirs = otto.memberships.order_by("pk")[0].team
        settled(funded, mara, "job-1", 20)
        other = compare(team=theirs, invoice=invoice("job-1,0.15"), provider="fal",
                        month=money.month())  # fmt: skip
        assert seen(other) == [("theirs", "job-1", 15, None)]
        assert other.rows[0].call is None
        assert providers(team=theirs) == []

    @pytest.mark.parametrize("count", [1, 3, 40])
    def test_asks_two_queries_however_many_rows(
        self, funded: AdSet, mara: User, team: Team, count: int
    ) -> None:
        settled(funded, mara, "job-0", 1)
        if count > 1:
            settled(funded, mara, "job-1", 1)
        lines = [f"job-{number},0.02" for number in range(count)]
        with CaptureQueriesContext(connection) as queries:
            compare(team=team, invoice=invoice(*lines))
        assert len(queries) == 2


class TestBook:
    def test_books_a_correction_for_each_difference_and_nothing_else(
        self, funded: AdSet, mara: User, dana: User, team: Team
    ) -> None:
        settled(funded, mara, "dear", 20)
        settled(funded, mara, "cheap", 20)
        settled(funded, mara, "same", 10)
        settled(funded, mara, "ours", 7)
        held(funded, mara, "open")
        bill = invoice("dear,0.25", "cheap,0.19", "same,0.10", "open,0.30", "theirs,4")
        found = compare(team=team, invoice=bill)
        done = invoices.book(team=team, comparison=found, name="fal.csv", by=dana)
        assert done == invoices.Booked(count=2, micros=4 * CENT)
        assert booked() == [
            (5, "Invoice of fal, fal.csv, request dear"),
            (-1, "Invoice of fal, fal.csv, request cheap"),
        ]
        assert money.sums(funded.campaign) == (50 * CENT, 61 * CENT)
        assert Event.objects.filter(verb="budget.correct", by=dana).count() == 2
        money.check(team)
        again = compare(team=team, invoice=bill)
        assert not again.differing
        assert [row.state for row in again.rows if row.request_id in {"dear", "cheap"}] == [
            State.SAME, State.SAME,
        ]  # fmt: skip

    def test_the_same_again_changes_nothing_and_says_so(
        self, funded: AdSet, mara: User, dana: User, team: Team
    ) -> None:
        settled(funded, mara, "dear", 20)
        found = compare(team=team, invoice=invoice("dear,0.25"))
        invoices.book(team=team, comparison=found, name="fal.csv", by=dana)
        again = invoices.book(team=team, comparison=found, name="fal.csv", by=dana)
        assert again == invoices.Booked(equal_count=1)
        assert len(booked()) == 1

    def test_what_was_changed_since_is_not_booked_again_from_the_same_file(
        self, funded: AdSet, mara: User, dana: User, team: Team
    ) -> None:
        attempt = settled(funded, mara, "dear", 20)
        found = compare(team=team, invoice=invoice("dear,0.25"))
        invoices.book(team=team, comparison=found, name="fal.csv", by=dana)
        spending.correct(attempt=attempt, amount_micros=-CENT, note="refund", token="t", by=dana)
        again = invoices.book(
            team=team, comparison=compare(team=team, invoice=found.invoice), name="x", by=dana
        )
        assert again == invoices.Booked(earlier_count=1)
        newer = compare(team=team, invoice=invoice("dear,0.26"))
        assert invoices.book(team=team, comparison=newer, name="x", by=dana).micros == 2 * CENT
        money.check(team)

    def test_the_difference_is_the_one_at_the_moment_of_booking(
        self, funded: AdSet, mara: User, dana: User, team: Team
    ) -> None:
        attempt = settled(funded, mara, "dear", 20)
        found = compare(team=team, invoice=invoice("dear,0.25"))
        spending.correct(attempt=attempt, amount_micros=CENT, note="by hand", token="t", by=dana)
        done = invoices.book(team=team, comparison=found, name="fal.csv", by=dana)
        assert done.micros == 4 * CENT
        attempt.refresh_from_db()
        assert attempt.settled_micros == 25 * CENT

    def test_what_a_line_has_no_room_for_stands_as_overrun(
        self, ad_set: AdSet, mara: User, dana: User, team: Team
    ) -> None:
        factories.fund(ad_set.campaign, low=60 * CENT)
        settled(ad_set, mara, "dear", 50)
        found = compare(team=team, invoice=invoice("dear,0.90"))
        invoices.book(team=team, comparison=found, name="fal.csv", by=dana)
        line = money.line(ad_set.campaign)
        assert (line.settled_micros, line.overrun_micros) == (50 * CENT, 40 * CENT)
        money.check(team)

    def test_a_row_that_spending_refuses_does_not_stop_the_others(
        self, funded: AdSet, mara: User, dana: User, team: Team
    ) -> None:
        settled(funded, mara, "dear", 20)
        never = money.hold_nothing(funded, by=mara, maximum=1)
        found = compare(team=team, invoice=invoice("dear,0.25"))
        call = found.rows[0].call
        assert call is not None
        moved = Row(State.DIFFERS, ("gone",), CENT, 0, _as(call, never.pk))
        odd = Comparison(found.invoice, "fal", found.month, (moved, *found.rows))
        done = invoices.book(team=team, comparison=odd, name="fal.csv", by=dana)
        assert (done.count, done.refused) == (
            1, (("gone", "This work is not settled yet; correct it once it is."),),
        )  # fmt: skip
        money.check(team)

    def test_books_so_many_a_call_the_largest_first(
        self, funded: AdSet, mara: User, dana: User, team: Team, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(invoices, "MOST_AT_ONCE", 2)
        for number in range(3):
            settled(funded, mara, f"job-{number}", 10)
        bill = invoice("job-0,0.11", "job-1,0.05", "job-2,0.13")
        first = invoices.book(
            team=team, comparison=compare(team=team, invoice=bill), name="x", by=dana
        )
        assert (first.count, first.micros, first.left_count) == (2, -2 * CENT, 1)
        second = invoices.book(
            team=team, comparison=compare(team=team, invoice=bill), name="x", by=dana
        )
        assert (second.count, second.micros, second.left_count) == (1, CENT, 0)

    def test_a_long_name_and_a_long_number_fit_into_the_ledger(
        self, funded: AdSet, mara: User, dana: User, team: Team
    ) -> None:
        number = "r" * 200
        attempt = settled(funded, mara, number, 20)
        Attempt.objects.filter(pk=attempt.pk).update(key="k" * 64)
        found = compare(team=team, invoice=invoice(f"{number},0.25"))
        done = invoices.book(team=team, comparison=found, name="n" * 300, by=dana)
        assert done.count == 1
        entry = LedgerEntry.objects.get(kind="correct")
        assert len(entry.key) <= 120
        assert len(entry.note) == 200
        spending.correct(attempt=attempt, amount_micros=-CENT, note="refund", token="t", by=dana)
        again = compare(team=team, invoice=found.invoice)
        assert invoices.book(team=team, comparison=again, name="n", by=dana).earlier_count == 1

    def test_is_for_managers_of_this_team(
        self, funded: AdSet, mara: User, otto: User, team: Team
    ) -> None:
        settled(funded, mara, "dear", 20)
        found = compare(team=team, invoice=invoice("dear,0.25"))
        for person in (mara, otto):
            with pytest.raises(NotAllowed):
                invoices.book(team=team, comparison=found, name="x", by=person)
        assert booked() == []

    def test_a_row_of_another_team_is_never_booked(
        self, funded: AdSet, mara: User, dana: User, team: Team
    ) -> None:
        settled(funded, mara, "dear", 20)
        found = compare(team=team, invoice=invoice("dear,0.25"))
        other = factories.team("Fabrikam", founder=dana)
        with pytest.raises(Attempt.DoesNotExist):
            invoices.book(team=other, comparison=found, name="x", by=dana)
        assert booked() == []


def _as(call: Any, attempt_id: int) -> Any:
    values = {name: getattr(call, name) for name in call.__slots__}
    return type(call)(**{**values, "attempt_id": attempt_id})


@pytest.mark.django_db(transaction=True)
class TestTwoManagersAtOnce:
    def test_book_each_difference_once(
        self, funded: AdSet, mara: User, dana: User, team: Team
    ) -> None:
        eve = factories.member(team, "Eve", "manager")
        for number in range(6):
            settled(funded, mara, f"job-{number}", 10)
        bill = invoice(*(f"job-{number},0.1{number}" for number in range(6)))
        found = compare(team=team, invoice=bill)
        done = at_once(
            lambda: invoices.book(team=team, comparison=found, name="a", by=dana),
            lambda: invoices.book(team=team, comparison=found, name="a", by=eve),
        )
        assert all(isinstance(one, invoices.Booked) for one in done), done
        assert sum(one.count for one in done) == 5  # type: ignore[attr-defined]
        assert sum(one.equal_count for one in done) == 5  # type: ignore[attr-defined]
        assert sum(cents for cents, _ in booked()) == 15
        assert len(booked()) == 5
        money.check(team)
