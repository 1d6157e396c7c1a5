"""Bring a keyframe to life with a camera move: push, pull, pan, or two layers in parallax.

Every frame is rendered from the keyframe itself, so likeness holds by construction; it is
measured all the same. It must not promise that a person or product moves: only the camera does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging import compare, composite, encode, fill, motion, subject
from imaging.composite import Piece
from imaging.geometry import Box
from imaging.motion import Layers, Plan
from routing.providers.base import InvalidRequest, Output, Request
from routing.providers.local import checks, pictures, subjects
from routing.providers.local.checks import Picture

MOTIONS = ("push_in", "pull_out", "pan_left", "pan_right", "pan_up", "parallax")
PROFILES = ("subtle_human", "high_action", "product", "camera_only")
HOLDS = 0.80


def run(
    request: Request, on_progress: Callable[[float], None], have: frozenset[int]
) -> Iterator[Output]:
    """One MP4 per seed; the seed varies focus, reach and easing of the move."""
    params = request.params
    move = checks.choice(params, "motion", "push_in", MOTIONS)
    profile = checks.choice(params, "motion_profile", "camera_only", PROFILES)
    seconds = checks.number(params, "seconds", 6, 1, 15)
    fps = checks.whole(params, "fps", 30, 24, 60)
    width = _even(checks.whole(params, "width", 1080, 240, 1440), "width")
    height = _even(checks.whole(params, "height", 1920, 240, 2560), "height")
    picture = checks.base(request)
    layers, shown, fallback = _layers(picture, move, width, height)
    on_progress(0.1)
    todo = [position for position in range(len(request.seeds)) if position not in have]
    for done, position in enumerate(todo):
        seed = request.seeds[position]
        plan = motion.plan(shown, profile, seconds, fps, seed)
        watch = _Watch(layers.rgb, plan, fps, width, height)

        def tell(share: float, done: int = done) -> None:
            on_progress(0.1 + 0.9 * (done + share) / len(todo))

        frames = watch.over(motion.frames(layers, plan, width, height), tell)
        path = request.workdir / f"{position:02d}.mp4"
        info = encode.write_clip(frames, path, fps, width, height)
        note: dict[str, Any] = {
            "motion": shown,
            "motion_profile": profile,
            "duration_s": info.duration_s,
            "holds_until_s": watch.holds_until_s(info.duration_s),
            "likeness": watch.values,
        }
        if fallback:
            note["fallback"] = fallback
        yield Output(position, seed, path, "video/mp4", note)


class _Watch:
    """Passes frames on and measures every half second how much they are still the keyframe, the
    camera's own move taken out of the comparison."""

    def __init__(
        self, keyframe: NDArray[np.uint8], plan: Plan, fps: int, width: int, height: int
    ) -> None:
        self.keyframe, self.plan = keyframe, plan
        self.width, self.height = width, height
        self.step = max(1, round(fps / 2))
        self.values: list[float] = []

    def over(
        self, frames: Iterator[NDArray[np.uint8]], tell: Callable[[float], None]
    ) -> Iterator[NDArray[np.uint8]]:
        for index, frame in enumerate(frames):
            if index % self.step == 0:
                view = motion.seen_from(self.keyframe, self.plan, index, self.width, self.height)
                self.values.append(round(float(compare.likeness(view, frame)), 3))
                tell(index / self.plan.count)
            yield frame
        tell(1.0)

    def holds_until_s(self, duration_s: float) -> float:
        """The first half second at which likeness fell below the bar, else the whole length."""
        for index, value in enumerate(self.values):
            if value < HOLDS:
                return round(index * 0.5, 1)
        return round(duration_s, 2)


def _layers(picture: Picture, move: str, width: int, height: int) -> tuple[Layers, str, str]:
    """The keyframe at the clip's ratio, as layers; the move really shown; why it differs."""
    own_height, own_width = picture.rgb.shape[:2]
    # A keyframe that has the clip's ratio already loses nothing, wherever its subject is.
    same = abs(own_width * height / (own_height * width) - 1) < 0.02
    focus = Box.whole(own_width, own_height) if same else subjects.focus_of(picture.rgb)
    box = pictures.cover_box(own_width, own_height, width, height, focus)
    rgb = np.ascontiguousarray(picture.rgb[box.top : box.bottom, box.left : box.right])
    if move != "parallax":
        return motion.flat(rgb, width, height), move, ""
    piece = _front(rgb)
    if piece is None:
        return (
            motion.flat(rgb, width, height),
            "push_in",
            "No subject stands clear of its surroundings, so the camera pushes in instead.",
        )
    plate = fill.plate(rgb, piece.alpha, seed=1)
    return motion.layered(rgb, piece.alpha, piece.rgb, plate, width, height), move, ""


def _front(rgb: NDArray[np.uint8]) -> Piece | None:
    """The subject as a layer, or None when it cannot be told from its surroundings."""
    found = subject.cut_out(rgb, faces=subjects.find_faces(rgb))
    alpha = composite.clean_edge(found.alpha)
    if not subjects.is_trusted(found) or subject.box_of(alpha).is_empty:
        return None
    return Piece(subject.foreground(rgb, alpha), alpha)


def _even(value: int, field: str) -> int:
    if value % 2:
        raise InvalidRequest(field, f"{field} of a clip must be even.")
    return value
