"""A whole picture in a frame of another ratio; and small copies for looking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging import crop, extend, peek
from imaging.geometry import Box
from imaging.safezone import SafeZone
from imaging.see import Seen, SeenBox

Pixels = NDArray[np.uint8]
ZONE = SafeZone(1080, 1920, 240, 660, 120, 120, (840, 300))
FLAT = tuple((0.0,) * 32 for _ in range(32))


def framed(rgb: Pixels, zone: SafeZone | None = None) -> tuple[extend.Place, Pixels]:
    at = extend.place(Box.whole(rgb.shape[1], rgb.shape[0]), 540, 960, zone)
    return at, extend.on_ground(rgb, at, 540, 960)


class TestOnGround:
    def test_a_plain_rim_is_continued_in_its_color(self) -> None:
        rgb = np.full((400, 600, 3), (20, 90, 160), np.uint8)
        rgb[150:250, 250:350] = 255
        _, out = framed(rgb)
        assert out.shape == (960, 540, 3)
        assert np.abs(out[[0, 959], :].astype(int) - (20, 90, 160)).max() <= 1

    def test_a_photograph_gets_a_soft_darker_copy(self, photo: Callable[[str], Pixels]) -> None:
        at, out = framed(photo("coffee"))
        above = out[: at.top]
        assert above.std(axis=(0, 1)).max() > 2
        assert np.abs(np.diff(above.astype(int), axis=1)).mean() < 1
        assert above.max() <= 0.8 * 255

    def test_nothing_is_lost_and_it_repeats(self, photo: Callable[[str], Pixels]) -> None:
        one, two = framed(photo("flower")), framed(photo("flower"))
        assert one[0].width == 540
        assert one[0].box == Box.whole(640, 427)
        assert np.array_equal(one[1], two[1])

    def test_it_lies_in_the_middle_of_what_is_clear(self) -> None:
        at, _ = framed(np.zeros((200, 600, 3), np.uint8), ZONE)
        clear = ZONE.scaled(540, 960).clear_box()
        assert abs(at.top + at.height / 2 - clear.center[1]) <= 1


class TestJudgeFit:
    def test_says_so_and_measures_in_the_frame(self) -> None:
        face = SeenBox(Box(400, 100, 500, 230), 3.0, 0.9, "made up", "face")
        seen = Seen(1000, 800, (face,), (), None, FLAT)
        result = crop.judge_fit(seen, Box.whole(1000, 800), 1080, 1920, ZONE)
        codes = [(found.code, found.verdict) for found in result.findings]
        assert codes[0] == ("fitted", "info")
        assert ("face_whole", "pass") in codes
        assert ("interface", "pass") in codes


class TestSmall:
    def test_a_turned_jpeg_comes_small_and_upright(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (4000, 2000), "teal").save(tmp_path / "a.jpg", exif=exif)
        with Image.open(tmp_path / "a.jpg") as image:
            rgb, size = peek.small(image, 500)
        assert rgb.shape == (500, 250, 3)
        assert size == (2000, 4000)

    def test_transparent_parts_are_white(self, tmp_path: Path) -> None:
        Image.new("RGBA", (90, 50), (255, 0, 0, 0)).save(tmp_path / "a.png")
        with Image.open(tmp_path / "a.png") as image:
            rgb, size = peek.small(image)
        assert rgb.min() == 255
        assert size == (90, 50)
