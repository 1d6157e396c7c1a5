"""The proof of the untouched area on photographs: what re-encoding, moving, resizing, recoloring
and a changed object do to it."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imaging import tracing, untouched
from imaging.geometry import Box

Pixels = NDArray[np.uint8]
Photo = Callable[[str], Pixels]
NAMES = ("astronaut", "rocket", "china")


def mask_of(rgb: Pixels) -> Pixels:
    """The upper right: where the edit was wanted."""
    height, width = rgb.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    mask[height // 8 : height // 3, width // 2 : width * 3 // 4] = 255
    return mask


def encoded(rgb: Pixels, kind: str, quality: int) -> Pixels:
    data = io.BytesIO()
    Image.fromarray(rgb).save(data, kind, quality=quality)
    return np.asarray(Image.open(data).convert("RGB"))


def warped(rgb: Pixels, matrix: NDArray[np.float32]) -> Pixels:
    size = (rgb.shape[1], rgb.shape[0])
    return np.asarray(
        cv2.warpAffine(rgb, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT),
        dtype=np.uint8,
    )


def scaled(rgb: Pixels, factor: float) -> Pixels:
    middle = (rgb.shape[1] / 2, rgb.shape[0] / 2)
    return warped(rgb, np.asarray(cv2.getRotationMatrix2D(middle, 0, factor), np.float32))


def shifted(rgb: Pixels, dx: float, dy: float) -> Pixels:
    return warped(rgb, np.array([[1, 0, dx], [0, 1, dy]], np.float32))


def piece_moved(rgb: Pixels) -> tuple[Pixels, Box]:
    """A square of the picture pasted 12 px to the right and 6 px down; and where it was."""
    height, width = rgb.shape[:2]
    side, top, left = height // 6, height // 2, width // 5
    result = rgb.copy()
    result[top + 6 : top + 6 + side, left + 12 : left + 12 + side] = rgb[
        top : top + side, left : left + side
    ]
    return result, Box(left, top, left + side, top + side)


@pytest.mark.parametrize("name", NAMES)
class TestCompare:
    def test_the_same_picture_is_wholly_unchanged(self, photo: Photo, name: str) -> None:
        rgb = photo(name)
        rest = untouched.compare(rgb, rgb.copy(), mask_of(rgb))
        assert (rest.share, rest.as_is, rest.content, rest.cast) == (1, 1, 1, 0)
        assert rest.largest is None
        assert not np.array(rest.heat).any()

    @pytest.mark.parametrize(("kind", "quality"), [("JPEG", 75), ("WEBP", 80)])
    def test_encoding_again_changes_nothing(
        self, photo: Photo, name: str, kind: str, quality: int
    ) -> None:
        rgb = photo(name)
        rest = untouched.compare(rgb, encoded(rgb, kind, quality), mask_of(rgb))
        assert rest.share > 0.999
        assert rest.cast < 1
        assert rest.largest is None or rest.largest.distance < 6

    def test_a_shift_of_two_pixels_is_told_from_a_change(self, photo: Photo, name: str) -> None:
        rgb = photo(name)
        rest = untouched.compare(rgb, shifted(rgb, 2, 0), mask_of(rgb))
        assert rest.share > 0.999
        assert rest.as_is < 0.97
        assert rest.placement.dx == pytest.approx(2, abs=0.1)
        assert rest.placement.dy == pytest.approx(0, abs=0.1)
        assert rest.placement.scale == pytest.approx(1, abs=0.001)

    @pytest.mark.parametrize("factor", [1.01, 0.985])
    def test_another_size_is_told_from_a_change(
        self, photo: Photo, name: str, factor: float
    ) -> None:
        rgb = photo(name)
        rest = untouched.compare(rgb, scaled(rgb, factor), mask_of(rgb))
        assert rest.placement.scale == pytest.approx(factor, abs=0.001)
        assert rest.share > 0.998

    def test_a_moved_piece_is_found_where_it_lies(self, photo: Photo, name: str) -> None:
        rgb = photo(name)
        after, piece = piece_moved(rgb)
        rest = untouched.compare(rgb, encoded(after, "JPEG", 85), mask_of(rgb))
        assert rest.share < 0.995
        assert rest.largest is not None
        assert rest.largest.distance > 10
        assert rest.largest.box.share_inside(piece.grow(20)) > 0.9
        assert rest.placement.most_px < 0.7

    def test_a_color_cast_is_told_from_a_change(self, photo: Photo, name: str) -> None:
        rgb = photo(name)
        warm = np.clip(rgb * np.array([1.06, 1, 0.94]), 0, 255).astype(np.uint8)
        rest = untouched.compare(rgb, warm, mask_of(rgb))
        assert rest.cast > 2.5
        assert rest.cast_lab[2] > 1.5
        assert rest.share < 0.7
        assert rest.content > 0.97

    def test_work_inside_the_mask_does_not_count(self, photo: Photo, name: str) -> None:
        rgb = photo(name)
        mask = mask_of(rgb)
        after = rgb.copy()
        after[mask > 0] = 255 - after[mask > 0]
        rest = untouched.compare(rgb, after, mask)
        assert rest.share == 1
        assert not np.array(rest.heat).any()


class TestOddPictures:
    def test_a_smaller_result_is_compared_at_the_size_of_the_source(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        small = np.asarray(Image.fromarray(rgb).resize((330, 330), Image.Resampling.LANCZOS))
        assert untouched.compare(rgb, small, mask_of(rgb)).share > 0.999

    def test_another_photograph_has_nothing_unchanged(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        other = untouched.resized(photo("coffee"), 512, 512)
        assert untouched.compare(rgb, other, mask_of(rgb)).share < 0.3

    def test_a_mask_over_everything_leaves_nothing_to_prove(self, photo: Photo) -> None:
        rgb = photo("coffee")
        everything = np.full(rgb.shape[:2], 255, np.uint8)
        rest = untouched.compare(rgb, 255 - rgb, everything)
        assert not rest.has_outside
        assert rest.share == 1

    def test_one_thing_moved_before_a_plain_ground_is_no_moved_picture(self, photo: Photo) -> None:
        ground = np.full((512, 512, 3), (70, 40, 20), np.uint8)
        ground[300:] = (110, 80, 60)
        before, after = ground.copy(), ground.copy()
        thing = photo("cat")[60:200, 100:300]
        before[80:220, 120:320] = thing
        after[83:223, 124:324] = thing
        rest = untouched.compare(before, encoded(after, "JPEG", 92))
        assert rest.placement.most_px == 0
        assert rest.share < 0.98

    def test_a_plain_picture_cannot_be_placed_but_can_be_compared(self) -> None:
        plain = np.full((120, 160, 3), 200, np.uint8)
        spotted = plain.copy()
        spotted[80:100, 20:40] = (220, 20, 20)
        rest = untouched.compare(plain, spotted)
        assert not rest.placement.is_found
        assert 0.9 < rest.share < 0.99
        assert rest.largest is not None
        assert Box(20, 80, 40, 100).share_inside(rest.largest.box) == 1

    def test_a_mask_of_another_size_is_refused(self, photo: Photo) -> None:
        with pytest.raises(ValueError, match="size"):
            untouched.compare(photo("coffee"), photo("coffee"), np.zeros((9, 9), np.uint8))


class TestTrace:
    FACE = Box(182, 58, 270, 178)  # of the astronaut

    def test_what_stays_is_in_place_after_encoding_again(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        (way,) = tracing.trace(rgb, encoded(rgb, "JPEG", 75), [self.FACE])
        assert way.distance < 0.1
        assert way.likeness > 0.97

    @pytest.mark.parametrize(("dx", "dy"), [(3, 0), (0, -2.5), (12, 9)])
    def test_tells_how_far_a_box_went(self, photo: Photo, dx: float, dy: float) -> None:
        rgb = photo("astronaut")
        (way,) = tracing.trace(rgb, shifted(rgb, dx, dy), [self.FACE])
        assert (way.dx, way.dy) == (pytest.approx(dx, abs=0.25), pytest.approx(dy, abs=0.25))
        assert way.likeness > 0.95

    def test_one_changed_eye_makes_a_face_another(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        after = rgb.copy()
        after[95:115, 232:262] = cv2.GaussianBlur(rgb, (0, 0), 9)[95:115, 232:262]
        (way,) = tracing.trace(rgb, after, [self.FACE])
        assert way.distance < 1
        assert way.likeness < 0.95

    def test_a_resized_picture_keeps_its_structure_once_laid_in_place(self, photo: Photo) -> None:
        rgb = photo("astronaut")
        after = scaled(rgb, 1.04)
        placed = untouched.place(rgb, after)
        (raw,) = tracing.trace(rgb, after, [self.FACE])
        (laid,) = tracing.trace(rgb, after, [self.FACE], placed)
        assert raw.likeness < 0.95 < laid.likeness
        assert laid.distance == raw.distance > 3

    def test_a_plain_box_is_not_followed(self) -> None:
        plain = np.full((100, 100, 3), 90, np.uint8)
        (way,) = tracing.trace(plain, plain, [Box(20, 20, 60, 60)])
        assert (way.distance, way.likeness) == (0, 0)
