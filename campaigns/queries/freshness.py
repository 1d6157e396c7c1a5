"""What a platform file was made of, and what of it changed since. Reads only, no query of its own.

A file is bound to its master, its crop, what it says about AI and the texts it was checked with.
One that stands for something else is made again before it may leave the house; one that was made
for other limits only says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.formats import placement_texts
from campaigns.models import PlatformFile

LIMITS = "Other limits count now than those it was made for."
WORDS = {
    "master": "Its master is another one now.",
    "crop": "Another crop was asked for than the one it shows.",
    "label": "What is known about AI in it changed.",
    "texts": "Its texts changed since it was checked.",
}


def texts_of(row: PlatformFile) -> dict[str, str]:
    """The words that go out with the file, by the names its platform has for them. `row` needs
    asset__campaign."""
    asset = row.asset
    return placement_texts.of(
        row.platform,
        headline=asset.headline,
        subline=asset.subline,
        brand=asset.campaign.brand,
    )


def made_of(row: PlatformFile) -> dict[str, Any]:
    """What the file is made of, to be kept with it. `row` needs asset__campaign and
    source__media."""
    master = row.source.media
    return {
        "master": master.sha256,
        "crop": [row.wanted_box, row.filling, row.focus, row.marks, row.mends],
        "label": master.ai_status,
        "texts": [row.asset.headline, row.asset.subline, texts_of(row)],
    }


def changes(row: PlatformFile) -> list[str]:
    """What makes a finished file stand for something else than it shows; [] while it is made."""
    if row.due_at is not None or row.media is None:
        return []
    # files of an earlier version say only how they were labelled
    then = row.made_of or {"label": row.media.ai_status}
    now = made_of(row)
    # nor do they say under which names the texts go out
    now["texts"] = now["texts"][: len(then.get("texts", ()))]
    return [WORDS[name] for name in WORDS if name in then and then[name] != now[name]]


def outdated(row: PlatformFile, in_force: Mapping[str, int]) -> list[str]:
    """`changes`, and whether other limits count now."""
    if row.made_at is None:
        return []
    other = row.spec_row_id != in_force.get(row.platform)
    return [*changes(row), *([LIMITS] if other else [])]
