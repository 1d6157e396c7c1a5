"""The texture meter on photographs: faithful work passes, smoothing is found, grain helps none."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imaging import texture
from imaging.geometry import Box

Pixels = NDArray[np.uint8]
Photo = Callable[[str], Pixels]
FACE = Box(182, 58, 270, 178)  # of the astronaut
SMOOTHED = 0.87


def twice(rgb: Pixels) -> Pixels:
    """An honest enlargement: Lanczos, then JPEG at quality 90."""
    size = (rgb.shape[1] * 2, rgb.shape[0] * 2)
    data = io.BytesIO()
    Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS).save(data, "JPEG", quality=90)
    return np.asarray(Image.open(data))


def waxy(rgb: Pixels) -> Pixels:
    return np.asarray(cv2.bilateralFilter(rgb, 9, 40, 5), dtype=np.uint8)


def grainy(rgb: Pixels, sigma: float) -> Pixels:
    noise = np.random.default_rng(7).normal(0, sigma, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def kept(before: Pixels, after: Pixels) -> float:
    found = texture.measure(before, after).whole.kept
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["astronaut", "cat", "china"])
class TestMeasure:
    def test_faithful_work_passes(self, photo: Photo, name: str) -> None:
        rgb = photo(name)
        darker = np.clip(rgb * 0.85 + 10, 0, 255).astype(np.uint8)
        assert kept(rgb, rgb) == pytest.approx(1, abs=0.02)
        assert kept(rgb, twice(rgb)) > 0.92
        assert kept(rgb, darker) > 0.97

    def test_smoothing_is_found_also_under_an_enlargement(self, photo: Photo, name: str) -> None:
        rgb = photo(name)
        assert kept(rgb, waxy(rgb)) < SMOOTHED
        assert kept(rgb, np.asarray(cv2.bilateralFilter(twice(rgb), 13, 45, 6))) < SMOOTHED

    def test_more_blur_keeps_less(self, photo: Photo, name: str) -> None:
        rgb = photo(name)
        soft = [kept(rgb, np.asarray(cv2.GaussianBlur(rgb, (0, 0), s))) for s in (0.6, 1.2, 2.4)]
        assert soft == sorted(soft, reverse=True)
        assert soft[1] < SMOOTHED

    def test_grain_raises_the_energy_but_brings_nothing_back(self, photo: Photo, name: str) -> None:
        rgb = photo(name)
        smooth = waxy(rgb)
        plain = texture.measure(rgb, smooth).whole
        grained = texture.measure(rgb, grainy(smooth, 6)).whole
        assert grained.energy > plain.energy
        assert (grained.kept or 0) < SMOOTHED


class TestRegions:
    def test_tells_a_smoothed_face_from_the_rest(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        after = rgb.copy()
        area = np.s_[FACE.top : FACE.bottom, FACE.left : FACE.right]
        after[area] = cv2.GaussianBlur(rgb, (0, 0), 1.6)[area]
        found = {one.name: one for one in texture.measure(rgb, after, [FACE]).regions}
        assert (found["faces and skin"].kept or 1) < 0.8
        assert (found["the rest"].kept or 0) > 0.95

    def test_the_heat_lies_where_texture_went(self, photo: Photo) -> None:
        rgb = photo("china")
        after = rgb.copy()
        after[:, :300] = cv2.GaussianBlur(rgb, (0, 0), 2)[:, :300]
        heat = np.array(texture.measure(rgb, after).heat)
        half = heat.shape[1] // 2
        assert heat[:, : half - 2].mean() > 10 * heat[:, half + 1 :].mean()

    def test_skin_is_more_than_the_face_and_less_than_the_picture(self, photo: Photo) -> None:
        mask = texture.skin_of(photo("astronaut"), [FACE])
        ellipse = FACE.area * np.pi / 4
        assert ellipse < np.count_nonzero(mask) < 0.3 * mask.size

    def test_a_plain_picture_has_too_little_to_judge(self) -> None:
        plain = np.full((200, 200, 3), 128, np.uint8)
        found = texture.measure(plain, plain)
        assert found.whole.kept is None
        assert not np.array(found.heat).any()
