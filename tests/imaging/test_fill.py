"""Holes are filled from around them, and nothing else changes."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging import fill

Photo = Callable[[str], NDArray[np.uint8]]


def hole_in(rgb: NDArray[np.uint8], left: int, top: int, size: int) -> NDArray[np.bool_]:
    mask = np.zeros(rgb.shape[:2], dtype=np.bool_)
    mask[top : top + size, left : left + size] = True
    return mask


class TestFill:
    def test_leaves_everything_outside_the_hole_bit_identical(self, photo: Photo) -> None:
        rgb = photo("coffee")
        mask = hole_in(rgb, 500, 300, 60)
        done = fill.fill(rgb, mask, seed=1)
        assert np.array_equal(done[~mask], rgb[~mask])
        assert not np.array_equal(done[mask], rgb[mask])

    def test_takes_a_mark_away(self, photo: Photo) -> None:
        clean = photo("coffee")
        marked = clean.copy()
        cv2.circle(marked, (540, 340), 22, (0, 255, 0), -1)
        mask = hole_in(clean, 512, 312, 56)
        done = fill.fill(marked, mask, seed=1)
        inside = done[316:364, 516:564].astype(int)
        green = (inside[:, :, 1] - inside[:, :, 0]) > 40
        assert not green.any()

    def test_the_same_seed_gives_the_same_bytes_in_any_order(self, photo: Photo) -> None:
        rgb = photo("coffee")
        mask = hole_in(rgb, 480, 280, 60)
        first = {seed: fill.fill(rgb, mask, seed=seed) for seed in (1, 2)}
        again = {seed: fill.fill(rgb, mask, seed=seed) for seed in (2, 1)}
        assert all(np.array_equal(first[seed], again[seed]) for seed in (1, 2))

    def test_a_hole_larger_than_the_work_size_is_filled_too(self, photo: Photo) -> None:
        rgb = cv2.resize(photo("flower"), (1600, 1067))
        mask = hole_in(rgb, 100, 100, 700)
        done = fill.fill(rgb, mask, seed=3)
        assert np.array_equal(done[~mask], rgb[~mask])

    def test_forbidden_pixels_are_never_copied(self) -> None:
        rng = np.random.default_rng(4)
        rgb = rng.integers(90, 130, (200, 300, 3)).astype(np.uint8)
        rgb[:, 200:] = (255, 0, 0)
        forbidden = np.zeros((200, 300), dtype=np.bool_)
        forbidden[:, 195:] = True
        mask = hole_in(rgb, 150, 70, 46)
        done = fill.fill(rgb, mask, seed=1, forbidden=forbidden)
        assert int(done[mask][:, 0].max()) < 200

    def test_nothing_to_fill_returns_the_picture(self, photo: Photo) -> None:
        rgb = photo("coffee")
        assert np.array_equal(fill.fill(rgb, np.zeros(rgb.shape[:2], np.bool_), seed=1), rgb)


class TestPreview:
    def test_changes_the_hole_alone(self, photo: Photo) -> None:
        rgb = photo("china")
        mask = hole_in(rgb, 400, 60, 30)
        done = fill.preview(rgb, mask)
        assert np.array_equal(done[~mask], rgb[~mask])


class TestExtend:
    def test_keeps_the_picture_and_fills_the_rest(self, photo: Photo) -> None:
        rgb = cv2.resize(photo("china"), (320, 214))
        done = fill.extend(rgb, 320, 400, 0, 93, seed=1)
        assert done.shape == (400, 320, 3)
        assert np.array_equal(done[93 : 93 + 214], rgb)
        # The sky goes on as sky: the new top is as bright and blue as the old one.
        assert np.abs(done[20:60].mean(axis=(0, 1)) - rgb[:20].mean(axis=(0, 1))).max() < 30

    def test_a_picture_that_does_not_fit_is_refused(self, photo: Photo) -> None:
        with pytest.raises(ValueError, match="inside the canvas"):
            fill.extend(photo("china"), 320, 400, 0, 0, seed=1)


class TestPlate:
    def test_takes_the_subject_out(self, photo: Photo) -> None:
        rgb = cv2.resize(photo("coffee"), (300, 200))
        alpha = np.zeros((200, 300), dtype=np.float32)
        cv2.ellipse(alpha, (140, 102), (104, 96), 0, 0, 360, 1.0, -1)
        done = fill.plate(rgb, alpha, seed=1)
        white_before = (rgb.min(axis=2) > 190).sum()
        assert (done.min(axis=2) > 190).sum() < white_before / 10
