"""Reading the meters of a candidate. Review can go on without them; they come when they come."""

from __future__ import annotations

import logging
import secrets

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from campaigns.actions import as_asked, cutting, events, heartbeats, stored
from campaigns.models import Candidate, Finding, Lease
from campaigns.models.choices import FileKind, FindingVerdict, Stage
from campaigns.stages import BY_KEY
from campaigns.stages.base import Measured, Reading

log = logging.getLogger(__name__)

MOST_TRIES = 3
AT_MOST_S = 120  # then its worker counts as dead
LOOKS_AT_SOURCE = (Stage.EDIT, Stage.POLISH)  # their meters protect what lies in the source


def measure(*, candidate_id: int) -> None:
    """Measure one candidate once. A candidate that killed its worker three times is given up.

    A second worker finds it in hand and does nothing.
    """
    name, holder = f"measure-{candidate_id}", secrets.token_hex(8)
    rows = Candidate.objects.filter(pk=candidate_id, measured_at__isnull=True)
    if not rows.exists() or not heartbeats.lead(name=name, holder=holder, seconds=AT_MOST_S):
        return
    try:
        _measure(candidate_id, rows)
    finally:
        Lease.objects.filter(name=name, holder=holder).delete()


def _measure(candidate_id: int, rows: QuerySet[Candidate]) -> None:
    if rows.update(measure_tries=F("measure_tries") + 1) != 1:
        return
    candidate = Candidate.objects.select_related(
        "media", "run__mask", "parent__media", "attempt"
    ).get(pk=candidate_id)
    if candidate.measure_tries > MOST_TRIES:
        readings = [
            Reading("meters", "Meters", None, "could not be read", FindingVerdict.INFO, "engine")
        ]
    else:
        readings = [*as_asked.read(candidate), *_read(candidate)]
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
        seen = None
        if source is not None and candidate.parent and run.stage in LOOKS_AT_SOURCE:
            seen = cutting.seen_at(media=candidate.parent.media, path=source)
        return BY_KEY[run.stage].read(
            Measured(
                path=path,
                is_clip=candidate.media.kind == FileKind.CLIP,
                operation=run.operation,
                note=candidate.note,
                source=source,
                mask=mask,
                seen=seen,
            )
        )
