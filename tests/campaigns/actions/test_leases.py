"""One worker at a time; a worker whose lease is gone stops before it writes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from campaigns.actions import leases, reconcile
from campaigns.models import AdSet, Attempt
from tests import factories
from tests.campaigns.at_once import at_once


@pytest.fixture
def attempt(ad_set: AdSet, mara: User) -> Attempt:
    return factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()


def claim(attempt: Attempt) -> str | None:
    return leases.claim(Attempt.objects.filter(pk=attempt.pk, state="intended"))


class TestClaim:
    def test_goes_to_one_until_it_runs_out(self, attempt: Attempt) -> None:
        first = claim(attempt)
        assert first is not None
        assert claim(attempt) is None
        Attempt.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        second = claim(attempt)
        assert second not in {None, first}
        attempt.refresh_from_db()
        assert (attempt.tries, attempt.lease_key) == (2, second)

    def test_is_refused_in_another_state(self, attempt: Attempt) -> None:
        Attempt.objects.update(state="failed")
        assert claim(attempt) is None
        attempt.refresh_from_db()
        assert attempt.tries == 0


class TestTakeBack:
    def hold(self, attempt: Attempt, key: str) -> None:
        until = timezone.now() + leases.LEASE
        Attempt.objects.filter(pk=attempt.pk).update(lease_until=until, lease_key=key)

    def dead(self) -> int:
        """The number of a process that has ended."""
        process = subprocess.Popen([sys.executable, "-c", ""])
        process.wait()
        return process.pid

    def test_ends_what_a_dead_process_of_this_machine_held(self, attempt: Attempt) -> None:
        self.hold(attempt, leases.new_key(self.dead()))
        assert claim(attempt) is None
        assert leases.take_back(Attempt.objects.all(), now=timezone.now()) == 1
        assert claim(attempt) is not None

    def test_leaves_the_living_and_other_machines_alone(self, attempt: Attempt) -> None:
        for key in (leases.new_key(os.getpid()), "f" * 10 + leases.new_key(self.dead())[10:], ""):
            self.hold(attempt, key)
            assert leases.take_back(Attempt.objects.all(), now=timezone.now()) == 0
            assert claim(attempt) is None

    def test_lets_the_scheduler_take_up_what_was_being_sent(self, attempt: Attempt) -> None:
        self.hold(attempt, leases.new_key(self.dead()))
        Attempt.objects.update(state="submitting", provider="fal")
        reconcile.tick(timezone.now())
        attempt.refresh_from_db()
        assert (attempt.state, attempt.lease_until) == ("unknown", None)


class TestKeeper:
    def test_raises_once_another_took_over(self, attempt: Attempt) -> None:
        key = claim(attempt)
        assert key is not None
        with leases.Keeper(Attempt, attempt.pk, key) as keeper:
            keeper.check()
            keeper.renew()
            Attempt.objects.update(lease_key="another's")
            keeper.check_noticed()  # nobody has looked yet
            with pytest.raises(leases.LeaseLost):
                keeper.check()
            with pytest.raises(leases.LeaseLost):
                keeper.renew()
            with pytest.raises(leases.LeaseLost):
                keeper.check_noticed()
            assert keeper.rows().update(progress=1) == 0


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_claims_give_one_key(self, attempt: Attempt) -> None:
        keys = at_once(*[lambda: claim(attempt)] * 8)
        assert sum(key is not None for key in keys) == 1, keys
        attempt.refresh_from_db()
        assert attempt.tries == 1


@pytest.mark.django_db(transaction=True)
class TestThread:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(leases, "RENEW_EVERY_S", 0.02)

    def reached(self, done: object, what: str) -> None:
        until = time.monotonic() + 20
        while not done():  # type: ignore[operator]
            assert time.monotonic() < until, what
            time.sleep(0.01)

    def test_renews_while_the_block_runs_and_ends_with_it(self, attempt: Attempt) -> None:
        key = claim(attempt)
        assert key is not None
        short = timezone.now() + timedelta(seconds=1)
        Attempt.objects.update(lease_until=short)
        before = set(threading.enumerate())
        with leases.Keeper(Attempt, attempt.pk, key):
            self.reached(
                lambda: Attempt.objects.get(pk=attempt.pk).lease_until > short, "no renewal"
            )
        assert set(threading.enumerate()) == before

    def test_notices_a_loss_by_itself(self, attempt: Attempt) -> None:
        key = claim(attempt)
        assert key is not None
        with leases.Keeper(Attempt, attempt.pk, key) as keeper:
            Attempt.objects.update(lease_key="another's")

            def lost() -> bool:
                try:
                    keeper.check_noticed()
                except leases.LeaseLost:
                    return True
                return False

            self.reached(lost, "the loss was not noticed")
        attempt.refresh_from_db()
        assert attempt.lease_key == "another's"

    def test_leaves_no_connection_open(self, attempt: Attempt) -> None:
        if connection.vendor != "postgresql":
            pytest.skip("counted where the server counts them")
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"

        def open_ones() -> int:
            with connection.cursor() as cursor:
                cursor.execute(count)
                return int(cursor.fetchone()[0])

        before = open_ones()
        for _ in range(3):
            key = leases.claim(Attempt.objects.filter(pk=attempt.pk))
            assert key is not None
            with leases.Keeper(Attempt, attempt.pk, key):
                self.reached(lambda: open_ones() > before, "no connection of the thread")
            Attempt.objects.update(lease_until=None)
        self.reached(lambda: open_ones() == before, "a connection stayed open")
