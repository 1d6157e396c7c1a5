"""The shipped specs are whole, sourced and dated; a broken file says where it is broken."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from campaigns.formats import media, spec_words, specs

RAW = json.loads((specs.FOLDER / "reels.json").read_text())


class TestShippedSpecs:
    def test_there_are_eighteen(self) -> None:
        counts = {file.platform: len(file.specs) for file in specs.load_all()}
        assert counts == {"tiktok": 5, "reels": 4, "shorts": 8, "all": 1}

    def test_every_file_in_the_folder_is_loaded(self) -> None:
        assert {path.name for path in specs.FOLDER.glob("*.json")} == set(specs.FILES)

    @pytest.mark.parametrize("spec", specs.all_specs(), ids=lambda spec: spec.id)
    def test_every_limit_has_a_level_a_source_and_a_date_and_can_be_measured(
        self, spec: specs.Spec
    ) -> None:
        for limit in spec.limits:
            assert limit.source.title
            assert limit.source.date
            assert limit.key in spec_words.READERS or limit.key in spec_words.BY_HAND
            assert spec_words.limit_text(limit)
            assert spec_words.remedy(limit, spec)

    @pytest.mark.parametrize(
        ("platform", "kind", "spec_id", "size"),
        [
            ("tiktok", "still", "tiktok.carousel.standard", (720, 1280)),
            ("tiktok", "clip", "tiktok.infeed_video.auction", (1080, 1920)),
            ("reels", "still", "instagram.reels.image_ad", (1080, 1920)),
            ("reels", "clip", "instagram.reels.video_ad", (1080, 1920)),
            ("shorts", "still", "youtube.demand_gen.image_9x16", (1080, 1920)),
            ("shorts", "clip", "youtube.shorts.video_ad", (1080, 1920)),
        ],
    )
    def test_the_default_package_targets(
        self, platform: str, kind: str, spec_id: str, size: tuple[int, int]
    ) -> None:
        spec = specs.for_platform(platform, kind)
        assert spec.id == spec_id
        assert spec.export is not None
        assert (spec.export.width, spec.export.height) == size

    def test_the_universal_zone_is_the_worst_of_the_three(self) -> None:
        zones = [specs.for_platform(name, "clip").safe_zone for name in specs.PLATFORMS]
        worst = specs.universal().safe_zone
        for side in ("top", "bottom", "left", "right"):
            assert getattr(worst, side) == max(getattr(zone, side) for zone in zones)

    def test_every_number_of_an_export_is_read(self) -> None:
        numbers = {
            key
            for name in specs.FILES
            for spec in json.loads((specs.FOLDER / name).read_text())["specs"]
            for key, value in (spec.get("export") or {}).items()
            if not isinstance(value, str)
        }
        read = {"width", "height", "quality", "v_bitrate_kbps", "v_bitrate_kbps_60fps"}
        assert numbers == read

    @pytest.mark.parametrize(
        ("fps", "kbps"), [(24, 8_000), (30, 8_000), (47.952, 12_000), (60, 12_000)]
    )
    def test_a_fast_clip_for_youtube_gets_more_bits(self, fps: float, kbps: int) -> None:
        shorts, reels = (specs.for_platform(name, "clip").export for name in ("shorts", "reels"))
        assert shorts is not None
        assert reels is not None
        assert (shorts.kbps_at(fps), reels.kbps_at(fps)) == (kbps, 8_000)

    def test_the_strictest_size_is_the_ceiling(self) -> None:
        still = specs.for_platform("tiktok", "still")
        assert still.max_bytes() == 100_000
        assert still.max_bytes(levels=("fail",)) == 100_000_000

    @pytest.mark.parametrize(("platform", "kind"), [("vine", "still"), ("reels", "gif")])
    def test_unknown_names_are_refused(self, platform: str, kind: str) -> None:
        with pytest.raises(ValueError, match="There is no"):
            specs.for_platform(platform, kind)


def _set(path: str, value: Any) -> Callable[[Any], None]:
    *way, last = path.split("/")

    def change(data: Any) -> None:
        for step in way:
            data = data[int(step) if step.isdigit() else step]
        data[int(last) if last.isdigit() else last] = value

    return change


class TestABrokenFile:
    @pytest.mark.parametrize(
        ("change", "says"),
        [
            (_set("schema", 9), r"reels.json: schema: this program reads schema 1"),
            (_set("specs/0/limits/2/level", "maybe"), r"specs\[0\].limits\[2\].level: 'maybe'"),
            (_set("specs/0/limits/2/source", "x"), r"limits\[2\].source: 'x' is not among"),
            (_set("specs/0/limits/2/max", 3), r"limits\[2\].max: unknown field"),
            (_set("specs/0/limits/2/op", "~"), r"limits\[2\].op"),
            (_set("specs/0/limits/1/value", [1080]), r"limits\[1\].value: expected"),
            (_set("specs/0/limits/1/value", True), r"limits\[1\].value: expected a number"),
            (_set("specs/0/limits", []), r"specs\[0\].limits: a spec without limits"),
            (_set("specs/0/safe_zone/top", 1900), r"safe_zone.canvas: the insets leave nothing"),
            (_set("specs/0/safe_zone/left", -1), r"safe_zone.left: expected a whole number"),
            (_set("specs/0/aspect_ratios", []), r"exactly one ratio"),
            (_set("specs/0/aspect_ratios/0/ratio", "9:0"), r"aspect_ratios\[0\].ratio"),
            (_set("specs/1/id", RAW["specs"][0]["id"]), r"specs\[1\].id: .* twice"),
            (_set("specs/0/platform", "tiktok"), r"specs\[0\].platform: this file is for reels"),
            (_set("specs/0/paid", "yes"), r"specs\[0\].paid: expected true or false"),
            (_set("specs/0/texts/0/max", "long"), r"texts\[0\].max"),
            (_set("defaults", {"still": "x"}), r"defaults.still"),
            (_set("sources", []), r"sources: expected an object"),
        ],
    )
    def test_is_refused_with_file_and_field(self, change: Callable[[Any], None], says: str) -> None:
        data = copy.deepcopy(RAW)
        change(data)
        with pytest.raises(specs.SpecError, match=says):
            specs.parse(data, "reels.json")

    def test_that_is_missing_or_no_json_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(specs.SpecError, match=r"none.json: cannot be read"):
            specs.load(tmp_path / "none.json")
        (tmp_path / "bad.json").write_text("{")
        with pytest.raises(specs.SpecError, match=r"bad.json: not valid JSON"):
            specs.load(tmp_path / "bad.json")


class TestMediaTypes:
    def test_extensions_and_types_belong_together(self) -> None:
        assert media.extension_of("image/jpeg") == "jpg"
        assert media.extension_of("video/mp4; codecs=avc1") == "mp4"
        assert media.content_type_of("a/b.JPEG") == "image/jpeg"
        assert media.content_type_of("a.exe") == media.UNKNOWN
        assert media.same_extension("jpg", "JPEG")
        assert not media.same_extension("jpg", "png")
        with pytest.raises(ValueError, match="no file extension"):
            media.extension_of("text/x-evil")
