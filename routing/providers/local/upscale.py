"""Enlarge a picture 1.5, 2, 3 or 4 times.

It adds edges and takes away block noise; it must not be sold as new detail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imaging import upscale as enlarging
from routing.providers.base import InvalidRequest, Output, Request
from routing.providers.local import checks, pictures

MOST_PIXELS = 40_000_000
MOST_NETWORK_PIXELS = 4_000_000


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """The enlarged picture, the same for every seed; about 15 seconds per input megapixel."""
    factor = request.params.get("factor", 2)
    if isinstance(factor, bool) or factor not in enlarging.FACTORS:
        raise InvalidRequest("factor", "factor must be 1.5, 2, 3 or 4.")
    picture = checks.base(request)
    height, width = picture.rgb.shape[:2]
    if width * height * factor**2 > MOST_PIXELS or (
        factor > enlarging.PLAIN_LIMIT and width * height > MOST_NETWORK_PIXELS
    ):
        raise InvalidRequest(
            "factor",
            f"{width} x {height} times {factor:g} is more than this engine enlarges; "
            "choose a smaller factor.",
        )
    rgb, method = enlarging.upscale(
        picture.rgb, float(factor), on_progress=lambda share: on_progress(0.9 * share)
    )
    alpha = picture.alpha
    if alpha is not None:
        alpha = enlarging.resize_mask(alpha, rgb.shape[1], rgb.shape[0])
    for position in range(len(request.seeds)):
        if position not in have:
            yield pictures.save(request, position, rgb, {"method": method}, alpha=alpha)
    on_progress(1.0)
