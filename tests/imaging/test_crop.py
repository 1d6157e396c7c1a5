"""Where the window lands, on made-up findings (exact) and on real photographs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging import crop, see, weights
from imaging.geometry import Box
from imaging.safezone import SafeZone
from imaging.see import Seen, SeenBox

Pixels = NDArray[np.uint8]
TIKTOK = SafeZone(1080, 1920, 240, 660, 120, 120, (840, 300))
FLAT = tuple((0.0,) * 32 for _ in range(32))
TARGETS = [(1080, 1920), (960, 1200), (1200, 1200), (1200, 628)]


def seen_with(
    *,
    faces: tuple[Box, ...] = (),
    texts: tuple[Box, ...] = (),
    subject: Box | None = None,
    size: tuple[int, int] = (4000, 3000),
) -> Seen:
    return Seen(
        width=size[0],
        height=size[1],
        faces=tuple(SeenBox(box, 3.0, 0.95, "made up") for box in faces),
        texts=tuple(SeenBox(box, 1.0, 0.95, "made up") for box in texts),
        subject=SeenBox(subject, 2.0, 0.95, "made up") if subject else None,
        field=FLAT,
    )


def codes(result: crop.Crop) -> set[str]:
    return {item.code for item in result.findings if item.verdict in ("warn", "fail")}


class TestDecide:
    @pytest.mark.parametrize("target", TARGETS)
    def test_box_has_the_ratio_and_lies_inside(self, target: tuple[int, int]) -> None:
        box = crop.decide(seen_with(), *target).box
        assert Box.whole(4000, 3000).contains(box)
        assert abs(box.width / box.height - target[0] / target[1]) < 0.002

    @pytest.mark.parametrize("left", [0, 700, 2000, 3300, 3690])
    def test_a_face_is_whole_wherever_it_is(self, left: int) -> None:
        face = Box(left, 900, left + 310, 1300)
        result = crop.decide(seen_with(faces=(face,)), 1080, 1920)
        assert result.box.contains(face)
        assert "face_cut" not in codes(result)

    def test_two_faces_that_fit_are_both_whole(self) -> None:
        faces = (Box(1500, 800, 1800, 1200), Box(2600, 900, 2850, 1250))
        result = crop.decide(seen_with(faces=faces), 1080, 1920)
        assert all(result.box.contains(face) for face in faces)

    def test_faces_too_far_apart_are_reported_with_a_way_out(self) -> None:
        faces = (Box(100, 800, 500, 1300), Box(3500, 800, 3900, 1300))
        result = crop.decide(seen_with(faces=faces), 1080, 1920)
        assert "face_lost" in codes(result)
        assert "face_cut" not in codes(result)
        assert "expand" in {item.code for item in result.alternatives}

    def test_subject_beats_the_middle(self) -> None:
        subject = Box(100, 500, 1500, 2500)
        assert crop.decide(seen_with(subject=subject), 1080, 1920).box.contains(subject)

    def test_a_headline_is_in_or_out_never_cut(self) -> None:
        seen = seen_with(subject=Box(1400, 1200, 2200, 2400), texts=(Box(900, 200, 2300, 420),))
        result = crop.decide(seen, 1080, 1920)
        assert result.box.contains(seen.texts[0].box)
        assert not {"text_cut", "headline_lost"} & codes(result)

    def test_key_text_moves_out_from_under_the_interface(self) -> None:
        text = Box(1900, 2000, 2600, 2150)
        seen = seen_with(texts=(text,), size=(4000, 3000))
        without = crop.decide(seen, 1080, 1920)
        with_zone = crop.decide(seen, 1080, 1920, TIKTOK)

        def covered(box: Box) -> float:
            part = text.shift(-box.left, -box.top)
            return TIKTOK.covered(part.scale(1080 / box.width, 1920 / box.height))

        assert covered(with_zone.box) <= covered(without.box)

    def test_a_product_under_the_interface_is_said_unless_it_fills_the_frame(self) -> None:
        def verdict(product: Box) -> str:
            thing = SeenBox(product, 2.0, 0.9, "made up", "product")
            seen = replace(seen_with(size=(1080, 1920)), products=(thing,))
            found = crop.judge(seen, Box(0, 0, 1080, 1920), 1080, 1920, TIKTOK).findings
            return next(item.verdict for item in found if item.code == "interface")

        assert verdict(Box(100, 1400, 900, 1900)) == "warn"
        assert verdict(Box(200, 400, 800, 1100)) == "pass"
        assert verdict(Box(0, 100, 1080, 1900)) == "pass"

    def test_a_headline_is_not_left_out_to_keep_it_from_under_the_interface(self) -> None:
        # 9:16 has no place where this headline is in and wholly clear
        headline = Box(1100, 2300, 2500, 2600)
        seen = seen_with(subject=Box(1300, 900, 2300, 2200), texts=(headline,))
        assert crop.decide(seen, 1080, 1920, TIKTOK).box.contains(headline)

    def test_a_subject_as_wide_as_the_window_stays_whole(self) -> None:
        # without room for air around it, and with a line of text close by
        subject = Box(1000, 600, 2680, 2900)
        seen = seen_with(subject=subject, texts=(Box(2720, 300, 3600, 420),))
        assert crop.decide(seen, 1080, 1920).box.contains(subject)

    def test_a_line_is_cut_rather_than_the_subject(self) -> None:
        subject = Box(900, 1200, 2500, 2900)
        seen = seen_with(subject=subject, texts=(Box(100, 200, 3900, 420),))
        assert crop.decide(seen, 1080, 1920).box.contains(subject)

    def test_a_small_picture_is_not_zoomed_further(self) -> None:
        seen = seen_with(subject=Box(300, 300, 340, 340), size=(700, 700))
        result = crop.decide(seen, 1080, 1920)
        assert result.box.height == 700
        assert "enlarged" in codes(result)

    def test_focus_pulls_the_window(self) -> None:
        seen = seen_with(subject=Box(100, 500, 1200, 2500))
        assert crop.decide(seen, 1080, 1920, focus=(0.9, 0.5)).box.right == 4000

    def test_the_same_input_gives_the_same_crop(self) -> None:
        seen = seen_with(faces=(Box(1500, 800, 1800, 1200),), texts=(Box(1000, 100, 2500, 300),))
        assert crop.decide(seen, 960, 1200) == crop.decide(seen, 960, 1200)

    def test_one_pixel_still_has_an_answer(self) -> None:
        assert crop.decide(seen_with(size=(1, 1)), 1080, 1920).box == Box(0, 0, 1, 1)


class TestJudge:
    def test_a_box_by_hand_that_cuts_a_face_is_told(self) -> None:
        seen = seen_with(faces=(Box(1000, 1000, 1400, 1500),))
        result = crop.judge(seen, Box(1200, 0, 2887, 3000), 1080, 1920)
        assert "face_cut" in codes(result)
        assert "1 face cut through." in {item.text for item in result.findings}

    def test_a_face_under_the_caption_is_told(self) -> None:
        seen = seen_with(faces=(Box(600, 2500, 1000, 2900),))
        assert "interface" in codes(crop.judge(seen, Box(0, 0, 1688, 3000), 1080, 1920, TIKTOK))


@pytest.mark.usefixtures("models")
class TestPhotographs:
    @pytest.mark.parametrize("target", TARGETS)
    def test_the_astronaut_keeps_her_face(
        self, photo: Callable[[str], Pixels], target: tuple[int, int]
    ) -> None:
        seen = see.see(photo("astronaut"))
        assert len(seen.faces) == 1
        assert crop.decide(seen, *target).box.contains(seen.faces[0].box)

    @pytest.mark.parametrize("name", ["rocket", "flower"])
    def test_a_subject_that_fits_stays_whole(
        self, photo: Callable[[str], Pixels], name: str
    ) -> None:
        seen = see.see(photo(name))
        assert seen.subject is not None
        box = crop.decide(seen, 960, 1200).box
        assert seen.subject.box.share_inside(box) > 0.99

    def test_seen_survives_storing(self, photo: Callable[[str], Pixels]) -> None:
        seen = see.see(photo("coffee"))
        assert Seen.from_json(seen.as_json()) == seen

    def test_big_and_small_copies_crop_alike(self, photo: Callable[[str], Pixels]) -> None:
        small = photo("flower")
        big = np.repeat(np.repeat(small, 2, axis=0), 2, axis=1)
        one = crop.decide(see.see(small), 1080, 1920).box
        two = crop.decide(see.see(big), 1080, 1920).box
        assert abs(two.left - 2 * one.left) < 40


class TestWithoutModels:
    def test_a_classical_subject_is_found_and_the_gap_is_said(
        self, photo: Callable[[str], Pixels], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(weights.ENVIRONMENT, "/nonexistent")
        seen = see.see(photo("flower"), with_text=False)
        assert set(seen.missing) == {"faces", "subject"}
        assert seen.subject is not None
        assert seen.subject.origin == "classical"
        assert Box(169, 85, 446, 361).share_inside(seen.subject.box) > 0.6
        findings = crop.decide(seen, 1080, 1920).findings
        assert "not_looked" in {item.code for item in findings}
