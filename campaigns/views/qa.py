"""qa screens."""

from django.http import Http404


def qa(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def live(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def pass_gate(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def crop(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
