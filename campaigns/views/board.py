"""board screens."""

from django.http import Http404


def board(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def live(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def column(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def move(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
