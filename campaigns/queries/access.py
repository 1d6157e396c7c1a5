"""The only way to an object: through the person who asks. No object, no leak: 404, never 403."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.http import Http404
from django.shortcuts import get_object_or_404

from campaigns import permissions
from campaigns.models import (
    Approval,
    Asset,
    Attempt,
    BudgetLine,
    Campaign,
    Candidate,
    Export,
    FaceConsent,
    GoldenPrompt,
    Media,
    Membership,
    PlatformFile,
    Quarantine,
    StageRun,
    StandingRule,
    Team,
    VersionWatch,
)

Person = User | AbstractBaseUser | AnonymousUser


def roles(user: Person, team: Team) -> frozenset[str]:
    """The roles of `user` in `team`; empty for a stranger."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    found = Membership.objects.filter(user_id=user.pk, team=team).values_list("role", flat=True)
    return frozenset(found)


def teams(user: Person) -> list[Team]:
    """The teams of `user`, by name."""
    if not user.is_authenticated:
        return []
    return list(Team.objects.filter(memberships__user_id=user.pk).distinct().order_by("name", "pk"))


def team(user: Person, slug: str) -> Team:
    """The team with this slug, if `user` belongs to it. Raises Http404."""
    if not user.is_authenticated or not user.is_active:
        raise Http404
    found = Team.objects.filter(slug=slug, memberships__user_id=user.pk).distinct().first()
    if found is None:
        raise Http404
    return found


def campaign(of: Team, pk: int) -> Campaign:
    """A campaign of the team. Raises Http404."""
    return get_object_or_404(Campaign, team=of, pk=pk)


def asset(of: Team, pk: int) -> Asset:
    """An asset of the team with its campaign and ad set. Raises Http404."""
    return get_object_or_404(
        Asset.objects.select_related("campaign", "ad_set", "current__media", "keyframe__media"),
        team=of,
        pk=pk,
    )


def assets(of: Team, pks: Iterable[int]) -> list[Asset]:
    """Assets of the team in the order of `pks`. Raises Http404 when one is not there."""
    wanted = list(dict.fromkeys(pks))
    found = {
        row.pk: row
        for row in Asset.objects.filter(team=of, pk__in=wanted).select_related(
            "campaign", "current__media"
        )
    }
    if len(found) != len(wanted):
        raise Http404
    return [found[pk] for pk in wanted]


def run(of: Team, pk: int) -> StageRun:
    """A stage run of the team. Raises Http404."""
    return get_object_or_404(
        StageRun.objects.select_related("asset__campaign", "source__media", "requested_by"),
        team=of,
        pk=pk,
    )


def candidate(of: Team, pk: int) -> Candidate:
    """A candidate of the team. Raises Http404."""
    return get_object_or_404(
        Candidate.objects.select_related("run__asset", "media", "parent__media"), team=of, pk=pk
    )


def media(of: Team, pk: int) -> Media:
    """A stored file of the team. Raises Http404."""
    return get_object_or_404(Media, team=of, pk=pk)


def consent(of: Team, pk: int) -> FaceConsent:
    """A person's consent that the team recorded. Raises Http404."""
    return get_object_or_404(FaceConsent.objects.select_related("team", "face"), team=of, pk=pk)


def approval(of: Team, pk: int) -> Approval:
    """A request for spend of the team. Raises Http404."""
    return get_object_or_404(
        Approval.objects.select_related("run__asset", "campaign", "asked_by"), team=of, pk=pk
    )


def approvals(of: Team, pks: Iterable[int]) -> list[Approval]:
    """Requests for spend of the team, oldest first. Raises Http404 when one is not there."""
    wanted = set(pks)
    found = list(
        Approval.objects.filter(team=of, pk__in=wanted)
        .select_related("run__asset", "campaign", "asked_by")
        .order_by("asked_at", "pk")
    )
    if len(found) != len(wanted):
        raise Http404
    return found


def budget_line(of: Team, pk: int) -> BudgetLine:
    """A budget line of the team. Raises Http404."""
    return get_object_or_404(BudgetLine.objects.select_related("campaign", "team"), team=of, pk=pk)


def standing_rule(of: Team, pk: int) -> StandingRule:
    """A standing rule of the team. Raises Http404."""
    return get_object_or_404(StandingRule.objects.select_related("team"), team=of, pk=pk)


def attempt(of: Team, pk: int) -> Attempt:
    """An attempt of the team with its run and asset. Raises Http404."""
    return get_object_or_404(
        Attempt.objects.select_related("run__asset__campaign", "run__team"), run__team=of, pk=pk
    )


def platform_file(of: Team, pk: int) -> PlatformFile:
    """A platform file of the team. Raises Http404."""
    return get_object_or_404(
        PlatformFile.objects.select_related("asset__team", "team", "media", "source__media"),
        team=of,
        pk=pk,
    )


def quarantine(of: Team, pk: int, *, roles: Collection[str]) -> Quarantine:
    """A file kept aside, for those roles that may take it. Raises Http404."""
    if not permissions.can_open_quarantine(roles):
        raise Http404
    return get_object_or_404(Quarantine, team=of, pk=pk)


def export(of: Team, pk: int) -> Export:
    """A package of the team. Raises Http404."""
    return get_object_or_404(Export, team=of, pk=pk)


def watch(of: Team, pk: int) -> VersionWatch:
    """A watched model version of the team. Raises Http404."""
    return get_object_or_404(VersionWatch.objects.select_related("team"), team=of, pk=pk)


def golden_prompt(of: Team, pk: int) -> GoldenPrompt:
    """A golden prompt of the team. Raises Http404."""
    return get_object_or_404(
        GoldenPrompt.objects.select_related("team", "asset", "created_by"), team=of, pk=pk
    )
