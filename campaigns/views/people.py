"""People of a team: roles, invitations, the audit trail."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from campaigns import permissions
from campaigns.actions import people as actions
from campaigns.forms.set_up import InviteForm, RolesForm
from campaigns.models.choices import Role
from campaigns.queries import history, set_up
from campaigns.views.base import TeamRequest, in_team

log = logging.getLogger(__name__)


@require_safe
@in_team
def people(request: TeamRequest) -> HttpResponse:
    """Who is in the team, who is invited, what happened."""
    return _page(request, InviteForm())


def _page(
    request: TeamRequest,
    form: InviteForm,
    link: str = "",
    status: int = 200,
    is_mailed: bool = False,
) -> HttpResponse:
    may = permissions.can_manage_people(request.roles)
    return render(
        request,
        "people/people.html",
        {
            "members": set_up.members(team=request.team),
            "invitations": set_up.invitations(team=request.team) if may else [],
            "events": history.of_team(team=request.team) if may else [],
            "form": form,
            "link": link,
            "is_mailed": is_mailed,
            "may_manage": may,
            "may_see_trail": permissions.can_see_trail(request.roles),
            "roles": Role.choices,
        },
        status=status,
    )


@require_POST
@in_team
def invite(request: TeamRequest) -> HttpResponse:
    """Invite an address: the link is mailed, and shown once to pass on by hand."""
    permissions.check_can_manage_people(request.roles)
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    invitation, path = actions.invite(
        team=request.team,
        email=form.cleaned_data["email"],
        roles=form.cleaned_data["roles"],
        by=request.user,
    )
    link = request.build_absolute_uri(path)
    is_mailed = _mail(request, invitation.email, link)
    if is_mailed:
        messages.info(request, f"{invitation.email} is invited.")
    else:
        messages.warning(
            request, f"{invitation.email} is invited, but no mail could be sent. Pass the link on."
        )
    return _page(request, InviteForm(), link=link, is_mailed=is_mailed)


def _mail(request: TeamRequest, to: str, link: str) -> bool:
    """Send the letter; False when the mail server does not take it."""
    try:
        send_mail(
            f"Join {request.team.name} on Switchyard",
            f"{request.user.get_full_name() or request.user.username} invites you to "
            f"{request.team.name}.\n\nOpen this link within seven days:\n{link}\n",
            settings.DEFAULT_FROM_EMAIL,
            [to],
        )
    except OSError as error:  # a refused connection or a time-out; SMTP's own errors are one too
        log.warning("an invitation could not be mailed: %s", error)
        return False
    return True


@require_POST
@in_team
def roles(request: TeamRequest, pk: int) -> HttpResponse:
    """Set a member's roles; none takes them out."""
    user = get_object_or_404(User.objects.filter(memberships__team=request.team).distinct(), pk=pk)
    form = RolesForm(request.POST)
    if form.is_valid():
        actions.set_roles(
            team=request.team, user=user, roles=form.cleaned_data["roles"], by=request.user
        )
        messages.info(request, f"Roles of {user.get_full_name() or user.username} are changed.")
    else:
        messages.error(request, "Choose roles from the list. Nothing was changed.")
    return redirect("people", request.team.slug)
