"""The contact sheet: one page with everything in it, whatever stands in the texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from campaigns.formats.contact import ContactSheet
from campaigns.formats.manifest import Entry
from tests.campaigns.formats.test_manifest import ENTRY

JPEG = b"\xff\xd8\xff\xe0 picture"


class Seen(HTMLParser):
    """Tags in order, and every attribute."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page(folder: Path, entries: Iterable[Entry], thumb: bytes = JPEG) -> str:
    sheet = ContactSheet(folder, title="<Spring>")
    for entry in entries:
        sheet.add(entry, lambda: thumb)
    ((path, file),) = sheet.close()
    assert path == "contact_sheet.html"
    return file.read_text(encoding="utf-8")


def test_holds_its_pictures_and_asks_nobody(tmp_path: Path) -> None:
    text = page(tmp_path, [replace(ENTRY, campaign_name="Spring")])
    seen = Seen(text)
    assert seen.open == []
    assert "script" not in seen.tags
    sources = [value for name, value in seen.attributes if name in {"src", "href"}]
    assert [source.partition(",")[0] for source in sources if source] == ["data:image/jpeg;base64"]
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|url\(|@import", text)


def test_one_card_a_creative_with_a_line_to_sign(tmp_path: Path) -> None:
    reels = replace(ENTRY, platform="reels")
    other = replace(ENTRY, creative_code="CR111111", ad_set_name="Retargeting")
    text = page(tmp_path, [ENTRY, reels, other])
    tags = Seen(text).tags
    assert (tags.count("article"), tags.count("li"), tags.count("h2")) == (2, 3, 2)
    assert text.count("Name, date, remarks") == 2


def test_texts_of_people_stay_text(tmp_path: Path) -> None:
    evil = '"><script>alert(1)</script>'
    texts = {"headline": evil, "primary_text": evil, "cta": evil}
    entry = replace(ENTRY, title=evil, campaign_name=evil, file_name=evil, texts=texts)
    assert "script" not in Seen(page(tmp_path, [entry])).tags


def test_a_missing_or_odd_thumbnail_is_a_blank(tmp_path: Path) -> None:
    for thumb in (b"", b"<svg onload=alert(1)>"):
        assert "img" not in Seen(page(tmp_path, [ENTRY], thumb)).tags
