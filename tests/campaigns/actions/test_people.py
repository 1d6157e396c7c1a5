"""People: invitations and links work once, and a team never loses its last admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from campaigns.actions import people
from campaigns.models import Invitation, Membership, SignInLink, Team
from campaigns.models.choices import Role
from campaigns.permissions import NotAllowed
from campaigns.queries import access
from campaigns.transitions import NotNow
from tests import factories
from tests.campaigns.at_once import at_once


def token_of(path: str) -> str:
    return path.strip("/").rsplit("/", 1)[-1]


def invited(team: Team, by: User, email: str = "New@Example.com") -> str:
    return token_of(people.invite(team=team, email=email, roles=["curator", "king"], by=by)[1])


class TestTeams:
    def test_get_an_address_of_their_own(self, team: Team, mara: User) -> None:
        again = people.create_team(name=team.name, by=mara)
        assert again.slug == f"{team.slug}-2"
        assert people.create_team(name="☕", by=mara).slug == "team"
        assert access.roles(mara, again) == set(Role.values)


class TestInvitations:
    def test_store_no_token_and_only_known_roles(self, team: Team, ada: User) -> None:
        token = invited(team, ada)
        row = Invitation.objects.get()
        assert token not in repr(row.__dict__)
        assert (row.email, row.roles) == ("new@example.com", ["curator"])

    def test_are_for_admins_to_send(self, team: Team, mara: User, otto: User) -> None:
        for person in (mara, otto):
            with pytest.raises(NotAllowed):
                people.invite(team=team, email="a@example.com", roles=[], by=person)

    def test_make_an_account_once(self, team: Team, ada: User) -> None:
        token = invited(team, ada)
        user = people.accept(token=token, name="New", password=factories.PASSWORD)
        assert access.roles(user, team) == {"curator"}
        with pytest.raises(NotNow, match="used already"):
            people.accept(token=token, name="Again", password=factories.PASSWORD)

    def test_expire(self, team: Team, ada: User) -> None:
        token = invited(team, ada)
        Invitation.objects.update(expires_at=timezone.now())
        with pytest.raises(NotNow):
            people.accept(token=token, name="Late", password=factories.PASSWORD)

    def test_never_take_over_an_account(self, team: Team, ada: User, otto: User) -> None:
        token = invited(team, ada, otto.username)
        with pytest.raises(NotNow, match="account already"):
            people.accept(token=token, name="X", password="another password")
        assert User.objects.get(pk=otto.pk).check_password(factories.PASSWORD)
        assert people.join(token=token, user=otto) == team
        with pytest.raises(NotNow):
            people.join(token=token, user=otto)

    def test_are_for_the_invited_address_only(self, team: Team, ada: User, otto: User) -> None:
        token = invited(team, ada)
        with pytest.raises(NotNow, match=r"for new@example\.com"):
            people.join(token=token, user=otto)
        assert access.roles(otto, team) == frozenset()


class TestRoles:
    def test_are_exactly_what_was_wanted(self, team: Team, ada: User, mara: User) -> None:
        people.set_roles(team=team, user=mara, roles=["buyer", "curator"], by=ada)
        assert access.roles(mara, team) == {"buyer", "curator"}
        people.set_roles(team=team, user=mara, roles=[], by=ada)
        assert access.roles(mara, team) == frozenset()

    def test_bring_nobody_in_from_outside(self, team: Team, ada: User, otto: User) -> None:
        with pytest.raises(NotNow, match="not in the team"):
            people.set_roles(team=team, user=otto, roles=["admin"], by=ada)
        assert access.roles(otto, team) == frozenset()

    def test_are_changed_by_admins_only(self, team: Team, mara: User, otto: User) -> None:
        for person in (mara, otto):
            with pytest.raises(NotAllowed):
                people.set_roles(team=team, user=mara, roles=["admin"], by=person)

    def test_leave_one_admin(self, team: Team, ada: User) -> None:
        Membership.objects.filter(team=team).exclude(user=ada).delete()
        with pytest.raises(NotNow, match="needs an admin"):
            people.set_roles(team=team, user=ada, roles=["marketer"], by=ada)
        assert access.roles(ada, team) == {"admin"}


class TestSignInLinks:
    def test_work_once_and_for_a_day(self, mara: User) -> None:
        token = token_of(people.sign_in_path(user=mara))
        assert token not in repr(SignInLink.objects.get().__dict__)
        assert people.use_sign_in_link(token=token) == mara
        with pytest.raises(NotNow):
            people.use_sign_in_link(token=token)
        late = token_of(people.sign_in_path(user=mara))
        SignInLink.objects.update(expires_at=timezone.now())
        with pytest.raises(NotNow):
            people.use_sign_in_link(token=late)

    def test_of_a_closed_account_do_nothing(self, mara: User) -> None:
        token = token_of(people.sign_in_path(user=mara))
        User.objects.filter(pk=mara.pk).update(is_active=False)
        with pytest.raises(NotNow):
            people.use_sign_in_link(token=token)

    def test_of_the_first_admin_come_until_somebody_signed_in(self, db: None) -> None:
        admin, first = people.ensure_first_admin()
        again, second = people.ensure_first_admin()
        assert admin == again
        assert None not in {first, second}
        assert len(access.teams(admin)) == 1
        User.objects.update(last_login=timezone.now())
        assert people.ensure_first_admin() == (admin, None)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_admins_cannot_remove_each_other(self, team: Team, ada: User) -> None:
        eve = factories.member(team, "Eve", Role.ADMIN)
        Membership.objects.filter(team=team).exclude(user__in=[ada, eve]).delete()
        results = at_once(
            lambda: people.set_roles(team=team, user=eve, roles=["buyer"], by=ada),
            lambda: people.set_roles(team=team, user=ada, roles=["buyer"], by=eve),
        )
        assert results.count(None) == 1, results
        assert Membership.objects.filter(team=team, role=Role.ADMIN).count() == 1

    def test_an_invitation_makes_one_account(self, team: Team, ada: User) -> None:
        token = invited(team, ada)

        def accept() -> User:
            return people.accept(token=token, name="New", password=factories.PASSWORD)

        results = at_once(*[accept] * 4)
        assert sum(isinstance(result, User) for result in results) == 1, results
        assert sum(isinstance(result, NotNow) for result in results) == 3, results
        assert User.objects.filter(username="new@example.com").count() == 1

    def test_a_link_signs_in_once(self, mara: User) -> None:
        token = token_of(people.sign_in_path(user=mara))
        results = at_once(*[lambda: people.use_sign_in_link(token=token)] * 4)
        assert results.count(mara) == 1, results
