"""Switchyard's own crop, as `manage.py smartcrop` does it: a small copy, see, decide."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from imaging import crop, peek, probe, see
from imaging.safezone import SafeZone

LIMITS = probe.Limits(max_pixels=120_000_000, max_side=20_000, min_side=1)


def cropper(
    targets: dict[str, list[int]], zone: dict[str, Any]
) -> Callable[[dict[str, Any]], dict[str, list[int]]]:
    """Look once, decide for every target; 9:16 with the safe zone, as an export does."""
    safe = SafeZone.from_spec(zone)

    def boxes(picture: dict[str, Any]) -> dict[str, list[int]]:
        image, _ = probe.open_still(Path(picture["file"]), LIMITS)
        with image:
            rgb, size = peek.small(image)
        seen = see.see(rgb, size=size)
        found = {}
        for name, (width, height) in targets.items():
            covered = safe.scaled(width, height) if name == "9:16" else None
            found[name] = crop.decide(seen, width, height, covered).box.as_list()
        return found

    return boxes
