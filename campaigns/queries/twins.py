"""Creatives of one campaign that look the same. Reads only; never looks into another team."""

from __future__ import annotations

from campaigns.formats.house_checks import TWIN_BITS, Twin, bits_apart
from campaigns.models import Asset, Candidate, PlatformFile

MOST = 2_000  # newest first; a campaign with more creatives compares with these


def of(*, asset: Asset, source: Candidate, look: str) -> list[Twin]:
    """The other creatives of the asset's campaign whose picture is nearly `look`."""
    rows = (
        PlatformFile.objects.filter(
            team_id=asset.team_id,
            asset__campaign_id=asset.campaign_id,
            asset__archived_at__isnull=True,
            kind=source.media.kind,
        )
        .exclude(asset_id=asset.pk)
        .exclude(source__media__look="")
        .order_by("-asset_id", "pk")
        .values_list("asset_id", "asset__title", "asset__locale", "source__media__look")
        .distinct()[:MOST]
    )
    bases = _bases([asset.pk])
    near = [(pk, title, locale, bits_apart(look, other)) for pk, title, locale, other in rows]
    near = [row for row in near if row[3] <= TWIN_BITS]
    others = _bases([pk for pk, *_ in near])
    own = bases.get(asset.pk, frozenset())
    return [
        Twin(title, bits, locale != asset.locale or bool(own & others.get(pk, frozenset())))
        for pk, title, locale, bits in near
    ]


def _bases(asset_ids: list[int]) -> dict[int, frozenset[str]]:
    """The digests of the pictures that each asset started from."""
    found: dict[int, set[str]] = {}
    rows = Asset.objects.filter(pk__in=asset_ids, bases__isnull=False)
    for pk, digest in rows.values_list("pk", "bases__media__sha256"):
        found.setdefault(pk, set()).add(digest)
    return {pk: frozenset(digests) for pk, digests in found.items()}
