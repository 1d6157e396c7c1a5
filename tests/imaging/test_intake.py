"""Hostile, broken and odd files, each through the real child process."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imaging import intake, probe, sandbox
from imaging.formats import Limits, Unreadable, sniff
from imaging.sandbox import Cage
from tests.imaging.conftest import PHOTOS

Pixels = NDArray[np.uint8]


def jpeg_bytes() -> bytes:
    return PHOTOS["china"].read_bytes()


# A few of many through the door itself; test_hostile sends the whole corpus.
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "zero.jpg": (lambda: b"", "empty"),
    "list.mp4": (lambda: b"ffconcat version 1.0\nfile secret.mp4\n", "unknown_type"),
    "cut.jpg": (lambda: jpeg_bytes()[:20_000], "damaged"),
    "fake.mp4": (lambda: b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + b"\0" * 500, "damaged"),
}


class TestHostileFiles:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_each_is_refused_with_its_reason(self, tmp_path: Path, name: str) -> None:
        make, code = HOSTILE[name]
        source = tmp_path / name
        source.write_bytes(make())
        with pytest.raises(Unreadable) as refusal:
            intake.take_in(source, tmp_path)
        assert refusal.value.code == code
        assert refusal.value.message.endswith(".")
        assert len(refusal.value.message) > 30

    @pytest.mark.parametrize(("name", "code"), [("gif", "gif"), ("webp", "animated")])
    def test_animation_is_refused(
        self, tmp_path: Path, photo: Callable[[str], Pixels], name: str, code: str
    ) -> None:
        source = tmp_path / f"moving.{name}"
        frames = [Image.fromarray(photo("cat")), Image.fromarray(photo("cat")[:, ::-1].copy())]
        frames[0].save(source, save_all=True, append_images=frames[1:])
        with pytest.raises(Unreadable) as refusal:
            intake.take_in(source, tmp_path)
        assert refusal.value.code == code

    def test_animated_png_is_refused(self, tmp_path: Path, photo: Callable[[str], Pixels]) -> None:
        source = tmp_path / "moving.png"
        first = Image.fromarray(photo("cat"))
        first.save(
            source, save_all=True, append_images=[Image.fromarray(photo("cat")[::-1].copy())]
        )
        with pytest.raises(Unreadable, match="animated"):
            probe.probe_still(source)

    def test_a_tiff_of_several_pages_is_refused(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        source = tmp_path / "pages.tif"
        page = Image.fromarray(photo("coffee"))
        page.save(source, save_all=True, append_images=[page])
        with pytest.raises(Unreadable, match="pages"):
            probe.probe_still(source)

    def test_a_clip_in_place_of_a_still_is_named(self, clip: Path) -> None:
        with pytest.raises(Unreadable, match="clip"):
            probe.probe_still(clip)

    def test_a_truncated_clip_is_refused(self, tmp_path: Path, clip: Path) -> None:
        source = tmp_path / "cut.mp4"
        source.write_bytes(clip.read_bytes()[:700])
        with pytest.raises(Unreadable):
            intake.take_in(source, tmp_path)

    def test_a_clip_longer_than_allowed_is_refused(self, tmp_path: Path, clip: Path) -> None:
        with pytest.raises(Unreadable, match="Cut it shorter"):
            intake.take_in(clip, tmp_path, limits=Limits(max_clip_s=0.5))


class TestCage:
    def test_too_little_memory_is_a_refusal_not_a_crash(self, tmp_path: Path) -> None:
        source = tmp_path / "big.png"
        Image.new("RGB", (7000, 7000)).save(source)
        with pytest.raises(Unreadable) as refusal:
            intake.take_in(source, tmp_path, cage=Cage(memory_bytes=420_000_000))
        assert refusal.value.code in {"too_heavy", "crashed"}

    def test_a_child_that_takes_too_long_is_ended(self, tmp_path: Path) -> None:
        with pytest.raises(Unreadable) as refusal:
            intake.take_in(PHOTOS["china"], tmp_path, cage=Cage(wall_s=0.01))
        assert refusal.value.code == "time_out"

    def test_only_named_tasks_run(self) -> None:
        with pytest.raises(ValueError, match="No such task"):
            sandbox.run("os.system", {"path": "id"})


class TestStills:
    def test_mislabelled_content_is_taken_for_what_it_is(self, tmp_path: Path) -> None:
        source = tmp_path / "really-a-jpeg.png"
        source.write_bytes(jpeg_bytes())
        taken = intake.take_in(source, tmp_path)
        assert (taken.format, taken.width, taken.height) == ("jpeg", 640, 427)

    @pytest.mark.parametrize("turn", range(1, 9))
    def test_orientation_is_applied(
        self, tmp_path: Path, photo: Callable[[str], Pixels], turn: int
    ) -> None:
        source = tmp_path / "turned.jpg"
        image = Image.fromarray(photo("china"))
        exif = image.getexif()
        exif[0x0112] = turn
        exif[0x010F] = "Camera maker"
        image.save(source, exif=exif, quality=95)
        info = probe.probe_still(source)
        assert (info.width, info.height) == ((640, 427) if turn < 5 else (427, 640))

    def test_camera_data_and_comments_are_dropped(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        source = tmp_path / "private.jpg"
        image = Image.fromarray(photo("china"))
        exif = image.getexif()
        exif[0x0112], exif[0x010F] = 6, "SecretCamera"
        exif.get_ifd(0x8825)[1] = "N"
        image.save(source, exif=exif, comment=b"SecretComment", xmp=b"<x>SecretXmp</x>")
        taken = intake.take_in(source, tmp_path)
        for file in (taken.master, taken.thumb):
            assert b"Secret" not in file.read_bytes()
            with Image.open(file) as opened:
                assert not opened.getexif()
        assert (taken.width, taken.height) == (427, 640)
        assert "Turned upright." in taken.notes

    @pytest.mark.parametrize("mode", ["CMYK", "L", "P", "1", "LA", "RGBA", "I;16", "YCbCr"])
    def test_every_mode_becomes_8_bit_srgb(
        self, tmp_path: Path, photo: Callable[[str], Pixels], mode: str
    ) -> None:
        rgb = Image.fromarray(photo("flower"))
        if mode == "I;16":
            gray = np.asarray(rgb.convert("L")).astype(np.uint16) * 257
            image = Image.fromarray(gray)
        else:
            image = rgb.convert(mode)
        if mode in ("RGBA", "LA"):
            image.putalpha(Image.linear_gradient("L").resize(rgb.size))
        name = {"CMYK": "jpg", "YCbCr": "jpg"}.get(mode, "png")
        source = tmp_path / f"odd.{name}"
        image.save(source)
        taken = intake.take_in(source, tmp_path)
        with Image.open(taken.master) as master:
            assert master.mode == ("RGBA" if mode in ("RGBA", "LA") else "RGB")
            if mode not in ("1",):
                mean = np.asarray(master.convert("L")).mean()
                assert abs(mean - np.asarray(rgb.convert("L")).mean()) < 20
        assert taken.has_alpha == (mode in ("RGBA", "LA"))

    def test_another_color_profile_is_converted(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        with Image.open(PHOTOS["rocket"]) as original:
            profile = original.info["icc_profile"]
        source = tmp_path / "adobe.jpg"
        Image.fromarray(photo("flower")).save(source, icc_profile=profile, quality=95)
        taken = intake.take_in(source, tmp_path)
        with Image.open(taken.master) as master:
            name = ImageCms.getProfileDescription(
                ImageCms.ImageCmsProfile(io.BytesIO(master.info["icc_profile"]))
            )
            red = np.asarray(master)[:, :, 0].mean()
        assert name.strip().startswith("sRGB")
        assert red > photo("flower")[:, :, 0].mean() + 1

    @pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif", "tif"])
    def test_every_accepted_format_is_read(
        self, tmp_path: Path, photo: Callable[[str], Pixels], ending: str
    ) -> None:
        source = tmp_path / f"photo.{ending}"
        Image.fromarray(photo("coffee")).save(source)
        taken = intake.take_in(source, tmp_path)
        assert (taken.kind, taken.width, taken.height) == ("still", 600, 400)
        with Image.open(taken.thumb) as thumb:
            assert max(thumb.size) == 400

    def test_keep_bytes_keeps_every_bit(self, tmp_path: Path) -> None:
        taken = intake.take_in(PHOTOS["coffee"], tmp_path, keep_bytes=True)
        assert taken.master.read_bytes() == PHOTOS["coffee"].read_bytes()
        assert taken.sha256 == taken.source_sha256


class TestClips:
    def test_a_clip_is_measured_and_gets_a_poster(self, tmp_path: Path, clip: Path) -> None:
        taken = intake.take_in(clip, tmp_path)
        assert (taken.kind, taken.width, taken.height, taken.fps) == ("clip", 360, 360, 30.0)
        assert taken.duration_s == pytest.approx(1.0, abs=0.001)
        assert taken.poster is not None
        with Image.open(taken.poster) as poster:
            assert poster.size == (360, 360)
        assert sniff(taken.master) == sniff(clip)
