"""Stills: resampling, saving, metadata; provenance; meters."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imaging import compare, provenance, render
from imaging.geometry import Box

Pixels = NDArray[np.uint8]


class TestCut:
    def test_fine_checks_become_the_gray_of_their_light(self) -> None:
        board = np.zeros((512, 512, 3), np.uint8)
        board[::2, ::2] = board[1::2, 1::2] = 255
        small = np.asarray(render.cut(board, Box.whole(512, 512), 64, 64))
        assert abs(int(small[32, 32, 0]) - 188) <= 2

    def test_a_flat_color_stays_exactly(self) -> None:
        flat = np.full((900, 700, 3), (12, 130, 250), np.uint8)
        out = np.asarray(render.cut(flat, Box(100, 100, 500, 800), 123, 217))
        assert out.shape == (217, 123, 3)
        assert np.abs(out.astype(int) - (12, 130, 250)).max() <= 1

    def test_hidden_color_does_not_bleed_into_soft_edges(self) -> None:
        rgba = np.zeros((200, 200, 4), np.uint8)
        rgba[:, :, 1] = 255
        rgba[50:150, 50:150] = (255, 0, 0, 255)
        out = np.asarray(render.cut(rgba, Box.whole(200, 200), 61, 61))
        seen = out[:, :, 3] > 8
        assert out[seen][:, 1].max() < 40

    def test_a_box_outside_is_refused(self, photo: Callable[[str], Pixels]) -> None:
        with pytest.raises(ValueError, match="inside"):
            render.cut(photo("coffee"), Box(0, 0, 601, 400), 100, 100)


class TestSave:
    @pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
    def test_repeats_bit_for_bit_with_profile_and_source_type(
        self, tmp_path: Path, photo: Callable[[str], Pixels], kind: str
    ) -> None:
        xmp = provenance.packet("compositeWithTrainedAlgorithmicMedia")
        image = Image.fromarray(photo("coffee"))
        files = [tmp_path / f"{index}.{kind}" for index in range(2)]
        for file in files:
            render.save_still(image, file, kind, xmp=xmp)
        assert files[0].read_bytes() == files[1].read_bytes()
        with Image.open(files[0]) as saved:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(saved.info["icc_profile"]))
            assert ImageCms.getProfileDescription(profile).strip().startswith("sRGB")
            held = saved.info.get("xmp") or saved.info.get(provenance.PNG_KEY)
        assert provenance.source_type_of(held) is provenance.SourceType.COMPOSITE

    @pytest.mark.parametrize("ceiling", [100_000, 60_000, 40_000])
    def test_fits_under_the_ceiling_with_the_best_quality(
        self, tmp_path: Path, photo: Callable[[str], Pixels], ceiling: int
    ) -> None:
        file = tmp_path / "small.jpg"
        left = render.save_still(Image.fromarray(photo("china")), file, "JPEG", max_bytes=ceiling)
        assert 0.6 * ceiling < file.stat().st_size <= ceiling
        assert render.LEAST_LIKENESS <= left < 0.99

    def test_takes_nothing_where_no_ceiling_asks_for_it(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        image = Image.fromarray(photo("china"))
        assert render.save_still(image, tmp_path / "x.jpg", "jpeg", max_bytes=10**7) == 1
        assert render.save_still(image, tmp_path / "y.jpg", "jpeg") == 1

    def test_leaves_no_picture_in_ruins_to_fit(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        image = Image.fromarray(photo("china"))
        worst = io.BytesIO()
        image.save(worst, "JPEG", quality=render.LEAST_QUALITY, progressive=True, optimize=True)
        with pytest.raises(render.TooManyBytes, match="visible damage"):
            render.save_still(image, tmp_path / "x.jpg", "jpeg", max_bytes=worst.tell() + 2000)

    def test_what_cannot_fit_is_said_and_nothing_is_left(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        with pytest.raises(render.TooManyBytes, match="fewer pixels"):
            render.save_still(
                Image.fromarray(photo("china")), tmp_path / "x.jpg", "jpeg", max_bytes=3000
            )
        assert list(tmp_path.iterdir()) == []

    def test_nothing_of_the_source_comes_along(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        image = Image.fromarray(photo("coffee"))
        image.info |= {"comment": b"SecretNote", "exif": b"Exif\0\0Secret"}
        for kind in ("jpeg", "png", "webp"):
            render.save_still(image, tmp_path / kind, kind)
            assert b"Secret" not in (tmp_path / kind).read_bytes()


class TestProvenance:
    def test_an_unknown_word_is_refused(self) -> None:
        with pytest.raises(ValueError, match="madeUp"):
            provenance.packet("madeUp")

    def test_no_statement_names_no_type(self) -> None:
        assert provenance.source_type_of(provenance.packet("")) is None

    def test_a_full_uri_is_understood(self) -> None:
        uri = f"{provenance.VOCABULARY}humanEdits"
        found = provenance.source_type_of(provenance.packet(uri))
        assert found is provenance.SourceType.EDITED

    def test_markup_in_the_credit_stays_text(self) -> None:
        assert b"<script>" not in provenance.packet("humanEdits", credit="<script>")


class TestCompare:
    @pytest.mark.parametrize("name", ["astronaut", "coffee", "cat", "rocket", "motorcycle"])
    def test_blur_lowers_sharpness(self, photo: Callable[[str], Pixels], name: str) -> None:
        rgb = photo(name)
        values = [compare.sharpness(rgb)]
        values += [compare.sharpness(_blurred(rgb, sigma)) for sigma in (1.5, 3, 6)]
        assert values == sorted(values, reverse=True)
        assert values[0] > 2 * values[2]

    def test_exposure_counts_black_and_white(self) -> None:
        half = np.zeros((100, 100, 3), np.uint8)
        half[:50] = 255
        found = compare.exposure(half)
        assert (found.black_share, found.white_share, found.clipped_share) == (0.5, 0.5, 1.0)

    def test_likeness_orders_changes(self, photo: Callable[[str], Pixels]) -> None:
        rgb = photo("astronaut")
        same, soft = compare.likeness(rgb, rgb), compare.likeness(rgb, _blurred(rgb, 2))
        flipped = compare.likeness(rgb, np.ascontiguousarray(rgb[:, ::-1]))
        other = compare.likeness(rgb, photo("motorcycle"))
        assert same == 1.0
        assert same > soft > 0.9 > flipped
        assert other < 0.5


def _blurred(rgb: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma))
