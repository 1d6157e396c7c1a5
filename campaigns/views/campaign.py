"""campaign screens."""

from django.http import Http404


def campaigns(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def new(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def campaign(request, *args, **kwargs):
    """Not built yet."""
    raise Http404


def add_ad_set(request, *args, **kwargs):
    """Not built yet."""
    raise Http404
