"""Erase what a person brushed over and fill it from around; nothing else changes by a bit.

Above a sixth of the picture the fill is invention, and the note says "best effort".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imaging import fill
from routing.providers.base import Output, Request
from routing.providers.local import checks, pictures

GOOD_SHARE = 0.15


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """One lossless picture per seed; pixels outside the mask are bit-identical to the base."""
    picture = checks.base(request)
    height, width = picture.rgb.shape[:2]
    mask = checks.mask(request, width, height)
    share = float(mask.mean())
    note = {"erased_share": round(share, 4), "best_effort": share > GOOD_SHARE}
    on_progress(0.1)
    for position, seed in enumerate(request.seeds):
        if position in have:
            continue
        rgb = fill.fill(picture.rgb, mask, seed=seed)
        yield pictures.save(request, position, rgb, note, alpha=picture.alpha, lossless=True)
        on_progress(0.1 + 0.9 * (position + 1) / len(request.seeds))
