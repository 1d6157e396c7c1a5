"""Composed ads: type inside what every platform leaves free, subjects treated as they deserve."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from imaging.geometry import Box
from imaging.typeset import CLEAR
from routing.providers.base import InvalidRequest, Output
from routing.providers.local import layouts
from tests.routing.local.conftest import COPY, Ask, asking, fetch, photo, pixels

SMALL: dict[str, Any] = {**COPY, "width": 540, "height": 960}


def boxes(note: Any, *kinds: str) -> list[Box]:
    return [Box.from_list(entry["box"]) for entry in note["boxes"] if entry["kind"] in kinds]


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Output]]:
    """Eight ads of the named photograph, by seeds 0 to 7: made once, several tests look at them."""

    @functools.cache
    def make(name: str) -> list[Output]:
        ask = asking(tmp_path_factory.mktemp(name))
        return fetch(ask("compose", name, seeds=tuple(range(8)), **SMALL))

    return make


class TestCompose:
    @pytest.mark.parametrize("name", ["person", "product", "scene"])
    def test_type_stays_inside_the_clear_zone_and_reads(
        self, composed: Callable[[str], list[Output]], name: str
    ) -> None:
        zone = CLEAR.scale(0.5).grow(2)
        for output in composed(name):
            assert pixels(output).shape == (960, 540, 3)
            kinds = {entry["kind"] for entry in output.note["boxes"]}
            assert kinds == {"headline", "subline", "cta", "product"}
            for box in boxes(output.note, "headline", "subline", "cta"):
                assert zone.contains(box), (output.seed, box)
            assert output.note["contrast"] >= 4.5, output.note
            assert not output.note["truncated"]

    @pytest.mark.parametrize("name", ["person", "product", "scene"])
    def test_the_subject_is_never_behind_the_type(
        self, composed: Callable[[str], list[Output]], name: str
    ) -> None:
        for output in composed(name):
            if output.note["layout"] == "full_bleed":
                continue
            (product,) = boxes(output.note, "product")
            for box in boxes(output.note, "headline", "subline", "cta"):
                assert product.intersect(box).is_empty, output.note

    def test_a_product_stands_and_keeps_its_color(self, ask: Ask) -> None:
        (output,) = fetch(ask("compose", "product", seeds=(0,), layout="hero_low", **SMALL))
        (product,) = boxes(output.note, "product")
        part = pixels(output)[product.top : product.bottom, product.left : product.right]
        hue = cv2.cvtColor(part, cv2.COLOR_RGB2HSV)
        red = ((hue[:, :, 0] < 9) | (hue[:, :, 0] > 172)) & (hue[:, :, 1] > 170)
        assert output.note["subject_isolated"]
        assert red.mean() > 0.2

    def test_a_person_cut_off_by_the_photo_never_floats(
        self, composed: Callable[[str], list[Output]]
    ) -> None:
        names = {output.note["layout"] for output in composed("person")}
        assert names <= {"popout", "popout_round", "anchored", "arch"}
        assert len(names) == 4

    def test_a_scene_keeps_its_whole_photo(self, composed: Callable[[str], list[Output]]) -> None:
        outputs = composed("scene")[:4]
        names = [output.note["layout"] for output in outputs]
        assert names == [layout.name for layout in layouts.PICTURE]
        assert not any(output.note["subject_isolated"] for output in outputs)

    def test_a_transparent_product_is_trusted_as_it_is(self, ask: Ask) -> None:
        rgb = photo("product")
        alpha = np.zeros(rgb.shape[:2], np.uint8)
        cv2.ellipse(alpha, (278, 205), (203, 188), 0, 0, 360, 255, -1)
        (output,) = fetch(ask("compose", np.dstack([rgb, alpha]), seeds=(3,), **SMALL))
        assert (output.note["confidence"], output.note["subject_isolated"]) == (1.0, True)

    def test_neighboring_seeds_differ_in_layout(self, ask: Ask) -> None:
        outputs = fetch(ask("compose", "product", seeds=(100, 101, 102), **SMALL))
        assert len({output.note["layout"] for output in outputs}) == 3

    def test_right_to_left_starts_at_the_right(self, ask: Ask) -> None:
        arabic = {
            **SMALL,
            "headline": "صباحك أفضل",
            "subline": "",
            "cta": "اطلب",
            "locale": "ar-AE",
        }
        (output,) = fetch(ask("compose", "product", seeds=(0,), layout="hero_low", **arabic))
        (headline,) = boxes(output.note, "headline")
        assert headline.right > 375
        assert output.note["not_set"] == []

    def test_what_cannot_be_set_is_said(self, ask: Ask) -> None:
        (output,) = fetch(ask("compose", "product", **{**SMALL, "headline": "Spring 🎉 <script>"}))
        assert output.note["not_set"] == ["🎉"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("width", 10),
            ("height", "tall"),
            ("layout", "spiral"),
            ("headline", "x" * 301),
            ("brand", {"colors": ["reddish"]}),
            ("brand", "red"),
        ],
    )
    def test_wrong_parameters_name_their_field(self, ask: Ask, field: str, value: Any) -> None:
        with pytest.raises(InvalidRequest) as caught:
            fetch(ask("compose", "product", **{**SMALL, field: value}))
        assert caught.value.field == field


class TestComposeType:
    def test_every_layout_sets_type_that_reads_inside_the_clear_zone(self, ask: Ask) -> None:
        zone = CLEAR.scale(0.5).grow(2)
        outputs = fetch(ask("compose_type", seeds=tuple(range(8)), **SMALL))
        assert {output.note["layout"] for output in outputs} == {
            layout.name for layout in layouts.TYPE
        }
        for output in outputs:
            assert output.note["contrast"] >= 4.5, output.note
            for box in boxes(output.note, "headline", "subline", "cta"):
                assert zone.contains(box), output.note

    def test_needs_a_headline(self, ask: Ask) -> None:
        with pytest.raises(InvalidRequest) as caught:
            fetch(ask("compose_type", **{**SMALL, "headline": ""}))
        assert caught.value.field == "headline"
