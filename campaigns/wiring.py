"""Hands providers what they need from the settings. The only place that knows both."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from campaigns import throttle
from campaigns.formats import specs
from imaging import credentials
from imaging.credentials import Identity
from routing.policy import Circumstances
from routing.providers import comfyui, fal, google, probing, replicate
from routing.providers.base import Provider
from routing.providers.local import LocalEngine
from routing.providers.transport import Transport

LOCAL = "local"


class NoSuchProvider(LookupError):
    """An attempt names a provider that this installation does not have."""


def _fal(given: dict[str, str]) -> Provider:
    bases = [given[name] for name in ("queue", "rest", "api", "cdn")]
    return fal.Fal(
        transport=Transport(bases=bases, media_hosts=fal.MEDIA_HOSTS, secrets=[given["secret"]]),
        secret=given["secret"],
        queue=given["queue"],
        rest=given["rest"],
        api=given["api"],
        account=given["account"],
    )


def _replicate(given: dict[str, str]) -> Provider:
    return replicate.Replicate(
        transport=Transport(
            bases=[given["api"]], media_hosts=replicate.MEDIA_HOSTS, secrets=[given["secret"]]
        ),
        secret=given["secret"],
        api=given["api"],
    )


def _google(given: dict[str, str]) -> Provider:
    return google.Google(
        transport=Transport(bases=[given["api"]], secrets=[given["secret"]]),
        secret=given["secret"],
        api=given["api"],
    )


def _comfyui(given: dict[str, str]) -> Provider:
    name, _, value = given["header"].partition(":")
    return comfyui.ComfyUI(
        transport=Transport(bases=[given["api"]], secrets=[value.strip()]),
        api=given["api"],
        headers={name.strip(): value.strip()} if name else None,
    )


def _fal_prober(given: dict[str, str]) -> probing.Prober:
    bases = [given["schemas"], given["api"]]
    return probing.Fal(
        transport=Transport(bases=bases, secrets=[given["secret"]]),
        secret=given["secret"],
        api=given["api"],
        documents=given["schemas"],
    )


def _replicate_prober(given: dict[str, str]) -> probing.Prober:
    transport = Transport(bases=[given["api"]], secrets=[given["secret"]])
    return probing.Replicate(transport=transport, secret=given["secret"], api=given["api"])


def _google_prober(given: dict[str, str]) -> probing.Prober:
    transport = Transport(bases=[given["api"]], secrets=[given["secret"]])
    return probing.Google(transport=transport, secret=given["secret"], api=given["api"])


def _comfyui_prober(given: dict[str, str]) -> probing.Prober:
    name, _, value = given["header"].partition(":")
    return probing.ComfyUI(
        transport=Transport(bases=[given["api"]], secrets=[value.strip()]),
        api=given["api"],
        headers={name.strip(): value.strip()} if name else None,
    )


_PROBERS: dict[str, Callable[[dict[str, str]], probing.Prober]] = {
    "fal": _fal_prober,
    "replicate": _replicate_prober,
    "google": _google_prober,
    "comfyui": _comfyui_prober,
}


HOSTED: dict[str, Callable[[dict[str, str]], Provider]] = {
    "fal": _fal,
    "replicate": _replicate,
    "google": _google,
    "comfyui": _comfyui,
}


@lru_cache(maxsize=1)
def _providers() -> dict[str, Provider]:
    local: Provider = LocalEngine()
    hosted = {
        key: make(settings.PROVIDERS[key])
        for key, make in HOSTED.items()
        if settings.PROVIDERS.get(key, {}).get("secret")
    }
    return {local.key: local, **hosted}


def provider(key: str) -> Provider:
    """The provider called `key`. Raises NoSuchProvider."""
    try:
        return _providers()[key]
    except KeyError as error:
        raise NoSuchProvider(f"The provider {key} is not connected here.") from error


def prober(key: str) -> probing.Prober:
    """What asks a provider about its models. Raises NoSuchProvider without a key."""
    if not settings.PROVIDERS.get(key, {}).get("secret"):
        raise NoSuchProvider(f"The provider {key} is not connected here.")
    return _PROBERS[key](settings.PROVIDERS[key])


def signs(platform: str, kind: str) -> bool:
    """Is this kind of file meant to carry a seal, certificate or not?"""
    return not {platform, f"{platform}-{kind}"}.isdisjoint(settings.C2PA_PLATFORMS)


def identity() -> Identity | None:
    """Who signs platform files here; None without a certificate or without the library."""
    if not (settings.C2PA_CERT and settings.C2PA_KEY and credentials.is_available()):
        return None
    return Identity(settings.C2PA_CERT.encode(), settings.C2PA_KEY.encode())


def signing() -> str:
    """Whether files are signed here, and if not, what an admin does for it: one sentence."""
    if not settings.C2PA_CERT:
        return (
            "Files are labelled but not signed. To sign them with your certificate set C2PA_CERT "
            "and C2PA_KEY (docs/settings.md)."
        )
    if not credentials.is_available():
        return (
            "There is a certificate but nothing to sign with: install it with pip install "
            "--require-hashes -r requirements-signing.txt and start again."
        )
    who = identity()
    problem = credentials.problem(who) if who else ""
    if problem:
        return f"Files are labelled but not signed. {problem} Correct C2PA_CERT and C2PA_KEY."
    signed = [
        f"{specs.file_of(name).name}{f' {kind}s' if kind else ''}"
        for name, _, kind in (word.partition("-") for word in settings.C2PA_PLATFORMS)
    ]
    return f"Files are signed with your certificate: {', '.join(signed)}."


def circumstances() -> Circumstances:
    """Which providers can be called now, and what day it is (UTC) for models that retire."""
    connected = frozenset(_providers())
    stops = throttle.stopped(sorted(connected - {LOCAL}))
    return Circumstances(
        connected=connected,
        keyless=frozenset(HOSTED) - connected,
        unhealthy={key: f"{key} is stopped: it {stop.text}" for key, stop in stops.items()},
        today=timezone.now().date(),
    )


def sends_again(key: str) -> bool:
    """True when sending the same attempt twice costs nothing and gives the same result."""
    return key == LOCAL


def answers_at_once(key: str) -> bool:
    """True for a provider whose work is over with its answer, so nothing can be found later."""
    return provider(key).keeps_s == 0


def fetch_job(key: str) -> str:
    """The job that brings this provider's outputs in."""
    return "fetch_media" if provider(key).fetch_queue == "media" else "fetch"


def per_call(key: str, version: str, operation: str) -> int:
    """Most outputs of one call; 0 without a limit, also of a provider that is gone."""
    known = _providers().get(key)
    return known.per_call(version, operation) if known else 0


def hook_url(key: str, attempt_key: str) -> str:
    """Where a provider may tell that an attempt is done; "" when it cannot reach this place."""
    if key == LOCAL or not settings.PUBLIC_URL.startswith("https://"):
        return ""
    return f"{settings.PUBLIC_URL.rstrip('/')}/hooks/{key}/{attempt_key}/"
