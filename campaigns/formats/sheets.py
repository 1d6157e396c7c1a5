"""Sheets for the ad managers, filled as far as a package knows: names, texts, files, codes.

Ads go into campaigns and ad groups that exist already, and are paused themselves. What these are
set to stays empty: the platform takes a filled cell for a change to the campaign of that name, so a
status would stop a live one. Ids of uploaded files are empty too, they exist afterwards. Columns:
Meta's export sheet and the templates of public tools (2025-06); Google Ads Editor, "Prepare a CSV
file" (support.google.com/google-ads/editor/answer/57747) and templates it took. TikTok takes back
only the template that the same account exported, so its sheet is for pasting.
"""

from __future__ import annotations

from pathlib import Path

from campaigns.formats.manifest import Entry
from campaigns.formats.part import CsvPart, Thumb, no_thumb

META = (
    "Campaign Name", "Campaign Status", "Campaign Objective", "Buying Type",
    "Ad Set Name", "Ad Set Run Status", "Ad Name", "Ad Status", "Creative Type",
    "Title", "Body", "Link", "Link Description", "Display Link", "Call to Action", "URL Tags",
    "Image File Name", "Image Hash", "Video File Name", "Video ID",
)  # fmt: skip
GOOGLE = (
    "Campaign", "Campaign Type", "Campaign Status", "Ad Group", "Ad Group Status",
    "Ad type", "Ad Name", "Status", "Video ID 1", "Headline 1", "Long headline 1",
    "Description 1", "Business name", "Logo image", "Call to action", "Final URL",
)  # fmt: skip
TIKTOK = (
    "Paste sheet, not an import file", "Campaign name", "Ad group name", "Ad name",
    "File name", "Ad text", "Call to action", "URL parameters", "AI-generated content",
    "How to add it",
)  # fmt: skip
TIKTOK_MOST = 999  # rows that TikTok's own template takes
# Meta's words for a button; another text is left empty, to be chosen in Ads Manager
META_CTA = {
    "shop now": "SHOP_NOW", "learn more": "LEARN_MORE", "sign up": "SIGN_UP",
    "download": "DOWNLOAD", "subscribe": "SUBSCRIBE", "contact us": "CONTACT_US",
    "get offer": "GET_OFFER", "order now": "ORDER_NOW",
}  # fmt: skip


def url_tags(entry: Entry) -> str:
    """What brings a click home: the creative code."""
    return f"utm_content={entry.creative_code}" if entry.creative_code else ""


class MetaSheet(CsvPart):
    """An import sheet for Meta Ads Manager: one paused ad a file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "bulk/meta_ads_import.csv", META)

    def add(self, entry: Entry, thumb: Thumb = no_thumb) -> None:
        """A row for a Reels file."""
        if entry.platform != "reels":
            return
        texts, is_clip = entry.texts, entry.kind == "clip"
        values = {
            "Campaign Name": entry.campaign_name,
            "Buying Type": "AUCTION",
            "Ad Set Name": entry.ad_set_name,
            "Ad Name": entry.ad_name,
            "Ad Status": "PAUSED",
            "Creative Type": "Video Page Post Ad" if is_clip else "Link Page Post Ad",
            "Title": texts.get("headline"),
            "Body": texts.get("primary_text"),
            "Call to Action": META_CTA.get(texts.get("cta", "").strip().lower()),
            "URL Tags": url_tags(entry),
            "Video File Name" if is_clip else "Image File Name": entry.file_name,
        }
        self.write([values.get(name) for name in META])


class GoogleSheet(CsvPart):
    """A file for Google Ads Editor: one paused Demand Gen video ad a clip."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "bulk/google_ads_editor.csv", GOOGLE)

    def add(self, entry: Entry, thumb: Thumb = no_thumb) -> None:
        """A row for a Shorts clip; its YouTube id is filled in after the upload."""
        if entry.platform != "shorts" or entry.kind != "clip":
            return
        texts = entry.texts
        values = {
            "Campaign": entry.campaign_name,
            "Campaign Type": "Demand Gen",
            "Ad Group": entry.ad_set_name,
            "Ad type": "Demand Gen video ad",
            "Ad Name": entry.ad_name,
            "Status": "Paused",
            "Headline 1": texts.get("headline"),
            "Long headline 1": texts.get("long_headline"),
            "Description 1": texts.get("description"),
            "Business name": texts.get("business_name"),
            "Call to action": texts.get("cta"),
        }
        self.write([values.get(name) for name in GOOGLE])


class TikTokSheet(CsvPart):
    """Cells to paste into the template that an account exported, 999 rows a sheet."""

    def __init__(self, folder: Path) -> None:
        path = "bulk/tiktok_paste_sheet_{n}.csv"
        super().__init__(folder, path, TIKTOK, most=TIKTOK_MOST)

    def add(self, entry: Entry, thumb: Thumb = no_thumb) -> None:
        """A row for a TikTok file."""
        if entry.platform != "tiktok":
            return
        is_clip = entry.kind == "clip"
        self.write(
            [
                "Paste into the template exported from your account",
                entry.campaign_name,
                entry.ad_set_name,
                entry.ad_name,
                entry.file_name,
                entry.texts.get("ad_text"),
                entry.texts.get("cta"),
                url_tags(entry),
                "off" if entry.disclosure.ai_status == "none" else "ON",
                "In bulk" if is_clip else "By hand: a carousel of 2 or more pictures",
            ]
        )
