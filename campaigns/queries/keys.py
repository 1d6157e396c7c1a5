"""The page of provider keys: which are set, what was sent today, how it ended. Only reads.

A key is never shown but for its last four characters, and those only to who runs this place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Q, Sum

from campaigns import throttle, wiring
from campaigns.models import Attempt, CatalogModel, LedgerEntry, Team
from campaigns.models.choices import ATTEMPT_OPEN, AttemptState, EntryKind

LABELS = {"fal": "fal", "replicate": "Replicate", "google": "Google", "comfyui": "ComfyUI"}
VARIABLES = {
    "fal": "FAL_KEY",
    "replicate": "REPLICATE_API_TOKEN",
    "google": "GEMINI_API_KEY",
    "comfyui": "COMFYUI_URL",
}
KEYLESS = ("comfyui",)  # an address, no key
SHOWN_OF = 12  # a shorter key shows nothing


@dataclass(frozen=True, slots=True)
class Row:
    """One provider. Counts and money (micro-units) are this team's: what was sent, ended or billed
    in the last 24 hours, and what is open or held now. Open calls are those under way, without the
    ones whose answer was lost. `address` is where a server of one's own is."""

    key: str
    label: str
    variable: str
    is_set: bool
    last_four: str
    address: str
    model_count: int
    sent_count: int
    done_count: int
    failed_count: int
    open_count: int
    unknown_count: int
    billed_micros: int
    held_micros: int
    last_error: str
    last_error_at: datetime | None
    stop_text: str
    stopped_until: datetime | None
    at_once: int


def page(*, team: Team, now: datetime, shows_ends: bool) -> list[Row]:
    """Every provider there is an adapter for. Four queries."""
    since = now - timedelta(days=1)
    hosted = Attempt.objects.filter(run__team=team, provider__in=wiring.HOSTED)
    is_open, ended = Q(state__in=ATTEMPT_OPEN), Q(finished_at__gte=since)
    recent = hosted.filter(Q(created_at__gte=since) | ended | is_open)
    counted = {
        row["provider"]: row
        for row in recent.values("provider").annotate(
            sent=Count("pk", filter=Q(sent_at__gte=since)),
            done=Count("pk", filter=Q(state=AttemptState.SETTLED) & ended),
            failed=Count("pk", filter=Q(state=AttemptState.FAILED) & ended),
            open=Count("pk", filter=is_open & ~Q(state=AttemptState.UNKNOWN)),
            unknown=Count("pk", filter=Q(state=AttemptState.UNKNOWN)),
            held=Sum("reserved_micros", filter=is_open),
        )
    }
    billed = _billed(team=team, since=since)
    errors: dict[str, tuple[str, datetime | None]] = {}
    for provider, error, ended_at in (
        recent.exclude(error="").order_by("pk").values_list("provider", "error", "finished_at")
    ):
        errors[provider] = (error, ended_at)
    models = CatalogModel.objects.filter(provider__in=wiring.HOSTED, is_enabled=True)
    stops = throttle.stopped(wiring.HOSTED)
    enabled = dict(models.values_list("provider").annotate(Count("pk")))
    return [
        _row(
            key,
            {**counted.get(key, {}), "billed": billed.get(key, 0)},
            errors.get(key, ("", None)),
            enabled.get(key, 0),
            shows_ends,
            stops.get(key),
        )
        for key in wiring.HOSTED
    ]


def _billed(*, team: Team, since: datetime) -> dict[str, int]:
    """Money booked since then by provider: by the day of the bill, not of the call."""
    booked = LedgerEntry.objects.filter(
        team=team,
        kind__in=[EntryKind.SETTLE, EntryKind.CORRECT],
        at__gte=since,
        attempt__provider__in=wiring.HOSTED,
    )
    sums = booked.values("attempt__provider").annotate(micros=Sum("amount_micros"))
    return {row["attempt__provider"]: row["micros"] for row in sums.order_by("attempt__provider")}


def _end(secret: str) -> str:
    return secret[-4:] if len(secret) >= SHOWN_OF else ""


def _host(address: str) -> str:
    """Host and port of an address, without a name and password in it."""
    return urlsplit(address).netloc.rpartition("@")[2]


def _row(
    key: str,
    seen: Mapping[str, Any],
    error: tuple[str, datetime | None],
    models: int,
    shows_ends: bool,
    stop: throttle.Stop | None,
) -> Row:
    secret = settings.PROVIDERS.get(key, {}).get("secret", "")
    return Row(
        key=key,
        label=LABELS[key],
        variable=VARIABLES[key],
        is_set=bool(secret),
        last_four=_end(secret) if shows_ends and key not in KEYLESS else "",
        address=_host(secret) if shows_ends and key in KEYLESS else "",
        model_count=models,
        sent_count=seen.get("sent") or 0,
        done_count=seen.get("done") or 0,
        failed_count=seen.get("failed") or 0,
        open_count=seen.get("open") or 0,
        unknown_count=seen.get("unknown") or 0,
        billed_micros=seen.get("billed") or 0,
        held_micros=seen.get("held") or 0,
        last_error=error[0][:200],
        last_error_at=error[1],
        stop_text=stop.text.rstrip(".") if stop else "",
        stopped_until=(
            datetime.fromtimestamp(stop.until, UTC) if stop and not stop.is_account else None
        ),
        at_once=settings.CALLS_AT_ONCE,
    )
