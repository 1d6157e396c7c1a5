"""Softness and steps are seen where they are, and not in photographs."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imaging import quality
from tests.imaging.conftest import PHOTOS

Pixels = NDArray[np.uint8]
SOFT, STEPS = 0.06, 0.15  # where the house draws its lines


def gradient(step: int) -> Pixels:
    """A sky over a whole upright frame in steps of so many gray levels."""
    down, across = np.mgrid[0:960, 0:540]
    light = 60 + 80 * down / 960 + 20 * across / 540
    rgb = light[..., None] * np.array([1.0, 0.9, 0.7])
    return np.asarray(np.round(rgb / step) * step, dtype=np.uint8)


def encoded(rgb: Pixels) -> Pixels:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "JPEG", quality=90)
    return np.asarray(Image.open(out).convert("RGB"))


class TestLikeness:
    @pytest.mark.parametrize("name", PHOTOS)
    def test_falls_with_what_an_encoder_takes(
        self, photo: Callable[[str], Pixels], name: str
    ) -> None:
        rgb = photo(name)
        found = []
        for level in (92, 60, 20, 8):
            out = io.BytesIO()
            Image.fromarray(rgb).save(out, "JPEG", quality=level)
            found.append(quality.likeness(rgb, np.asarray(Image.open(out).convert("RGB"))))
        assert found == sorted(found, reverse=True)
        assert found[0] > 0.95
        assert found[3] < 0.8

    def test_of_a_picture_with_itself_is_whole(self, photo: Callable[[str], Pixels]) -> None:
        assert quality.likeness(photo("cat"), photo("cat")) == 1

    def test_a_place_that_was_spoiled_decides(self, photo: Callable[[str], Pixels]) -> None:
        spoiled = photo("cat").copy()
        spoiled[:, :128] = cv2.blur(spoiled[:, :128], (15, 15))
        assert quality.likeness(photo("cat"), spoiled) < 0.8


class TestFineDetail:
    @pytest.mark.parametrize("name", PHOTOS)
    def test_of_a_photograph_is_plenty_until_it_is_enlarged_or_blurred(
        self, photo: Callable[[str], Pixels], name: str
    ) -> None:
        sharp = photo(name)
        height, width = sharp.shape[:2]
        large = cv2.resize(sharp, (width * 4, height * 4), interpolation=cv2.INTER_CUBIC)
        blurred = cv2.GaussianBlur(sharp, (0, 0), 2.0)
        found = [quality.fine_detail(rgb) for rgb in (sharp, large, blurred)]
        assert found[0] > 4 * SOFT
        assert found[1] < SOFT
        assert found[2] < SOFT

    def test_does_not_mind_a_blurred_background(self, photo: Callable[[str], Pixels]) -> None:
        sharp = photo("coffee")
        mixed = cv2.GaussianBlur(sharp, (0, 0), 6.0)
        mixed[100:300, 150:450] = sharp[100:300, 150:450]
        assert quality.fine_detail(mixed) > SOFT

    def test_of_one_color_says_nothing(self) -> None:
        assert quality.fine_detail(np.full((200, 200, 3), 90, np.uint8)) is None


class TestBanding:
    @pytest.mark.parametrize("step", [3, 4, 6])
    def test_shows_in_a_gradient_of_steps_and_a_grain_hides_it(self, step: int) -> None:
        steps = gradient(step)
        assert quality.banding(steps) > STEPS
        assert quality.banding(encoded(steps)) > STEPS
        assert quality.banding(encoded(quality.grained(steps))) < STEPS / 3

    def test_does_not_show_in_the_finest_gradient_of_8_bits(self) -> None:
        assert quality.banding(gradient(1)) == 0

    @pytest.mark.parametrize("name", PHOTOS)
    def test_does_not_show_in_photographs(self, photo: Callable[[str], Pixels], name: str) -> None:
        assert quality.banding(encoded(photo(name))) < STEPS / 3

    def test_of_a_picture_smaller_than_a_tile_is_none(self) -> None:
        assert quality.banding(np.zeros((20, 20, 3), np.uint8)) == 0


class TestGrain:
    def test_is_the_same_each_time_and_changes_no_color(
        self, photo: Callable[[str], Pixels]
    ) -> None:
        rgb = photo("cat")
        once, again = quality.grained(rgb), quality.grained(rgb)
        assert np.array_equal(once, again)
        assert np.abs(once.mean((0, 1)) - rgb.mean((0, 1))).max() < 0.1
        assert np.abs(once.astype(int) - rgb).max() <= 10
