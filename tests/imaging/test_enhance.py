"""Faces are freshened where they are, and only there."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging import enhance
from imaging.geometry import Box

Photo = Callable[[str], NDArray[np.uint8]]
FACE = Box(182, 58, 270, 178)


def detail(rgb: NDArray[np.uint8]) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


class TestFaces:
    def test_sharpens_the_face_and_leaves_the_rest(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        done = enhance.faces(rgb, [FACE], strength=0.8)
        face = np.s_[FACE.top : FACE.bottom, FACE.left : FACE.right]
        reach = FACE.grow(FACE.width / 3 + 1, FACE.height / 3 + 1)
        outside = np.ones(rgb.shape[:2], dtype=np.bool_)
        outside[reach.top : reach.bottom, reach.left : reach.right] = False
        assert np.array_equal(done[outside], rgb[outside])
        assert detail(done[face]) > 1.05 * detail(rgb[face])

    def test_stays_the_same_person(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        done = enhance.faces(rgb, [FACE], strength=1.0)
        assert np.abs(done.astype(int) - rgb.astype(int)).mean() < 2

    def test_strength_zero_changes_nothing(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        assert np.array_equal(enhance.faces(rgb, [FACE], strength=0), rgb)

    def test_a_face_at_the_edge_of_the_frame_is_no_error(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        done = enhance.faces(rgb, [Box(-20, -10, 40, 60), Box(490, 490, 512, 512)], strength=0.5)
        assert done.shape == rgb.shape

    @pytest.mark.parametrize("strength", [-0.1, 1.1])
    def test_refuses_other_strengths(self, photo: Photo, strength: float) -> None:
        with pytest.raises(ValueError, match="strength"):
            enhance.faces(photo("astronaut"), [FACE], strength=strength)
