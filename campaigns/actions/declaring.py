"""How a photo was made: a person says it, and what was made from it inherits the answer.

Who said what and when stays in the audit trail. Platform files that say something else are made
again, and an asset that was approved with them goes back to its last gate.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.contrib.auth.models import User
from django.db import transaction

from campaigns import permissions, wiring
from campaigns.actions import ai_marks, events, locks, platform_files
from campaigns.models import Asset, Candidate, Media, PlatformFile
from campaigns.queries import access, declarations
from campaigns.stages.base import BadParams
from campaigns.transitions import NotNow

ANSWERS = {key: declarations.WORDS[key] for key in ("none", "ai_modified", "ai_generated")}


def declare(*, asset: Asset, answer: str, by: User) -> None:
    """Note how the photos of `asset` were made; `answer` is one of ANSWERS.

    Raises NotAllowed, BadParams, NotNow when the asset began without a photo.
    """
    permissions.check_can_run(access.roles(by, asset.team))
    if answer not in ANSWERS:
        raise BadParams("answer", "Choose how the photo was made.")
    with transaction.atomic():
        photos = list(Media.objects.filter(pk__in=asset.bases.values("media")).order_by("pk"))
        if not photos:
            raise NotNow(
                "This asset began without a photo: what was made is known. Nothing was changed."
            )
        note(photos=photos, answer=answer, by=by, asset_id=asset.pk)
        carry(photos=photos, by=by)


def note(
    *, photos: Sequence[Media], answer: str, by: User, asset_id: int | None = None
) -> list[Media]:
    """Write the answer to each photo with who gave it; returns those it changed.

    Must run inside the caller's transaction.
    """
    changed = []
    for media in photos:
        rows = Media.objects.filter(pk=media.pk).exclude(ai_status=answer)
        if rows.update(ai_status=answer) == 1:
            changed.append(media)
            events.record(
                team=media.team,
                verb="media.declare",
                subject="media",
                subject_id=media.pk,
                asset_id=asset_id,
                by=by,
                before={"ai_status": media.ai_status},
                after={"ai_status": answer},
            )
    return changed


def carry(*, photos: Collection[Media], by: User) -> None:
    """Let everything made from these photos inherit what is known of them now.

    Must run inside the caller's transaction.
    """
    # the photo's row is locked by its note, then assets in their order: nobody waits for each other
    assets = Asset.objects.filter(bases__media__in=photos).distinct().order_by("pk")
    for pk in assets.values_list("pk", flat=True):
        asset = locks.asset(pk)
        changed = _inherit(asset)
        rows = PlatformFile.objects.filter(asset=asset, source__media__in=changed).order_by("pk")
        platform_files.make_again(asset=asset, rows=rows, by=by)
        events.touch(asset_ids=[pk])


def _inherit(asset: Asset) -> list[int]:
    """Work the status of each version out again, oldest first; the media that changed."""
    bases = list(asset.bases.values_list("media__ai_status", flat=True))
    changed = []
    known: dict[int, str] = {}
    for made in _versions(asset):
        # a parent is older than what was made from it
        sources = [known[made.parent_id]] if made.parent_id in known else bases
        known[made.pk] = ai_marks.ai_status(
            made.run.operation,
            sources,
            is_own_engine=wiring.sends_again(made.attempt.provider),
        )
        if known[made.pk] != made.media.ai_status:
            Media.objects.filter(pk=made.media_id).update(ai_status=known[made.pk])
            changed.append(made.media_id)
    return changed


def _versions(asset: Asset) -> list[Candidate]:
    rows = Candidate.objects.filter(asset=asset).select_related("media", "run", "attempt")
    return list(rows.order_by("pk"))
