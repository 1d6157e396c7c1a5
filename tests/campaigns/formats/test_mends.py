"""What is mended by itself, what is a person's, and what our own checks say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from campaigns.formats import house_checks, mends, specs
from campaigns.formats.house_checks import Twin
from campaigns.formats.measured import Measured
from tests.campaigns.formats.files import Clip, Still, measured_of

CLIP = specs.by_id("tiktok.infeed_video.auction")
STILL = specs.by_id("instagram.reels.image_ad")


def way(key: str, spec: specs.Spec = STILL, verdict: str = "fail", **how: Any) -> mends.Way | None:
    values = {"measured": {}, "mends": {}, "is_manual": False, "is_tried": False, **how}
    return mends.way({"key": key, "verdict": verdict}, spec, **values)


class TestWay:
    def test_a_clip_is_cut_to_what_keeps_every_limit(self) -> None:
        found = way("duration", CLIP, measured={"duration_s": 75.0})
        assert (found.can, found.words, found.sets) == (True, "Shorten to 60 s", {"shorten_s": 60})

    def test_a_short_clip_is_not_stretched(self) -> None:
        found = way("duration", CLIP, measured={"duration_s": 3.0})
        assert not found.can
        assert "Animate" in found.words

    def test_a_hand_placed_crop_can_go_back_and_an_automatic_one_cannot(self) -> None:
        assert way("safe_zone", verdict="warn", is_manual=True).is_recrop
        assert not way("safe_zone", verdict="warn").can

    def test_a_grain_is_laid_over_a_still_once(self) -> None:
        assert way("banding", verdict="warn").sets == {"grain": True}
        assert not way("banding", verdict="warn", mends={"grain": True}).can
        assert not way("banding", CLIP, verdict="warn").can

    def test_silence_is_added(self) -> None:
        assert way("audio_present", CLIP).words == "Add a silent track"

    @pytest.mark.parametrize("spec", specs.all_specs(), ids=lambda spec: spec.id)
    def test_every_limit_that_stops_or_warns_has_a_way_or_says_why_not(
        self, spec: specs.Spec
    ) -> None:
        for limit in spec.limits:
            if limit.level != "info":
                found = way(limit.key, spec, limit.level, measured={"duration_s": 9_999.0})
                assert found is not None
                assert found.words

    def test_what_came_out_the_same_is_not_tried_again(self) -> None:
        assert not way("file_size", is_tried=True).can

    def test_words_are_left_to_people_and_what_passes_alone(self) -> None:
        assert not way("text.ad_text").can
        assert way("file_size", verdict="pass") is None
        assert way("duration", CLIP, "info") is None


def house(measured: Measured, *twins: Twin) -> dict[str, str]:
    return {f.key: f.verdict for f in house_checks.check(measured, twins)}


class TestHouseChecks:
    def test_a_good_still_passes_all_four(self) -> None:
        good = replace(measured_of(Still()), fine_detail=0.2, banding=0.0)
        assert house(good) == dict.fromkeys(("srgb", "sharpness", "banding", "twin"), "pass")

    @pytest.mark.parametrize(
        ("change", "key"),
        [({"color_space": "Display P3"}, "srgb"), ({"color_space": None}, "srgb"),
         ({"fine_detail": 0.05}, "sharpness"), ({"banding": 0.2}, "banding")],
    )  # fmt: skip
    def test_each_warns_and_says_what_to_do(self, change: dict[str, Any], key: str) -> None:
        bad = replace(measured_of(Still()), **{"fine_detail": 0.2, "banding": 0.0, **change})
        found = next(f for f in house_checks.check(bad) if f.key == key)
        assert (found.verdict, found.level) == ("warn", "warn")
        assert found.remedy
        assert found.source
        assert found.source_date

    @pytest.mark.parametrize(("left", "verdict"), [(0.9, "pass"), (0.8, "warn")])
    def test_what_a_ceiling_of_bytes_took_is_told(self, left: float, verdict: str) -> None:
        (found,) = [
            f for f in house_checks.check(measured_of(Still()), left=left) if f.key == "compression"
        ]
        assert found.verdict == verdict
        assert bool(found.remedy) == (verdict == "warn")
        assert "compression" not in house(measured_of(Still()))

    def test_a_twin_warns_and_kin_is_only_said(self) -> None:
        stranger, kin = Twin("Spring", 9, False), Twin("Spring FR", 2, True)
        assert house(measured_of(Still()), stranger, kin)["twin"] == "warn"
        assert house(measured_of(Still()), kin)["twin"] == "info"

    def test_bits_are_counted(self) -> None:
        assert house_checks.bits_apart("0f", "f0") == 8

    def test_what_was_measured_survives_storing(self) -> None:
        whole = replace(measured_of(Clip()), siblings=((1, 2),), fine_detail=0.1)
        assert Measured.from_json({**whole.as_json(), "of a later version": 1}) == whole
