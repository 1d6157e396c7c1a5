"""`manage.py sync_catalog`: add new models and refresh those that no admin has edited."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.actions import catalogs
from routing.catalog import BadCatalog


class Command(BaseCommand):
    """Fills the catalog's rows from routing/catalog.toml."""

    help = "Fill the model catalog from the shipped file."

    def handle(self, *args: Any, **options: Any) -> None:
        """Sync; a wrong row is named with its field."""
        try:
            catalogs.sync()
        except BadCatalog as error:
            raise CommandError(str(error)) from error
