"""The catalog's rows: filled from the shipped file, then an admin's.

Prices have a day from which they count; what ran keeps the price it ran at.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import events
from campaigns.formats import profiles
from campaigns.models import CatalogModel, ModelPrice, Team
from campaigns.models.choices import Tier
from campaigns.queries import access
from campaigns.stages.base import BadParams
from routing import catalog

FARTHEST = timedelta(days=731)


def sync() -> int:
    """Add new models and refresh those that no admin has edited. Returns rows written."""
    written = 0
    for card in catalog.shipped():
        found = CatalogModel.objects.filter(key=card.key).first()
        if found is not None and found.is_edited:
            _note_first(found)
            continue
        row, _ = CatalogModel.objects.update_or_create(
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
                "profile": profiles.stored(card),
            },
        )
        _note_shipped(row)
        written += 1
    return written


def _note_shipped(row: CatalogModel) -> None:
    """The shipped price as a row of its own, unless the newest says the same."""
    newest = row.prices.order_by("-pk").first()
    if newest is not None and (newest.price_micros, newest.price_unit, newest.starts) == (
        row.price_micros,
        row.price_unit,
        row.price_from or newest.starts,
    ):
        return
    if row.price_micros is not None:
        _note(row, row.price_micros, row.price_from or timezone.now().date(), row.source, "", None)


def _note_first(row: CatalogModel) -> None:
    """A row that was edited before prices had rows: what it says is its first."""
    if row.price_micros is not None and not row.prices.exists():
        _note(row, row.price_micros, row.price_from or timezone.now().date(), row.source, "", None)


def _note(
    row: CatalogModel,
    price_micros: int | None,
    starts: date,
    source: str,
    basis: str,
    by: User | None,
) -> None:
    ModelPrice.objects.create(
        model=row,
        price_micros=price_micros,
        price_unit=row.price_unit,
        currency=row.currency,
        starts=starts,
        source=source,
        basis=basis or row.price_basis,
        by=by,
    )


def apply_due(*, now: datetime) -> int:
    """Put prices into force whose day has come. Returns how many models changed.

    Of several due rows of a model the latest day counts, of one day the later written. Days are
    UTC. A model whose price would become unknown is switched off.
    """
    due = ModelPrice.objects.filter(starts__lte=now.date()).filter(
        Q(model__price_from__isnull=True) | Q(starts__gt=F("model__price_from"))
    )
    newest: dict[int, ModelPrice] = {}
    for price in due.order_by("starts", "pk"):
        newest[price.model_id] = price
    changed = 0
    for price in newest.values():
        rows = CatalogModel.objects.filter(pk=price.model_id).filter(
            Q(price_from__isnull=True) | Q(price_from__lt=price.starts)
        )
        off = {"is_enabled": False} if price.price_micros is None else {}
        changed += rows.update(
            price_micros=price.price_micros,
            price_from=price.starts,
            price_basis=price.basis,
            updated_at=now,
            **off,
        )
    return changed


def change(
    *,
    team: Team,
    row: CatalogModel,
    tier: str,
    price_micros: int | None,
    is_enabled: bool,
    by: User,
    starts: date | None = None,
    source: str = "",
    basis: str = "",
) -> None:
    """Change tier, price and switch of a model for new runs; runs that exist keep theirs.

    A price that `starts` later waits for its day (UTC); tier and switch change at once. A changed
    price is a row of its own with `source` and `basis`. Raises NotAllowed, BadParams.
    """
    permissions.check_can_manage_models(access.roles(by, team))
    now = timezone.now()
    today = now.date()
    starts = starts or today
    later = starts > today
    _check_change(row, tier, price_micros, is_enabled, starts, today, later)
    before = {"tier": row.tier, "price_micros": row.price_micros, "is_enabled": row.is_enabled}
    after = {"tier": tier, "price_micros": price_micros, "is_enabled": is_enabled}
    values: dict[str, object] = {"tier": tier, "is_enabled": is_enabled}
    if later:
        after["starts"] = starts.isoformat()
    elif price_micros != row.price_micros or basis:
        values |= {"price_micros": price_micros, "price_from": today}
        values |= {"price_basis": basis} if basis else {}
    with transaction.atomic():
        _note_first(row)
        if later or price_micros != row.price_micros or basis or source:
            _note(row, price_micros, starts, source or f"entered by {_name(by)}", basis, by)
        CatalogModel.objects.filter(pk=row.pk).update(**values, is_edited=True, updated_at=now)
        events.record(
            team=team,
            verb="model.change",
            subject="model",
            subject_id=row.pk,
            by=by,
            before=before,
            after=after,
        )


def _check_change(
    row: CatalogModel,
    tier: str,
    price_micros: int | None,
    is_enabled: bool,
    starts: date,
    today: date,
    later: bool,
) -> None:
    in_force = row.price_micros if later else price_micros
    if in_force is None and is_enabled:
        raise BadParams("price", "A model that is switched on needs a price. Nothing was changed.")
    if price_micros is not None and price_micros < 0:
        raise BadParams("price", "A price cannot be negative. Nothing was changed.")
    if tier not in Tier.values:
        raise BadParams("tier", "Choose low, medium or high. Nothing was changed.")
    if starts < today:
        raise BadParams(
            "starts",
            "A price cannot begin in the past: what ran keeps the price it ran at. Choose today "
            "or a later day. Nothing was changed.",
        )
    if starts > today + FARTHEST:
        raise BadParams("starts", "Choose a day within two years. Nothing was changed.")


def _name(person: User) -> str:
    return person.get_full_name() or person.get_username()
