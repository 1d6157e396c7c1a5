"""libvips smartcrop, interesting=attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import vips_crop


def cropper(
    targets: dict[str, list[int]], zone: dict[str, Any]
) -> Callable[[dict[str, Any]], dict[str, list[int]]]:
    """See vips_crop."""
    return vips_crop.cropper(targets, "attention")
