"""sign_in screens."""

from django.contrib.auth.views import LoginView
from django.http import Http404


class SignIn(LoginView):
    """Sign in."""


def once(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def password(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def invitation(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
