"""exports screens."""

from django.http import Http404


def exports(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def live(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def new(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def download(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def retry(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
