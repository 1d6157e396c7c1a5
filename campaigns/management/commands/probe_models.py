"""`manage.py probe_models`: does what we would send still fit what the models take?

Asks every connected provider about each model of the catalog that is written down in
routing/providers/endpoints.toml. Nothing is bought, nothing is changed. Exit code 0 when all fits,
1 when something differs, 2 when nothing differs but something, or everything, could not be asked.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.core.management.base import BaseCommand

from campaigns import wiring
from campaigns.models import CatalogModel
from campaigns.queries import keys
from routing import money
from routing.providers import endpoints, schemas
from routing.providers.probing import Look
from routing.providers.schemas import Difference

FITS, DIFFERS, UNASKED = "fits", "differs", "not asked"
EXITS = {FITS: 0, DIFFERS: 1, UNASKED: 2}
_MANY = {FITS: "fit", DIFFERS: "differ", UNASKED: "not asked"}


@dataclass(frozen=True, slots=True)
class Row:
    """One catalog row and what became of the question. Prices are in millionths."""

    key: str
    label: str
    provider: str
    version: str
    is_enabled: bool
    state: str
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    price_seen: schemas.Price | None = None
    catalog_price_micros: int | None = None
    catalog_price_unit: str = ""
    catalog_currency: str = ""


class Command(BaseCommand):
    """See the module."""

    help = "Ask the providers whether what we would send still fits their models. Costs nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--provider", choices=[*wiring.HOSTED], help="only this one")
        parser.add_argument("--json", action="store_true", help="one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = [options["provider"]] if options["provider"] else [*wiring.HOSTED]
        keyless: list[str] = []
        rows: list[Row] = []
        for key in chosen:
            try:
                rows += probe(key)
            except wiring.NoSuchProvider:
                keyless.append(key)
        states = {row.state for row in rows}
        state = next((one for one in (DIFFERS, UNASKED) if one in states), FITS)
        if not rows:
            state = UNASKED
        if options["json"]:
            answer = {
                "state": state,
                "models": [asdict(row) for row in rows],
                "not_connected": keyless,
            }
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=2))
        else:
            self._say(rows, keyless)
        if EXITS[state]:
            sys.exit(EXITS[state])

    def _say(self, rows: list[Row], keyless: list[str]) -> None:
        for row in rows:
            off = "" if row.is_enabled else ", switched off"
            self.stdout.write(f"{row.state:9}  {row.label} ({row.provider} {row.version}{off})")
            for one in row.differences:
                self.stdout.write(f"           {one.text}")
            if row.problem:
                self.stdout.write(f"           {row.problem}")
            for note in (*_price_note(row), *row.notes):
                self.stdout.write(f"           note: {note}")
        for key in keyless:
            self.stdout.write(
                f"{keys.LABELS[key]} is not connected (set {keys.VARIABLES[key]}), "
                "so it was not asked."
            )
        counts = {state: sum(row.state == state for row in rows) for state in EXITS}
        said = ", ".join(f"{count} {_MANY[state]}" for state, count in counts.items())
        self.stdout.write(f"{len(rows)} models: {said}. Asking cost nothing.")


def probe(key: str) -> Iterator[Row]:
    """The rows of one provider, enabled or not. Raises wiring.NoSuchProvider."""
    ask = wiring.prober(key)
    models = [*CatalogModel.objects.filter(provider=key).order_by("label", "pk")]
    known = {row.version: endpoints.find(key, row.version) for row in models}
    looks = {look.endpoint.id: look for look in ask([row for row in known.values() if row])}
    return (
        _row(row, looks.get(row.version)) for row in models if known[row.version] or row.is_enabled
    )


def _row(model: CatalogModel, look: Look | None) -> Row:
    if look is None:
        text = "it is switched on, but nobody has written down how it is asked (endpoints.toml)"
        differences: tuple[Difference, ...] = (Difference("not_written_down", "", text),)
        notes: tuple[str, ...] = ()
        problem, price = "", None
    else:
        differences, notes = look.differences, look.notes
        problem, price = look.problem, look.price
    if price and schemas.price_differs(
        price, micros=model.price_micros, unit=model.price_unit, currency=model.currency
    ):
        differences = (*differences, Difference("price", "", _prices(price, model)))
    state = DIFFERS if differences else UNASKED if problem else FITS
    return Row(
        key=model.key,
        label=model.label,
        provider=model.provider,
        version=model.version,
        is_enabled=model.is_enabled,
        state=state,
        differences=differences,
        notes=notes,
        problem=problem,
        price_seen=price,
        catalog_price_micros=model.price_micros,
        catalog_price_unit=model.price_unit,
        catalog_currency=model.currency,
    )


def _prices(price: schemas.Price, model: CatalogModel) -> str:
    return (
        f"price: {_money(price.micros, price.currency)} per unit ({price.unit}) there, "
        f"{_money(model.price_micros or 0, model.currency)} per {model.price_unit} in the catalog"
    )


def _price_note(row: Row) -> Iterator[str]:
    """What was seen beside the catalog's price, unless it is told as a difference already."""
    price = row.price_seen
    if price is None or any(one.code == "price" for one in row.differences):
        return
    seen = f"{_money(price.micros, price.currency)} per unit ({price.unit})"
    if row.catalog_price_micros is None:
        yield f"price: {seen}; the catalog has none"
        return
    own = f"{_money(row.catalog_price_micros, row.catalog_currency)} per {row.catalog_price_unit}"
    same = schemas.price_differs(
        price,
        micros=row.catalog_price_micros,
        unit=row.catalog_price_unit,
        currency=row.catalog_currency,
    )
    if same is None:
        yield f"price: {seen} there, {own} in the catalog; they count differently, so compare them"
    else:
        yield f"price: {own}, as in the catalog"


def _money(micros: int, currency: str) -> str:
    return f"{money.in_units(micros)} {currency}"
