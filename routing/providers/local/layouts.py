"""Where things go in an ad of 1080 x 1920: type, product, photo. Numbers only.

Places are given for 1080 x 1920 and scaled to other sizes by `Frame`. Type always stays where no
platform lays its own interface. It must not touch pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from imaging.geometry import Box

REFERENCE = (1080, 1920)


@dataclass(frozen=True, slots=True)
class Frame:
    """The wanted size; turns reference places into its pixels."""

    width: int
    height: int

    @property
    def unit(self) -> float:
        """Pixels per reference pixel for sizes of type, shadows and rounding."""
        return min(self.width / REFERENCE[0], self.height / REFERENCE[1])

    def box(self, left: float, top: float, right: float, bottom: float) -> Box:
        x, y = self.width / REFERENCE[0], self.height / REFERENCE[1]
        return Box(round(left * x), round(top * y), round(right * x), round(bottom * y))


@dataclass(frozen=True, slots=True)
class Layout:
    """One arrangement, in reference pixels.

    text: where headline, subline and button go, stacked from the top (or the bottom).
    product: where the subject may be; it stands on the box's lower edge.
    kinds: surfaces that suit it. align: start or center. grow: from top or bottom of `text`.
    """

    name: str
    text: tuple[int, int, int, int]
    product: tuple[int, int, int, int]
    kinds: tuple[str, ...]
    align: str = "start"
    grow: str = "top"
    headline: int = 104


FLOOR = ("sweep", "table", "shapes", "podium")

# The subject is whole: it can stand anywhere.
STANDING = (
    Layout("hero_low", (120, 296, 780, 826), (110, 850, 930, 1490), FLOOR),
    Layout(
        "hero_high",
        (120, 900, 780, 1240),
        (130, 296, 900, 850),
        ("sweep", "table", "shapes"),
        grow="bottom",
        headline=84,
    ),
    Layout("offset", (120, 296, 780, 820), (230, 850, 1050, 1600), ("sweep", "table")),
    Layout("centered", (120, 296, 780, 816), (140, 840, 900, 1460), FLOOR, align="center"),
    Layout("flat_lay", (120, 296, 780, 820), (130, 850, 950, 1540), ("paper", "gradient")),
    Layout("large_crop", (120, 296, 780, 800), (210, 830, 1330, 1900), ("gradient", "paper")),
)
# The subject is cut off by the photo's lower edge: that edge must be hidden.
ANCHORED = (
    Layout("popout", (120, 296, 780, 770), (130, 780, 950, 1600), ("sweep", "gradient")),
    Layout("anchored", (120, 296, 780, 780), (60, 790, 1020, 1920), ("sweep", "gradient")),
    Layout("popout_round", (120, 296, 780, 770), (110, 780, 970, 1630), ("gradient", "sweep")),
)
# The photo stays whole.
PICTURE = (
    Layout("framed", (120, 296, 780, 770), (72, 810, 1008, 1740), ("gradient", "sweep")),
    Layout("full_bleed", (120, 296, 780, 760), (0, 0, 1080, 1920), ("gradient",)),
    Layout("split", (120, 296, 780, 800), (0, 850, 1080, 1920), ("gradient",)),
    Layout("arch", (120, 296, 780, 770), (130, 800, 950, 1700), ("sweep", "paper")),
)
# No photo at all.
TYPE = (
    Layout("poster", (120, 296, 780, 1240), (0, 0, 0, 0), ("gradient", "paper"), headline=168),
    Layout(
        "initial",
        (120, 296, 780, 1240),
        (0, 0, 0, 0),
        ("gradient", "sweep"),
        headline=132,
        grow="bottom",
    ),
    Layout("band", (120, 420, 780, 1160), (0, 0, 0, 0), ("sweep", "gradient"), headline=140),
    Layout(
        "stage", (120, 296, 780, 860), (200, 900, 880, 1480), ("podium", "shapes"), headline=120
    ),
)
ALL = {layout.name: layout for layout in (*STANDING, *ANCHORED, *PICTURE, *TYPE)}
