"""Hands providers what they need from the settings. The only place that knows both."""

from __future__ import annotations

from functools import lru_cache

from django.utils import timezone

from routing.policy import Circumstances
from routing.providers.base import Provider
from routing.providers.local import LocalEngine

LOCAL = "local"
HOSTED = frozenset({"fal", "google", "replicate", "comfyui"})


class NoSuchProvider(LookupError):
    """An attempt names a provider that this installation does not have."""


@lru_cache(maxsize=1)
def _providers() -> dict[str, Provider]:
    local: Provider = LocalEngine()
    return {local.key: local}


def provider(key: str) -> Provider:
    """The provider called `key`. Raises NoSuchProvider."""
    try:
        return _providers()[key]
    except KeyError as error:
        raise NoSuchProvider(f"The provider {key} is not connected here.") from error


def circumstances() -> Circumstances:
    """Which providers can be called now, and what day it is (UTC) for models that retire."""
    return Circumstances(
        connected=frozenset(_providers()), keyless=frozenset(), today=timezone.now().date()
    )


def sends_again(key: str) -> bool:
    """True when sending the same attempt twice costs nothing and gives the same result."""
    return key == LOCAL


def fetch_job(key: str) -> str:
    """The job that brings this provider's outputs in."""
    return "fetch_media" if provider(key).fetch_queue == "media" else "fetch"
