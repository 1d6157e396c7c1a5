"""Campaigns and their ad sets."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.choices import Ceiling
from campaigns.models.team import Team


class Campaign(models.Model):
    """One advertising campaign of a team.

    `ceiling` is the highest tier that runs unasked, `ask_above_micros` the highest amount of one
    run (None: any). With `carries_over` what a month leaves is added to the next.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="campaigns")
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=8, help_text="Short code used in file names, such as SPR.")
    brand = models.CharField(max_length=80, blank=True)
    ceiling = models.CharField(max_length=6, choices=Ceiling, default=Ceiling.LOW)
    ask_above_micros = models.BigIntegerField(null=True, blank=True)
    carries_over = models.BooleanField(default=False)
    default_locale = models.CharField(max_length=12, default="en-US")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_campaign_code_is_unique_in_its_team", fields=["team", "code"]
            ),
            models.CheckConstraint(
                name="a_campaign_never_asks_below_nothing",
                condition=models.Q(ask_above_micros__isnull=True)
                | models.Q(ask_above_micros__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AdSet(models.Model):
    """A group of ads with one audience."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="ad_sets")
    name = models.CharField(max_length=120)
    audience = models.CharField(max_length=200, blank=True)
    locale = models.CharField(max_length=12, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="an_ad_set_name_is_unique_in_its_campaign", fields=["campaign", "name"]
            ),
        ]

    def __str__(self) -> str:
        return self.name
