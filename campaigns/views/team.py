"""team screens."""

from django.http import Http404


def settings(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def new(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
