"""`manage.py rebuild_rollups`: make the budget page's day sums again from ledger and candidates."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from campaigns.actions import rollups
from campaigns.models import Team


class Command(BaseCommand):
    """For the time after an upgrade or a restored backup. Stop the workers first."""

    help = "Make the budget page's day sums again from the ledger. Stop the workers first."

    def handle(self, *args: Any, **options: Any) -> None:
        """One team after the other."""
        for team in Team.objects.order_by("pk"):
            count = rollups.rebuild(team=team)
            self.stdout.write(f"{team.name}: {count} sums")
