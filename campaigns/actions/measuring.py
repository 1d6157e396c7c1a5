"""Reading the meters of a candidate. Review can go on without them; they come when they come."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from campaigns.actions import events, stored
from campaigns.models import Candidate, Finding
from campaigns.models.choices import FileKind, FindingVerdict
from campaigns.stages import BY_KEY
from campaigns.stages.base import Measured, Reading

log = logging.getLogger(__name__)

MOST_TRIES = 3


def measure(*, candidate_id: int) -> None:
    """Measure one candidate once. A candidate that killed its worker three times is given up."""
    rows = Candidate.objects.filter(pk=candidate_id, measured_at__isnull=True)
    if rows.update(measure_tries=F("measure_tries") + 1) != 1:
        return
    candidate = Candidate.objects.select_related("media", "run__mask", "parent__media").get(
        pk=candidate_id
    )
    if candidate.measure_tries > MOST_TRIES:
        readings = [
            Reading("meters", "Meters", None, "could not be read", FindingVerdict.INFO, "engine")
        ]
    else:
        readings = _read(candidate)
    with transaction.atomic():
        if rows.update(measured_at=timezone.now()) != 1:
            return
        Finding.objects.bulk_create(
            Finding(
                candidate=candidate,
                name=reading.name,
                label=reading.label,
                value=reading.value,
                value_text=reading.value_text,
                threshold=reading.threshold,
                verdict=reading.verdict,
                origin=reading.origin,
                detail=dict(reading.detail),
            )
            for reading in readings
        )
        events.show_progress(asset_id=candidate.asset_id)


def _read(candidate: Candidate) -> list[Reading]:
    run = candidate.run
    with stored.scratch() as folder:
        path = stored.local_copy(media=candidate.media, folder=folder, name="output")
        source = (
            stored.local_copy(media=candidate.parent.media, folder=folder, name="source")
            if candidate.parent and candidate.parent.media.kind == FileKind.STILL
            else None
        )
        mask = stored.local_copy(media=run.mask, folder=folder, name="mask") if run.mask else None
        return BY_KEY[run.stage].read(
            Measured(
                path=path,
                is_clip=candidate.media.kind == FileKind.CLIP,
                operation=run.operation,
                note=candidate.note,
                source=source,
                mask=mask,
            )
        )
