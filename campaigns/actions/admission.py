"""Whether an attempt may be sent now: a place at the provider, and a provider that is not stopped.

What cannot be sent yet stays as it is and is due again soon. An account that is not accepted stops
the provider for everybody and is told to the people who can mend it.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from campaigns import throttle, wiring
from campaigns.actions import mails, runs, stored
from campaigns.models import Attempt, Team
from campaigns.models.choices import ATTEMPT_OPEN, Role
from routing.providers.base import (
    AccountProblem,
    Kind,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
)

log = logging.getLogger(__name__)

PATIENCE = timedelta(minutes=15)
NO_ROOM_S = 30.0


def enter(*, attempt: Attempt, key: str) -> bool:
    """Take a place at the provider. False when it must wait, or when it was ended here because
    the provider is stopped for long; `key` is the lease held."""
    if wiring.sends_again(attempt.provider):
        return True
    if not stored.has_room():
        # what cannot be kept is not bought
        log.error("attempt %s waits: %s", attempt.pk, stored.NO_ROOM)
        _later(attempt, key, NO_ROOM_S)
        return False
    stop = throttle.stopped([attempt.provider]).get(attempt.provider)
    if stop is not None:
        return _held_up(attempt, key, stop)
    if throttle.enter(
        provider=attempt.provider,
        team=attempt.run.team_id,
        attempt=attempt.pk,
        is_for_person=not attempt.run.asset.is_golden,
    ):
        return True
    _later(attempt, key, throttle.ASK_AGAIN_S)
    return False


def leave(*, attempt: Attempt) -> None:
    """Give the place back."""
    if not wiring.sends_again(attempt.provider):
        throttle.leave(provider=attempt.provider, team=attempt.run.team_id, attempt=attempt.pk)


def answered(*, attempt: Attempt) -> None:
    """The provider took the work, so it is well."""
    if not wiring.sends_again(attempt.provider):
        throttle.worked(provider=attempt.provider)


def ended(*, attempt: Attempt, error: ProviderError) -> None:
    """The call ended with an error: its place is free, and the provider may need a rest."""
    leave(attempt=attempt)
    if isinstance(error, AccountProblem):
        stop_account(attempt=attempt, error=error)
    elif isinstance(error, RateLimited):
        throttle.rest(provider=attempt.provider, seconds=error.retry_after_s)
    elif isinstance(error, OutcomeUnknown):
        throttle.failed(provider=attempt.provider)
    else:
        throttle.worked(provider=attempt.provider)


def stop_account(*, attempt: Attempt, error: ProviderError) -> None:
    """No more calls with this key; whoever can mend it is told, once."""
    text = f"refuses the account: {error.text}"
    if throttle.stop_account(provider=attempt.provider, text=text[:300]):
        log.error("%s is stopped: %s", attempt.provider, error.text)
        tell(provider=attempt.provider, team=attempt.run.team, text=error.text)


def tell(*, provider: str, team: Team, text: str) -> None:
    """A letter to admins and managers of every team whose work waits at the provider."""
    waiting = Attempt.objects.filter(provider=provider, state__in=ATTEMPT_OPEN)
    teams = Team.objects.filter(pk__in={team.pk, *waiting.values_list("run__team_id", flat=True)})
    for one in teams.order_by("pk"):
        people: dict[int, User] = {}
        for role in (Role.ADMIN, Role.MANAGER):
            for person in mails.with_role(team=one, role=role):
                people[person.pk] = person
        mails.write(
            team=one,
            key=f"account:{provider}:{timezone.now():%Y%m%d%H}",
            people=people.values(),
            subject=f"{provider} does not accept the account: nothing more is sent to it",
            body=(
                f"{text}\nNothing was billed for that call. Runs go on with the next model where "
                "the plan has one. Mend the key or the balance, then press “Works?” on this page:"
            ),
            path=reverse("keys", args=[one.slug]),
        )


def _held_up(attempt: Attempt, key: str, stop: throttle.Stop) -> bool:
    waited = timezone.now() - attempt.created_at
    left_s = stop.until - timezone.now().timestamp()
    if stop.is_account or waited + timedelta(seconds=left_s) > PATIENCE:
        runs.fail(
            attempt_id=attempt.pk,
            text=f"{attempt.provider} {stop.text}. No money was spent.",
            kind=Kind.ACCOUNT if stop.is_account else Kind.UNAVAILABLE,
        )
        return False
    _later(attempt, key, max(1.0, left_s))
    return False


def _later(attempt: Attempt, key: str, seconds: float) -> None:
    Attempt.objects.filter(pk=attempt.pk, lease_key=key).update(
        lease_until=None, due_at=timezone.now() + timedelta(seconds=seconds), tries=0
    )
