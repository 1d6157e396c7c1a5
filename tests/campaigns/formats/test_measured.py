"""A file is measured by its content, also where it is of a kind that we take nowhere else."""

from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from campaigns.formats import measured, spec_check, specs
from imaging import probe
from tests.campaigns.formats.files import FOLDER, Clip, Still, clip, measured_of, path_of, still

TIKTOK, REELS = "tiktok.infeed_video.auction", "instagram.reels.video_ad"
FOREIGN = ("avi", "flv", "mkv", "mpg", "mpeg", "wmv", "3gp", "3gpp")


class TestForeignFiles:
    @pytest.mark.parametrize("suffix", FOREIGN)
    def test_are_measured_under_their_own_name(self, suffix: str) -> None:
        found = measured_of(Clip(suffix=suffix))
        assert found.format == {"mpg": "mpeg", "3gpp": "3gp"}.get(suffix, suffix)
        assert (found.width, found.height) == (90, 160)
        assert found.duration_s == pytest.approx(1, abs=0.1)
        assert found.has_audio
        report = spec_check.check_measured(found, specs.by_id(TIKTOK))
        assert "extension" not in {finding.key for finding in report.findings}

    @pytest.mark.parametrize(
        ("suffix", "tiktok", "reels"),
        [("avi", "pass", "fail"), ("3gp", "pass", "fail"), ("mkv", "fail", "fail")],
    )
    def test_are_judged_as_the_platform_says(self, suffix: str, tiktok: str, reels: str) -> None:
        def verdict(spec_id: str) -> str:
            report = spec_check.check(clip(suffix=suffix), specs.by_id(spec_id))
            return next(f.verdict for f in report.findings if f.key == "container")

        assert (verdict(TIKTOK), verdict(REELS)) == (tiktok, reels)

    @pytest.mark.parametrize("path", [*FOREIGN, "gif"])
    def test_are_refused_by_whoever_does_not_ask_for_them(self, path: str) -> None:
        limits = probe.Limits(min_side=1)
        if path in {"3gp", "3gpp"}:
            assert probe.identify(clip(suffix=path), limits).format == "mp4"
            return
        file = still(suffix="gif") if path == "gif" else clip(suffix=path)
        with pytest.raises(probe.Unreadable, match="Upload"):
            probe.identify(file, limits)

    def test_h264_in_avi_keeps_its_times(self) -> None:
        found = measured_of(Clip(suffix="avi", codec="libx264", audio=""))
        assert (found.fps, found.video_codec) == (24, "h264")
        assert found.duration_s == pytest.approx(1, abs=0.01)

    def test_a_gif_is_a_still_and_a_moving_one_is_refused(self) -> None:
        assert measured_of(Still(suffix="gif")).format == "gif"
        path = FOLDER / "moving.gif"
        moving(path)
        with pytest.raises(measured.Unreadable, match="animated"):
            measured.measure(path)


def moving(path: Path) -> None:
    one, other = path_of(Still(90, 90, "gif")), path_of(Still(90, 90, "png"))
    with Image.open(one) as first, Image.open(other) as second:
        second_frame = second.point(lambda value: 255 - value)
        first.save(path, save_all=True, append_images=[second_frame])


class TestCodecs:
    @pytest.mark.parametrize(
        ("audio", "name"), [("aac", "aac"), ("libmp3lame", "mp3"), ("libopus", "opus")]
    )
    def test_of_sound_are_called_by_their_own_names(self, audio: str, name: str) -> None:
        assert measured_of(Clip(audio=audio)).audio_codec == name


class TestNominalRate:
    """`128 kbps` is what an encoder was told; what it wrote is some percent off."""

    @pytest.mark.parametrize(("kbps", "verdict"), [(125, "pass"), (132, "pass"), (112, "info")])
    def test_counts_within_five_percent(self, kbps: int, verdict: str) -> None:
        sample = Clip(audio="aac", audio_kbps=kbps, seconds=3)
        report = spec_check.check(path_of(sample), specs.by_id("instagram.reels.organic"))
        (found,) = [f for f in report.findings if f.key == "audio_bitrate_nominal"]
        assert found.verdict == verdict


class TestSteps:
    """A constant frame rate is judged by the steps between frames."""

    @pytest.mark.parametrize("ticks", [24, 24_000])
    def test_a_dropped_frame_is_noticed_however_coarse_the_clock(self, ticks: int) -> None:
        whole, dropped = (at_ticks(ticks, leave_out=frames) for frames in ((), (5, 11)))
        assert measured.measure(whole).is_cfr
        assert not measured.measure(dropped).is_cfr

    @pytest.mark.parametrize("fps", [29.97, 59.94])
    def test_a_rate_that_does_not_fit_milliseconds_is_constant(self, fps: float) -> None:
        assert measured_of(Clip(suffix="mkv", fps=fps, audio="")).is_cfr


def at_ticks(ticks: int, leave_out: tuple[int, ...]) -> Path:
    """A second of 24 frames, timed by a clock of so many ticks a second."""
    path = FOLDER / f"ticks-{ticks}-{len(leave_out)}.mp4"
    options = {"video_track_timescale": str(ticks), "movflags": "+negative_cts_offsets"}
    with av.open(path.as_posix(), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame(64, 64, "yuv420p")
        frame.time_base = stream.codec_context.time_base = Fraction(1, 24)
        for index in range(24):
            if index not in leave_out:
                frame.pts = index
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
