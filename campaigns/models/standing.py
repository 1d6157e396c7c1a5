"""Standing rules: what a manager approved beforehand, by tier, campaign, person and day."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from campaigns.models.campaign import Campaign
from campaigns.models.choices import Tier
from campaigns.models.team import Team


class StandingRule(models.Model):
    """Runs up to `tier` start without asking while a day's sum a campaign stays in `day_micros`.

    Without a campaign it holds for each campaign of the team, without a person for everybody.
    Never edited: a manager ends it and writes another.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="standing_rules")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    tier = models.CharField(max_length=6, choices=Tier)
    day_micros = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_standing_rule_allows_something", condition=Q(day_micros__gt=0)
            ),
            models.CheckConstraint(
                name="an_ended_rule_has_person_and_time",
                condition=Q(ended_by__isnull=True, ended_at__isnull=True)
                | Q(ended_by__isnull=False, ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} up to {self.day_micros} a day"


class RuleDay(models.Model):
    """What a standing rule let through on one day (UTC) in one campaign."""

    rule = models.ForeignKey(StandingRule, on_delete=models.PROTECT, related_name="days")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    limit_micros = models.BigIntegerField()
    used_micros = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_row_a_rule_campaign_and_day", fields=["rule", "campaign", "day"]
            ),
            models.CheckConstraint(
                name="a_standing_rule_is_never_exceeded",
                condition=Q(used_micros__gte=0, limit_micros__gte=F("used_micros")),
            ),
        ]

    def __str__(self) -> str:
        return f"rule {self.rule_id} on {self.day}"
