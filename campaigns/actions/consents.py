"""Recording that a person agreed to the use of their face, revoking it, and asking before a swap.

Whether a swap may go on is asked twice, when it is started and right before it is sent. Faces are
counted here, never recognized: whose face it is stands in the record because somebody says so.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from campaigns import permissions
from campaigns.actions import events, stored
from campaigns.models import Asset, FaceConsent, Media, StageRun, Team
from campaigns.models.choices import FileKind
from campaigns.queries import access
from campaigns.queries import consents as reads
from campaigns.stages import readings
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow
from imaging import faces, intake
from imaging.weights import WeightsMissing
from routing.stages import Operation

MOST_RELEASE_BYTES = 10 * 1024 * 1024
LONGEST_YEARS = 10
SMALLEST_FACE_PX = 80
NO_MONEY = "Nothing was started and no money was spent."
REMEDY = "Record a new consent, or choose the face of somebody else."
RELEASES = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}
NO_RELEASE = "The document must be a PDF, JPEG or PNG that opens. Export it again."


class BadConsent(ValueError):
    """It cannot be recorded; `field` names what to mend and `text` says how."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field
        self.text = text


def record(
    *,
    team: Team,
    face: UploadedFile,
    person_name: str,
    covers: str,
    valid_from: date,
    valid_until: date,
    is_agreed: bool,
    by: User,
    release: UploadedFile | None = None,
) -> FaceConsent:
    """Keep who agreed, to what and until when, with the picture of exactly their face.

    Raises NotAllowed, BadConsent.
    """
    permissions.check_can_record_consent(access.roles(by, team))
    name, words = person_name.strip()[:120], covers.strip()[:300]
    if not name:
        raise BadConsent("person_name", "Write the name of the person.")
    if not words:
        raise BadConsent("covers", "Write what the person agreed to.")
    if not is_agreed:
        raise BadConsent("is_agreed", "Only record it when the person really agreed.")
    _check_days(valid_from, valid_until)
    document = _release(release) if release else None
    try:
        media = stored.receive(team=team, file=face, by=by, accept=_check_one_face)
    except stored.UploadRefused as error:
        raise BadConsent("face", error.text) from error
    consent = FaceConsent(
        team=team,
        face=media,
        person_name=name,
        covers=words,
        valid_from=valid_from,
        valid_until=valid_until,
        recorded_by=by,
        recorded_at=timezone.now(),
    )
    if document is not None:
        data, consent.release_type = document
        consent.release_sha256 = hashlib.sha256(data).hexdigest()
        consent.release.save("release", ContentFile(data), save=False)
    with transaction.atomic():
        consent.save(force_insert=True)
        events.record(
            team=team,
            verb="consent.record",
            subject="consent",
            subject_id=consent.pk,
            by=by,
            after={
                **frozen(consent),
                "from": valid_from.isoformat(),
                "face_sha256": media.sha256,
                "release_sha256": consent.release_sha256,
            },
        )
    return consent


def _check_days(first: date, last: date) -> None:
    if last < first:
        raise BadConsent("valid_until", "The last day comes before the first.")
    if last < reads.today():
        raise BadConsent("valid_until", "This day is over already. Enter the last day it holds.")
    if last.year - first.year > LONGEST_YEARS:
        raise BadConsent(
            "valid_until", f"At most {LONGEST_YEARS} years at a time; ask the person again then."
        )


def _check_one_face(taken: intake.Intake) -> None:
    if taken.kind != FileKind.STILL:
        raise stored.UploadRefused("Choose a photo; a face is not taken from a clip.")
    rgb = readings.pixels(taken.master)
    try:
        found = faces.detect(rgb)
    except WeightsMissing as error:
        raise stored.UploadRefused(
            "Faces cannot be counted on this installation yet. Ask an admin to run "
            "“manage.py setup_models”. Nothing was stored."
        ) from error
    if not found:
        raise stored.UploadRefused(
            "No face was found in this photo. Choose one where the face is seen from the front, "
            "large and well lit."
        )
    if len(found) > 1:
        raise stored.UploadRefused(
            f"{len(found)} faces were found in this photo. Cut it to the one person who agreed."
        )
    shown = min(found[0].box.width, found[0].box.height)
    if shown * taken.width / rgb.shape[1] < SMALLEST_FACE_PX:
        raise stored.UploadRefused(
            f"The face is smaller than {SMALLEST_FACE_PX} pixels. Choose a larger photo of it."
        )


def _release(file: UploadedFile) -> tuple[bytes, str]:
    """The document as it was sent, and its type by its content."""
    most = MOST_RELEASE_BYTES // (1024 * 1024)
    if (file.size or 0) > MOST_RELEASE_BYTES:
        raise BadConsent("release", f"The document is larger than {most} MB. Export a smaller one.")
    data = file.read()
    kind = next((name for head, name in RELEASES.items() if data.startswith(head)), "")
    if kind == "application/pdf" and b"%%EOF" not in data[-2048:]:
        kind = ""
    if not kind:
        raise BadConsent("release", NO_RELEASE)
    if kind != "application/pdf":
        _check_opens(data)
    return data, kind


def _check_opens(data: bytes) -> None:
    """Decoded in a child process, like every picture that comes in."""
    with stored.scratch() as folder:
        source: Path = folder / "release"
        source.write_bytes(data)
        work = folder / "work"
        work.mkdir()
        try:
            intake.take_in(source, work)
        except intake.Unreadable as error:
            raise BadConsent("release", NO_RELEASE) from error
        except intake.NoProcess as error:
            raise BadConsent("release", stored.NO_PROCESS) from error


def revoke(*, consent: FaceConsent, reason: str, by: User) -> None:
    """End a consent now. What was made stays on record; nothing more is sent.

    Raises NotAllowed, BadConsent, NotNow.
    """
    permissions.check_can_revoke_consent(access.roles(by, consent.team))
    why = reason.strip()[:300]
    if not why:
        raise BadConsent("reason", "Say in a few words why it is revoked. Nothing was changed.")
    with transaction.atomic():
        ended = FaceConsent.objects.filter(pk=consent.pk, revoked_at__isnull=True).update(
            revoked_at=timezone.now(), revoked_by=by, revoke_reason=why
        )
        if ended != 1:
            raise NotNow("This consent was revoked already. Nothing was changed.")
        events.record(
            team=consent.team,
            verb="consent.revoke",
            subject="consent",
            subject_id=consent.pk,
            by=by,
            before=frozen(consent),
            after={"reason": why},
        )


def frozen(consent: FaceConsent) -> dict[str, Any]:
    """What a run keeps of the consent it was started with."""
    return {
        "person": consent.person_name,
        "covers": consent.covers,
        "until": consent.valid_until.isoformat(),
        "id": consent.pk,
    }


def of_start(
    *, spec: Operation, consent: FaceConsent | None, asset: Asset
) -> dict[str, dict[str, Any]]:
    """What a run that is started keeps of its consent; nothing where none is needed.

    Raises BadParams where none of this team was chosen, NotNow where it is not in force.
    """
    if not spec.needs_face:
        return {}
    if consent is None or consent.team_id != asset.team_id:
        raise BadParams("consent", f"Choose the face of somebody who agreed. {NO_MONEY}")
    fresh = FaceConsent.objects.get(pk=consent.pk)
    why = reads.problem(fresh, reads.today())
    if why:
        raise NotNow(f"{why} {REMEDY} {NO_MONEY}")
    return {"consent": frozen(fresh)}


def refusal(*, run: StageRun) -> str:
    """Why a run may not be sent now, read afresh; "" where it may or needs no consent."""
    if run.consent_id is None:
        return ""
    why = reads.problem(FaceConsent.objects.get(pk=run.consent_id), reads.today())
    return f"{why} {REMEDY} Nothing was sent and no money was spent." if why else ""


def faces_of(run: StageRun) -> tuple[Media, ...]:
    """The source face of a run, where it has one."""
    return (run.consent.face,) if run.consent is not None else ()
