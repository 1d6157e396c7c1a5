"""A manager lets a failing check pass, with a reason that goes into the trail and the manifest.

Bound to the file's bytes: a file that is made again is judged again.
"""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from campaigns import permissions
from campaigns.actions import events
from campaigns.models import Asset, PlatformFile, Waiver
from campaigns.queries import access
from campaigns.queries import waivers as reads
from campaigns.transitions import NotNow

LEAST_REASON, MOST_REASON = 8, 500


class BadReason(ValueError):
    """The reason says too little or too much; `text` says so."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def waive(*, row: PlatformFile, key: str, reason: str, by: User) -> Waiver:
    """Let the failing check `key` of this very file pass. Doing it again changes nothing.

    Raises NotAllowed, BadReason, NotNow (it does not fail, or the file is being made).
    """
    permissions.check_can_waive(access.roles(by, row.team))
    reason = " ".join(reason.split())
    if not LEAST_REASON <= len(reason) <= MOST_REASON:
        raise BadReason(
            f"Say in {LEAST_REASON} to {MOST_REASON} letters why it may run all the same. "
            "Nothing was changed."
        )
    if key == reads.DISCLOSURE:
        raise NotNow("How the photo was made cannot be let pass. Answer it on this page.")
    with transaction.atomic():
        Asset.objects.select_for_update(of=("self",)).get(pk=row.asset_id)
        fresh = PlatformFile.objects.select_related("media").get(pk=row.pk)
        broken = reads.broken(fresh, key)
        if fresh.media is None or fresh.due_at is not None or broken is None:
            raise NotNow("This check does not fail any more. Look at it again.")
        waiver, is_new = Waiver.objects.get_or_create(
            platform_file=fresh,
            key=key,
            sha256=fresh.media.sha256,
            value_text=broken.value_text,
            limit_text=broken.limit_text,
            defaults={
                "team": fresh.team,
                "reason": reason,
                "by": by,
            },
        )
        if is_new:
            events.record(
                team=fresh.team,
                verb="file.waive",
                subject="platform_file",
                subject_id=fresh.pk,
                asset_id=fresh.asset_id,
                by=by,
                after={
                    "check": key,
                    "value": waiver.value_text,
                    "limit": waiver.limit_text,
                    "reason": reason,
                },
            )
            events.touch(asset_ids=[fresh.asset_id])
    return waiver
