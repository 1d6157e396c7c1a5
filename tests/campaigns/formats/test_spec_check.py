"""Every limit of the default package has a file that keeps it and a file that breaks it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.formats import measured, spec_check, spec_words, specs
from campaigns.formats.spec import Limit, Spec
from tests.campaigns.formats.files import FOLDER, clip, still

Make = Callable[[], Path]
TIKTOK_STILL, TIKTOK_CLIP = "tiktok.carousel.standard", "tiktok.infeed_video.auction"
REELS_STILL, REELS_CLIP = "instagram.reels.image_ad", "instagram.reels.video_ad"
SHORTS_STILL, SHORTS_CLIP = "youtube.demand_gen.image_9x16", "youtube.shorts.video_ad"
DEFAULTS = (TIKTOK_STILL, TIKTOK_CLIP, REELS_STILL, REELS_CLIP, SHORTS_STILL, SHORTS_CLIP)


def large() -> Path:
    return clip(width=1080, height=1920, seconds=0.2)


def square(side: int) -> Make:
    return lambda: clip(width=side, height=side, seconds=0.2)


def long(seconds: float) -> Make:
    return lambda: clip(
        width=64, height=64, fps=1 if seconds > 100 else 24, seconds=seconds, audio=""
    )


def heavy(size: int) -> Make:
    return lambda: clip(size_bytes=size)


# (spec, key, level) -> what keeps the limit, what breaks it
CASES: dict[tuple[str, str, str], tuple[Make, Make]] = {
    (TIKTOK_CLIP, "aspect_ratio", "fail"): (large, lambda: clip(width=100, height=160)),
    (TIKTOK_CLIP, "min_resolution_9x16", "fail"): (large, clip),
    (TIKTOK_CLIP, "min_resolution_1x1", "fail"): (square(640), square(638)),
    (TIKTOK_CLIP, "min_resolution_16x9", "fail"): (
        lambda: clip(width=960, height=540, seconds=0.2),
        lambda: clip(width=640, height=360, seconds=0.2),
    ),
    (TIKTOK_CLIP, "recommended_resolution", "warn"): (large, clip),
    (TIKTOK_CLIP, "container", "fail"): (
        lambda: clip(suffix="mov"),
        lambda: clip(suffix="webm", codec="libvpx", audio="libopus"),
    ),
    (TIKTOK_CLIP, "file_size", "fail"): (heavy(500_000_000), heavy(500_000_001)),
    (TIKTOK_CLIP, "bitrate_total", "fail"): (
        lambda: clip(noisy=True, video_kbps=900),
        lambda: clip(audio=""),
    ),
    (TIKTOK_CLIP, "bitrate_total", "warn"): (
        lambda: clip(width=360, height=640, noisy=True, video_kbps=6000),
        lambda: clip(audio=""),
    ),
    (TIKTOK_CLIP, "duration", "fail"): (long(599), long(602)),
    (TIKTOK_CLIP, "duration", "warn"): (long(5), long(4.5)),
    (TIKTOK_CLIP, "duration_recommended", "info"): (long(9), long(8)),
    (TIKTOK_CLIP, "audio_present", "fail"): (clip, lambda: clip(audio="")),
    (TIKTOK_CLIP, "fps", "warn"): (clip, lambda: clip(fps=15)),
    (TIKTOK_CLIP, "video_codec", "warn"): (clip, lambda: clip(codec="mpeg4")),
    (REELS_CLIP, "aspect_ratio", "fail"): (
        lambda: clip(width=128, height=160),
        lambda: clip(width=160, height=90),
    ),
    (REELS_CLIP, "width", "fail"): (square(600), square(598)),
    (REELS_CLIP, "recommended_resolution", "warn"): (large, clip),
    (REELS_CLIP, "container", "fail"): (
        lambda: clip(suffix="mov"),
        lambda: clip(suffix="webm", codec="libvpx", audio="libopus"),
    ),
    (REELS_CLIP, "file_size", "fail"): (heavy(4_000_000_000), heavy(4_000_000_001)),
    (REELS_CLIP, "file_size", "warn"): (heavy(2_300_000_000), heavy(2_300_000_001)),
    (REELS_CLIP, "duration", "fail"): (long(899), long(902)),
    (REELS_CLIP, "duration", "warn"): (long(3), long(2.5)),
    (REELS_CLIP, "video_codec", "warn"): (clip, lambda: clip(codec="mpeg4")),
    (REELS_CLIP, "sample_aspect_ratio", "fail"): (clip, lambda: clip(pixel_ratio=(4, 3))),
    (REELS_CLIP, "cfr", "fail"): (clip, lambda: clip(steady=False)),
    (REELS_CLIP, "interlaced", "fail"): (clip, lambda: clip(interlaced=True)),
    (REELS_CLIP, "audio_codec", "fail"): (clip, lambda: clip(audio="libmp3lame")),
    (REELS_CLIP, "audio_bitrate", "fail"): (
        lambda: clip(audio_kbps=128, seconds=3),
        lambda: clip(audio_kbps=96, seconds=3),
    ),
    (REELS_CLIP, "audio_present", "warn"): (clip, lambda: clip(audio="")),
    (REELS_CLIP, "fps", "warn"): (lambda: clip(fps=60), lambda: clip(fps=62)),
    (REELS_CLIP, "bitrate_video", "warn"): (
        clip,
        lambda: clip(width=720, height=1280, noisy=True, video_kbps=60_000, seconds=0.5),
    ),
    (REELS_CLIP, "moov_front", "warn"): (clip, lambda: clip(flags="+negative_cts_offsets")),
    (REELS_CLIP, "edit_lists", "warn"): (clip, lambda: clip(edit_lists=True)),
    (SHORTS_CLIP, "aspect_ratio", "fail"): (
        lambda: clip(width=128, height=160),
        lambda: clip(width=160, height=128),
    ),
    (SHORTS_CLIP, "min_resolution_9x16", "fail"): (
        lambda: clip(width=720, height=1280, seconds=0.2),
        clip,
    ),
    (SHORTS_CLIP, "min_resolution_1x1", "fail"): (square(480), square(478)),
    (SHORTS_CLIP, "min_resolution_16x9", "fail"): (
        lambda: clip(width=1280, height=720, seconds=0.2),
        lambda: clip(width=640, height=360, seconds=0.2),
    ),
    (SHORTS_CLIP, "recommended_resolution", "warn"): (large, clip),
    (SHORTS_CLIP, "file_size", "fail"): (heavy(256_000_000_000), heavy(256_000_000_001)),
    (SHORTS_CLIP, "duration", "fail"): (long(180), long(182)),
    (SHORTS_CLIP, "duration", "warn"): (long(10), long(9)),
    (SHORTS_CLIP, "audio_present", "warn"): (clip, lambda: clip(audio="")),
    (TIKTOK_STILL, "aspect_ratio", "fail"): (lambda: still(720, 1280), lambda: still(720, 1000)),
    (TIKTOK_STILL, "exact_size", "fail"): (lambda: still(640, 640), still),
    (TIKTOK_STILL, "file_type", "fail"): (
        lambda: still(720, 1280, "png"),
        lambda: still(720, 1280, "webp"),
    ),
    (TIKTOK_STILL, "file_size", "warn"): (
        lambda: still(720, 1280, size_bytes=100_000),
        lambda: still(720, 1280, size_bytes=100_001),
    ),
    (TIKTOK_STILL, "file_size", "fail"): (
        lambda: still(720, 1280, size_bytes=100_000_000),
        lambda: still(720, 1280, size_bytes=100_000_001),
    ),
    (REELS_STILL, "aspect_ratio", "fail"): (lambda: still(600, 1067), lambda: still(600, 1000)),
    (REELS_STILL, "file_type", "fail"): (still, lambda: still(suffix="webp")),
    (REELS_STILL, "file_size", "fail"): (
        lambda: still(size_bytes=30_000_000),
        lambda: still(size_bytes=30_000_001),
    ),
    (REELS_STILL, "width", "fail"): (lambda: still(600, 1067), lambda: still(599, 1065)),
    (REELS_STILL, "recommended_resolution", "info"): (lambda: still(1440, 2560), still),
    (REELS_STILL, "recommended_resolution", "warn"): (still, lambda: still(1079, 1918)),
    (SHORTS_STILL, "aspect_ratio", "fail"): (lambda: still(600, 1067), lambda: still(600, 1000)),
    (SHORTS_STILL, "min_resolution", "fail"): (
        lambda: still(600, 1067),
        lambda: still(599, 1066),
    ),
    (SHORTS_STILL, "recommended_resolution", "warn"): (still, lambda: still(1079, 1918)),
    (SHORTS_STILL, "file_type", "fail"): (
        lambda: still(suffix="png"),
        lambda: still(suffix="webp"),
    ),
    (SHORTS_STILL, "file_size", "fail"): (
        lambda: still(size_bytes=5_000_000),
        lambda: still(size_bytes=5_000_001),
    ),
}

# Judged in tests of their own: sets of cards, both ends of one level, types we cannot even read.
ELSEWHERE = {
    (TIKTOK_STILL, "image_count", "fail"),
    (TIKTOK_STILL, "same_aspect_all_cards", "warn"),
    (SHORTS_CLIP, "container", "fail"),
}


def find(report: spec_check.Report, limit: Limit) -> list[spec_check.SpecFinding]:
    wanted = spec_words.limit_text(limit)
    return [
        finding
        for finding in report.findings
        if (finding.key, finding.level, finding.limit_text) == (limit.key, limit.level, wanted)
    ]


def limits_of(spec_id: str, key: str, level: str) -> list[Limit]:
    return [limit for limit in specs.by_id(spec_id).limits_of(key) if limit.level == level]


class TestLimits:
    def test_no_limit_of_the_default_package_is_left_out(self) -> None:
        there = {
            (spec_id, limit.key, limit.level)
            for spec_id in DEFAULTS
            for limit in specs.by_id(spec_id).limits
            if limit.key not in spec_words.BY_HAND
        }
        assert there == CASES.keys() | ELSEWHERE

    @pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case))
    def test_a_file_that_keeps_it_passes_and_one_that_breaks_it_does_not(
        self, case: tuple[str, str, str]
    ) -> None:
        spec, level = specs.by_id(case[0]), case[2]
        good, bad = (spec_check.check(make(), spec) for make in CASES[case])
        kept = [finding for limit in limits_of(*case) for finding in find(good, limit)]
        broken = [finding for limit in limits_of(*case) for finding in find(bad, limit)]
        assert kept
        assert {finding.verdict for finding in kept} == {"pass"}
        assert level in {finding.verdict for finding in broken}
        worst = next(finding for finding in broken if finding.verdict == level)
        assert worst.remedy
        assert worst.source
        assert worst.source_date

    @pytest.mark.parametrize(
        ("spec_id", "seconds", "verdict"),
        [(SHORTS_CLIP, 4.5, "fail"), (SHORTS_CLIP, 70, "warn"), (SHORTS_CLIP, 5, "warn"),
         (TIKTOK_CLIP, 70, "warn"), (REELS_CLIP, 95, "warn"), (REELS_CLIP, 6, "pass")],
    )  # fmt: skip
    def test_durations_have_two_ends(self, spec_id: str, seconds: float, verdict: str) -> None:
        report = spec_check.check(long(seconds)(), specs.by_id(spec_id))
        found = [finding.verdict for finding in report.findings if finding.key == "duration"]
        assert spec_check.worst_of(found) == verdict

    def test_a_type_that_youtube_does_not_list_fails(self) -> None:
        spec = specs.by_id(SHORTS_CLIP)
        odd = replace(measured.measure(clip()), format="mkv", extension="mkv")
        (good,) = [f for f in spec_check.check(clip(), spec).findings if f.key == "container"]
        (bad,) = [f for f in spec_check.check_measured(odd, spec).findings if f.key == "container"]
        assert (good.verdict, bad.verdict) == ("pass", "fail")

    def test_a_clip_with_open_groups_is_noticed(self) -> None:
        assert measured.measure(clip()).has_closed_gop
        assert not measured.measure(clip(seconds=2, open_gop=True)).has_closed_gop


class TestCarousel:
    def verdicts(self, *siblings: tuple[int, int]) -> dict[str, tuple[str, str]]:
        report = spec_check.check(still(720, 1280), specs.by_id(TIKTOK_STILL), siblings=siblings)
        return {f.key: (f.verdict, f.remedy) for f in report.findings}

    def test_a_single_still_warns_and_says_what_to_do(self) -> None:
        verdict, remedy = self.verdicts()["image_count"]
        assert verdict == "warn"
        assert "second card" in remedy
        assert "animate" in remedy

    def test_two_cards_pass_and_thirty_six_fail(self) -> None:
        assert self.verdicts((720, 1280))["image_count"][0] == "pass"
        assert self.verdicts(*[(720, 1280)] * 35)["image_count"][0] == "fail"

    def test_cards_of_two_ratios_warn(self) -> None:
        assert self.verdicts((720, 1280))["same_aspect_all_cards"][0] == "pass"
        assert self.verdicts((640, 640))["same_aspect_all_cards"][0] == "warn"

    def test_music_is_said_and_never_judged(self) -> None:
        assert self.verdicts()["music_present"][0] == "info"


class TestReport:
    def test_a_good_still_passes_and_survives_storing(self) -> None:
        report = spec_check.check(still(), specs.by_id(REELS_STILL))
        assert report.verdict == "pass"
        for finding in report.findings:
            assert spec_check.SpecFinding.from_json(finding.as_json()) == finding

    def test_a_still_is_no_clip(self) -> None:
        report = spec_check.check(still(), specs.by_id(REELS_CLIP))
        assert [finding.key for finding in report.findings] == ["kind"]
        assert report.verdict == "fail"

    def test_a_name_that_lies_about_the_content_is_noticed(self) -> None:
        path = FOLDER / "really-a-jpeg.png"
        path.write_bytes(still().read_bytes())
        report = spec_check.check(path, specs.by_id(REELS_STILL))
        assert [f.key for f in report.findings if f.verdict == "warn"] == ["extension"]

    @pytest.mark.parametrize(
        ("content", "says"), [(b"", "empty"), (b"<html>", "web page"), (b"\xff\xd8\xff", "damaged")]
    )
    def test_unreadable_files_are_one_sentence(self, content: bytes, says: str) -> None:
        path = FOLDER / "odd.jpg"
        path.write_bytes(content)
        with pytest.raises(spec_check.Unreadable, match=says):
            spec_check.check(path, specs.by_id(REELS_STILL))

    @pytest.mark.parametrize("spec", specs.all_specs(), ids=lambda spec: spec.id)
    def test_every_spec_can_judge_a_file(self, spec: Spec) -> None:
        path = clip() if spec.kind == "clip" else still()
        report = spec_check.check(path, spec, boxes=[], texts={})
        assert report.findings
        assert not [f for f in report.findings if f.value_text in {"not known", "not measured"}]


class TestSafeZone:
    def finding(self, kind: str, box: list[int], path: Path) -> spec_check.SpecFinding:
        report = spec_check.check(
            path, specs.by_id(TIKTOK_STILL), boxes=[{"kind": kind, "box": box}]
        )
        return next(finding for finding in report.findings if finding.key == "safe_zone")

    @pytest.mark.parametrize(
        ("kind", "box", "verdict"),
        [
            ("headline", [120, 240, 780, 1260], "pass"),
            ("headline", [120, 200, 780, 400], "warn"),
            ("cta", [700, 900, 860, 1000], "warn"),  # under the buttons on the right
            ("product", [120, 800, 960, 1400], "pass"),
            ("product", [0, 1300, 1080, 1900], "warn"),
        ],
    )
    def test_words_may_not_be_covered_and_products_by_half(
        self, kind: str, box: list[int], verdict: str
    ) -> None:
        found = self.finding(kind, box, still())
        assert found.verdict == verdict
        assert bool(found.remedy) == (verdict == "warn")

    def test_scales_with_the_file(self) -> None:
        inside, outside = [80, 160, 520, 840], [80, 130, 520, 300]
        assert self.finding("cta", inside, still(720, 1280)).verdict == "pass"
        assert self.finding("cta", outside, still(720, 1280)).verdict == "warn"

    def test_says_nothing_about_another_ratio(self) -> None:
        assert self.finding("cta", [0, 0, 9, 9], still(640, 640)).verdict == "info"


class TestTexts:
    def verdict(self, spec_id: str, **texts: str | list[str]) -> str:
        report = spec_check.check(still(), specs.by_id(spec_id), texts=texts)
        found = [f.verdict for f in report.findings if f.key.startswith("text.")]
        return spec_check.worst_of(found)

    @pytest.mark.parametrize(
        ("text", "verdict"),
        [
            ("a" * 100, "pass"),
            ("a" * 101, "fail"),
            ("字" * 50, "pass"),
            ("字" * 51, "fail"),
            ("字" * 30 + "a" * 40, "pass"),
            ("字" * 30 + "a" * 41, "fail"),
        ],
    )
    def test_wide_letters_count_twice_on_tiktok(self, text: str, verdict: str) -> None:
        assert self.verdict(TIKTOK_STILL, primary_text=text) == verdict

    @pytest.mark.parametrize("text", ["by @acme", "#sale", "https://a.example", "go to acme.com"])
    def test_tiktok_video_takes_no_links_or_tags(self, text: str) -> None:
        spec = specs.by_id(TIKTOK_CLIP)
        report = spec_check.check(clip(), spec, texts={"ad_text": text})
        (found,) = [f for f in report.findings if f.key == "text.ad_text"]
        assert found.verdict == "fail"
        assert found.remedy.startswith("Take ")

    def test_reels_folds_long_text_and_refuses_longer(self) -> None:
        assert self.verdict(REELS_STILL, primary_text="a" * 72) == "pass"
        assert self.verdict(REELS_STILL, primary_text="a" * 73) == "info"
        assert self.verdict(REELS_STILL, primary_text="a" * 2201) == "fail"

    def test_shorts_counts_texts_and_wants_the_business_name(self) -> None:
        assert self.verdict(SHORTS_STILL, headline=["a"] * 5, business_name="Acme") == "pass"
        assert self.verdict(SHORTS_STILL, headline=["a"] * 6, business_name="Acme") == "fail"
        assert self.verdict(SHORTS_STILL, headline="a" * 41, business_name="Acme") == "fail"
        assert self.verdict(SHORTS_STILL, headline="a") == "info"
