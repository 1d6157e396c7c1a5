"""Clips: the recipe's promises, measured on the written files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imaging import boxes, encode, probe, provenance
from imaging.develop import develop
from imaging.formats import Limits
from imaging.geometry import Box
from tests.imaging.conftest import panning

Pixels = NDArray[np.uint8]


class TestWriteClip:
    def test_the_recipe_holds(self, clip: Path) -> None:
        info = probe.probe_clip(clip)
        assert (info.codec, info.profile, info.pix_fmt) == ("h264", "High", "yuv420p")
        assert (info.edit_lists, info.moov_first, info.cfr, info.start_s) == (0, True, True, 0)
        assert (info.fps, info.frame_count, info.duration_s) == (30.0, 30, 1.0)
        assert (info.audio_codec, info.audio_channels, info.audio_rate) == ("aac", 2, 48_000)

    def test_two_b_frames_are_used(self, clip: Path) -> None:
        with av.open(clip.as_posix()) as container:
            kinds = [
                av.video.frame.PictureType(frame.pict_type).name
                for frame in container.decode(video=0)
            ]
        assert "B" in kinds
        assert "BBB" not in "".join(kinds)

    def test_the_same_frames_give_the_same_bytes(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        files = [tmp_path / f"{index}.mp4" for index in range(2)]
        for file in files:
            encode.write_clip(panning(photo("china"), 12), file, 30, 180, 320)
        assert files[0].read_bytes() == files[1].read_bytes()

    def test_what_platforms_get_is_the_same_bytes_at_its_full_size(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        # small or few frames do not show it: rate control differs only once it has to steer
        file, made = tmp_path / "full.mp4", set()
        for _ in range(3):
            encode.write_clip(
                panning(photo("china"), 36, 225, 400), file, 30, 1080, 1920,
                quality=encode.DELIVERY,
            )  # fmt: skip
            made.add(hashlib.sha256(file.read_bytes()).hexdigest())
        assert len(made) == 1

    @pytest.mark.parametrize("rate", [24, 25, Fraction(30000, 1001), 60])
    def test_every_usual_rate_is_even(
        self, tmp_path: Path, photo: Callable[[str], Pixels], rate: Fraction | int
    ) -> None:
        info = encode.write_clip(panning(photo("china"), 13), tmp_path / "c.mp4", rate, 128, 128)
        assert info.cfr
        assert info.fps == pytest.approx(float(rate), abs=0.01)

    def test_delivery_never_falls_below_a_floor(self, tmp_path: Path) -> None:
        flat = [np.full((320, 180, 3), 90, np.uint8)] * 60
        info = encode.write_clip(
            flat, tmp_path / "flat.mp4", 30, 1080, 1920, quality=encode.DELIVERY
        )
        assert info.bitrate_kbps >= 2500

    def test_sound_is_as_long_as_the_picture(self, clip: Path) -> None:
        with av.open(clip.as_posix()) as container:
            samples = sum(frame.samples for frame in container.decode(audio=0))
        assert abs(samples - 48_000) <= 2048

    def test_colors_come_back(self, tmp_path: Path) -> None:
        red = [np.full((128, 128, 3), (200, 40, 30), np.uint8)] * 5
        encode.write_clip(red, tmp_path / "red.mp4", 30, 128, 128)
        with av.open((tmp_path / "red.mp4").as_posix()) as container:
            frame = next(container.decode(video=0))
            assert int(frame.colorspace) == 1
            rgb = frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray()
        assert np.abs(rgb[64, 64].astype(int) - (200, 40, 30)).max() <= 6

    @pytest.mark.parametrize("size", [(181, 320), (180, 321), (0, 0)])
    def test_odd_sizes_are_refused(self, tmp_path: Path, size: tuple[int, int]) -> None:
        with pytest.raises(ValueError, match="even"):
            encode.write_clip([], tmp_path / "x.mp4", 30, *size)

    def test_no_frames_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="at least one"):
            encode.write_clip([], tmp_path / "x.mp4", 30, 128, 128)
        assert not (tmp_path / "x.mp4").exists()


class TestReframe:
    def test_box_is_cut_and_length_is_exact(self, tmp_path: Path, clip: Path) -> None:
        info = encode.reframe_clip(
            clip, tmp_path / "r.mp4", Box(100, 0, 300, 356), 180, 320, duration_s=0.5
        )
        assert (info.width, info.height, info.frame_count) == (180, 320, 15)
        assert info.has_audio

    def test_shows_the_pixels_of_the_box(
        self, tmp_path: Path, clip: Path, photo: Callable[[str], Pixels]
    ) -> None:
        encode.reframe_clip(clip, tmp_path / "r.mp4", Box(40, 100, 240, 300), 200, 200)
        _, first = next(iter(encode.frames_of(tmp_path / "r.mp4")))
        wanted = photo("china")[100:300, 40:240].astype(int)
        assert np.abs(first.astype(int) - wanted).mean() < 8

    def test_an_uneven_source_becomes_even(self, tmp_path: Path) -> None:
        source = tmp_path / "uneven.mp4"
        with av.open(source.as_posix(), "w") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width = stream.height = 128
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = Fraction(1, 1000)
            for index, at in enumerate([0, 33, 120, 130, 300, 340, 600, 900]):
                rgb = np.full((128, 128, 3), 30 * index, np.uint8)
                frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
                frame.pts, frame.time_base = at, Fraction(1, 1000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        assert not probe.probe_clip(source).cfr
        info = encode.reframe_clip(
            source, tmp_path / "r.mp4", Box(0, 0, 128, 128), 128, 128, fps=30
        )
        assert info.cfr
        assert info.has_audio

    @pytest.mark.parametrize(
        ("size", "matrix", "tag"),
        [
            ((1280, 720), "ITU709", 2),
            ((720, 1280), "ITU709", 2),
            ((640, 480), "ITU601", 2),
            ((1280, 720), "ITU601", 6),
            ((640, 480), "ITU709", 1),
        ],
    )
    def test_colors_stay_with_and_without_a_tag(
        self, tmp_path: Path, size: tuple[int, int], matrix: str, tag: int
    ) -> None:
        red = (200, 39, 28)
        source = tmp_path / "red.mp4"
        with av.open(source.as_posix(), "w") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width, stream.height = size
            stream.pix_fmt, stream.codec_context.colorspace = "yuv420p", tag
            frame = av.VideoFrame.from_ndarray(np.full((*size[::-1], 3), red, np.uint8), "rgb24")
            frame = frame.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range="MPEG")
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        with av.open(source.as_posix()) as container:
            assert int(next(container.decode(video=0)).colorspace) == tag
        taken = develop(source, tmp_path, Limits(), keep_bytes=True)
        assert taken.poster is not None
        with Image.open(taken.poster) as poster:
            assert np.abs(np.asarray(poster)[64, 64].astype(int) - red).max() <= 3
        encode.reframe_clip(taken.master, tmp_path / "r.mp4", Box(0, 0, 256, 256), 128, 128)
        with av.open((tmp_path / "r.mp4").as_posix()) as container:
            made = next(container.decode(video=0))
            rgb = made.to_ndarray(format="rgb24", src_colorspace="ITU709")
        assert np.abs(rgb[64, 64].astype(int) - red).max() <= 3

    def test_a_box_outside_is_refused(self, tmp_path: Path, clip: Path) -> None:
        with pytest.raises(ValueError, match="inside"):
            encode.reframe_clip(clip, tmp_path / "r.mp4", Box(0, 0, 361, 300), 180, 320)


class TestProvenanceOfClips:
    def test_the_packet_is_read_back_and_the_clip_still_plays(
        self, tmp_path: Path, clip: Path
    ) -> None:
        copy = tmp_path / "c.mp4"
        copy.write_bytes(clip.read_bytes())
        provenance.embed(copy, provenance.packet("trainedAlgorithmicMedia"))
        held = provenance.source_type_of(provenance.read_mp4(copy))
        assert held is provenance.SourceType.GENERATED
        assert boxes.shape_of(copy).top_level[-1] == "uuid"
        assert len(list(encode.frames_of(copy))) == 30
        with pytest.raises(ValueError, match="already"):
            provenance.embed(copy, provenance.packet("humanEdits"))
