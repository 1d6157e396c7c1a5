"""What a person agreed to: whose face may be used, for what, and until when.

A row is written once and only ever revoked; another agreement is another row.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from campaigns.models.media import Media
from campaigns.models.team import Team


def release_name(consent: FaceConsent, filename: str) -> str:
    """A random name below the team's folder; what `filename` says is not used."""
    token = secrets.token_urlsafe(24)
    return f"teams/{consent.team_id}/{token[:2]}/{token}.release"


class FaceConsent(models.Model):
    """One person's consent to use the face in `face`, from one day (UTC) to another, both in.

    `release` is the signed document, kept as it was sent; `face` holds exactly one face.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="consents")
    face = models.ForeignKey(Media, on_delete=models.PROTECT, related_name="consents")
    person_name = models.CharField(max_length=120)
    covers = models.CharField(max_length=300, help_text="What for, in the words of the agreement.")
    valid_from = models.DateField()
    valid_until = models.DateField()
    release = models.FileField(upload_to=release_name, max_length=200, blank=True)
    release_type = models.CharField(max_length=40, blank=True)
    release_sha256 = models.CharField(max_length=64, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoke_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_consent_ends_after_it_begins",
                condition=Q(valid_until__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="a_consent_names_person_and_purpose",
                condition=~Q(person_name="") & ~Q(covers=""),
            ),
            models.CheckConstraint(
                name="a_revoked_consent_has_person_time_and_reason",
                condition=Q(revoked_by__isnull=True, revoked_at__isnull=True, revoke_reason="")
                | (Q(revoked_by__isnull=False, revoked_at__isnull=False) & ~Q(revoke_reason="")),
            ),
            models.CheckConstraint(
                name="a_release_has_its_type_and_hash",
                condition=Q(release="", release_type="", release_sha256="")
                | (~Q(release="") & ~Q(release_type="") & ~Q(release_sha256="")),
            ),
        ]
        indexes = [
            # the page of consents, and the faces that can be chosen
            models.Index(fields=["team", "valid_until", "id"], name="consent_of_team"),
        ]

    def __str__(self) -> str:
        return f"{self.person_name} until {self.valid_until}"
