"""Places at a provider, shares of teams, rests and stops, on a real Redis and without one."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis

from campaigns import throttle


def enter(
    attempt: int, team: int = 1, *, is_for_person: bool = True, provider: str = "fal"
) -> bool:
    return throttle.enter(
        provider=provider, team=team, attempt=attempt, is_for_person=is_for_person
    )


def leave(attempt: int, team: int = 1) -> None:
    throttle.leave(provider="fal", team=team, attempt=attempt)


class TestPlaces:
    def test_are_as_many_as_allowed_and_each_provider_has_its_own(
        self, queue: redis.Redis, settings: Any
    ) -> None:
        settings.CALLS_AT_ONCE = 2
        assert [enter(1), enter(2), enter(3)] == [True, True, False]
        assert enter(3, provider="replicate")
        assert enter(2), "who has a place has it still"
        for _ in range(2):
            leave(1)
        assert enter(3)
        assert not enter(4)

    def test_nobody_gave_back_are_free_after_a_while(
        self, queue: redis.Redis, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.CALLS_AT_ONCE = 1
        assert enter(1)
        now = time.time()
        monkeypatch.setattr("campaigns.throttle.time.time", lambda: now + throttle.PLACE_S + 1)
        assert enter(2)

    def test_are_shared_while_another_team_waits(self, queue: redis.Redis, settings: Any) -> None:
        settings.CALLS_AT_ONCE = 4
        assert all(enter(number) for number in range(4)), "nobody else waits"
        assert not enter(90, team=2)
        leave(0)
        assert not enter(5), "the first team has more than its half"
        assert enter(90, team=2)
        leave(1)
        assert enter(5), "now it has less, and nobody else waits"

    def test_are_for_people_before_checks(self, queue: redis.Redis, settings: Any) -> None:
        settings.CALLS_AT_ONCE = 1
        assert enter(1)
        assert not enter(2, is_for_person=False)
        assert not enter(3)
        leave(1)
        assert not enter(2, is_for_person=False)
        assert enter(3)
        leave(3)
        assert enter(2, is_for_person=False)

    def test_are_given_to_nobody_during_a_rest(self, queue: redis.Redis) -> None:
        throttle.rest(provider="fal", seconds=0.3)
        assert not enter(1)
        time.sleep(0.35)
        assert enter(1)


class TestStop:
    def test_comes_with_failures_in_a_row_and_ends_by_itself(self, queue: redis.Redis) -> None:
        said = [throttle.failed(provider="fal") for _ in range(throttle.FAILURES)]
        assert said == [False] * (throttle.FAILURES - 1) + [True]
        stop = throttle.stopped(["fal", "google"])["fal"]
        assert (stop.is_account, stop.text) == (False, "did not answer 5 times in a row")
        left = queue.pttl("switchyard:stop:fal")
        assert 0 < left <= throttle.FIRST_REST_S * 1000

    def test_is_longer_the_second_time(self, queue: redis.Redis) -> None:
        for _ in range(2):
            queue.delete("switchyard:stop:fal")
            for _ in range(throttle.FAILURES):
                throttle.failed(provider="fal")
        assert queue.pttl("switchyard:stop:fal") > throttle.FIRST_REST_S * 1000

    def test_does_not_come_when_answers_lie_between(self, queue: redis.Redis) -> None:
        for _ in range(3):
            for _ in range(throttle.FAILURES - 1):
                throttle.failed(provider="fal")
            throttle.worked(provider="fal")
        assert throttle.stopped(["fal"]) == {}

    def test_of_an_account_is_told_once_and_ends_with_a_key_that_works(
        self, queue: redis.Redis
    ) -> None:
        assert throttle.stop_account(provider="fal", text="refuses")
        assert not throttle.stop_account(provider="fal", text="refuses")
        assert throttle.stopped(["fal"])["fal"].is_account
        throttle.worked(provider="fal")
        assert throttle.stopped(["fal"]) == {}


def test_without_redis_everybody_may_and_nothing_is_stopped() -> None:
    assert enter(1)
    leave(1)
    throttle.rest(provider="fal", seconds=5)
    assert not throttle.failed(provider="fal")
    assert not throttle.stop_account(provider="fal", text="x")
    throttle.worked(provider="fal")
    assert throttle.stopped(["fal"]) == {}
