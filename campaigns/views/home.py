"""home screens."""

from django.http import Http404


def team_home(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def search(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def home(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
