"""approvals screens."""

from django.http import Http404


def approvals(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def decide(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
