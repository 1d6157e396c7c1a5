"""What was done to a master to make a platform file of it, as Content Credentials name it.

Only what really happened, in its order: a reader of the seal trusts that nothing was left out.
"""

from __future__ import annotations

from imaging.credentials import Action

GROUNDS = {
    "auto": "The whole picture was laid on an extended ground: its plain rims or a blurred copy.",
    "blur": "The whole picture was laid on a blurred copy of itself.",
    "edge": "The whole picture was laid on the color of its own edges.",
    "brand": "The whole picture was laid on a color of the brand.",
    "above": "The whole picture was laid on a plain color below a band.",
    "below": "The whole picture was laid on a plain color above a band.",
}
BANDS = frozenset({"above", "below"})


def actions(
    *,
    is_clip: bool,
    is_cropped: bool,
    way: str = "",
    has_grain: bool = False,
    shortened_to_s: float | None = None,
) -> list[Action]:
    """The steps from a master to its file. `way` is the filling of a master that is shown whole, ""
    where a part of it was cut out."""
    done = []
    if shortened_to_s is not None:
        done.append(Action("trimmed", f"Shortened to its first {shortened_to_s:g} seconds."))
    if is_cropped:
        done.append(Action("cropped"))
    done.append(Action("resized"))
    if way:
        done.append(Action("edited", GROUNDS[way]))
    if way in BANDS:
        done.append(Action("addedText", "The headline was set in the band."))
    if has_grain:
        done.append(Action("filtered", "A fine grain was added against steps in gradients."))
    if is_clip:
        done.append(Action("transcoded"))
    return done
