"""Surfaces are drawn from colors, light and seed, the same every time, without banding."""

import numpy as np
import pytest

from imaging import surfaces
from imaging.palette import luminance, palette
from imaging.surfaces import KINDS, LIGHTS, Stand, light_of

STAND = Stand(180, 440, 200, 180)
COLORS = palette(["#1f4b5f", "#e9a23b"], "light")


def draw(kind: str, *, light: str = "soft", seed: int = 1) -> np.ndarray:
    return surfaces.make(kind, 360, 640, COLORS, light_of(light, seed), seed, STAND).rgb


class TestMake:
    @pytest.mark.parametrize("kind", KINDS)
    def test_is_repeatable_and_varies_with_the_seed(self, kind: str) -> None:
        one = draw(kind)
        assert one.shape == (640, 360, 3)
        assert np.array_equal(one, draw(kind))
        assert not np.array_equal(one, draw(kind, seed=2))

    @pytest.mark.parametrize("light", LIGHTS)
    def test_every_light_falls(self, light: str) -> None:
        assert draw("table", light=light).std() > 3

    def test_is_lighter_on_the_side_the_light_comes_from(self) -> None:
        left = draw("sweep", light="left").astype(float)
        assert left[:, :60].mean() > left[:, -60:].mean() + 5

    def test_keeps_near_the_brand_color(self) -> None:
        wall = draw("sweep")[:200].mean(axis=(0, 1)) / 255
        assert abs(luminance(tuple(wall)) - luminance(COLORS.ground)) < 0.15

    def test_smooth_areas_do_not_band(self) -> None:
        """Without grain the rows of a soft gradient would be long runs of one value."""
        row = draw("gradient")[100, :, 0].astype(int)
        assert (np.diff(row) != 0).mean() > 0.3

    def test_refuses_an_unknown_kind(self) -> None:
        with pytest.raises(KeyError):
            draw("velvet")

    def test_says_where_things_can_stand(self) -> None:
        floors = {
            kind: surfaces.make(
                kind, 90, 160, COLORS, light_of("soft", 1), 1, Stand(45, 110, 50, 45)
            ).has_floor
            for kind in KINDS
        }
        assert floors == {
            "sweep": True, "table": True, "shapes": True, "podium": True,
            "paper": False, "gradient": False,
        }  # fmt: skip
