"""What a team's picks taught about models, one row a stage."""

from __future__ import annotations

from django.db import models

from campaigns.models.choices import Stage
from campaigns.models.team import Team


class TeamBelief(models.Model):
    """A stage's belief as `routing.blob` writes it. `revision` guards against two writers.

    Stale means that a judgment it was learned from was taken back: it is learned again from the
    judged runs, which are the truth.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="beliefs")
    stage = models.CharField(max_length=10, choices=Stage)
    blob = models.TextField()
    revision = models.PositiveIntegerField(default=0)
    is_stale = models.BooleanField(default=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_belief_a_team_and_stage", fields=["team", "stage"]),
        ]

    def __str__(self) -> str:
        return f"{self.stage} of {self.team}"
