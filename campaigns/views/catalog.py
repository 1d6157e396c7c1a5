"""catalog screens."""

from django.http import Http404


def models(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def model(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
