"""`manage.py first_admin`: make the first admin if there is none and print a sign-in link."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from campaigns.actions import people


class Command(BaseCommand):
    """For installations that start their processes on their own."""

    help = "Make the first admin, if there is none yet, and print a one-time sign-in link."

    def handle(self, *args: Any, **options: Any) -> None:
        admin, path = people.ensure_first_admin()
        if path is None:
            self.stdout.write(f"There is an admin already: {admin.email}")
            return
        self.stdout.write(f"Sign in as {admin.email}, once: {settings.PUBLIC_URL}{path}")
