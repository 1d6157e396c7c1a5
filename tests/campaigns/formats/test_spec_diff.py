"""Two versions of a platform's limits, one beside the other."""

import copy
import json

from campaigns.formats import spec_diff, specs

RAW = json.loads((specs.FOLDER / "tiktok.json").read_text())


def changed() -> specs.SpecFile:
    data = copy.deepcopy(RAW)
    auction, carousel = data["specs"][0], data["specs"][2]
    next(one for one in auction["limits"] if one["key"] == "file_size")["value"] = 250_000_000
    carousel["limits"] = [one for one in carousel["limits"] if one["key"] != "music_present"]
    auction["texts"][0]["max"] = 80
    auction["safe_zone"]["top"] = 250
    return specs.parse(data, "tiktok.json")


class TestChanges:
    def test_of_the_same_file_are_none(self) -> None:
        file = specs.file_of("tiktok")
        assert spec_diff.changes(file, specs.parse(RAW, "tiktok.json")) == []

    def test_name_placement_limit_and_both_values(self) -> None:
        found = spec_diff.changes(specs.file_of("tiktok"), changed())
        by_what = {one.what: one for one in found}
        assert set(by_what) == {"File size", "Music", "Text: ad text", "Safe zone"}
        assert by_what["File size"].before.startswith("at most 500 MB, fail")
        assert by_what["File size"].after.startswith("at most 250 MB, fail")
        assert by_what["Music"].after == spec_diff.MISSING
        assert "80 characters" in by_what["Text: ad text"].after
        assert "top 250" in by_what["Safe zone"].after

    def test_tell_of_the_rate_a_file_is_written_with(self) -> None:
        data = json.loads((specs.FOLDER / "shorts.json").read_text())
        data["specs"][0]["export"]["v_bitrate_kbps_60fps"] = 16_000
        data["specs"][1]["export"]["quality"] = 80
        found = spec_diff.changes(specs.file_of("shorts"), specs.parse(data, "shorts.json"))
        assert [(one.what, one.after) for one in found] == [
            ("Exported as", "1080 × 1920 MP4, 8,000 kbps, 16,000 from 48 fps"),
            ("Exported as", "1080 × 1920 JPG, quality 80"),
        ]

    def test_say_that_a_placement_is_gone(self) -> None:
        data = copy.deepcopy(RAW)
        gone = data["specs"].pop()
        found = spec_diff.changes(specs.file_of("tiktok"), specs.parse(data, "tiktok.json"))
        assert {one.placement for one in found} == {gone["placement"]}
        assert {one.after for one in found} == {spec_diff.MISSING}
