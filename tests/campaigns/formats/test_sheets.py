"""Sheets for ad managers: paused, coded, split where TikTok stops, and safe to open."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from campaigns.formats import sheets
from campaigns.formats.manifest import Disclosure, Entry
from campaigns.formats.part import CsvPart
from tests.campaigns.formats.test_manifest import ENTRY

CLIP = replace(
    ENTRY, campaign_name="Spring", file_name="a_CR000000.mp4", ad_name="a_CR000000",
    texts={
        "headline": "Slow mornings",
        "primary_text": "Fresh",
        "description": "Fresh on Shorts",
        "ad_text": "Fresh on TikTok",
        "cta": "Shop now",
    },
)  # fmt: skip
STILL = replace(CLIP, kind="still", file_name="a_CR000000.jpg", duration_s=None)


def files(sheet: CsvPart, *entries: Entry) -> dict[str, bytes]:
    for entry in entries:
        sheet.add(entry)
    return {path: file.read_bytes() for path, file in sheet.close()}


def rows(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\n") == content.count(b"\r\n")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


class TestMeta:
    def test_every_ad_comes_in_paused_with_its_file_and_code(self, tmp_path: Path) -> None:
        clip, still = (replace(one, platform="reels") for one in (CLIP, STILL))
        made = files(sheets.MetaSheet(tmp_path), clip, still, CLIP)
        first, second = rows(made["bulk/meta_ads_import.csv"])
        # a filled cell changes the campaign of that name, which may be live
        assert {name: first[name] for name in first if name.endswith("Status")} == {
            "Campaign Status": "",
            "Ad Set Run Status": "",
            "Ad Status": "PAUSED",
        }
        assert first["URL Tags"] == "utm_content=CR000000"
        assert (first["Video File Name"], first["Image File Name"]) == ("a_CR000000.mp4", "")
        assert (second["Video File Name"], second["Image File Name"]) == ("", "a_CR000000.jpg")
        assert (first["Call to Action"], first["Title"]) == ("SHOP_NOW", "Slow mornings")
        assert first["Video ID"] == second["Image Hash"] == ""

    def test_a_button_meta_does_not_know_is_left_to_be_chosen(self, tmp_path: Path) -> None:
        odd = replace(CLIP, platform="reels", texts={"cta": "Nur heute"})
        (row,) = rows(files(sheets.MetaSheet(tmp_path), odd)["bulk/meta_ads_import.csv"])
        assert row["Call to Action"] == ""


class TestGoogle:
    def test_clips_are_paused_ads_and_stills_are_left_out(self, tmp_path: Path) -> None:
        clip, still = (replace(one, platform="shorts") for one in (CLIP, STILL))
        made = files(sheets.GoogleSheet(tmp_path), clip, still, CLIP)
        (row,) = rows(made["bulk/google_ads_editor.csv"])
        assert (row["Status"], row["Video ID 1"], row["Headline 1"]) == (
            "Paused", "", "Slow mornings",
        )  # fmt: skip
        assert row["Description 1"] == "Fresh on Shorts"
        # Editor takes an empty cell for "no change" and a filled one for a change
        assert row["Campaign Status"] == row["Ad Group Status"] == ""

    def test_without_a_clip_there_is_no_file(self, tmp_path: Path) -> None:
        assert files(sheets.GoogleSheet(tmp_path), replace(STILL, platform="shorts")) == {}


class TestTikTok:
    def test_says_that_it_is_for_pasting_and_which_switch_to_set(self, tmp_path: Path) -> None:
        plain = replace(STILL, disclosure=Disclosure("none"))
        made = files(sheets.TikTokSheet(tmp_path), CLIP, plain)
        clip, still = rows(made["bulk/tiktok_paste_sheet_1.csv"])
        assert next(iter(clip)) == "Paste sheet, not an import file"
        assert (clip["AI-generated content"], still["AI-generated content"]) == ("ON", "off")
        assert still["How to add it"].startswith("By hand: a carousel")
        assert clip["Ad text"] == "Fresh on TikTok"

    def test_999_rows_fill_a_sheet(self, tmp_path: Path) -> None:
        made = files(sheets.TikTokSheet(tmp_path), *[CLIP] * 1999)
        assert [len(rows(content)) for content in made.values()] == [999, 999, 1]
        assert list(made) == [f"bulk/tiktok_paste_sheet_{n}.csv" for n in (1, 2, 3)]


@pytest.mark.parametrize("made", [sheets.MetaSheet, sheets.GoogleSheet, sheets.TikTokSheet])
def test_no_sheet_runs_a_formula_and_each_counts_what_it_guarded(
    tmp_path: Path, made: type[CsvPart]
) -> None:
    platform = {"MetaSheet": "reels", "GoogleSheet": "shorts"}.get(made.__name__, "tiktok")
    evil = "=HYPERLINK(1)"
    texts = dict.fromkeys(("headline", "primary_text", "description", "ad_text"), evil)
    entry = replace(CLIP, platform=platform, campaign_name=evil, texts=texts)
    sheet = made(tmp_path)  # type: ignore[call-arg]
    (content,) = files(sheet, entry).values()
    (row,) = rows(content)
    assert not any(value.startswith("=") for value in row.values())
    assert sheet.guarded == sum(value.startswith("'=") for value in row.values()) >= 2
