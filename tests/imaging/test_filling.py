"""The ways to show a whole picture in a frame of another ratio."""

from __future__ import annotations

import numpy as np
import pytest

from imaging import filling
from imaging.filling import Filling
from imaging.geometry import Box
from imaging.safezone import SafeZone
from imaging.see import Seen, SeenBox

ZONE = SafeZone(1080, 1920, 240, 660, 120, 120, (840, 300))
BROWN = (123, 63, 29)
WORDS = "Fresh roast, every week"


def picture(width: int = 900, height: int = 600) -> np.ndarray:
    """Noise, with a blue rim above and a green one below."""
    rgb = np.random.default_rng(3).integers(0, 255, (height, width, 3), dtype=np.uint8)
    rgb[:6], rgb[-6:] = (20, 40, 200), (10, 160, 30)
    return rgb


def seen(headline: bool = False) -> Seen:
    box = SeenBox(Box(100, 100, 800, 180), 1.5, 0.9, "test", "headline")
    return Seen(
        width=900, height=600, faces=(), texts=(), subject=None, field=(),
        headline=box if headline else None,
    )  # fmt: skip


def made(way: str, **values: object) -> tuple[np.ndarray, filling.Layout]:
    chosen = Filling(way, **values)  # type: ignore[arg-type]
    laid = filling.lay(Box.whole(900, 600), 1080, 1920, ZONE, chosen)
    return filling.fill(picture(), laid, 1080, 1920, chosen), laid


class TestFill:
    def test_the_brands_color_surrounds_the_whole_picture(self) -> None:
        frame, laid = made("brand", color=BROWN)
        assert frame.shape == (1920, 1080, 3)
        assert tuple(frame[5, 5]) == tuple(frame[-5, -5]) == BROWN
        assert (laid.at.width, laid.at.height) == (1080, 720)

    def test_the_pictures_own_edges_give_a_color_to_either_side(self) -> None:
        frame, _ = made("edge")
        assert tuple(frame[5, 5]) == (20, 40, 200)
        assert tuple(frame[-5, -5]) == (10, 160, 30)

    def test_a_blurred_copy_is_neither_plain_nor_the_picture(self) -> None:
        frame, laid = made("blur")
        ground = frame[: laid.at.top - 4].astype(float)
        assert 0 < ground.std() < picture().astype(float).std()

    @pytest.mark.parametrize("way", ["above", "below"])
    def test_a_band_holds_the_words_clear_of_the_app_and_off_the_picture(self, way: str) -> None:
        frame, laid = made(way, color=BROWN, words=WORDS)
        assert laid.band is not None
        clear = ZONE.clear_box()
        assert clear.contains(laid.band)
        assert (laid.band.bottom < laid.at.top) is (way == "above")
        assert all(part.intersect(laid.band).is_empty for part in ZONE.covering())
        assert clear.top <= laid.at.top
        assert laid.at.top + laid.at.height <= clear.bottom
        inked = frame[laid.band.top : laid.band.bottom, laid.band.left : laid.band.right]
        assert (inked.max(axis=2) == 255).mean() > 0.03

    def test_ink_is_dark_on_a_light_brand(self) -> None:
        frame, laid = made("above", color=(244, 239, 230), words=WORDS)
        assert laid.band is not None
        inked = frame[laid.band.top : laid.band.bottom, laid.band.left : laid.band.right]
        assert inked.min() < 40

    def test_the_same_input_gives_the_same_bytes(self) -> None:
        for way in filling.WAYS:
            one, two = (made(way, color=BROWN, words=WORDS)[0] for _ in range(2))
            assert one.tobytes() == two.tobytes()


class TestJudge:
    @pytest.mark.parametrize("way", filling.WAYS)
    def test_says_how_the_frame_is_filled_and_how_much_of_it(self, way: str) -> None:
        crop = filling.judge(
            seen(), Box.whole(900, 600), 1080, 1920, ZONE, Filling(way, words=WORDS)
        )
        assert crop.findings[0].code == "fitted"
        assert crop.findings[0].text.startswith(filling.TEXTS[way])
        assert crop.findings[0].text.endswith("of the frame.")

    def test_a_headline_in_the_picture_and_in_the_band_is_said(self) -> None:
        box, chosen = Box.whole(900, 600), Filling("above", words=WORDS)
        twice = filling.judge(seen(headline=True), box, 1080, 1920, ZONE, chosen)
        once = filling.judge(seen(), box, 1080, 1920, ZONE, chosen)
        assert [f.verdict for f in twice.findings if f.code == "band_words"] == ["warn"]
        assert [f.verdict for f in once.findings if f.code == "band_words"] == ["pass"]

    def test_words_that_do_not_fit_are_a_warning(self) -> None:
        chosen = Filling("below", words="Freshly roasted " * 40)
        crop = filling.judge(seen(), Box.whole(900, 600), 1080, 1920, ZONE, chosen)
        assert [f.verdict for f in crop.findings if f.code == "band_words"] == ["warn"]


class TestSeenOn:
    def test_the_words_of_the_band_are_text_that_must_stay_clear(self) -> None:
        chosen = Filling("above", words=WORDS)
        laid = filling.lay(Box.whole(900, 600), 1080, 1920, ZONE, chosen)
        on = filling.seen_on(seen(), laid, 1080, 1920)
        assert [text.kind for text in on.texts] == ["headline"]
        assert Box.whole(1080, 1920).contains(on.texts[0].box)
