"""Sums by day for the budget page, so that it never reads the whole ledger.

Derived: `actions.rollups` changes them in the transaction of the rows they are made from, and
`manage.py rebuild_rollups` makes them again.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.campaign import AdSet, Campaign
from campaigns.models.choices import Stage, Tier
from campaigns.models.team import Team


class SpendDay(models.Model):
    """What one person's runs of one model in one ad set and stage came to on one day (UTC).

    The day is the one on which the money was held, so that days add up to the month of a budget
    line. Money in micro-units; `estimated_micros` is what was expected of what was settled,
    `top_micros` what the dearest model for the same work would have cost. `review_s` is the time
    between opening a batch and deciding it.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="spend_days")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    ad_set = models.ForeignKey(AdSet, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    stage = models.CharField(max_length=10, choices=Stage)
    tier = models.CharField(max_length=6, choices=Tier)
    model = models.CharField(max_length=60)
    model_label = models.CharField(max_length=80)
    settled_micros = models.BigIntegerField(default=0)
    estimated_micros = models.BigIntegerField(default=0)
    top_micros = models.BigIntegerField(default=0)
    credits_micros = models.BigIntegerField(default=0)
    compute_s = models.FloatField(default=0)
    runs = models.IntegerField(default=0)
    made = models.IntegerField(default=0)
    kept = models.IntegerField(default=0)
    review_s = models.FloatField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_sum_a_day_and_kind_of_work",
                fields=["ad_set", "person", "day", "stage", "tier", "model"],
            ),
        ]
        indexes = [
            # the budget page: a team's days of one month
            models.Index(fields=["team", "day"], name="spend_day_month"),
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.day}"
