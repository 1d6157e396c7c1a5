"""From a checked brief to an asset on the board with its first run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from campaigns import permissions
from campaigns.actions import declaring, events, planning, runs, setting_up
from campaigns.formats import creative_code
from campaigns.models import AdSet, Asset, AssetBase, Campaign, Media, StageRun, Team
from campaigns.models.choices import Ceiling
from campaigns.queries import access
from campaigns.stages import PIPELINE
from campaigns.stages.base import NONE, BadParams, Brief
from campaigns.transitions import NotNow
from routing.complexity import Demands


@dataclass(frozen=True, slots=True)
class NewBrief:
    """A brief as the form has checked it. `wanted` overrules stages of the plan.

    `count` 0 leaves the size of batches to routing; `demands` is what must be in the frame.
    `photo_origin` says how the photos were made: none (a photograph), ai_modified, ai_generated,
    or unknown, which QA asks again.
    """

    title: str
    goal: str
    product: str
    headline: str
    subline: str
    cta: str
    purpose: str
    locale: str
    platforms: tuple[str, ...]
    motion: str
    motion_profile: str
    deadline_at: datetime | None
    count: int
    as_is: bool
    bases: tuple[Media, ...]
    wanted: Mapping[str, Mapping[str, Any]]
    photo_origin: str = "none"
    demands: Demands = NONE


def create(
    *, ad_set: AdSet, brief: NewBrief, token: str, by: User, seen_micros: int | None = None
) -> tuple[Asset, StageRun]:
    """Write the asset and start its first stage, or nothing at all.

    The same token returns the same asset. `seen_micros` is the maximum of the first stage that the
    person saw. Raises NotAllowed, NotNow, runs.PriceChanged, BadParams, runs.NoModel.
    """
    team = ad_set.campaign.team
    permissions.check_can_brief(access.roles(by, team))
    if ad_set.campaign.archived_at is not None:
        raise NotNow("This campaign is archived. Choose another one.")
    if any(media.team_id != team.pk for media in brief.bases):
        raise BadParams("bases", "One of the photos is not there any more. Add it again.")
    try:
        with transaction.atomic():
            return _write(ad_set, brief, token, by, seen_micros)
    except IntegrityError:
        earlier = Asset.objects.filter(token=token, team=team).first()
        if earlier is None:
            raise
        return earlier, earlier.runs.order_by("pk")[0]


def create_in_new_campaign(
    *,
    team: Team,
    campaign_name: str,
    ad_set_name: str,
    brief: NewBrief,
    token: str,
    by: User,
    seen_micros: int | None = None,
) -> tuple[Asset, StageRun]:
    """Like `create`, in a campaign that is made with it: both or neither.

    The same token returns the same asset and leaves no second campaign behind. Raises as `create`.
    """
    with transaction.atomic():
        earlier = Asset.objects.filter(token=token, team=team).first()
        if earlier is not None:
            return earlier, earlier.runs.order_by("pk")[0]
        campaign = setting_up.create_campaign(
            team=team,
            name=campaign_name,
            ceiling=Ceiling.LOW,
            default_locale=brief.locale,
            ad_sets=[ad_set_name],
            by=by,
        )
        asset, run = create(
            ad_set=campaign.ad_sets.get(), brief=brief, token=token, by=by, seen_micros=seen_micros
        )
        if asset.campaign_id != campaign.pk:
            transaction.set_rollback(True)
        return asset, run


def preview(*, team: Team, ad_set: AdSet | None, brief: NewBrief) -> planning.Plan:
    """The plan this brief would get, before anything is written. Raises BadParams.

    Without an ad set the plan is that of a new campaign. A brief of words that has no headline
    yet is planned with a stand-in for it.
    """
    campaign = ad_set.campaign if ad_set else Campaign(team=team, ceiling=Ceiling.LOW)
    base = brief.bases[0] if brief.bases else None
    asked = Brief(
        has_base=base is not None,
        wants_clip=bool(brief.motion),
        purpose=brief.purpose,
        platforms=brief.platforms,
        locale=brief.locale,
        headline=brief.headline or ("" if base else "Headline"),
        subline=brief.subline,
        cta=brief.cta,
        motion=brief.motion,
        motion_profile=brief.motion_profile,
        brand_colors=tuple(team.brand_colors),
        count=brief.count,
        as_is=brief.as_is and base is not None,
        width=base.width if base else 0,
        height=base.height if base else 0,
        deadline_at=brief.deadline_at,
        demands=brief.demands,
    )
    return planning.plan(campaign=campaign, brief=asked, wanted=brief.wanted)


def _write(
    ad_set: AdSet, brief: NewBrief, token: str, by: User, seen_micros: int | None
) -> tuple[Asset, StageRun]:
    campaign = ad_set.campaign
    asset = Asset.objects.create(
        team=campaign.team,
        campaign=campaign,
        ad_set=ad_set,
        title=brief.title,
        product=brief.product,
        goal=brief.goal,
        headline=brief.headline,
        subline=brief.subline,
        cta=brief.cta,
        purpose=brief.purpose,
        locale=brief.locale,
        platforms=list(brief.platforms),
        motion=brief.motion,
        motion_profile=brief.motion_profile,
        deadline_at=brief.deadline_at,
        candidate_count=brief.count,
        demands={} if brief.demands.is_none else asdict(brief.demands),
        token=token,
        created_by=by,
    )
    AssetBase.objects.bulk_create(
        AssetBase(asset=asset, media=media, position=position)
        for position, media in enumerate(brief.bases)
    )
    _declare(brief.bases, brief.photo_origin, by)
    first = str(PIPELINE[0].KEY)
    wanted = dict(brief.wanted)
    if brief.as_is and brief.bases:
        wanted.setdefault(first, {"operation": "adopt"})
    asset.plan = [{"operation": "adopt", "stage": first}] if brief.as_is else []
    plan = planning.plan(campaign=campaign, brief=planning.brief_of(asset), wanted=wanted)
    asset.plan = [
        {
            "stage": line.stage,
            "operation": line.operation,
            "params": dict(wanted.get(line.stage, {}).get("params", {})),
        }
        for line in plan.stages
    ]
    asset.creative_code = creative_code.from_number(asset.pk)
    Asset.objects.filter(pk=asset.pk).update(plan=asset.plan, creative_code=asset.creative_code)
    events.record(
        team=asset.team,
        verb="brief.create",
        subject="asset",
        subject_id=asset.pk,
        asset_id=asset.pk,
        by=by,
        after={"title": asset.title, "ad_set": ad_set.pk},
    )
    run = runs.start(
        asset=asset,
        operation=asset.plan[0]["operation"],
        by=by,
        token=f"brief-{token}"[:64],
        given=asset.plan[0]["params"],
        seen_micros=seen_micros,
    )
    return asset, run


def _declare(bases: Sequence[Media], origin: str, by: User) -> None:
    """Note how the photos were made, as the person who brings them says: packages disclose it."""
    if origin == "unknown":
        return  # QA asks; what was said of a photo earlier stands
    photos = [media for media in bases if media.origin == Media.Origin.UPLOAD]
    changed = declaring.note(photos=photos, answer=origin, by=by)
    if changed:
        declaring.carry(photos=changed, by=by)
