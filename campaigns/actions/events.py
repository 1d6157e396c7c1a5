"""The audit trail, written in the same transaction as the change, and the touch of a card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F
from django.utils import timezone

from campaigns.models import Asset, Event, Team


def record(
    *,
    team: Team,
    verb: str,
    subject: str,
    subject_id: int,
    by: User | None,
    asset_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Event:
    """Add one row to the audit trail."""
    return Event.objects.create(
        team=team,
        verb=verb,
        subject=subject,
        subject_id=subject_id,
        asset_id=asset_id,
        by=by,
        before=dict(before or {}),
        after=dict(after or {}),
    )


def touch(*, asset_ids: Iterable[int]) -> None:
    """Tell every open screen that these cards changed."""
    Asset.objects.filter(pk__in=list(asset_ids)).update(
        touched_at=timezone.now(), revision=F("revision") + 1
    )


def show_progress(*, asset_id: int) -> None:
    """Like `touch`, but the card's revision stays: nothing a person could act on changed."""
    Asset.objects.filter(pk=asset_id).update(touched_at=timezone.now())


def archive(*, asset_id: int) -> None:
    """Take a card off every board."""
    now = timezone.now()
    Asset.objects.filter(pk=asset_id).update(archived_at=now, touched_at=now)
