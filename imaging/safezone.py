"""The part of a picture that a platform's own buttons and captions do not cover.

Numbers come from the platform's spec; this module only does the geometry. It must not know
any platform by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imaging.geometry import Box


@dataclass(frozen=True, slots=True)
class SafeZone:
    """Covered margins in pixels of a width x height canvas.

    `rail` is (from_y, right): below from_y the interface covers `right` pixels on the right
    edge instead of the plain margin (like, comment and share buttons). `rail_side` is "left"
    where people read from right to left.
    """

    width: int
    height: int
    top: int
    bottom: int
    left: int
    right: int
    rail: tuple[int, int] | None = None
    rail_side: str = "right"

    @classmethod
    def from_spec(cls, spec: Mapping[str, Any]) -> SafeZone:
        """Read a spec's `safe_zone` object (or a whole spec that holds one).

        ValueError when a figure is missing or the margins leave nothing.
        """
        data = spec.get("safe_zone", spec)
        try:
            width, height = (int(value) for value in data["canvas"])
            zone = cls(
                width=width,
                height=height,
                top=int(data["top"]),
                bottom=int(data["bottom"]),
                left=int(data["left"]),
                right=int(data["right"]),
                rail=_rail(data.get("rail")),
                rail_side=str(data.get("rail_side", "right")),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"A safe zone needs canvas, top, bottom, left, right: {error}"
            ) from error
        if zone.clear_box().is_empty:
            raise ValueError("The margins of the safe zone leave nothing clear.")
        return zone

    def scaled(self, width: int, height: int) -> SafeZone:
        """The zone on another canvas size of about the same ratio."""
        x, y = width / self.width, height / self.height
        rail = (round(self.rail[0] * y), round(self.rail[1] * x)) if self.rail else None
        return SafeZone(
            width,
            height,
            round(self.top * y),
            round(self.bottom * y),
            round(self.left * x),
            round(self.right * x),
            rail,
            self.rail_side,
        )

    def clear_box(self) -> Box:
        """The box inside the four margins (the rail may still bite into its lower corner)."""
        left, top = self.left, self.top
        return Box(
            left, top, max(left, self.width - self.right), max(top, self.height - self.bottom)
        )

    def covering(self) -> tuple[Box, ...]:
        """The covered parts as boxes that do not overlap, the rail included."""
        clear = self.clear_box()
        boxes = [
            Box(0, 0, self.width, clear.top),
            Box(0, clear.bottom, self.width, self.height),
            Box(0, clear.top, clear.left, clear.bottom),
            Box(clear.right, clear.top, self.width, clear.bottom),
        ]
        if self.rail:
            from_y, reach = self.rail
            top = min(max(from_y, clear.top), clear.bottom)
            if self.rail_side == "right":
                left = min(clear.right, max(clear.left, self.width - reach))
                boxes.append(Box(left, top, clear.right, clear.bottom))
            else:
                right = max(clear.left, min(clear.right, reach))
                boxes.append(Box(clear.left, top, right, clear.bottom))
        return tuple(box for box in boxes if not box.is_empty)

    def has_room_for(self, box: Box) -> bool:
        """Whether a thing as large as this could stand in the clear: a product that fills the frame
        always lies under the interface in part."""
        return box.area <= self.clear_box().area

    def covered(self, box: Box) -> float:
        """The share (0..1) of a box, in canvas pixels, that lies under the interface."""
        if box.is_empty:
            return 0.0
        return min(1.0, sum(box.intersect(part).area for part in self.covering()) / box.area)


def _rail(data: Mapping[str, Any] | None) -> tuple[int, int] | None:
    return (int(data["from_y"]), int(data["right"])) if data else None
