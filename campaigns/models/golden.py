"""Prompts that are sent to a model version again and again, to see whether it changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.asset import Asset
from campaigns.models.stage_run import StageRun
from campaigns.models.team import Team


class GoldenPrompt(models.Model):
    """One request to one model version, taken from a run that was kept.

    Its checks run on `asset`, which stands on no board, and cost at most `cap_micros` each. With
    `every_days` 0 only a person starts one. `memory` is what was accepted (`routing.golden`).
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="golden_prompts")
    asset = models.OneToOneField(Asset, on_delete=models.PROTECT, related_name="golden_prompt")
    reference = models.ForeignKey(StageRun, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=10)
    operation = models.CharField(max_length=24)
    model = models.CharField(max_length=60)
    version = models.CharField(max_length=80)
    label = models.CharField(max_length=80)
    params = models.JSONField(default=dict)
    seed = models.BigIntegerField()
    every_days = models.PositiveSmallIntegerField(default=7)
    cap_micros = models.BigIntegerField()
    memory = models.JSONField(default=dict, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_check_never_costs_less_than_nothing",
                condition=models.Q(cap_micros__gte=0),
            ),
        ]
        indexes = [
            # the scheduler: prompts whose next check is due
            models.Index(
                fields=["due_at"],
                name="golden_due",
                condition=models.Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.asset}"


class GoldenCheck(models.Model):
    """One check. `outcome` is empty until its outputs were compared."""

    prompt = models.ForeignKey(GoldenPrompt, on_delete=models.PROTECT, related_name="checks")
    run = models.OneToOneField(StageRun, on_delete=models.PROTECT, related_name="golden_check")
    outcome = models.CharField(max_length=10, blank=True)
    text = models.CharField(max_length=300, blank=True)
    distance = models.FloatField(null=True, blank=True)
    z = models.FloatField(null=True, blank=True)
    cusum = models.FloatField(null=True, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            # the scheduler: checks whose outputs are still to be compared
            models.Index(
                fields=["id"], name="golden_unread", condition=models.Q(read_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"check {self.pk} of {self.prompt_id}"
