"""Campaigns, ad sets and team settings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import budgets, events
from campaigns.models import AdSet, Asset, Campaign, Team
from campaigns.models.choices import Ceiling
from campaigns.queries import access


def free_code(*, team: Team, name: str) -> str:
    """A short code made of the campaign's name that no other campaign of the team has."""
    letters = re.sub(r"[^A-Z0-9]", "", name.upper())[:3] or "CMP"
    code, number = letters, 2
    while Campaign.objects.filter(team=team, code=code).exists():
        code = f"{letters}{number}"
        number += 1
    return code


MOST_BRAND = 80
UNASKED = (Ceiling.NONE, Ceiling.LOW)  # ceilings that need no manager


def create_campaign(
    *,
    team: Team,
    name: str,
    ceiling: Ceiling,
    default_locale: str,
    ad_sets: Sequence[str],
    by: User,
    brand: str = "",
) -> Campaign:
    """A campaign with its ad sets and its budget lines of this month at zero.

    A ceiling above low is a manager's decision, now as later. Raises NotAllowed.
    """
    roles = access.roles(by, team)
    permissions.check_can_set_up_campaign(roles)
    if ceiling not in UNASKED:
        permissions.check_can_set_budget(roles)
    return new_campaign(
        team=team,
        name=name,
        ceiling=ceiling,
        default_locale=default_locale,
        ad_sets=ad_sets,
        by=by,
        brand=brand,
    )


def new_campaign(
    *,
    team: Team,
    name: str,
    ceiling: Ceiling,
    default_locale: str,
    ad_sets: Sequence[str],
    by: User,
    brand: str = "",
) -> Campaign:
    """The same, for an action that has asked for its own ability."""
    with transaction.atomic():
        campaign = Campaign.objects.create(
            team=team,
            name=name,
            code=free_code(team=team, name=name),
            brand=_brand(brand, team),
            ceiling=ceiling,
            default_locale=default_locale,
            created_by=by,
        )
        for ad_set in dict.fromkeys(ad_sets):
            AdSet.objects.create(campaign=campaign, name=ad_set)
        budgets.open_month(campaign=campaign)
        events.record(
            team=team,
            verb="campaign.create",
            subject="campaign",
            subject_id=campaign.pk,
            by=by,
            after={"name": name, "ceiling": str(ceiling)},
        )
    return campaign


def add_ad_set(*, campaign: Campaign, name: str, locale: str, audience: str, by: User) -> AdSet:
    """One more ad set. Raises NotAllowed, IntegrityError for a name that exists."""
    permissions.check_can_set_up_campaign(access.roles(by, campaign.team))
    with transaction.atomic():
        ad_set = AdSet.objects.create(
            campaign=campaign, name=name, locale=locale, audience=audience
        )
        events.record(
            team=campaign.team,
            verb="ad_set.create",
            subject="ad_set",
            subject_id=ad_set.pk,
            by=by,
            after={"name": name},
        )
    return ad_set


def set_ceiling(*, campaign: Campaign, ceiling: Ceiling, by: User) -> None:
    """Change which tiers run without asking: a manager's decision. Raises NotAllowed."""
    permissions.check_can_set_budget(access.roles(by, campaign.team))
    with transaction.atomic():
        before = campaign.ceiling
        Campaign.objects.filter(pk=campaign.pk).update(ceiling=ceiling)
        events.record(
            team=campaign.team,
            verb="campaign.ceiling",
            subject="campaign",
            subject_id=campaign.pk,
            by=by,
            before={"ceiling": before},
            after={"ceiling": str(ceiling)},
        )


def set_brand(*, campaign: Campaign, brand: str, by: User) -> None:
    """Change the name that ads go out under; empty is the team's. Files made with another are made
    again before they are packaged. Raises NotAllowed."""
    permissions.check_can_set_up_campaign(access.roles(by, campaign.team))
    brand = _brand(brand, campaign.team)
    with transaction.atomic():
        before = Campaign.objects.select_for_update().get(pk=campaign.pk).brand
        if before == brand:
            return
        Campaign.objects.filter(pk=campaign.pk).update(brand=brand)
        events.record(
            team=campaign.team,
            verb="campaign.brand",
            subject="campaign",
            subject_id=campaign.pk,
            by=by,
            before={"brand": before},
            after={"brand": brand},
        )
        assets = Asset.objects.filter(ad_set__campaign=campaign, archived_at__isnull=True)
        events.touch(asset_ids=assets.values_list("pk", flat=True))


def _brand(text: str, team: Team) -> str:
    """As typed, or the team's name as far as a brand may go: it can be changed later."""
    return text.strip() or team.name[:MOST_BRAND].rstrip()


def set_archived(*, campaign: Campaign, archived: bool, by: User) -> None:
    """Close or reopen a campaign. Raises NotAllowed."""
    permissions.check_can_set_up_campaign(access.roles(by, campaign.team))
    with transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(
            archived_at=timezone.now() if archived else None
        )
        events.record(
            team=campaign.team,
            verb="campaign.archive" if archived else "campaign.restore",
            subject="campaign",
            subject_id=campaign.pk,
            by=by,
        )


def change_team(
    *,
    team: Team,
    name: str,
    gate_threshold_percent: int,
    self_approval_allowed: bool,
    brand_colors: Sequence[str],
    name_pattern: str,
    review_rate_micros_per_hour: int,
    by: User,
    baseline_hours: float | None = None,
    explore_percent: int = 25,
) -> None:
    """Change a team's settings. `baseline_hours` is what a creative took the old way.

    Raises NotAllowed.
    """
    permissions.check_can_manage_team(access.roles(by, team))
    after = {
        "name": name,
        "gate_threshold_percent": gate_threshold_percent,
        "self_approval_allowed": self_approval_allowed,
        "brand_colors": list(brand_colors),
        "name_pattern": name_pattern,
        "review_rate_micros_per_hour": review_rate_micros_per_hour,
        "baseline_hours": baseline_hours,
        "explore_percent": explore_percent,
    }
    with transaction.atomic():
        locked = Team.objects.select_for_update().get(pk=team.pk)
        before = {field: getattr(locked, field) for field in after}
        Team.objects.filter(pk=team.pk).update(**after)
        events.record(
            team=team,
            verb="team.change",
            subject="team",
            subject_id=team.pk,
            by=by,
            before=before,
            after=after,
        )
