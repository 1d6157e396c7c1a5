"""Every limit, text and safe zone of every spec is kept by one measurement, broken by another."""

from dataclasses import replace

import pytest

from campaigns.formats import spec_check, spec_words, specs
from campaigns.formats.spec import Limit, Spec, TextLimit
from tests.campaigns.formats import pairs

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


def verdicts(report: spec_check.Report, limit: Limit) -> list[str]:
    wanted = (limit.key, limit.level, spec_words.limit_text(limit))
    return [f.verdict for f in report.findings if (f.key, f.level, f.limit_text) == wanted]


class TestEveryLimit:
    def test_has_a_way_to_break_it_or_is_said_only(self) -> None:
        said = {(spec.id, limit.key) for spec, limit in LIMITS if (spec, limit) not in JUDGED}
        assert said == SAID_ONLY
        assert {limit.key for _, limit in JUDGED} == pairs.BREAKS.keys()
        assert len(JUDGED) + len(said) == 153

    @pytest.mark.parametrize(("spec", "limit"), JUDGED, ids=name)
    def test_is_kept_by_one_and_broken_by_another(self, spec: Spec, limit: Limit) -> None:
        keeps, breaks = pairs.kept(limit, spec), pairs.bad(limit, spec)
        good = spec_check.check_measured(keeps, spec, siblings=keeps.siblings)
        bad = spec_check.check_measured(breaks, spec, siblings=breaks.siblings)
        assert verdicts(good, limit) == ["pass"]
        assert verdicts(bad, limit) == [limit.level]
        (found,) = [
            f for f in bad.findings
            if f.key == limit.key and f.verdict == limit.level
            and f.limit_text == spec_words.limit_text(limit)
        ]  # fmt: skip
        assert found.source
        assert found.source_date
        assert found.remedy

    @pytest.mark.parametrize("spec", SPECS, ids=name)
    def test_is_kept_together_with_all_others(self, spec: Spec) -> None:
        keeps = pairs.good(spec)
        report = spec_check.check_measured(keeps, spec, siblings=keeps.siblings)
        assert report.verdict == "pass"


class TestEveryText:
    @pytest.mark.parametrize(("spec", "limit"), TEXTS, ids=name)
    def test_is_kept_by_one_and_broken_by_another(self, spec: Spec, limit: TextLimit) -> None:
        def verdict(text: str | list[str]) -> str:
            report = spec_check.check_measured(pairs.good(spec), spec, texts={limit.name: text})
            found = [f.verdict for f in report.findings if f.key == f"text.{limit.name}"]
            return spec_check.worst_of(found)

        assert verdict(pairs.good_text(limit)) == "pass"
        for text in pairs.bad_texts(limit):
            assert verdict(text) == limit.level


class TestEverySafeZone:
    @pytest.mark.parametrize("spec", SPECS, ids=name)
    def test_is_kept_by_one_and_broken_by_another(self, spec: Spec) -> None:
        zone = spec.safe_zone
        # in the file's own size where the spec has one, so that the zone is scaled
        size = (spec.export.width, spec.export.height) if spec.export else (zone.width, zone.height)
        file = replace(pairs.good(spec), width=size[0], height=size[1])

        def verdict(box: list[int]) -> str:
            boxes = [{"kind": "headline", "box": box}]
            report = spec_check.check_measured(file, spec, boxes=boxes)
            return next(f.verdict for f in report.findings if f.key == "safe_zone")

        assert verdict(pairs.inside(zone, size)) == "pass"
        assert verdict(pairs.outside(size)) == zone.level
