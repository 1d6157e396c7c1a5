"""Names survive every file system and every brief, and never lose their code."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.formats import bundle, creative_code, naming

CODE = creative_code.from_number(7)


def parts(**changes: object) -> naming.NameParts:
    values: dict[str, object] = {
        "brand": "Acme",
        "campaign": "Spring",
        "concept": "Hero",
        "platform": "tiktok",
        "ratio": "9:16",
        "language": "en-US",
        "version": 2,
        "code": CODE,
    }
    return naming.NameParts(**{**values, **changes})  # type: ignore[arg-type]


class TestBuild:
    def test_follows_the_pattern(self) -> None:
        assert naming.build(parts(length_s=6.04), extension="mp4") == (
            f"Acme_Spring_Hero_tiktok_9x16_6s_en-US_v2_{CODE}.mp4"
        )
        assert "_still_" in naming.build(parts(), extension="jpg")

    @given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
    def test_any_names_make_a_file_name_that_every_system_takes(
        self, brand: str, campaign: str, concept: str
    ) -> None:
        name = naming.build(parts(brand=brand, campaign=campaign, concept=concept), extension="jpg")
        assert len(name) <= naming.MAX_LENGTH
        assert len(name.encode()) <= naming.MAX_BYTES
        assert name == unicodedata.normalize("NFC", name)
        assert creative_code.find(name) == (CODE,) or CODE in creative_code.find(name)
        assert name.endswith(f"_{CODE}.jpg")
        bundle.check_path(f"tiktok/{name}")

    @pytest.mark.parametrize(
        ("brand", "slug"),
        [
            ("<script>alert(1)</script>", "script-alert-1-script"),
            ("مرحبا بالعالم", "مرحبا-بالعالم"),
            ("\u202eevil\u202c\u200b", "evil"),
            ("Cafe\u0301 & Söhne", "Café-Söhne"),
            ("a/../../b\\c:d", "a-b-c-d"),
            ("", "brand"),
            ("con", "con-x"),
            ("=cmd|' /C calc'!A0", "cmd-C-calc-A0"),
        ],
    )
    def test_names_become_slugs(self, brand: str, slug: str) -> None:
        assert naming.slug(brand, fallback="brand") == slug

    def test_two_names_of_emoji_alone_stay_apart(self) -> None:
        one, two = (naming.slug(text, fallback="brand") for text in ("🚀🔥", "🍕"))
        assert one != two
        assert one.startswith("brand-")

    def test_refuses_an_extension_that_is_a_path(self) -> None:
        with pytest.raises(ValueError, match="not a file extension"):
            naming.build(parts(), extension="jpg/../x")


class TestParsePattern:
    def test_takes_the_default(self) -> None:
        assert naming.parse_pattern(naming.DEFAULT_PATTERN).text == naming.DEFAULT_PATTERN

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("{brand}_{campaign}", "needs {code}"),
            ("{code}_{code}", "needs {code}"),
            ("{brand.__class__}_{code}", "There is no field"),
            ("{brand!r}_{code}", "There is no field"),
            ("../{code}", "may stand"),
            ("{brand} {code}", "may stand"),
            ("{brand}_{code", "may stand"),
            ("{brand}{code}", "Put _ or -"),
            ("v{code}", "Put _ or -"),
            ("x" * 300 + "{code}", "too long"),
        ],
    )
    def test_says_what_is_wrong(self, text: str, says: str) -> None:
        with pytest.raises(naming.BadPattern, match=says):
            naming.parse_pattern(text)

    def test_a_pattern_without_shrinkable_fields_that_is_too_long_is_refused(self) -> None:
        pattern = naming.parse_pattern("x" * 150 + "_{code}")
        with pytest.raises(ValueError, match="too long"):
            naming.build(parts(), extension="jpg", pattern=pattern)


class TestUnique:
    @given(st.lists(st.text(min_size=1, max_size=8), max_size=12))
    def test_no_two_are_the_same_on_any_system(self, texts: list[str]) -> None:
        names = [f"{naming.slug(text, fallback='x')}.jpg" for text in texts]
        result = naming.unique(names)
        assert len({naming.fold(name) for name in result}) == len(names)

    def test_numbers_doubles_in_order(self) -> None:
        assert naming.unique(["A.jpg", "a.JPG", "b.jpg", "a.jpg"], taken=["B.JPG"]) == [
            "A.jpg",
            "a-2.JPG",
            "b-2.jpg",
            "a-3.jpg",
        ]

    def test_a_full_name_keeps_its_code_when_numbered(self) -> None:
        name = naming.build(parts(campaign="c" * 200, concept="d" * 200), extension="jpg")
        second = naming.unique([name, name])[1]
        assert len(second) <= naming.MAX_LENGTH
        assert creative_code.find(second) == (CODE,)
