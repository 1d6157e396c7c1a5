"""Edits and polish: what was asked changes, the rest stays."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from routing.providers.base import InvalidRequest
from tests.routing.local.conftest import COPY, Ask, fetch, photo, pixels


def brush(shape: tuple[int, ...], box: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros(shape[:2], np.uint8)
    left, top, right, bottom = box
    mask[top:bottom, left:right] = 255
    return mask


class TestBackgroundRemove:
    def test_cuts_the_product_out(self, ask: Ask) -> None:
        (output,) = fetch(ask("background_remove", "product"))
        cut = pixels(output)
        assert cut.shape == (400, 600, 4)
        assert output.note["subject_isolated"]
        assert cut[200, 260, 3] == 255
        assert cut[380, 580, 3] == 0
        assert cut[20, 20, 3] == 0

    def test_says_that_a_frayed_cut_out_is_not_to_be_trusted(self, ask: Ask) -> None:
        (output,) = fetch(ask("background_remove", "scene"))
        assert not output.note["subject_isolated"]

    def test_cuts_out_what_a_person_marked_instead(self, ask: Ask) -> None:
        rgb = photo("scene")
        mask = brush(rgb.shape, (100, 80, 220, 200))
        (output,) = fetch(ask("background_remove", rgb, mask=mask))
        alpha = pixels(output)[:, :, 3]
        assert output.note["is_marked"]
        assert output.note["subject_isolated"]
        assert alpha[100:180, 120:200].min() == 255
        near = cv2.dilate(mask, np.ones((25, 25), np.uint8))
        assert alpha[near == 0].max() == 0

    def test_a_mark_on_a_picture_of_nothing_is_a_subject(self, ask: Ask) -> None:
        flat = np.full((300, 300, 3), 128, np.uint8)
        (output,) = fetch(
            ask("background_remove", flat, mask=brush(flat.shape, (90, 60, 210, 240)))
        )
        alpha = pixels(output)[:, :, 3]
        assert float((alpha > 127).mean()) == pytest.approx(120 * 180 / 300**2, abs=0.02)

    def test_a_picture_of_nothing_has_no_subject(self, ask: Ask) -> None:
        flat = np.full((300, 300, 3), 128, np.uint8)
        with pytest.raises(InvalidRequest, match="No subject"):
            fetch(ask("background_remove", flat))


class TestBackgroundReplace:
    @pytest.mark.parametrize("surface", ["sweep", "table", "paper", "podium"])
    def test_keeps_the_subject_in_its_place(self, ask: Ask, surface: str) -> None:
        (output,) = fetch(
            ask("background_replace", "product", surface=surface, brand=COPY["brand"])
        )
        before, after = photo("product").astype(int), pixels(output).astype(int)
        assert after.shape == before.shape
        inside = np.s_[120:300, 180:380]
        assert np.abs(after[inside] - before[inside]).mean() < 16
        assert np.abs(after[:60, 480:] - before[:60, 480:]).mean() > 25

    def test_keeps_what_a_person_marked(self, ask: Ask) -> None:
        rgb = photo("scene")
        mask = brush(rgb.shape, (100, 80, 220, 200))
        (output,) = fetch(ask("background_replace", rgb, surface="sweep", mask=mask))
        before, after = rgb.astype(int), pixels(output).astype(int)
        inside, outside = np.s_[100:180, 120:200], np.s_[-60:, -60:]
        assert np.abs(after[inside] - before[inside]).mean() < 16
        assert np.abs(after[outside] - before[outside]).mean() > 25

    def test_takes_a_photo_as_background(self, ask: Ask) -> None:
        (output,) = fetch(ask("background_replace", "product", background="scene"))
        corner = pixels(output)[:60, 520:].mean(axis=(0, 1))
        assert corner[2] > corner[0]
        assert output.note["surface"] == "photo"

    def test_refuses_an_unknown_surface(self, ask: Ask) -> None:
        with pytest.raises(InvalidRequest) as caught:
            fetch(ask("background_replace", "product", surface="velvet"))
        assert caught.value.field == "surface"


class TestObjectErase:
    def test_changes_the_mask_and_nothing_else(self, ask: Ask) -> None:
        rgb = photo("product")
        mask = brush(rgb.shape, (500, 300, 560, 360))
        (output,) = fetch(ask("object_erase", rgb, mask=mask))
        done = pixels(output)
        assert np.array_equal(done[mask == 0], rgb[mask == 0])
        assert output.note == {"erased_share": 0.015, "best_effort": False}

    def test_a_large_hole_is_best_effort(self, ask: Ask) -> None:
        rgb = cv2.resize(photo("scene"), (320, 214))
        (output,) = fetch(ask("object_erase", rgb, mask=brush(rgb.shape, (20, 20, 200, 180))))
        assert output.note["best_effort"]

    @pytest.mark.parametrize(
        ("mask", "said"),
        [
            (np.full((10, 10), 255, np.uint8), "10 x 10"),
            (np.zeros((400, 600), np.uint8), "empty"),
            (np.full((400, 600), 255, np.uint8), "everything"),
        ],
    )
    def test_refuses_masks_that_make_no_sense(self, ask: Ask, mask: np.ndarray, said: str) -> None:
        with pytest.raises(InvalidRequest, match=said) as caught:
            fetch(ask("object_erase", "product", mask=mask))
        assert caught.value.field == "mask"


class TestOutpaint:
    def test_keeps_every_own_pixel(self, ask: Ask) -> None:
        rgb = cv2.resize(photo("scene"), (320, 214))
        (output,) = fetch(ask("outpaint", rgb, width=1080, height=1350))
        done = pixels(output)
        left, top, right, bottom = output.note["base_box"]
        assert done.shape == (400, 320, 3)
        assert np.array_equal(done[top:bottom, left:right], rgb)
        assert output.note["added_share"] == pytest.approx(1 - 214 / 400, abs=0.001)
        assert output.note["best_effort"]

    def test_a_person_cut_off_below_is_extended_above_without_a_second_face(self, ask: Ask) -> None:
        rgb = cv2.resize(photo("person"), (320, 320), interpolation=cv2.INTER_AREA)
        (output,) = fetch(ask("outpaint", rgb, width=1080, height=1620))
        (again,) = fetch(ask("face_enhance", np.array(pixels(output)), strength=0.5))
        assert output.note["base_box"][3] == pixels(output).shape[0]
        assert again.note["faces"] == 1

    def test_refuses_to_invent_nearly_everything(self, ask: Ask) -> None:
        with pytest.raises(InvalidRequest, match="would be invented"):
            fetch(ask("outpaint", "scene", width=100, height=2000))


class TestUpscale:
    @pytest.mark.parametrize("factor", [1.5, 2])
    def test_enlarges(self, ask: Ask, factor: float) -> None:
        (output,) = fetch(ask("upscale", photo("person")[60:120, 180:280], factor=factor))
        assert pixels(output).shape[:2] == (60 * factor, 100 * factor)
        assert output.note["method"].endswith("lanczos")

    @pytest.mark.parametrize("factor", [9, 0, -2, "2", None, True, 2.5])
    def test_refuses_other_factors(self, ask: Ask, factor: Any) -> None:
        with pytest.raises(InvalidRequest) as caught:
            fetch(ask("upscale", "product", factor=factor))
        assert caught.value.field == "factor"


class TestFaceEnhance:
    def test_finds_the_face_and_leaves_the_background(self, ask: Ask) -> None:
        (output,) = fetch(ask("face_enhance", "person", strength=0.7))
        done, before = pixels(output), photo("person")
        assert output.note["faces"] == 1
        assert np.array_equal(done[350:], before[350:])
        assert not np.array_equal(done[58:178, 182:270], before[58:178, 182:270])

    def test_without_a_face_nothing_changes(self, ask: Ask) -> None:
        (output,) = fetch(ask("face_enhance", "product"))
        assert output.note["faces"] == 0
        assert np.array_equal(pixels(output), photo("product"))

    @pytest.mark.parametrize("strength", [2, -1, "much"])
    def test_refuses_other_strengths(self, ask: Ask, strength: Any) -> None:
        with pytest.raises(InvalidRequest) as caught:
            fetch(ask("face_enhance", "person", strength=strength))
        assert caught.value.field == "strength"
