"""Brand colors are read, tinted and told apart as people see them."""

import pytest

from imaging import palette


class TestParse:
    @pytest.mark.parametrize("text", ["#1f4b5f", "1F4B5F", " #1f4b5f "])
    def test_reads_hex(self, text: str) -> None:
        assert palette.parse(text) == pytest.approx((31 / 255, 75 / 255, 95 / 255))

    def test_reads_the_short_form(self) -> None:
        assert palette.parse("#fa0") == palette.parse("#ffaa00")

    @pytest.mark.parametrize("text", ["", "red", "#12345", "#gggggg", "#1f4b5f; color"])
    def test_refuses_other_text(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a color"):
            palette.parse(text)


class TestSpaces:
    @pytest.mark.parametrize("color", ["#1f4b5f", "#e9a23b", "#ffffff", "#101010", "#00ff00"])
    def test_the_way_there_and_back_is_the_same_color(self, color: str) -> None:
        rgb = palette.parse(color)
        assert palette.from_lch(*palette.lch(rgb)) == pytest.approx(rgb, abs=0.004)

    def test_black_on_white_has_the_highest_contrast(self) -> None:
        assert palette.contrast(
            palette.luminance((0, 0, 0)), palette.luminance((1, 1, 1))
        ) == pytest.approx(21)

    def test_a_lighter_tint_is_lighter(self) -> None:
        main = palette.parse("#1f4b5f")
        assert palette.luminance(palette.tint(main, 0.9)) > palette.luminance(main)


class TestPalette:
    @pytest.mark.parametrize("tone", palette.TONES)
    @pytest.mark.parametrize(
        "colors", [(), ("#000000",), ("#ffffff", "#fefefe"), ("#7a3b1d", "#e9a23b")]
    )
    def test_every_tone_gives_type_that_reads(self, tone: str, colors: tuple[str, ...]) -> None:
        made = palette.palette(colors, tone)
        back = palette.luminance(made.ground)
        _, ratio = palette.legible([back], [made.ink, made.paper])
        assert ratio >= 4.5
