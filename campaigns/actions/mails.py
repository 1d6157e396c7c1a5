"""Letters: written with the news they tell, sent by a worker, tried again while the server is away.

A letter that left twice is a nuisance; one that never left hides that somebody is waited for.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db.models import Q
from django.utils import timezone

from campaigns import dispatch
from campaigns.actions import leases
from campaigns.models import Mail, Membership, Team

log = logging.getLogger(__name__)

AT_ONCE = 50
MOST_TRIES = 8


def write(
    *, team: Team, key: str, people: Iterable[User], subject: str, body: str, path: str
) -> None:
    """Put a letter to each of `people` in the outbox, in the caller's transaction.

    `path` is the page to open. The same key to the same address is written once. People without
    an address are left out: the page shows the news to them all the same.
    """
    link = settings.PUBLIC_URL.rstrip("/") + path
    now = timezone.now()
    for person in people:
        if not person.email:
            continue
        row, is_new = Mail.objects.get_or_create(
            key=f"{key}:{person.pk}",
            defaults={
                "team": team,
                "to": person.email,
                "subject": " ".join(subject.split())[:200],
                "body": f"{body}\n\n{link}\n",
                "due_at": now,
            },
        )
        if is_new:
            dispatch.on_commit("send_mail", row.pk, 0)


def with_role(*, team: Team, role: str) -> list[User]:
    """The active people of a team who hold a role, by name."""
    of = Membership.objects.filter(team=team, role=role).values("user")
    return list(User.objects.filter(pk__in=of, is_active=True).order_by("username"))


def send(*, mail_id: int) -> None:
    """Hand one letter to the mail server; later again when it does not take it."""
    open_rows = Mail.objects.filter(pk=mail_id, sent_at__isnull=True, given_up_at__isnull=True)
    key = leases.claim(open_rows)
    if key is None:
        return
    row = Mail.objects.get(pk=mail_id)
    mine = open_rows.filter(lease_key=key)
    if row.tries > MOST_TRIES:  # the worker died or failed on this one every time
        log.warning("letter %s is given up after %s tries", mail_id, MOST_TRIES)
        mine.update(given_up_at=timezone.now(), lease_until=None)
        return
    try:
        send_mail(row.subject, row.body, settings.DEFAULT_FROM_EMAIL, [row.to])
    except OSError as error:  # a refused connection or a time-out; SMTP's own errors are one too
        log.warning("letter %s could not be sent: %s", mail_id, error)
        now = timezone.now()
        mine.update(
            lease_until=None,
            error=str(error)[:1000],
            due_at=now + timedelta(minutes=2**row.tries),
            given_up_at=now if row.tries >= MOST_TRIES else None,
        )
        return
    mine.update(sent_at=timezone.now(), lease_until=None, error="")


def wake(*, now: datetime) -> int:
    """Wake a worker for letters that are due. Returns for how many."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    due = Mail.objects.filter(free, sent_at__isnull=True, given_up_at__isnull=True, due_at__lte=now)
    return sum(
        dispatch.now("send_mail", row.pk, row.tries) for row in due.order_by("due_at")[:AT_ONCE]
    )
