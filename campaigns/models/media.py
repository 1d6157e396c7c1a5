"""Stored files: uploads, outputs, renditions. Private; reached only through access functions."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models

from campaigns.models.choices import FileKind
from campaigns.models.team import Team


def private_name(media: Media, filename: str) -> str:
    """A random name below the team's folder; only the ending of `filename` is kept."""
    ending = filename.rsplit(".", 1)[-1].lower() if "." in filename else "bin"
    token = secrets.token_urlsafe(24)
    return f"teams/{media.team_id}/{token[:2]}/{token}.{ending}"


class Media(models.Model):
    """One stored file with what was measured of it. Never changed after it is written."""

    class Origin(models.TextChoices):
        UPLOAD = "upload", "Upload"
        OUTPUT = "output", "Output of a run"
        PLATFORM = "platform", "Platform file"
        MASK = "mask", "Mask"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="media")
    origin = models.CharField(max_length=8, choices=Origin)
    kind = models.CharField(max_length=5, choices=FileKind)
    file = models.FileField(upload_to=private_name, max_length=200)
    original = models.FileField(upload_to=private_name, max_length=200, blank=True)
    thumb = models.FileField(upload_to=private_name, max_length=200, blank=True)
    poster = models.FileField(upload_to=private_name, max_length=200, blank=True)
    name = models.CharField(max_length=200, blank=True, help_text="The name it was uploaded with.")
    content_type = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration_s = models.FloatField(null=True, blank=True)
    fps = models.FloatField(null=True, blank=True)
    ai_status = models.CharField(
        max_length=12,
        default="unknown",
        choices=[
            ("none", "No AI"),
            ("ai_modified", "Modified with AI"),
            ("ai_generated", "Generated with AI"),
            ("unknown", "Unknown"),
        ],
    )
    seen = models.JSONField(null=True, blank=True, help_text="Cached result of imaging.see.")
    look = models.CharField(
        max_length=64, blank=True, help_text="Perceptual hash of the picture, once it was cut."
    )
    notes = models.JSONField(default=list, help_text="What was odd about it when it came in.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_clip_has_a_duration_and_a_still_has_none",
                condition=models.Q(kind="clip", duration_s__isnull=False)
                | models.Q(kind="still", duration_s__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.width}x{self.height} {self.sha256[:8]}"
