"""review screens."""

from django.http import Http404


def queue(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def batch(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def live(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def judge(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def approve(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def reject(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def undo(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
