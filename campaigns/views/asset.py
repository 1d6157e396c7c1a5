"""asset screens."""

from django.http import Http404


def asset(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def live(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def run(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def skip(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def archive(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def cancel(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
