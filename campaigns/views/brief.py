"""brief screens."""

from django.http import Http404


def brief(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def plan(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
