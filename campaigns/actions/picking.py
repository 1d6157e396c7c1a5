"""Objects of a picture for the mask editor: found in a child with limits, one search a person."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.models import User

from campaigns import permissions
from campaigns.actions import heartbeats, runs, stored
from campaigns.models import Asset, Lease
from campaigns.queries import access
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from imaging import sandbox
from imaging.formats import Unreadable
from imaging.sandbox import Cage
from routing.stages import Stage

AT_MOST_S = 30
CAGE = Cage(cpu_s=20, wall_s=AT_MOST_S - 5.0, file_bytes=1_000_000)


def look(*, asset: Asset, by: User, point: tuple[float, float] | None = None) -> dict[str, Any]:
    """The object at `point` (shares of width and height), or without one all that stand out.

    Outlines are lists x, y, x, y … of shares. Costs nothing and changes nothing. Raises
    NotAllowed, NotNow, BadParams when nothing is there or it takes too long.
    """
    permissions.check_can_run(access.roles(by, asset.team))
    source = runs.source_of(asset=asset, stage=Stage.EDIT)
    if source is None:
        raise NotNow("There is no approved picture yet. Pick one in Generation first.")
    name, holder = f"pick-{by.pk}", secrets.token_hex(8)
    if not heartbeats.lead(name=name, holder=holder, seconds=AT_MOST_S):
        raise NotNow("The last click is still being worked on. Wait a moment, then click again.")
    try:
        with stored.scratch() as folder:
            path = stored.local_copy(media=source.media, folder=folder, name="picture")
            given: dict[str, Any] = {"path": str(path)}
            if point is None:
                return sandbox.run("find_objects", given, cage=CAGE)
            given |= {"x": point[0], "y": point[1]}
            found = sandbox.run("object_at", given, cage=CAGE)
    except Unreadable as error:
        raise BadParams(
            "mask", "Finding objects took too long here. Use the brush or the lasso instead."
        ) from error
    except sandbox.NoProcess as error:
        raise NotNow(stored.NO_PROCESS) from error
    finally:
        Lease.objects.filter(name=name, holder=holder).delete()
    if not found["outlines"]:
        raise BadParams(
            "mask", "Nothing stands out at this point. Click elsewhere, or use brush or lasso."
        )
    return found
