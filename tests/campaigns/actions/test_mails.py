"""Letters: written once, sent once, tried again while the server is away, given up in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import transaction
from django.utils import timezone

from campaigns.actions import mails
from campaigns.models import Mail, Membership, Team
from campaigns.models.choices import Role
from tests import factories
from tests.campaigns import money


class Server(EmailBackend):
    """A mail server that fails as it is told, and else keeps what it is given."""

    fails: ClassVar[Exception | None] = None

    def send_messages(self, messages: Any) -> int:
        """Raise, or keep."""
        if Server.fails is not None:
            raise Server.fails
        return super().send_messages(messages)


@pytest.fixture(autouse=True)
def server(settings: Any) -> Iterator[type[Server]]:
    settings.EMAIL_BACKEND = f"{__name__}.Server"
    Server.fails = None
    yield Server
    Server.fails = None


@pytest.fixture
def clock() -> Iterator[money.Clock]:
    with money.stopped_clock() as stopped:
        yield stopped


def write(team: Team, *people: User, key: str = "news", subject: str = "News") -> None:
    mails.write(team=team, key=key, people=people, subject=subject, body="It is so.", path="/t/a/")


class TestWrite:
    def test_puts_one_letter_a_person_in_the_outbox(
        self, team: Team, dana: User, ada: User, settings: Any
    ) -> None:
        settings.PUBLIC_URL = "https://yard.example/"
        for _ in range(2):
            write(team, dana, ada)
        assert Mail.objects.count() == 2
        letter = Mail.objects.get(to=dana.email)
        assert letter.body == "It is so.\n\nhttps://yard.example/t/a/\n"
        assert mail.outbox == []

    def test_leaves_out_people_without_an_address(self, team: Team, dana: User) -> None:
        dana.email = ""
        write(team, dana)
        assert not Mail.objects.exists()

    def test_keeps_a_subject_on_one_line(self, team: Team, dana: User) -> None:
        write(team, dana, subject="News\r\nBcc: everybody@example.com " + 300 * "x")
        subject = Mail.objects.get().subject
        assert subject.startswith("News Bcc: everybody@example.com x")
        assert len(subject) == 200

    def test_goes_back_with_its_news(self, team: Team, dana: User) -> None:
        with transaction.atomic():
            write(team, dana)
            transaction.set_rollback(True)
        # the outer transaction of a test is what was rolled back to
        assert not Mail.objects.exists()

    def test_finds_the_active_people_of_a_role(self, team: Team, dana: User, ada: User) -> None:
        gone = factories.member(team, "Gone", Role.MANAGER)
        User.objects.filter(pk=gone.pk).update(is_active=False)
        Membership.objects.create(team=team, user=ada, role=Role.MANAGER)
        founder = team.memberships.exclude(user__in=[gone, dana, ada]).get(role="manager").user
        assert mails.with_role(team=team, role="manager") == [ada, dana, founder]


class TestSend:
    def test_sends_once(self, team: Team, dana: User) -> None:
        write(team, dana)
        letter = Mail.objects.get()
        for _ in range(2):
            mails.send(mail_id=letter.pk)
        (sent,) = mail.outbox
        assert (sent.to, sent.subject) == ([dana.email], "News")
        letter.refresh_from_db()
        assert letter.sent_at is not None
        assert mails.wake(now=timezone.now()) == 0

    def test_tries_again_when_the_server_is_back(
        self, team: Team, dana: User, server: type[Server], clock: money.Clock
    ) -> None:
        write(team, dana)
        letter = Mail.objects.get()
        server.fails = ConnectionRefusedError("nobody listens")
        mails.send(mail_id=letter.pk)
        letter.refresh_from_db()
        assert (letter.sent_at, letter.lease_until) == (None, None)
        assert letter.error == "nobody listens"
        assert (letter.due_at - clock.at).total_seconds() == 120
        server.fails = None
        clock.pass_by(minutes=2)
        mails.send(mail_id=letter.pk)
        letter.refresh_from_db()
        assert (len(mail.outbox), letter.error) == (1, "")

    def test_is_left_to_the_worker_that_has_it(
        self, team: Team, dana: User, clock: money.Clock
    ) -> None:
        write(team, dana)
        letter = Mail.objects.get()
        mails.leases.claim(Mail.objects.filter(pk=letter.pk))
        mails.send(mail_id=letter.pk)
        assert mail.outbox == []
        clock.pass_by(seconds=31)  # that worker died
        mails.send(mail_id=letter.pk)
        assert len(mail.outbox) == 1

    @pytest.mark.parametrize(
        "failure", [TimeoutError("slow"), ValueError("a letter nobody can send")]
    )
    def test_is_given_up_in_the_end(
        self,
        team: Team,
        dana: User,
        server: type[Server],
        clock: money.Clock,
        failure: Exception,
    ) -> None:
        write(team, dana)
        letter = Mail.objects.get()
        server.fails = failure
        rounds = 0
        while not Mail.objects.filter(given_up_at__isnull=False).exists():
            rounds += 1
            assert rounds < 20
            clock.pass_by(days=1)
            try:
                mails.send(mail_id=letter.pk)
            except ValueError:
                continue  # a surprise: the job fails aloud, the lease runs out
        assert rounds in {mails.MOST_TRIES, mails.MOST_TRIES + 1}
        server.fails = None
        mails.send(mail_id=letter.pk)
        assert mail.outbox == []
        assert mails.wake(now=clock.at) == 0
