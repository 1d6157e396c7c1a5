"""The ledger: rows that are only ever added. Corrections are new rows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models

from campaigns.models.budget import BudgetLine
from campaigns.models.choices import EntryKind
from campaigns.models.stage_run import Attempt
from campaigns.models.team import Team


class AppendOnly(Exception):
    """A ledger or event row was about to be changed or deleted."""


class AppendOnlyQuerySet(models.QuerySet):
    """Refuses what would rewrite history."""

    def update(self, **kwargs: object) -> int:
        raise AppendOnly("Ledger and event rows are only ever added; add a correcting row.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly("Ledger and event rows are only ever added; add a correcting row.")


class AppendOnlyRow(models.Model):
    """A row that is written once."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises AppendOnly for a row that exists."""
        if not self._state.adding:
            raise AppendOnly("Ledger and event rows are only ever added; add a correcting row.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raises AppendOnly."""
        raise AppendOnly("Ledger and event rows are only ever added; add a correcting row.")


class LedgerEntry(AppendOnlyRow):
    """One movement on one tier's budget line; its campaign and team count it too.

    `amount_micros` is signed only for `correct`. `key` is unique, so that booking the same
    movement again changes nothing. Compute seconds and the provider's own credits (in millionths)
    are kept beside the money.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="ledger")
    line = models.ForeignKey(BudgetLine, on_delete=models.PROTECT, related_name="entries")
    attempt = models.ForeignKey(
        Attempt, on_delete=models.PROTECT, null=True, blank=True, related_name="entries"
    )
    kind = models.CharField(max_length=8, choices=EntryKind)
    amount_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    key = models.CharField(max_length=120, unique=True)
    compute_s = models.FloatField(default=0)
    credits_micros = models.BigIntegerField(default=0)
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_a_correction_may_be_negative",
                condition=models.Q(amount_micros__gte=0) | models.Q(kind="correct"),
            ),
        ]
        indexes = [
            # the ledger page: a team's rows, newest first
            models.Index(fields=["team", "-id"], name="ledger_team_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_micros} on line {self.line_id}"
