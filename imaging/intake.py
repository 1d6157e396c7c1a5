"""Take a file in: the one door for uploads and for what providers send.

The file is decoded in a killable child process with limits and written anew. It must not be
trusted before, and its name never is.
"""

from __future__ import annotations

from pathlib import Path

from imaging import sandbox
from imaging.develop import Intake
from imaging.formats import Limits, Unreadable
from imaging.sandbox import Cage, NoProcess

__all__ = ["Cage", "Intake", "Limits", "NoProcess", "Unreadable", "take_in"]


def take_in(
    source: Path,
    folder: Path,
    *,
    keep_bytes: bool = False,
    limits: Limits | None = None,
    cage: Cage | None = None,
) -> Intake:
    """Check `source` and write master, thumbnail (400 px WebP) and, for clips, a poster below
    the existing `folder`.

    Stills become upright sRGB without metadata, PNG when transparent or losslessly given, else
    JPEG; clips are copied stream by stream into a fresh container. With `keep_bytes` the master
    is the source bit for bit when it needs no turning or color conversion. Raises Unreadable
    with a code and words for the person; NoProcess when this machine cannot read anything now.
    """
    arguments = {
        "path": str(source.resolve()),
        "folder": str(folder.resolve()),
        "keep_bytes": keep_bytes,
    }
    return Intake.from_json(sandbox.run("take_in", arguments, limits=limits, cage=cage))
