"""The catalog's rows: filled from the shipped file, then an admin's."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import events, planning
from campaigns.models import CatalogModel, Team
from campaigns.models.choices import Tier
from campaigns.queries import access
from campaigns.stages.base import BadParams
from routing import catalog


def sync() -> int:
    """Add new models and refresh those that no admin has edited. Returns rows written."""
    written = 0
    for card in catalog.shipped():
        row = CatalogModel.objects.filter(key=card.key).first()
        if row is not None and row.is_edited:
            continue
        CatalogModel.objects.update_or_create(
            key=card.key,
            defaults={
                "label": card.label,
                "provider": card.provider,
                "version": card.version,
                "operations": list(card.operations),
                "tier": card.tier,
                "price_micros": card.price_micros,
                "price_unit": card.price_unit,
                "price_basis": card.price_basis,
                "price_from": card.price_from,
                "approval_prior": card.approval_prior,
                "seconds_each": card.seconds_each,
                "limits": card.limits,
                "licence": card.licence,
                "source": card.source,
                "is_enabled": card.is_enabled,
                "profile": planning.profile_of(card),
            },
        )
        written += 1
    return written


def change(
    *,
    team: Team,
    row: CatalogModel,
    tier: str,
    price_micros: int | None,
    is_enabled: bool,
    by: User,
) -> None:
    """Change tier, price and switch of a model for new runs; runs that exist keep theirs.

    Raises NotAllowed, BadParams.
    """
    permissions.check_can_manage_models(access.roles(by, team))
    if price_micros is None and is_enabled:
        raise BadParams("price", "A model that is switched on needs a price. Nothing was changed.")
    if price_micros is not None and price_micros < 0:
        raise BadParams("price", "A price cannot be negative. Nothing was changed.")
    if tier not in Tier.values:
        raise BadParams("tier", "Choose low, medium or high. Nothing was changed.")
    before = {"tier": row.tier, "price_micros": row.price_micros, "is_enabled": row.is_enabled}
    after = {"tier": tier, "price_micros": price_micros, "is_enabled": is_enabled}
    with transaction.atomic():
        CatalogModel.objects.filter(pk=row.pk).update(
            **after, is_edited=True, price_from=timezone.now().date(), updated_at=timezone.now()
        )
        events.record(
            team=team,
            verb="model.change",
            subject="model",
            subject_id=row.pk,
            by=by,
            before=before,
            after=after,
        )
