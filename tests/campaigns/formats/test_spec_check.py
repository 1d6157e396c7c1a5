"""What the check says of a file beside its limits: several at once, cards, names, texts, zones.

Each limit of each spec has its files in `test_every_limit`.
"""

from pathlib import Path

import pytest

from campaigns.formats import spec_check, specs
from campaigns.formats.spec import Spec
from tests.campaigns.formats.files import FOLDER, clip, still

TIKTOK_STILL, TIKTOK_CLIP = "tiktok.carousel.standard", "tiktok.infeed_video.auction"
REELS_STILL, REELS_CLIP = "instagram.reels.image_ad", "instagram.reels.video_ad"
SHORTS_STILL, SHORTS_CLIP = "youtube.demand_gen.image_9x16", "youtube.shorts.video_ad"


class TestDurations:
    @pytest.mark.parametrize(
        ("spec_id", "seconds", "verdict"),
        [(SHORTS_CLIP, 4.5, "fail"), (SHORTS_CLIP, 70, "warn"), (SHORTS_CLIP, 5, "warn"),
         (TIKTOK_CLIP, 70, "warn"), (REELS_CLIP, 95, "warn"), (REELS_CLIP, 6, "pass")],
    )  # fmt: skip
    def test_have_two_ends(self, spec_id: str, seconds: float, verdict: str) -> None:
        report = spec_check.check(clip(seconds=seconds, fps=4, audio=""), specs.by_id(spec_id))
        found = [finding.verdict for finding in report.findings if finding.key == "duration"]
        assert spec_check.worst_of(found) == verdict


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
