"""The asset: one creative on its way through the line; the card on the board."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.campaign import AdSet, Campaign
from campaigns.models.choices import Motion, MotionProfile, Purpose, Stage
from campaigns.models.media import Media
from campaigns.models.team import Team


class Asset(models.Model):
    """One creative. `revision` guards against two people changing the same card at once.

    `plan` is the list of stages with the operation chosen for each:
    [{"stage", "operation", "params"}], frozen from the brief and editable per stage later.
    `todo` holds the unticked gate criteria that the next stage should mend.
    `touched_at` rises with everything a card shows, progress included.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="assets")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="assets")
    ad_set = models.ForeignKey(AdSet, on_delete=models.PROTECT, related_name="assets")
    title = models.CharField(max_length=120)
    creative_code = models.CharField(max_length=12, unique=True, null=True, blank=True)
    product = models.CharField(max_length=200, blank=True)
    goal = models.TextField(max_length=4000)
    headline = models.CharField(max_length=120, blank=True)
    subline = models.CharField(max_length=160, blank=True)
    cta = models.CharField(max_length=40, blank=True)
    purpose = models.CharField(max_length=10, choices=Purpose, default=Purpose.SOCIAL)
    locale = models.CharField(max_length=12, default="en-US")
    platforms = models.JSONField(default=list)
    motion = models.CharField(max_length=10, choices=Motion, blank=True)
    motion_profile = models.CharField(max_length=12, choices=MotionProfile, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True)
    candidate_count = models.PositiveSmallIntegerField(
        default=4, help_text="0: as many as routing finds best."
    )
    demands = models.JSONField(default=dict, blank=True, help_text="What must be in the frame.")
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.GENERATION)
    plan = models.JSONField(default=list)
    todo = models.JSONField(default=list, blank=True)
    current = models.ForeignKey(
        "campaigns.Candidate", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    keyframe = models.ForeignKey(
        "campaigns.Candidate", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revision = models.PositiveIntegerField(default=1)
    token = models.CharField(max_length=64, unique=True, help_text="One per submitted brief.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField(auto_now_add=True)
    ready_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    is_golden = models.BooleanField(default=False, help_text="Bears golden checks, on no board.")

    class Meta:
        indexes = [
            # the board: a column of a team or of a campaign, newest movement first
            models.Index(
                fields=["team", "stage", "-touched_at", "-id"],
                name="asset_board_column",
                condition=models.Q(archived_at__isnull=True),
            ),
            models.Index(
                fields=["campaign", "stage", "-touched_at", "-id"],
                name="asset_campaign_column",
                condition=models.Q(archived_at__isnull=True),
            ),
            # the budget page: assets that became ready, and that were briefed, in a month
            models.Index(
                fields=["team", "ready_at", "campaign"],
                name="asset_ready_month",
                condition=models.Q(ready_at__isnull=False),
            ),
            models.Index(fields=["team", "created_at", "campaign"], name="asset_brief_month"),
            # the board's version: newest movement of a team
            models.Index(fields=["team", "-touched_at"], name="asset_team_touched"),
        ]

    def __str__(self) -> str:
        return self.title


class AssetBase(models.Model):
    """A photo or clip the brief started from."""

    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="bases")
    media = models.ForeignKey(Media, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_base_a_position", fields=["asset", "position"]),
        ]

    def __str__(self) -> str:
        return f"base {self.position} of {self.asset_id}"
