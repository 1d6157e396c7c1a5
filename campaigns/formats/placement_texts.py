"""Under which name each platform gets an asset's words.

Written once: what is checked, what the sheets fill in and what a file is bound to is the same.
Lengths and forbidden signs are the specs', not known here.
"""

from __future__ import annotations

# what a text was written as, for the person who has to shorten it
WRITTEN_AS = {
    "headline": "the headline",
    "primary_text": "the subline",
    "description": "the subline",
    "ad_text": "the subline, or the headline where there is none",
    "business_name": "the campaign's brand",
}


def of(platform: str, *, headline: str, subline: str, brand: str) -> dict[str, str]:
    """The texts of one platform's ad by the names its spec uses; empty ones are left out."""
    match platform:
        case "tiktok":
            texts = {"ad_text": subline if subline.strip() else headline}
        case "shorts":
            texts = {"headline": headline, "description": subline, "business_name": brand}
        case "reels":
            texts = {"headline": headline, "primary_text": subline}
        case _:
            raise ValueError(f"There is no platform {platform!r}.")
    return {name: text for name, text in texts.items() if text.strip()}
