"""people screens."""

from django.http import Http404


def people(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def invite(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def roles(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
