"""Under which names an asset's words go out, and that they are checked under the same ones."""

from __future__ import annotations

import pytest

from campaigns.formats import mends, placement_texts, spec_texts, specs
from campaigns.formats.spec import PLATFORMS


def of(platform: str, headline: str = "Slow mornings", **words: str) -> dict[str, str]:
    given = {"subline": "", "brand": "Acme", **words}
    return placement_texts.of(platform, headline=headline, **given)


def refused(platform: str, **words: str) -> dict[str, str]:
    """What the clip's limits fail, by name, with the remedy."""
    limits = specs.for_platform(platform, "clip").texts
    found = spec_texts.check(limits, of(platform, **words))
    return {one.name: one.remedy for one in found if one.verdict == "fail"}


class TestOf:
    def test_each_platform_has_its_own_names(self) -> None:
        assert of("shorts", subline="Fresh") == {
            "headline": "Slow mornings", "description": "Fresh", "business_name": "Acme",
        }  # fmt: skip
        assert of("reels", subline="Fresh") == {
            "headline": "Slow mornings", "primary_text": "Fresh",
        }  # fmt: skip
        assert of("tiktok", subline="Fresh") == {"ad_text": "Fresh"}

    def test_tiktok_gets_the_headline_where_there_is_no_subline(self) -> None:
        assert of("tiktok", subline="  ") == {"ad_text": "Slow mornings"}

    def test_empty_texts_are_left_out(self) -> None:
        assert [of(one, headline="", brand=" ") for one in PLATFORMS] == [{}, {}, {}]
        with pytest.raises(ValueError, match="no platform"):
            of("myspace")

    @pytest.mark.parametrize("platform", ["tiktok", "shorts"])
    def test_every_name_that_goes_out_has_a_limit_and_says_what_it_was_written_as(
        self, platform: str
    ) -> None:
        names = set(of(platform, subline="Fresh"))
        for kind in ("still", "clip"):
            limits = specs.for_platform(platform, kind).texts
            assert names <= {limit.name for limit in limits}, kind
        assert names <= set(placement_texts.WRITTEN_AS)


class TestRefused:
    def test_a_subline_too_long_for_googles_description(self) -> None:
        assert refused("shorts", subline="a" * 90) == {}
        assert refused("shorts", subline="a" * 150) == {
            "description": "Shorten it by 60 characters."
        }

    def test_a_brand_too_long_for_a_business_name(self) -> None:
        assert refused("shorts", brand="b" * 80) == {
            "business_name": "Shorten it by 55 characters."
        }
        assert refused("reels", brand="b" * 80) == refused("tiktok", brand="b" * 80) == {}

    def test_a_headline_that_tiktok_takes_for_the_ad_text(self) -> None:
        long = "Sale #today " + "a" * 105
        assert len(long) == 117
        assert refused("tiktok", headline=long) == {"ad_text": "Shorten it by 17 characters."}
        assert refused("tiktok", headline="Sale @acme #today") == {
            "ad_text": "Take @ and # out; the platform refuses it here.",
        }
        assert refused("tiktok", headline=long, subline="Fresh") == {}

    def test_the_page_says_which_text_it_is(self) -> None:
        way = mends.way(
            {"key": "text.business_name", "verdict": "fail"},
            specs.for_platform("shorts", "still"),
            measured={}, mends={}, is_manual=False, is_tried=False,
        )  # fmt: skip
        assert way is not None
        assert way.words.startswith("This is the campaign's brand.")
