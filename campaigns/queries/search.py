"""What the command palette finds: assets and campaigns of one team. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from campaigns.models import Asset, Campaign, Team

MOST_FOUND = 12
LEAST_LETTERS = 2


@dataclass(frozen=True, slots=True)
class Found:
    """One hit. `kind` is "asset" or "campaign"."""

    kind: str
    id: int
    label: str
    hint: str


def find(*, team: Team, text: str) -> list[Found]:
    """Campaigns first, then assets, newest first; nothing for less than two letters."""
    words = text.split()[:6]
    if len(text.strip()) < LEAST_LETTERS:
        return []
    campaigns = Campaign.objects.filter(team=team)
    assets = Asset.objects.filter(team=team, is_golden=False).select_related("campaign", "ad_set")
    for word in words:
        campaigns = campaigns.filter(Q(name__icontains=word) | Q(code__iexact=word))
        assets = assets.filter(
            Q(title__icontains=word) | Q(product__icontains=word) | Q(creative_code__iexact=word)
        )
    found = [
        Found("campaign", row.pk, row.name, "Campaign, archived" if row.archived_at else "Campaign")
        for row in campaigns.order_by("-pk")[: MOST_FOUND // 3]
    ]
    found += [
        Found(
            "asset",
            row.pk,
            row.title,
            f"{row.campaign.name} · {row.ad_set.name} · {row.get_stage_display()}"
            + (" · archived" if row.archived_at else ""),
        )
        for row in assets.order_by("-pk")[: MOST_FOUND - len(found)]
    ]
    return found
