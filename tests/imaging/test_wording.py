"""Which lines belong together, what is a button and what is printed on the product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging import ground, wording
from imaging.geometry import Box
from imaging.text import TextBox

SIDE = 256
NOTHING = np.zeros((SIDE, SIDE), np.float32)


def page(width: int = 1200, height: int = 800, color: str = "#f3ead8") -> Image.Image:
    return Image.new("RGB", (width, height), color)


def sort_out(
    image: Image.Image, boxes: list[Box], mask: NDArray[np.float32] = NOTHING
) -> dict[str, list[Box]]:
    rgb = np.asarray(image)
    flat = ground.find(rgb, SIDE).flat
    found = [TextBox(box, 0.9) for box in boxes]
    kinds: dict[str, list[Box]] = {}
    for line in wording.sort_out(rgb, found, mask, flat):
        kinds.setdefault(line.kind, []).append(line.box)
    return kinds


class TestSortOut:
    def test_lines_of_one_lettering_are_one_headline(self) -> None:
        two = [Box(60, 80, 520, 160), Box(60, 170, 440, 250)]
        kinds = sort_out(page(), [*two, Box(60, 300, 400, 330), Box(900, 770, 1150, 784)])
        assert kinds["headline"] == two
        assert kinds["line"] == [Box(60, 300, 400, 330)]
        assert kinds["small"] == [Box(900, 770, 1150, 784)]

    def test_words_of_a_line_become_one(self) -> None:
        kinds = sort_out(page(), [Box(60, 80, 260, 160), Box(290, 84, 520, 158)])
        assert kinds["headline"] == [Box(60, 80, 520, 160)]

    def test_a_filled_plate_around_a_short_line_is_a_button(self) -> None:
        image = page()
        ImageDraw.Draw(image).rounded_rectangle((80, 500, 330, 580), 40, fill="#d02030")
        kinds = sort_out(image, [Box(130, 522, 280, 558), Box(60, 80, 520, 160)])
        (plate,) = kinds["button"]
        assert plate.intersect(Box(80, 500, 331, 581)).area > 0.9 * 250 * 80
        assert kinds["headline"] == [Box(60, 80, 520, 160)]

    def test_what_is_printed_on_the_product_is_a_label(self) -> None:
        noisy = np.random.default_rng(1).integers(0, 255, (800, 1200, 3), dtype=np.uint8)
        mask = NOTHING.copy()
        mask[80:200, 150:230] = 1
        kinds = sort_out(Image.fromarray(noisy), [Box(800, 390, 980, 420)], mask)
        assert set(kinds) == {"label"}
        large = sort_out(Image.fromarray(noisy), [Box(800, 380, 980, 430)], mask)
        assert set(large) == {"headline"}

    def test_a_card_with_a_headline_and_a_button_is_no_button(self) -> None:
        image = page(color="#35506a")
        pen = ImageDraw.Draw(image)
        pen.rectangle((60, 500, 520, 740), fill="#f4f4f4")
        pen.rounded_rectangle((90, 640, 290, 710), 12, fill="#102030")
        mask = np.ones((SIDE, SIDE), np.float32)  # the card stands out, as do its surroundings
        kinds = sort_out(image, [Box(90, 530, 480, 600), Box(130, 658, 250, 692)], mask)
        assert kinds["headline"] == [Box(90, 530, 480, 600)]
        assert len(kinds["button"]) == 1
        assert kinds["button"][0].width < 220

    def test_copy_goes_on_where_its_second_line_stands_out(self) -> None:
        noisy = np.random.default_rng(1).integers(0, 255, (800, 1200, 3), dtype=np.uint8)
        mask = NOTHING.copy()
        mask[45:100, 2:120] = 1  # around the second line only
        two = [Box(60, 80, 520, 160), Box(60, 185, 440, 265)]
        assert sort_out(Image.fromarray(noisy), two, mask) == {"headline": two}

    def test_the_plain_front_of_a_box_is_no_card(self) -> None:
        noisy = np.random.default_rng(1).integers(0, 255, (800, 1200, 3), dtype=np.uint8)
        image = Image.fromarray(noisy)
        ImageDraw.Draw(image).rectangle((700, 200, 1100, 700), fill="#f07828")
        mask = NOTHING.copy()
        mask[64:224, 149:235] = 1  # the box and nothing around it
        kinds = sort_out(image, [Box(780, 400, 1020, 470), Box(60, 80, 520, 180)], mask)
        assert kinds["label"] == [Box(780, 400, 1020, 470)]
        assert kinds["headline"] == [Box(60, 80, 520, 180)]

    def test_a_panel_that_stands_out_beside_a_product_is_a_card(self) -> None:
        noisy = np.random.default_rng(1).integers(0, 255, (800, 1200, 3), dtype=np.uint8)
        image = Image.fromarray(noisy)
        ImageDraw.Draw(image).rectangle((60, 100, 500, 400), fill="#f07828")
        mask = NOTHING.copy()
        mask[32:128, 13:107] = 1  # the panel and nothing around it
        mask[60:250, 150:230] = 1  # the product
        kinds = sort_out(image, [Box(120, 160, 420, 230), Box(120, 260, 420, 300)], mask)
        assert set(kinds) == {"headline", "line"}

    def test_text_on_plain_ground_is_copy_even_when_the_ground_stands_out(self) -> None:
        everything = np.ones((SIDE, SIDE), np.float32)
        assert set(sort_out(page(), [Box(60, 80, 520, 160)], everything)) == {"headline"}

    def test_a_lone_short_word_in_a_corner_may_be_a_logo(self) -> None:
        kinds = sort_out(page(), [Box(1000, 30, 1140, 66), Box(60, 300, 620, 380)])
        assert kinds["logo"] == [Box(1000, 30, 1140, 66)]

    def test_blocks_as_high_as_wide_are_no_lines(self) -> None:
        assert sort_out(page(), [Box(100, 100, 600, 600)]) == {}


class TestIsLaidOut:
    def laid_out(self, image: Image.Image, boxes: list[Box], sure: float = 0.9) -> bool:
        rgb = np.asarray(image)
        flat = ground.find(rgb, SIDE).flat
        lines = wording.sort_out(rgb, [TextBox(box, sure) for box in boxes], NOTHING, flat)
        return wording.is_laid_out(lines, flat, image.width, image.height)

    def test_type_on_plain_ground_or_on_a_panel_is_set_over_the_picture(self) -> None:
        assert self.laid_out(page(), [Box(60, 80, 520, 160)])
        noisy = np.random.default_rng(1).integers(0, 255, (800, 1200, 3), dtype=np.uint8)
        image = Image.fromarray(noisy)
        ImageDraw.Draw(image).rectangle((30, 0, 600, 300), fill="#f4f4f4")  # off the top
        assert self.laid_out(image, [Box(60, 80, 520, 160)])

    def test_a_sign_in_the_picture_is_part_of_it(self) -> None:
        noisy = np.random.default_rng(1).integers(0, 255, (800, 1200, 3), dtype=np.uint8)
        assert not self.laid_out(Image.fromarray(noisy), [Box(60, 80, 520, 160)])
        assert not self.laid_out(page(), [Box(60, 80, 520, 160)], sure=0.6)
        assert not self.laid_out(page(), [])


class TestGround:
    def test_half_in_another_color_is_a_panel(self) -> None:
        image = page()
        ImageDraw.Draw(image).rectangle((0, 0, 600, 800), fill="#203050")
        found = ground.find(np.asarray(image), SIDE)
        assert found.flat.mean() > 0.95
        assert found.panels[:, :100].mean() > 0.95

    def test_one_plain_ground_is_no_panel(self) -> None:
        found = ground.find(np.asarray(page()), SIDE)
        assert found.flat.all()
        assert not found.panels.any()

    def test_a_busy_picture_has_none(self) -> None:
        noisy = np.random.default_rng(1).integers(0, 255, (800, 1200, 3), dtype=np.uint8)
        assert not ground.find(noisy, SIDE).flat.any()
