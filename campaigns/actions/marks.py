"""Logos that a person marked in a master: the automatic crop keeps them whole, as it does text.

Not every logo is seen by itself. Marks hold for every platform, and for later versions of the same
shape (`platform_files`).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction

from campaigns import permissions
from campaigns.actions import events, platform_files
from campaigns.models import Asset, PlatformFile
from campaigns.queries import access
from campaigns.transitions import NotNow

MOST = 8


def mark(*, row: PlatformFile, marks: Sequence[Sequence[float]], seen: str, by: User) -> None:
    """Keep these boxes whole, [left, top, right, bottom] as shares of the master; none takes all
    marks back. `seen` is the revision the person looked at. The files are made again.

    Raises NotAllowed, NotNow.
    """
    permissions.check_can_run(access.roles(by, row.team))
    wanted = [[round(float(value), 4) for value in box] for box in marks[:MOST]]
    with transaction.atomic():
        asset = Asset.objects.select_for_update(of=("self",)).get(pk=row.asset_id)
        rows = list(PlatformFile.objects.filter(asset=asset, source=row.source).order_by("pk"))
        before = next(one for one in rows if one.pk == row.pk)
        if seen != str(before.revision):
            raise NotNow("Somebody changed this crop meanwhile. Look at it again, then mark it.")
        if before.marks == wanted:
            return
        PlatformFile.objects.filter(pk__in=[one.pk for one in rows]).update(marks=wanted)
        platform_files.make_again(asset=asset, rows=rows, by=by)
        events.record(
            team=row.team, verb="crop.mark", subject="platform_file", subject_id=row.pk,
            asset_id=asset.pk, by=by, before={"marks": before.marks}, after={"marks": wanted},
        )  # fmt: skip
        events.touch(asset_ids=[asset.pk])
