"""Money: what is held, settled and given back, at the edges and when many want it at once."""

from __future__ import annotations

import secrets

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.actions import budgets, spending
from campaigns.models import AdSet, Attempt, BudgetLine, Event, LedgerEntry, Mail
from campaigns.models.ledger import AppendOnly
from tests import factories
from tests.campaigns.at_once import at_once

THREADS = 8


def attempt(ad_set: AdSet, by: User) -> Attempt:
    """An attempt of a run of type alone; it needs no photo."""
    asset = factories.asset(ad_set, by=by, title=secrets.token_hex(3))
    return Attempt.objects.select_related("run__asset").get(run__asset=asset)


def another(like: Attempt, number: int) -> Attempt:
    """One more attempt of the same run that holds nothing yet."""
    return Attempt.objects.create(
        run=like.run,
        number=number,
        provider=like.provider,
        model=like.model,
        model_version=like.model_version,
        key=secrets.token_urlsafe(32),
        due_at=timezone.now(),
    )


def line(ad_set: AdSet, approved: int = 0) -> BudgetLine:
    factories.fund(ad_set.campaign, low=approved)
    return factories.tier_line(ad_set.campaign)


def sums(row: BudgetLine) -> tuple[int, int]:
    row.refresh_from_db()
    return row.reserved_micros, row.settled_micros


class TestReserve:
    def test_holds_exactly_what_fits(self, ad_set: AdSet, mara: User) -> None:
        row, one = line(ad_set, 100), attempt(ad_set, mara)
        spending.reserve(attempt=another(one, 2), amount_micros=60, by=mara)
        with pytest.raises(spending.NotCovered, match=r"left on the low tier"):
            spending.reserve(attempt=another(one, 3), amount_micros=41, by=mara)
        spending.reserve(attempt=another(one, 4), amount_micros=40, by=mara)
        assert sums(row) == (100, 0)

    def test_is_refused_on_a_frozen_line_even_for_nothing(self, ad_set: AdSet, mara: User) -> None:
        row, one = line(ad_set, 100), attempt(ad_set, mara)
        BudgetLine.objects.filter(pk=row.pk).update(frozen_at=timezone.now())
        with pytest.raises(spending.NotCovered, match="frozen"):
            spending.reserve(attempt=another(one, 2), amount_micros=0, by=mara)

    def test_twice_for_one_attempt_is_refused_by_the_ledger(
        self, ad_set: AdSet, mara: User
    ) -> None:
        row, one = line(ad_set, 100), another(attempt(ad_set, mara), 2)
        spending.reserve(attempt=one, amount_micros=10, by=mara)
        with pytest.raises(IntegrityError), transaction.atomic():
            spending.reserve(attempt=one, amount_micros=10, by=mara)
        assert sums(row) == (10, 0)

    def test_many_small_sums_fill_a_line_to_the_last_micro(self, ad_set: AdSet, mara: User) -> None:
        row, one = line(ad_set, 125 * 40_000), attempt(ad_set, mara)
        for number in range(2, 127):
            spending.reserve(attempt=another(one, number), amount_micros=40_000, by=mara)
        assert sums(row) == (5_000_000, 0)
        with pytest.raises(spending.NotCovered):
            spending.reserve(attempt=another(one, 200), amount_micros=1, by=mara)


class TestARefusal:
    def test_of_what_was_read_touches_no_line(self, ad_set: AdSet, mara: User) -> None:
        row, one = line(ad_set, 100), attempt(ad_set, mara)
        with CaptureQueriesContext(connection) as queries, pytest.raises(spending.NotCovered):
            spending.reserve(attempt=another(one, 2), amount_micros=101, by=mara)
        said = [query["sql"] for query in queries.captured_queries]
        assert not [sql for sql in said if sql.startswith('UPDATE "campaigns_budgetline"')]
        assert sums(row) == (0, 0)

    @pytest.mark.parametrize("meanwhile", ["held", "frozen", "lowered"])
    def test_does_not_trust_what_was_read(self, ad_set: AdSet, mara: User, meanwhile: str) -> None:
        row, one = line(ad_set, 100), attempt(ad_set, mara)
        read = budgets.open_month(campaign=ad_set.campaign)
        chain = [line for line in read if line.tier in ("", "low")]
        match meanwhile:
            case "held":
                spending.reserve(attempt=another(one, 2), amount_micros=60, by=mara)
            case "frozen":
                BudgetLine.objects.filter(pk=row.pk).update(frozen_at=timezone.now())
            case "lowered":
                BudgetLine.objects.filter(pk=row.pk).update(approved_micros=40)
        before = list(BudgetLine.objects.order_by("pk").values())
        with pytest.raises(spending.NotCovered), transaction.atomic():
            spending._hold_all(chain, 41)
        assert list(BudgetLine.objects.order_by("pk").values()) == before


class TestClosing:
    @pytest.mark.parametrize(("billed", "left"), [(0, (0, 0)), (30, (0, 30)), (50, (0, 50))])
    def test_settles_once(
        self, ad_set: AdSet, mara: User, billed: int, left: tuple[int, int]
    ) -> None:
        row, one = line(ad_set, 100), another(attempt(ad_set, mara), 2)
        spending.reserve(attempt=one, amount_micros=50, by=mara)
        for _ in range(2):
            spending.settle(attempt=one, billed_micros=billed)
        spending.release(attempt=one)
        assert sums(row) == left
        assert one.entries.filter(kind="settle").count() == 1
        assert not one.entries.filter(kind="release").exists()

    def test_releases_once(self, ad_set: AdSet, mara: User) -> None:
        row, one = line(ad_set, 100), another(attempt(ad_set, mara), 2)
        spending.reserve(attempt=one, amount_micros=50, by=mara)
        for _ in range(2):
            spending.release(attempt=one)
        spending.settle(attempt=one, billed_micros=50)
        assert sums(row) == (0, 0)
        assert one.entries.filter(kind="release").count() == 1

    def test_takes_more_than_the_hold_when_the_line_has_room(
        self, ad_set: AdSet, mara: User
    ) -> None:
        row, one = line(ad_set, 100), another(attempt(ad_set, mara), 2)
        spending.reserve(attempt=one, amount_micros=50, by=mara)
        spending.settle(attempt=one, billed_micros=80)
        assert sums(row) == (0, 80)
        assert row.frozen_at is None
        event = Event.objects.get(verb="budget.above_hold", subject_id=row.pk)
        assert (event.before, event.after) == ({"held_micros": 50}, {"excess_micros": 30})

    def test_above_the_hold_is_written_to_the_managers(
        self, ad_set: AdSet, mara: User, dana: User
    ) -> None:
        _, one = line(ad_set, 100_000_000), another(attempt(ad_set, mara), 2)
        spending.reserve(attempt=one, amount_micros=50_000, by=mara)
        spending.settle(attempt=one, billed_micros=80_000)
        letter = Mail.objects.get(key__startswith=f"above-hold:{one.pk}", to=dana.email)
        assert "$0.03 more than was promised" in letter.subject

    def test_says_an_overrun_aloud_and_stops_the_line(self, ad_set: AdSet, mara: User) -> None:
        row, one = line(ad_set, 100), another(attempt(ad_set, mara), 2)
        spending.reserve(attempt=one, amount_micros=100, by=mara)
        spending.settle(attempt=one, billed_micros=130)
        assert sums(row) == (0, 100)
        assert row.frozen_at is not None
        one.refresh_from_db()
        assert one.settled_micros == 130
        amounts = dict(one.entries.values_list("kind", "amount_micros"))
        assert amounts == {"reserve": 100, "settle": 100, "correct": 30}
        assert Event.objects.filter(verb="budget.overrun", subject_id=row.pk).count() == 1


class TestLines:
    def test_ledger_rows_are_never_changed(self, ad_set: AdSet, mara: User) -> None:
        entry = attempt(ad_set, mara).entries.get()
        with pytest.raises(AppendOnly):
            entry.delete()
        for refused in (LedgerEntry.objects.all().delete, Event.objects.all().delete):
            with pytest.raises(AppendOnly):
                refused()
        with pytest.raises(AppendOnly):
            LedgerEntry.objects.update(amount_micros=1)
        event = Event.objects.order_by("pk")[0]
        for row in (entry, event):
            with pytest.raises(AppendOnly):
                row.save()


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_get_exactly_what_fits(self, ad_set: AdSet, mara: User) -> None:
        one = attempt(ad_set, mara)
        row = line(ad_set, 2 * 70)  # eight want 70: a third of them at most
        tries = [another(one, number) for number in range(2, 2 + THREADS)]

        def hold(which: Attempt) -> bool:
            with transaction.atomic():
                spending.reserve(attempt=which, amount_micros=70, by=mara)
            return True

        results = at_once(*(lambda which=which: hold(which) for which in tries))
        assert results.count(True) == 2
        refused = [result for result in results if result is not True]
        assert all(isinstance(result, spending.NotCovered) for result in refused), refused
        assert sums(row) == (140, 0)
        booked = LedgerEntry.objects.filter(line=row, kind="reserve", amount_micros=70)
        assert booked.aggregate(total=Sum("amount_micros"))["total"] == 140

    def test_close_one_hold_once(self, ad_set: AdSet, mara: User) -> None:
        one = another(attempt(ad_set, mara), 2)
        row = line(ad_set, 100)
        with transaction.atomic():
            spending.reserve(attempt=one, amount_micros=60, by=mara)
        results = at_once(
            *[lambda: spending.settle(attempt=one, billed_micros=60)] * 4,
            *[lambda: spending.release(attempt=one)] * 4,
        )
        assert results == [None] * 8
        reserved, settled = sums(row)
        assert reserved == 0
        assert settled in {0, 60}
        assert one.entries.filter(kind__in=["settle", "release"]).count() == 1
