"""Type fits its box, keeps its direction, can be read, and hides nothing it could not set."""

import numpy as np
import pytest

from imaging import typeset
from imaging.palette import contrast, luminance
from imaging.typeset import Style


@pytest.fixture
def fonts(models: None) -> None:
    if typeset.font_path("sans") is None:
        pytest.skip("The fonts are not installed: run bin/start once.")


def page(value: int = 240) -> np.ndarray:
    return np.full((600, 800, 3), value, np.uint8)


class TestFit:
    @pytest.mark.parametrize(
        "text",
        [
            "Morning starts with a better cup",
            "Donaudampfschifffahrtsgesellschaftskapitän",
            "صباحك يبدأ مع قهوة أفضل",
            "朝は、もっと美味しい一杯から始まる。",
            "x",
        ],
    )
    def test_never_leaves_its_box(self, fonts: None, text: str) -> None:
        block = typeset.fit(text, 420, 300, Style(), largest=120, smallest=14, most_lines=4)
        assert block.width <= 420
        assert block.height <= 300
        assert not block.truncated
        ink = typeset.draw(canvas := page(), block, 100, 80, (0, 0, 0), width=420)
        assert 96 <= ink.left < ink.right <= 524
        assert (canvas < 100).any()

    def test_uses_the_room_it_has(self, fonts: None) -> None:
        small = typeset.fit("Hello", 200, 100, Style(), largest=200, smallest=10, most_lines=1)
        large = typeset.fit("Hello", 600, 300, Style(), largest=200, smallest=10, most_lines=1)
        assert large.size > 1.5 * small.size

    def test_balances_its_lines(self, fonts: None) -> None:
        block = typeset.fit(
            "Fresh coffee at your door by Friday", 500, 200, Style(), largest=48, smallest=48,
            most_lines=3,
        )  # fmt: skip
        lengths = [len(line) for line in block.lines]
        assert min(lengths) > 0.5 * max(lengths)

    def test_cuts_with_an_ellipsis_and_says_so(self, fonts: None) -> None:
        block = typeset.fit("word " * 60, 300, 80, Style(), largest=40, smallest=30, most_lines=2)
        assert block.truncated
        assert block.lines[-1].endswith("…")
        assert len(block.lines) <= 2

    def test_leaves_out_what_no_font_has_and_lists_it(self, fonts: None) -> None:
        block = typeset.fit("Sale 🎉 now", 400, 100, Style(), largest=40, smallest=20, most_lines=1)
        assert (block.lines, block.missing) == (("Sale now",), ("🎉",))

    def test_markup_is_only_text(self, fonts: None) -> None:
        block = typeset.fit(
            "<script>alert(1)</script>", 700, 100, Style(), largest=40, smallest=20, most_lines=1
        )
        assert block.lines == ("<script>alert(1)</script>",)

    def test_without_fonts_the_builtin_one_serves(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SWITCHYARD_MODELS_DIR", raising=False)
        block = typeset.fit("Hello", 300, 80, Style(), largest=40, smallest=20, most_lines=1)
        typeset.draw(canvas := page(), block, 10, 10, (0, 0, 0))
        assert (canvas < 100).any()
        assert typeset.font_path("sans") is None


class TestDirection:
    def test_arabic_and_hebrew_start_at_the_right(self, fonts: None) -> None:
        for text, locale in (("مرحبا", "ar"), ("שלום", "he")):
            block = typeset.fit(
                text, 400, 80, Style(locale=locale), largest=50, smallest=20, most_lines=1
            )
            ink = typeset.draw(page(), block, 100, 50, (0, 0, 0), width=400)
            assert ink.right > 480
            assert ink.left > 250

    def test_arabic_letters_join(self, fonts: None) -> None:
        """Shaped letters are narrower together than one by one."""

        def width(text: str) -> int:
            return typeset.fit(
                text, 2000, 200, Style(locale="ar"), largest=80, smallest=80, most_lines=1
            ).width

        assert width("سلام") < sum(width(letter) for letter in "سلام") * 0.95


class TestReadable:
    def test_takes_the_wish_that_reads(self) -> None:
        color, ratio = typeset.readable(
            page(250), typeset.CLEAR, [(1.0, 1.0, 1.0), (0.1, 0.2, 0.3)]
        )
        assert color == (0.1, 0.2, 0.3)
        assert ratio > 4.5

    def test_prefers_plain_black_or_white_to_a_wish_that_does_not(self) -> None:
        gray = page(128)
        color, ratio = typeset.readable(gray, typeset.CLEAR, [(0.5, 0.5, 0.5)])
        assert color in {(1.0, 1.0, 1.0), (0.06, 0.06, 0.07)}
        assert ratio > 3


class TestButton:
    @pytest.mark.parametrize("fill", [(0.9, 0.6, 0.2), (0.1, 0.1, 0.5), (1.0, 1.0, 1.0)])
    def test_lies_in_its_width_with_a_label_that_reads(
        self, fonts: None, fill: tuple[float, float, float]
    ) -> None:
        canvas = page(200)
        box, label = typeset.button(canvas, "Shop now", 50, 100, 400, fill, Style(weight=650))
        assert 50 <= box.left < box.right <= 450
        inside = canvas[box.top + 10 : box.bottom - 10, box.left + 50 : box.right - 50]
        ends = typeset.backdrop(inside, typeset.CLEAR.shift(-120, -288))
        assert contrast(*ends) >= 4.5 or contrast(luminance(fill), ends[0]) >= 4.5
        assert label.lines == ("Shop now",)

    def test_a_long_label_shrinks_and_stays_inside(self, fonts: None) -> None:
        box, label = typeset.button(
            page(), "Jetzt unverbindlich Probefahrt vereinbaren", 50, 100, 400, (0, 0, 0), Style()
        )
        assert box.right <= 450
        assert label.width <= box.width
