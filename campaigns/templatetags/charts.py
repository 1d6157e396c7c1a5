"""Charts drawn by the server: plain SVG without style or script, with a text alternative.

They draw prepared values and decide nothing. A table with the same figures stands beside each,
written by the screen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()

HEIGHT, TOP, FOOT = 150, 22, 22  # px of the drawing, room for figures above, for names below
GAP = 0.28  # of a column's slot


@dataclass(frozen=True, slots=True)
class Point:
    """One column: its name, its size (None: not known, drawn as a gap) and the size in words."""

    name: str
    value: float | None
    text: str


@register.simple_tag
def columns(points: Iterable[Point], label: str) -> SafeString:
    """Columns from zero. The newest and the highest carry their figure, also on a phone."""
    given = list(points)
    known = [point.value for point in given if point.value is not None]
    highest = max(known, default=0)
    slot = 100 / max(len(given), 1)
    ground = HEIGHT - FOOT
    drawn = []
    for at, point in enumerate(given):
        share = point.value / highest if point.value is not None and highest else 0
        height = round(share * (ground - TOP), 1)
        drawn.append(
            {
                "name": point.name,
                "text": point.text,
                "is_known": point.value is not None,
                "is_key": at == len(given) - 1 or point.value == highest,
                "is_odd": (len(given) - 1 - at) % 3 != 0,
                "x": f"{slot * (at + GAP / 2):.2f}%",
                "width": f"{slot * (1 - GAP):.2f}%",
                "middle": f"{slot * (at + 0.5):.2f}%",
                "y": max(0, ground - height),
                "height": height,
                "text_y": max(10, ground - height - 6),
            }
        )
    return render_to_string(
        "_parts/columns.html",
        {"drawn": drawn, "label": label, "height": HEIGHT, "ground": ground, "name_y": HEIGHT - 5},
    )
