"""budget screens."""

from django.http import Http404


def budget(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def ledger(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def line(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
