"""Price seen is price paid: what a page showed still holds, or nothing is started.

Where a script keeps the price beside the form up to date, it is compared as it is. Where there is
none, the person may have changed the count or the model since: then like is compared with like,
the price list that the page showed with the same list now.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.actions import offering, runs
from campaigns.formats.price_seen import Seen, Wish
from campaigns.models import Asset, StageRun


def most(
    *,
    asset: Asset,
    operation: str,
    token: str,
    seen: Seen | None,
    given: Mapping[str, Any],
    count: int | None,
    model: str,
) -> int | None:
    """The most that this run may cost by what the person saw; None when nothing limits it.

    Give it to `runs.start` as `seen_micros`. A click that started its run already, by `token`, is
    not priced again. Raises runs.PriceChanged, BadParams.
    """
    if seen is None or StageRun.objects.filter(token=token, team=asset.team).exists():
        return None
    wish = Wish(count or 0, model, {name: str(value) for name, value in given.items()})
    if wish == seen.wish or seen.prices is None or model not in seen.prices.micros:
        return seen.micros
    shown, was = seen.prices.wish, seen.prices.micros[model]
    now = offering.quote(
        asset=asset,
        operation=operation,
        given=shown.given,
        count=shown.count,
        model=model,
        is_draft=True,
    )
    if now.maximum_micros > was:
        raise runs.PriceChanged(
            label=now.model_label, was=was, now=now.maximum_micros, currency=now.currency
        )
    return None
