"""Manifests say everything about a file, stay numbers, and no spreadsheet runs them."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.formats import csv_rows, manifest, readme, specs
from campaigns.formats.csv_rows import guard
from campaigns.formats.manifest import Approval, Crop, Disclosure, Entry, Step, Waiver

FINDING = {
    "key": "safe_zone",
    "label": "Clear of the app's interface",
    "value_text": "headline 12% covered",
    "verdict": "warn",
    "remedy": "Move it.",
}
ENTRY = Entry(
    creative_code="CR000000",
    platform="tiktok",
    kind="clip",
    file_name="tiktok/Acme_CR000000.mp4",
    placement="In-feed auction (non-Spark)",
    width=1080,
    height=1920,
    size_bytes=6_000_000,
    sha256="a" * 64,
    verdict="warn",
    spec_id="tiktok.infeed_video.auction",
    spec_version="2026-11-23",
    master_id="41",
    master_sha256="b" * 64,
    version=2,
    campaign_name='=HYPERLINK("http://x","y")',
    ad_set_name="Prospecting",
    language="en-US",
    disclosure=Disclosure("ai_modified", tool="local engine", action="Switch it on."),
    cost_micros=4_100_000,
    currency="USD",
    duration_s=6.0,
    fps=30.0,
    crop=Crop((-4, 0, 1076, 1920), "manual"),
    findings=(FINDING,),
    waiver=Waiver("Dana", "+1 from legal"),
    approval=Approval("Cleo", "2026-11-23T20:00:00Z", "b" * 64),
    texts={"headline": "Made\n=for you", "primary_text": "@home", "unknown": "x"},
    lineage=(Step("polish", "upscale", "local", "esrgan", 3, {"factor": 2}, ("c",), "d", 0),),
)


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


class TestGuard:
    @given(st.text(alphabet=st.sampled_from("=+-@\t\r\n;, '\"a1\uff1d"), max_size=12))
    def test_no_reading_of_a_cell_begins_like_a_formula(self, text: str) -> None:
        safe = guard(text)
        for separator in (";", "\t", "\r", "\n"):
            for part in safe.split(separator):
                assert not part.strip().startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
        assert not safe.startswith(("\t", "\r", "\n"))

    @given(st.text(alphabet=st.characters(categories=["L", "Nd", "Zs"]), max_size=30))
    def test_harmless_text_is_left_alone(self, text: str) -> None:
        assert guard(text) == text

    @pytest.mark.parametrize(
        "text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1"]
    )
    def test_every_beginning_of_a_formula_gets_an_apostrophe(self, text: str) -> None:
        assert guard(text) == f"'{text}" or guard(text).startswith("'")

    @pytest.mark.parametrize(
        ("value", "written"),
        [(-5, "-5"), (-0.5, "-0.5"), (1e-7, "0.0000001"), (Decimal("-4.10"), "-4.10"),
         (float("nan"), ""), (True, "yes"), (None, ""), (10**15, "1000000000000000")],
    )  # fmt: skip
    def test_numbers_stay_numbers(self, value: csv_rows.Cell, written: str) -> None:
        assert csv_rows.cell(value) == written

    @given(st.lists(st.tuples(st.text(max_size=20), st.integers()), max_size=5))
    def test_rows_keep_their_shape_whatever_is_in_them(self, data: list[tuple[str, int]]) -> None:
        content = csv_rows.to_bytes(["text", "number"], data)
        found = rows(content)
        assert [int(row["number"]) for row in found] == [number for _, number in data]

    def test_a_row_of_another_width_is_refused(self) -> None:
        with pytest.raises(ValueError, match="has 1 cells"):
            csv_rows.to_bytes(["a", "b"], [["x"]])


class TestCsv:
    def test_has_every_column_with_text_guarded_and_numbers_plain(self) -> None:
        content = csv_rows.to_bytes(manifest.COLUMNS, [manifest.csv_row(ENTRY)])
        assert content.startswith(b"\xef\xbb\xbf")
        (row,) = rows(content)
        assert tuple(row) == manifest.COLUMNS
        assert row["campaign_name"] == '\'=HYPERLINK("http://x","y")'
        assert row["headline"] == "Made\n'=for you"
        assert row["waived_why"] == "'+1 from legal"
        assert row["crop_left"] == "-4"
        assert (row["ratio"], row["master_cost"], row["safe_zone"]) == ("9:16", "4.10", "warn")
        assert row["digital_source_type"].endswith("compositeWithTrainedAlgorithmicMedia")
        assert [row[column] for column in manifest.FILL_BACK] == [""] * 4


class TestJson:
    def test_holds_hashes_crop_findings_disclosure_lineage_and_cost_as_text(self) -> None:
        head = manifest.json_head({"name": "Spring", "more": {"a": [1, {}]}, "x": "}\n"})
        pieces = [manifest.json_entry(ENTRY, is_first=at == 0) for at in range(3)]
        value = json.loads(head + b"".join(pieces) + manifest.json_tail())
        assert value["package"] == {"name": "Spring", "more": {"a": [1, {}]}, "x": "}\n"}
        file = value["files"][2]
        assert value["files"] == [file] * 3
        assert json.loads(head + manifest.json_tail())["files"] == []
        assert file["file"]["sha256"] == "a" * 64
        assert file["crop"] == {"box": [-4, 0, 1076, 1920], "method": "manual"}
        assert file["check"]["findings"] == [FINDING]
        assert file["master_cost"] == {"amount": "4.10", "currency": "USD"}
        assert file["lineage"][0]["params"] == {"factor": 2}
        assert file["disclosure"]["ai_status"] == "ai_modified"
        assert file["campaign"] == '=HYPERLINK("http://x","y")'  # JSON runs nothing

    @pytest.mark.parametrize(
        ("micros", "text"), [(0, "0.00"), (350, "0.00035"), (1_000_000, "1.00"), (-40_000, "-0.04")]
    )
    def test_money_is_exact_decimal_text(self, micros: int, text: str) -> None:
        assert manifest.money_text(micros) == text

    def test_an_ai_status_nobody_knows_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not one of"):
            Disclosure("maybe")


class TestSourceType:
    @pytest.mark.parametrize(
        ("status", "from_photo", "word"),
        [("none", True, "humanEdits"), ("none", False, "digitalCreation"),
         ("ai_modified", True, "compositeWithTrainedAlgorithmicMedia"),
         ("ai_modified", False, "compositeWithTrainedAlgorithmicMedia"),
         ("ai_generated", False, "trainedAlgorithmicMedia"), ("unknown", True, "")],
    )  # fmt: skip
    def test_says_what_was_really_done(self, status: str, from_photo: bool, word: str) -> None:
        assert manifest.source_type(status, from_photo=from_photo).rpartition("/")[2] == word


class TestReadme:
    def text(self, folder: Path, *entries: Entry, others: Sequence[str] = ()) -> str:
        one = readme.Readme(folder, title="Spring")
        for entry in entries:
            one.add(entry)
        one.others, one.guarded = list(others), 2
        ((path, file),) = one.close()
        assert path == "README.txt"
        return file.read_bytes().decode()

    def test_says_first_which_switch_to_set_where(self, tmp_path: Path) -> None:
        none = Disclosure("none", c2pa="signed", action="Answer no.")
        shorts = replace(ENTRY, platform="shorts", disclosure=none)
        text = self.text(tmp_path, ENTRY, shorts, others=["bulk/tiktok_paste_sheet_1.csv"])
        flat = " ".join(text.split())
        assert "TikTok: Switch it on. YouTube Shorts: Answer no." in flat
        assert flat.index("Set these switches") < flat.index("Acme_CR000000.mp4")
        assert "headline 12% covered" in text
        assert "1 file is signed" in flat
        assert "paste sheet, not an import file" in flat
        assert "google_ads_editor" not in flat
        assert "2 texts begin with a sign" in flat
        assert text.count("\n") == text.count("\r\n")

    def test_a_check_that_was_let_pass_names_who_and_why_instead_of_a_cure(
        self, tmp_path: Path
    ) -> None:
        let = {**FINDING, "verdict": "fail", "waived_by": "Dana", "waived_why": "On purpose."}
        flat = " ".join(self.text(tmp_path, replace(ENTRY, findings=(let,))).split())
        assert "headline 12% covered. Let pass by Dana: On purpose." in flat
        assert "Move it." not in flat

    def test_a_platform_with_both_kinds_names_each(self, tmp_path: Path) -> None:
        plain = replace(ENTRY, disclosure=Disclosure("none", action="Leave it off."))
        flat = " ".join(self.text(tmp_path, ENTRY, plain).split())
        assert "TikTok, a photograph that AI changed: Switch it on." in flat
        assert "TikTok, no AI was used to make or change the picture: Leave it off." in flat

    def test_files_made_for_several_versions_of_limits_name_each_ones_step(
        self, tmp_path: Path
    ) -> None:
        later = replace(ENTRY, disclosure=Disclosure("ai_modified", action="Tick the new box."))
        flat = " ".join(self.text(tmp_path, ENTRY, later, ENTRY).split())
        assert flat.count("TikTok: Switch it on. TikTok: Tick the new box.") == 1
        assert flat.count("Switch it on.") == 1

    @pytest.mark.parametrize("platform", ["tiktok", "reels", "shorts"])
    @pytest.mark.parametrize("status", manifest.AI_STATUSES)
    def test_has_an_answer_for_every_status_and_platform(self, platform: str, status: str) -> None:
        steps = specs.for_platform(platform, "still").disclosure
        assert len(readme.disclosure_action(steps, status)) > 10
