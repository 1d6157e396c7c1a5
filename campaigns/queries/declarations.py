"""How an asset's photos were made, as a person said: what, who and when. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.models import Asset, Event, Media

WORDS = {
    "": "",
    "none": "A photograph, no AI",
    "ai_modified": "A photograph that AI changed",
    "ai_generated": "Made by AI",
    "unknown": "Not known",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of an asset's photos.

    `answer` is the ai_status they share, or the one that says most; "" when it began without any.
    `who` and `at` are empty where nobody was asked.
    """

    answer: str
    photos: tuple[Media, ...]
    who: str = ""
    at: datetime | None = None

    @property
    def words(self) -> str:
        """The answer for people."""
        return WORDS[self.answer]

    @property
    def is_open(self) -> bool:
        """True while a person has to say how a photo was made."""
        return self.answer == "unknown"


def of_asset(asset: Asset) -> Declaration:
    """What was said of the photos that `asset` began with. Two queries."""
    photos = tuple(
        base.media for base in asset.bases.select_related("media").order_by("position", "pk")
    )
    if not photos:
        return Declaration("", ())
    said = (
        Event.objects.filter(
            team_id=asset.team_id,
            verb="media.declare",
            subject="media",
            subject_id__in=[photo.pk for photo in photos],
        )
        .select_related("by")
        .order_by("-pk")
        .first()
    )
    # unknown first: one photo nobody spoke of is enough to ask
    rank = ("none", "ai_modified", "ai_generated", "unknown")
    answer = max((photo.ai_status for photo in photos), key=rank.index)
    if said is None:
        return Declaration(answer, photos)
    who = (said.by.get_full_name() or said.by.get_username()) if said.by else "Switchyard"
    return Declaration(answer, photos, who, said.at)
