"""What the campaign, people and model screens show."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils import timezone

from campaigns import wiring
from campaigns.models import (
    AdSet,
    Campaign,
    CatalogModel,
    Invitation,
    Membership,
    ModelPrice,
    Team,
)
from campaigns.models.choices import Role, Stage
from routing import money
from routing.stages import OPERATIONS


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a team with their roles in order."""

    user: User
    roles: tuple[str, ...]

    @property
    def role_labels(self) -> list[str]:
        """Roles in words."""
        return [Role(role).label for role in self.roles]


def campaigns(*, team: Team) -> QuerySet[Campaign]:
    """The team's campaigns, open ones first, with counts."""
    return (
        Campaign.objects.filter(team=team)
        .annotate(
            ad_set_count=Count("ad_sets", distinct=True),
            asset_count=Count("assets", distinct=True, filter=Q(assets__archived_at__isnull=True)),
            ready_count=Count("assets", distinct=True, filter=Q(assets__stage=Stage.READY)),
        )
        .order_by("archived_at", "name", "pk")
    )


def ad_sets(*, campaign: Campaign) -> QuerySet[AdSet]:
    """The campaign's ad sets with counts."""
    return campaign.ad_sets.annotate(
        asset_count=Count("assets", filter=Q(assets__archived_at__isnull=True))
    ).order_by("name", "pk")


def members(*, team: Team) -> list[Member]:
    """People of the team by name."""
    found: dict[int, tuple[User, list[str]]] = {}
    rows = Membership.objects.filter(team=team).select_related("user").order_by("user__first_name")
    for row in rows:
        found.setdefault(row.user_id, (row.user, []))[1].append(row.role)
    order = list(Role.values)
    return [Member(user, tuple(sorted(roles, key=order.index))) for user, roles in found.values()]


def invitations(*, team: Team) -> QuerySet[Invitation]:
    """Open invitations, newest first."""
    return team.invitations.filter(
        accepted_at__isnull=True, expires_at__gt=timezone.now()
    ).order_by("-pk")


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One catalog row with what a person asks of it: does it run here, and what does it do?"""

    row: CatalogModel
    is_connected: bool
    does: str

    @property
    def prices(self) -> list[ModelPrice]:
        """Its prices, the latest day first."""
        return list(self.row.prices.all())

    @property
    def coming(self) -> ModelPrice | None:
        """The next price that waits for its day."""
        today = timezone.now().date()
        later = [price for price in self.prices if price.starts > today]
        return min(later, key=lambda price: (price.starts, -price.pk), default=None)

    @property
    def price_text(self) -> str:
        """The price as an admin types it."""
        price = self.row.price_micros
        return "" if price is None else money.in_units(price)


def models() -> list[ModelRow]:
    """The catalog, connected providers first."""
    now = wiring.circumstances()
    rows = [
        ModelRow(
            row=row,
            is_connected=row.provider in now.connected,
            does=", ".join(OPERATIONS[name].label for name in row.operations if name in OPERATIONS),
        )
        for row in CatalogModel.objects.order_by("label", "pk").prefetch_related(
            Prefetch("prices", ModelPrice.objects.select_related("by").order_by("-starts", "-pk"))
        )
    ]
    return sorted(rows, key=lambda found: not found.is_connected)
