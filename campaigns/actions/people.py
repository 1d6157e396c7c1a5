"""People: teams, roles, invitations and one-time sign-in links.

Tokens are stored only as hashes; the plain token is shown once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from campaigns import permissions
from campaigns.actions import events
from campaigns.models import Invitation, Membership, SignInLink, Team
from campaigns.models.choices import Role
from campaigns.queries import access
from campaigns.transitions import NotNow

INVITED_FOR = timedelta(days=7)
LINK_FOR = timedelta(hours=24)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def found_team(*, name: str, by: User) -> Team:
    """A new team, made by the installation's admin: its founder could approve any spend with the
    keys that all teams share. Raises NotAllowed."""
    if not by.is_staff:
        raise permissions.NotAllowed(
            "Teams share this installation's keys, so only its admin makes new ones. "
            "Ask for a team or an invitation. Nothing was changed."
        )
    return create_team(name=name, by=by)


def create_team(*, name: str, by: User) -> Team:
    """A team whose founder holds every role."""
    base = slugify(name)[:50] or "team"
    with transaction.atomic():
        slug, number = base, 2
        while Team.objects.filter(slug=slug).exists():
            slug = f"{base}-{number}"
            number += 1
        team = Team.objects.create(name=name, slug=slug, brand_colors=["#3b4cca", "#f4efe6"])
        for role in Role.values:
            Membership.objects.create(team=team, user=by, role=role)
        events.record(team=team, verb="team.create", subject="team", subject_id=team.pk, by=by)
    return team


def ensure_first_admin() -> tuple[User, str | None]:
    """The first admin; with a one-time sign-in path when there was none before.

    Before anybody has signed in a fresh link is made at every start, so that losing it is no
    problem.
    """
    admin = User.objects.filter(is_superuser=True).order_by("pk").first()
    if admin is None:
        admin = User.objects.create_superuser("admin@localhost", "admin@localhost", None)
        admin.set_unusable_password()
        admin.save(update_fields=["password"])
    if not access.teams(admin):
        create_team(name="My team", by=admin)
    if admin.last_login is None:
        return admin, sign_in_path(user=admin)
    return admin, None


def sign_in_path(*, user: User) -> str:
    """A new path that signs `user` in, once, for a day."""
    token = secrets.token_urlsafe(32)
    SignInLink.objects.create(
        user=user, token_hash=_hash(token), expires_at=timezone.now() + LINK_FOR
    )
    return f"/sign-in/once/{token}/"


def use_sign_in_link(*, token: str) -> User:
    """The person a link stands for; the link is used up. Raises NotNow."""
    link = SignInLink.objects.select_related("user").filter(token_hash=_hash(token)).first()
    if link is None or not link.user.is_active:
        raise NotNow("This sign-in link is not known. Start Switchyard again for a new one.")
    used = SignInLink.objects.filter(
        pk=link.pk, used_at__isnull=True, expires_at__gt=timezone.now()
    ).update(used_at=timezone.now())
    if used != 1:
        raise NotNow(
            "This sign-in link was used already or has expired. Sign in with your password, "
            "or ask an admin for a new link."
        )
    return link.user


def invite(*, team: Team, email: str, roles: Sequence[str], by: User) -> tuple[Invitation, str]:
    """Invite an address into the team. Returns the row and the path to send. Raises NotAllowed."""
    permissions.check_can_manage_people(access.roles(by, team))
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        invitation = Invitation.objects.create(
            team=team,
            email=email.lower(),
            roles=sorted(set(roles) & set(Role.values)),
            token_hash=_hash(token),
            invited_by=by,
            expires_at=timezone.now() + INVITED_FOR,
        )
        events.record(
            team=team,
            verb="people.invite",
            subject="invitation",
            subject_id=invitation.pk,
            by=by,
            after={"email": invitation.email, "roles": invitation.roles},
        )
    return invitation, f"/invitation/{token}/"


def find_invitation(*, token: str) -> Invitation:
    """The open invitation of a token. Raises NotNow."""
    found = Invitation.objects.select_related("team").filter(token_hash=_hash(token)).first()
    if found is None or found.accepted_at is not None or found.expires_at <= timezone.now():
        raise NotNow("This invitation was used already or has expired. Ask for a new one.")
    return found


def accept(*, token: str, name: str, password: str) -> User:
    """Join a team. A new address gets an account; a known one keeps its password.

    Raises NotNow for a used or expired invitation, and when the address has an account already
    (that person must be signed in: `join`).
    """
    invitation = find_invitation(token=token)
    with transaction.atomic():
        Invitation.objects.select_for_update().get(pk=invitation.pk)  # the link clicked twice
        if User.objects.filter(username=invitation.email).exists():
            raise NotNow("You have an account already. Sign in, then open the link again.")
        user = User.objects.create_user(invitation.email, invitation.email, password)
        user.first_name = name[:150]
        user.save(update_fields=["first_name"])
        _join(invitation, user)
    return user


def join(*, token: str, user: User) -> Team:
    """Add a signed-in person to the team that invited their address. Raises NotNow."""
    invitation = find_invitation(token=token)
    if invitation.email != user.username.lower():
        raise NotNow(f"This invitation is for {invitation.email}. Sign in with that address.")
    with transaction.atomic():
        _join(invitation, user)
    return invitation.team


def _join(invitation: Invitation, user: User) -> None:
    taken = Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True).update(
        accepted_at=timezone.now()
    )
    if taken != 1:
        raise NotNow("This invitation was used already.")
    for role in invitation.roles:
        Membership.objects.get_or_create(team=invitation.team, user=user, role=role)
    events.record(
        team=invitation.team,
        verb="people.join",
        subject="user",
        subject_id=user.pk,
        by=user,
        after={"roles": invitation.roles},
    )


def set_roles(*, team: Team, user: User, roles: Collection[str], by: User) -> None:
    """Give a member exactly these roles; none takes them out of the team.

    Raises NotAllowed, and NotNow when the team would lose its last admin.
    """
    permissions.check_can_manage_people(access.roles(by, team))
    wanted = set(roles) & set(Role.values)
    with transaction.atomic():
        Team.objects.select_for_update().get(pk=team.pk)  # two admins must not remove each other
        before = sorted(access.roles(user, team))
        if not before:
            raise NotNow("This person is not in the team. Invite them first. Nothing was changed.")
        Membership.objects.filter(team=team, user=user).exclude(role__in=wanted).delete()
        for role in wanted:
            Membership.objects.get_or_create(team=team, user=user, role=role)
        if not Membership.objects.filter(team=team, role=Role.ADMIN, user__is_active=True).exists():
            raise NotNow("A team needs an admin. Make somebody else admin first.")
        events.record(
            team=team,
            verb="people.roles",
            subject="user",
            subject_id=user.pk,
            by=by,
            before={"roles": before},
            after={"roles": sorted(wanted)},
        )


def end_sessions(*, user: User) -> None:
    """Sign a person out everywhere."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
