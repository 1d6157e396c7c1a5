"""Every limit, text and safe zone of every spec has files that keep it and files that break it.

The files are real: encoded, written, measured by our own measuring, judged by our own check.
"""

from dataclasses import replace

import pytest

from campaigns.formats import spec_check, spec_words, specs
from campaigns.formats.spec import Limit, Spec, TextLimit
from tests.campaigns.formats import pairs
from tests.campaigns.formats.files import Sample, measured_of

SPECS = specs.all_specs()
LIMITS = [(spec, limit) for spec in SPECS for limit in spec.limits]
JUDGED = [(spec, limit) for spec, limit in LIMITS if limit.key not in spec_words.BY_HAND]
TEXTS = [(spec, limit) for spec in SPECS for limit in spec.texts]
# what no file shows, so that nothing can break it; a new one has to be written down here
SAID_ONLY = {
    ("tiktok.carousel.standard", "music_present"),
    ("youtube.demand_gen.image_9x16", "images_per_ad"),
    ("youtube.demand_gen.image_4x5", "images_per_ad"),
    ("youtube.demand_gen.image_1x1", "images_per_ad"),
    ("youtube.demand_gen.image_1_91x1", "images_per_ad"),
    ("youtube.shorts.video_ad", "youtube_video_id_needed"),
    ("youtube.thumbnail.video_ad", "shorts_custom_thumbnail"),
}


def name(value: object) -> str:
    if isinstance(value, Limit):
        return f"{value.key}-{value.level}-{value.value}"
    return value.id if isinstance(value, Spec) else getattr(value, "name", "?")


def judge(sample: Sample, spec: Spec) -> spec_check.Report:
    measured = measured_of(sample)
    return spec_check.check_measured(measured, spec, siblings=measured.siblings)


def finding(sample: Sample, spec: Spec, limit: Limit) -> spec_check.SpecFinding:
    """The one that speaks about this limit."""
    wanted = (limit.key, limit.level, spec_words.limit_text(limit))
    (found,) = [f for f in judge(sample, spec).findings if (f.key, f.level, f.limit_text) == wanted]
    return found


class TestEveryLimit:
    def test_is_judged_by_files_or_said_only(self) -> None:
        said = {(spec.id, limit.key) for spec, limit in LIMITS if (spec, limit) not in JUDGED}
        assert said == SAID_ONLY
        assert {limit.key for _, limit in JUDGED} == pairs.WAYS.keys()

    @pytest.mark.parametrize(("spec", "limit"), JUDGED, ids=name)
    def test_is_kept_by_some_files_and_broken_by_others(self, spec: Spec, limit: Limit) -> None:
        keep, break_ = pairs.kept(limit, spec), pairs.broken(limit, spec)
        assert keep
        assert break_
        assert [s for s in keep if finding(s, spec, limit).verdict != "pass"] == []
        for sample in break_:
            found = finding(sample, spec, limit)
            assert found.verdict == limit.level, sample
            assert found.source
            assert found.source_date
            assert found.remedy

    @pytest.mark.parametrize("spec", SPECS, ids=name)
    def test_is_kept_together_with_all_others(self, spec: Spec) -> None:
        report = judge(pairs.good(spec), spec)
        assert {f.verdict for f in report.findings if f.key not in spec_words.BY_HAND} == {"pass"}
        assert report.verdict == "pass"


class TestALimitThatIsEdited:
    """What an admin types is judged by files as well, without a line of test for it."""

    @pytest.mark.parametrize(
        ("spec_id", "key", "op", "value"),
        [
            ("tiktok.organic.video", "duration", "between", (7, 45)),
            ("tiktok.organic.video", "fps", ">=", 25),
            ("tiktok.organic.video", "container", "in", ("mov", "avi")),
            ("tiktok.organic.video", "video_codec", "in", ("av1",)),
            ("instagram.reels.organic", "audio_sample_rate", "between", (32_000, 44_100)),
            ("instagram.reels.organic", "audio_channels", "in", (2,)),
            ("instagram.reels.organic", "bitrate_video", ">=", 900),
            ("instagram.reels.organic", "moov_front", "==", False),
            ("tiktok.carousel.standard", "image_count", "between", (3, 4)),
            ("instagram.reels.image_ad", "aspect_ratio", "in", ("4:5", "1:1")),
            ("instagram.reels.image_ad", "file_size", "<=", 70_000),
            ("instagram.reels.image_ad", "recommended_resolution", ">=", (720, 1280)),
        ],
    )
    def test_has_its_files_too(self, spec_id: str, key: str, op: str, value: object) -> None:
        was = specs.by_id(spec_id)
        limit = replace(was.limits_of(key)[0], op=op, value=value)
        ratios = was.ratios
        if key == "aspect_ratio":
            assert isinstance(value, tuple)
            ratios = tuple(
                replace(was.ratios[0], name=name, recommended=name == value[0]) for name in value
            )
        spec = replace(was, limits=(limit,), ratios=ratios)
        self.holds(limit, spec)

    def holds(self, limit: Limit, spec: Spec) -> None:
        assert {finding(s, spec, limit).verdict for s in pairs.kept(limit, spec)} == {"pass"}
        assert {finding(s, spec, limit).verdict for s in pairs.broken(limit, spec)} == {limit.level}


class TestEveryText:
    @pytest.mark.parametrize(("spec", "limit"), TEXTS, ids=name)
    def test_is_kept_by_one_and_broken_by_another(self, spec: Spec, limit: TextLimit) -> None:
        file = measured_of(pairs.good(spec))

        def verdict(text: str | list[str]) -> str:
            report = spec_check.check_measured(file, spec, texts={limit.name: text})
            found = [f.verdict for f in report.findings if f.key == f"text.{limit.name}"]
            return spec_check.worst_of(found)

        assert verdict(pairs.good_text(limit)) == "pass"
        for text in pairs.bad_texts(limit):
            assert verdict(text) == limit.level


class TestEverySafeZone:
    @pytest.mark.parametrize("spec", SPECS, ids=name)
    def test_is_kept_by_one_and_broken_by_another(self, spec: Spec) -> None:
        zone = spec.safe_zone
        file = measured_of(pairs.good(spec))
        size = (file.width, file.height)  # to which the zone is scaled

        def verdict(box: list[int]) -> str:
            boxes = [{"kind": "headline", "box": box}]
            report = spec_check.check_measured(file, spec, boxes=boxes)
            return next(f.verdict for f in report.findings if f.key == "safe_zone")

        assert verdict(pairs.inside(zone, size)) == "pass"
        assert verdict(pairs.outside(size)) == zone.level
