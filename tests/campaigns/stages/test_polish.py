"""What Polish's meters say of a picture, in words."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageFilter

from campaigns.stages import polish
from campaigns.stages.base import Measured, Reading
from imaging.geometry import Box
from imaging.see import Seen, SeenBox
from tests.factories import ASTRONAUT, COFFEE

FACE = SeenBox(Box(182, 58, 270, 178), 3.0, 0.9, "centerface")


def texture_of(folder: Path, after: Image.Image, source: Path = ASTRONAUT) -> Reading:
    path = folder / "after.png"
    after.save(path)
    seen = Seen(512, 512, (FACE,), (), None, ((0.0,),)) if source == ASTRONAUT else None
    item = Measured(path, False, "upscale", {}, source=source, seen=seen)
    (found,) = [row for row in polish.read(item) if row.name == "texture"]
    return found


def twice(path: Path) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    return picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.LANCZOS)


class TestTexture:
    def test_a_faithful_enlargement_passes(self, tmp_path: Path) -> None:
        found = texture_of(tmp_path, twice(ASTRONAUT))
        assert found.verdict == "pass"
        assert [row["name"] for row in found.detail["regions"]] == [
            "Whole picture",
            "Faces and skin",
            "The rest",
        ]
        assert found.detail["frame"] == [0, 0, 1024, 1024]

    def test_a_smoothed_one_warns_and_says_where(self, tmp_path: Path) -> None:
        after = twice(ASTRONAUT)
        part = (360, 110, 545, 360)
        after.paste(after.crop(part).filter(ImageFilter.GaussianBlur(4)), part[:2])
        found = texture_of(tmp_path, after)
        assert found.verdict == "warn"
        assert "in faces and skin: smoothed" in found.value_text
        assert found.detail["heat"]

    def test_without_faces_the_whole_picture_is_judged(self, tmp_path: Path) -> None:
        after = twice(COFFEE).filter(ImageFilter.GaussianBlur(3))
        found = texture_of(tmp_path, after, COFFEE)
        assert found.verdict == "warn"
        assert len(found.detail["regions"]) == 1

    def test_a_plain_picture_is_not_judged(self, tmp_path: Path) -> None:
        plain = tmp_path / "plain.png"
        Image.new("RGB", (300, 300), (90, 90, 90)).save(plain)
        found = texture_of(tmp_path, Image.open(plain), plain)
        assert (found.verdict, found.value_text) == ("info", "too little texture to judge")

    def test_a_large_source_is_measured_at_its_own_scale(self, tmp_path: Path) -> None:
        large = tmp_path / "large.jpg"
        Image.open(COFFEE).convert("RGB").resize((3000, 2000)).save(large)
        found = texture_of(tmp_path, Image.open(large), large)
        assert found.detail["size"] == [2048, 2000]
        assert found.detail["frame"] == [476, 0, 2524, 2000]
