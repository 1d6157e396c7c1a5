"""Signing in: password, one-time link, invitation, own password."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth import get_user_model, login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache

from campaigns.actions import people
from campaigns.forms.set_up import JoinForm
from campaigns.models import Invitation
from campaigns.transitions import NotNow

BACKEND = "django.contrib.auth.backends.ModelBackend"


class EmailForm(AuthenticationForm):
    """Sign-in by e-mail address, in any case."""

    def clean_username(self) -> str:
        """The address as it is stored."""
        written: str = self.cleaned_data["username"]
        return written.strip().lower()


class SignIn(LoginView):
    """E-mail and password; somebody signed in goes on."""

    authentication_form = EmailForm
    redirect_authenticated_user = True


@never_cache
def once(request: HttpRequest, token: str) -> HttpResponse:
    """A one-time link: a look shows a button, the button signs in (mail scanners only look)."""
    if request.method != "POST":
        return render(request, "registration/once.html")
    try:
        user = people.use_sign_in_link(token=token)
    except NotNow as error:
        return render(request, "registration/once.html", {"problem": error.text}, status=410)
    login(request, user, backend=BACKEND)
    return redirect("home" if user.has_usable_password() else "password_change")


@login_required
def password(request: HttpRequest) -> HttpResponse:
    """Set or change one's own password; other sessions of the account end."""
    user = cast(User, request.user)
    is_first = not user.has_usable_password()
    form_class = SetPasswordForm if is_first else PasswordChangeForm
    form = form_class(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        update_session_auth_hash(request, user)
        messages.info(request, "Your password is set. Other sessions are signed out.")
        return redirect("home")
    status = 422 if request.method == "POST" else 200
    return render(
        request,
        "registration/password_change_form.html",
        {"form": form, "is_first": is_first},
        status=status,
    )


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Join a team: with a new account, or with the one that is signed in."""
    try:
        found = people.find_invitation(token=token)
        if request.method != "POST":
            known = get_user_model().objects.filter(username=found.email).exists()
            return _join_page(request, found, JoinForm(), is_known=known)
        if request.user.is_authenticated:
            team = people.join(token=token, user=request.user)
            return redirect("board", team.slug)
        form = JoinForm(request.POST)
        if not form.is_valid():
            return _join_page(request, found, form, is_known=False)
        user = people.accept(token=token, **form.cleaned_data)
    except NotNow as error:
        page = {"problem": error.text}
        return render(request, "registration/invitation_invalid.html", page, status=410)
    login(request, user, backend=BACKEND)
    return redirect("board", found.team.slug)


def _join_page(
    request: HttpRequest, found: Invitation, form: JoinForm, *, is_known: bool
) -> HttpResponse:
    page = {"invitation": found, "team": found.team, "form": form, "is_known": is_known}
    status = 422 if form.is_bound else 200
    return render(request, "registration/invitation_accept.html", page, status=status)
