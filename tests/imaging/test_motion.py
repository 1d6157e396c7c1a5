"""Camera moves glide: eased, sub-pixel, inside the picture, each frame from the keyframe."""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging import fill, motion

Photo = Callable[[str], NDArray[np.uint8]]
MOVES = ("push_in", "pull_out", "pan_left", "pan_right", "pan_up")
WIDTH, HEIGHT = 144, 256


def keyframe(photo: Photo) -> NDArray[np.uint8]:
    return cv2.resize(photo("china")[:, 60:300], (288, 512), interpolation=cv2.INTER_AREA)


def shown(photo: Photo, move: str, seed: int = 1) -> list[NDArray[np.uint8]]:
    layers = motion.flat(keyframe(photo), WIDTH, HEIGHT)
    plan = motion.plan(move, "camera_only", 1, 24, seed)
    return list(motion.frames(layers, plan, WIDTH, HEIGHT))


class TestFrames:
    @pytest.mark.parametrize("move", MOVES)
    def test_has_the_length_and_size_and_repeats(self, photo: Photo, move: str) -> None:
        frames = shown(photo, move)
        assert len(frames) == 24
        assert {frame.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
        assert all(
            np.array_equal(one, other)
            for one, other in zip(frames, shown(photo, move), strict=True)
        )

    @pytest.mark.parametrize("move", MOVES)
    def test_moves_without_a_jump(self, photo: Photo, move: str) -> None:
        frames = [frame.astype(float) for frame in shown(photo, move)]
        steps = [np.abs(b - a).mean() for a, b in pairwise(frames)]
        assert max(steps) < 2.2 * np.median(steps)
        assert sum(steps) > 5

    def test_a_seed_varies_the_move(self, photo: Photo) -> None:
        assert not np.array_equal(shown(photo, "push_in", 1)[-1], shown(photo, "push_in", 2)[-1])

    def test_pan_left_turns_to_what_lies_left(self, photo: Photo) -> None:
        """What is seen last lies left of what was seen first: content wanders to the right."""
        frames = shown(photo, "pan_left")
        first, last = (
            cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
            for frame in (frames[0], frames[-1])
        )
        (dx, _), _ = cv2.phaseCorrelate(first, last)
        assert dx > 4


class TestPlan:
    @pytest.mark.parametrize("move", [*MOVES, "parallax"])
    @pytest.mark.parametrize("profile", sorted(motion.REACH))
    @pytest.mark.parametrize("seed", range(6))
    def test_never_looks_past_the_edge(self, move: str, profile: str, seed: int) -> None:
        plan = motion.plan(move, profile, 2, 30, seed)
        for share in np.linspace(0, 1, 21):
            pose = motion.at(plan, float(share))
            half = 0.5 / pose.zoom
            assert half - 1e-6 <= pose.x <= 1 - half + 1e-6
            assert half - 1e-6 <= pose.y <= 1 - half + 1e-6

    def test_people_move_less_than_action(self) -> None:
        calm = motion.plan("push_in", "subtle_human", 6, 30, 1).last.zoom
        wild = motion.plan("push_in", "high_action", 6, 30, 1).last.zoom
        assert 1 < calm < wild < 1.25

    def test_starts_and_ends_slowly(self) -> None:
        plan = motion.plan("push_in", "camera_only", 6, 30, 1)
        zooms = [motion.at(plan, share).zoom for share in (0, 0.05, 0.5, 0.55)]
        assert zooms[1] - zooms[0] < 0.7 * (zooms[3] - zooms[2])

    @pytest.mark.parametrize("bad", [("spin", "product"), ("push_in", "dance")])
    def test_refuses_unknown_names(self, bad: tuple[str, str]) -> None:
        with pytest.raises(KeyError):
            motion.plan(*bad, 6, 30, 1)


class TestParallax:
    def test_the_subject_moves_more_than_what_is_behind(self, photo: Photo) -> None:
        rgb = keyframe(photo)
        alpha = np.zeros(rgb.shape[:2], dtype=np.float32)
        cv2.rectangle(alpha, (90, 260), (200, 511), 1.0, -1)
        marked = rgb.copy()
        cv2.rectangle(marked, (90, 260), (200, 511), (255, 0, 255), -1)
        plate = fill.plate(marked, alpha, seed=1)
        layers = motion.layered(marked, alpha, marked, plate, WIDTH, HEIGHT)
        plan = motion.plan("parallax", "high_action", 1, 24, 1)
        frames = list(motion.frames(layers, plan, WIDTH, HEIGHT))

        def left_edge(frame: NDArray[np.uint8]) -> int:
            row = frame[220].astype(int)
            return int(np.argmax((row[:, 0] > 180) & (row[:, 1] < 90)))

        sky = [
            cv2.cvtColor(np.ascontiguousarray(frame[:100]), cv2.COLOR_RGB2GRAY).astype(np.float32)
            for frame in (frames[0], frames[-1])
        ]
        (dx, _), _ = cv2.phaseCorrelate(*sky)
        assert abs(left_edge(frames[-1]) - left_edge(frames[0])) > abs(dx)
