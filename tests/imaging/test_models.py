"""What the networks find on real photographs, and what happens without their files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imaging import faces, subject, text, weights
from imaging.geometry import Box

Pixels = NDArray[np.uint8]


class TestWeights:
    def test_no_folder_says_what_to_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(weights.ENVIRONMENT, raising=False)
        with pytest.raises(weights.WeightsMissing, match="bin/start"):
            weights.path("centerface")

    def test_a_changed_file_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
        file = tmp_path / weights.FILES["u2netp"].relative_path
        file.parent.mkdir()
        file.write_bytes(b"not the network")
        with pytest.raises(weights.WeightsMissing, match="damaged"):
            weights.path("u2netp")


@pytest.mark.usefixtures("models")
class TestFaces:
    def test_one_face_with_its_landmarks_inside(self, photo: Callable[[str], Pixels]) -> None:
        (face,) = faces.detect(photo("astronaut"))
        assert face.box.share_inside(Box(150, 30, 300, 200)) == 1
        left, right, nose, *_ = face.landmarks
        assert left[0] < nose[0] < right[0]
        assert left[1] < nose[1]

    @pytest.mark.parametrize("name", ["coffee", "cat", "rocket", "china", "flower", "motorcycle"])
    def test_none_where_there_is_none(self, photo: Callable[[str], Pixels], name: str) -> None:
        assert faces.detect(photo(name)) == []

    def test_changing_sizes_do_not_confuse_it(self, photo: Callable[[str], Pixels]) -> None:
        for width in (512, 300, 450, 512):
            assert len(faces.detect(np.ascontiguousarray(photo("astronaut")[:, :width]))) == 1


@pytest.mark.usefixtures("models")
class TestSubject:
    def test_the_flower_is_cut_out_clearly(self, photo: Callable[[str], Pixels]) -> None:
        rgb = photo("flower")
        found = subject.cut_out(rgb)
        assert found.alpha.shape == rgb.shape[:2]
        assert found.alpha.dtype == np.float32
        assert found.isolated
        assert found.confidence > 0.8
        assert found.alpha[220, 310] == 1
        assert found.alpha[20, 20] == 0

    def test_nothing_in_a_plain_picture(self) -> None:
        found = subject.cut_out(np.full((300, 300, 3), 128, np.uint8), faces=[])
        assert not found.isolated

    def test_foreground_leaves_the_inside_alone(self, photo: Callable[[str], Pixels]) -> None:
        rgb = photo("flower")
        found = subject.cut_out(rgb)
        front = subject.foreground(rgb, found.alpha)
        inside = found.alpha == 1
        assert np.abs(front[inside].astype(int) - rgb[inside].astype(int)).max() <= 1

    def test_the_same_picture_gives_the_same_mask(self, photo: Callable[[str], Pixels]) -> None:
        first, second = (subject.cut_out(photo("coffee")).alpha for _ in range(2))
        assert np.array_equal(first, second)


class TestText:
    def test_a_headline_is_found_and_read(self, photo: Callable[[str], Pixels]) -> None:
        image = Image.fromarray(photo("china")).resize((1280, 854))
        font = ImageFont.load_default(70)
        ImageDraw.Draw(image).text((60, 60), "SPRING SALE", font=font, fill="black")
        drawn = Box(60, 60, 560, 150)
        found = text.read(np.asarray(image))
        best = max(found, key=lambda item: item.box.intersect(drawn).area)
        assert best.text.replace(" ", "") == "SPRINGSALE"
        assert best.box.share_inside(drawn.grow(30)) > 0.95

    @pytest.mark.parametrize("name", ["coffee", "flower", "cat", "china"])
    def test_no_text_is_invented(self, photo: Callable[[str], Pixels], name: str) -> None:
        assert text.detect(photo(name)) == []
