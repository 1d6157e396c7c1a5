"""Mending what a check found: the platform file is made again so that it keeps the limit."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from campaigns import permissions
from campaigns.actions import events, platform_files
from campaigns.formats import mends
from campaigns.models import Asset, PlatformFile
from campaigns.queries import access, qa
from campaigns.transitions import NotNow


def mend(*, row: PlatformFile, key: str, seen: str, by: User) -> str:
    """Have the finding `key` mended: the file is made again so that it keeps the limit.

    What the file was stays on it to be compared. `key` "limits" makes it for the limits that count
    now, "" takes every mend back. `seen` is the revision the person looked at. Returns what is
    done, in words. Raises NotAllowed, NotNow.
    """
    permissions.check_can_run(access.roles(by, row.team))
    with transaction.atomic():
        asset = Asset.objects.select_for_update(of=("self",)).get(pk=row.asset_id)
        fresh = PlatformFile.objects.select_related("media", "source__media", "team").get(pk=row.pk)
        if seen != str(fresh.revision) or fresh.due_at is not None:
            raise NotNow("This file changed meanwhile. Look at it again.")
        if key == "limits":
            words, box = "The limits that count now are used", fresh.wanted_box
        elif key:
            found, way = _way(fresh, key)
            entry = {
                "key": key,
                "label": found["label"],
                "before": found["value_text"],
                "media": fresh.media_id,
                "sha256": fresh.media.sha256 if fresh.media else "",
                "done": way.words,
            }
            kept = [old for old in fresh.mended if old["key"] != key]
            fresh.mends, fresh.mended = {**fresh.mends, **way.sets}, [*kept, entry]
            words, box = way.words, ([] if way.is_recrop else fresh.wanted_box)
        else:
            fresh.mends, fresh.mended, words, box = {}, [], "Taken back", fresh.wanted_box
        fresh.save(update_fields=["mends", "mended"])
        platform_files.want(fresh, box, fresh.moved_by)
        platform_files.reopen_gate(asset=asset, by=by)
        events.record(
            team=row.team, verb="file.mend", subject="platform_file", subject_id=row.pk,
            asset_id=row.asset_id, by=by, after={"check": key, "done": words},
        )  # fmt: skip
        events.touch(asset_ids=[row.asset_id])
    return words


def _way(row: PlatformFile, key: str) -> tuple[dict[str, Any], mends.Way]:
    spec = qa.spec_of_row(row)
    for found in row.findings:
        way = qa.way_of(found, row, spec) if found["key"] == key else None
        if way is not None and way.can:
            return found, way
    raise NotNow("This cannot be mended by itself. Look at the file again.")
