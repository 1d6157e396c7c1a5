"""Take the photo as it is: the one candidate is the picture itself, byte for byte.

It must not re-encode: what a person uploaded is what they get.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

from routing.providers.base import InvalidRequest, Output, Request
from routing.providers.local import checks

ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """The base picture as the output of every seed (callers ask for one)."""
    picture = checks.base(request)
    file = request.input("base")
    if file is None or file.content_type not in ENDINGS:
        raise InvalidRequest("base", "A JPEG, PNG or WebP picture is needed.")
    for position, seed in enumerate(request.seeds):
        if position in have:
            continue
        path = request.workdir / f"{position:02d}{ENDINGS[file.content_type]}"
        shutil.copyfile(file.path, path)
        note = {"width": picture.rgb.shape[1], "height": picture.rgb.shape[0]}
        yield Output(position, seed, path, file.content_type, note)
        on_progress((position + 1) / len(request.seeds))
