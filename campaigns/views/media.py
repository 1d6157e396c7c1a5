"""media screens."""

from django.http import Http404


def upload(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def serve(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
