"""Pictures are enlarged without seams, shifts or invented colors."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging import upscale

Photo = Callable[[str], NDArray[np.uint8]]


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    error = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return 10 * np.log10(255**2 / error)


class TestUpscale:
    @pytest.mark.parametrize(
        ("factor", "method"),
        [(1.5, "lanczos"), (2.0, "animevideov3+lanczos"), (3.0, "animevideov3+lanczos")],
    )
    def test_gives_the_size_and_names_the_method(
        self, photo: Photo, factor: float, method: str
    ) -> None:
        part = photo("astronaut")[60:120, 180:270]
        done, used = upscale.upscale(part, factor)
        assert (done.shape[:2], used) == ((60 * factor, 90 * factor), method)

    def test_comes_closer_to_the_original_than_plain_resizing_of_a_jpeg(self, photo: Photo) -> None:
        truth = photo("coffee")[40:296, 120:440]
        small = cv2.resize(truth, (160, 128), interpolation=cv2.INTER_AREA)
        _, packed = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 55])
        poor = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), dtype=np.uint8)
        done, _ = upscale.upscale(poor, 2.0)
        assert psnr(done, truth) > psnr(upscale.resize(poor, 320, 256), truth)

    def test_tiles_leave_no_seam(self, photo: Photo) -> None:
        wide = photo("china")[100:160, 0:420]
        whole, _ = upscale.upscale(wide, 2.0)
        # The same region computed inside one tile.
        part, _ = upscale.upscale(wide[:, 150:250], 2.0)
        seam = slice(2 * (200 - 150) - 4, 2 * (200 - 150) + 4)
        apart = np.abs(whole[:, 300:500][:, seam].astype(int) - part[:, seam].astype(int))
        assert apart.mean() < 3

    def test_says_how_far_it_is(self, photo: Photo) -> None:
        told: list[float] = []
        upscale.upscale(photo("china")[:210, :210], 2.0, on_progress=told.append)
        assert told == sorted(told)
        assert (len(told), told[-1]) == (4, 1.0)

    def test_is_repeatable(self, photo: Photo) -> None:
        part = photo("cat")[:210, :90]
        assert np.array_equal(upscale.upscale(part, 2.0)[0], upscale.upscale(part, 2.0)[0])

    def test_refuses_other_factors(self, photo: Photo) -> None:
        with pytest.raises(ValueError, match="factor"):
            upscale.upscale(photo("cat"), 9)
