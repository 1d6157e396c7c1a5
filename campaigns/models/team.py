"""Teams, who belongs to them in which role, and how people get in.

A team is the tenant: every other row leads to exactly one.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from campaigns.models.choices import Role


class Team(models.Model):
    """A client or brand. `revision` rises with everything its screens show."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=60, unique=True)
    currency = models.CharField(max_length=3, default="USD")
    review_rate_micros_per_hour = models.BigIntegerField(default=40_000_000)
    gate_threshold_percent = models.PositiveSmallIntegerField(default=80)
    self_approval_allowed = models.BooleanField(default=False)
    baseline_hours = models.FloatField(
        null=True, blank=True, help_text="Hours from brief to approved creative the old way."
    )
    explore_percent = models.PositiveSmallIntegerField(
        default=25, help_text="How much more a run may cost to learn from it; 0 is off."
    )
    brand_colors = models.JSONField(default=list, blank=True)
    name_pattern = models.CharField(
        max_length=200,
        default="{brand}_{campaign}_{concept}_{platform}_{ratio}_{len}_{lang}_v{n}_{code}",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="team_gate_threshold_is_a_percentage",
                condition=models.Q(gate_threshold_percent__lte=100),
            ),
            models.CheckConstraint(
                name="team_review_rate_is_not_negative",
                condition=models.Q(review_rate_micros_per_hour__gte=0),
            ),
            models.CheckConstraint(
                name="team_baseline_is_a_time",
                condition=models.Q(baseline_hours__isnull=True) | models.Q(baseline_hours__gt=0),
            ),
            models.CheckConstraint(
                name="team_explores_up_to_double",
                condition=models.Q(explore_percent__lte=100),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One role of one person in one team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="a_member_holds_a_role_once", fields=["team", "user", "role"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.team}"


class Invitation(models.Model):
    """An open door for one e-mail address. Only the hash of its token is stored."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    roles = models.JSONField(default=list)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.email} to {self.team}"


class SignInLink(models.Model):
    """A link that signs one person in, once. Only the hash of its token is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user}"
