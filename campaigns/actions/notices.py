"""Messages of providers: proven first, and then only a nudge to ask the provider itself.

Nothing is taken from a message but the id of the work. A message that is forged, stale, foreign
or of work we do not know changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from campaigns import dispatch, wiring
from campaigns.actions import searching
from campaigns.models import Attempt
from campaigns.models.choices import AttemptState
from routing.providers.base import BadNotice, ProviderError, Submission

log = logging.getLogger(__name__)


class NotProven(Exception):
    """The message does not count."""


def take(
    *, provider: str, attempt_key: str, headers: Mapping[str, str], body: bytes, now: float
) -> None:
    """Act on one message; again and again changes nothing. Raises NotProven."""
    attempt = Attempt.objects.filter(key=attempt_key, provider=provider).first()
    if attempt is None:
        raise NotProven("it is for no attempt of ours")
    try:
        notice = wiring.provider(provider).notice(headers, body, now)
    except (BadNotice, ProviderError, wiring.NoSuchProvider) as error:
        log.warning("a message for attempt %s does not count: %s", attempt.pk, error)
        raise NotProven(str(error)) from error
    if attempt.provider_ref and attempt.provider_ref != notice.ref:
        log.warning("a message for attempt %s is of other work", attempt.pk)
        raise NotProven("it is of other work")
    if attempt.state in (AttemptState.SUBMITTING, AttemptState.UNKNOWN):
        # the answer to the submission is late or lost, and here is its id, signed
        searching.accept(attempt_id=attempt.pk, submission=Submission(notice.ref))
    elif attempt.state == AttemptState.SUBMITTED:
        dispatch.now("poll", attempt.pk, attempt.tries)
