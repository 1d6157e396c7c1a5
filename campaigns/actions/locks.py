"""The one order in which rows are locked: the asset first, then its run, attempt, budget line.

Whoever changes more than one of them in a transaction begins here. Without one order two people
and a worker can wait for each other until the database ends one of them.
"""

from __future__ import annotations

from campaigns.models import Asset


def asset(pk: int) -> Asset:
    """The asset as it is now, locked until the caller's transaction ends.

    On SQLite a transaction locks the whole file, so there it only reads. Must run inside a
    transaction. Raises Asset.DoesNotExist.
    """
    return Asset.objects.select_related("campaign").select_for_update(of=("self",)).get(pk=pk)
