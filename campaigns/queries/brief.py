"""What the brief page needs: ad sets to choose from, the one used last, photos already taken."""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.models import AdSet, Asset, Media, Team


def ad_sets(*, team: Team) -> list[AdSet]:
    """Ad sets of the team's open campaigns, campaign by campaign, newest campaign first."""
    return list(
        AdSet.objects.filter(campaign__team=team, campaign__archived_at__isnull=True)
        .select_related("campaign__team")
        .order_by("-campaign_id", "name", "pk")
    )


def last_ad_set_id(*, team: Team, user_id: int) -> int | None:
    """The ad set of this person's newest brief."""
    return (
        Asset.objects.filter(team=team, created_by_id=user_id)
        .order_by("-pk")
        .values_list("ad_set_id", flat=True)
        .first()
    )


def photos(*, team: Team, ids: Sequence[int]) -> list[Media]:
    """Uploads of the team in the order of `ids`; what is not there is left out."""
    found = Media.objects.filter(team=team, origin=Media.Origin.UPLOAD).in_bulk(list(ids))
    return [found[pk] for pk in dict.fromkeys(ids) if pk in found]
