"""Clips from stills: the promised file, and likeness measured along the way."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from imaging.probe import probe_clip
from routing.providers.base import InvalidRequest, Output
from tests.routing.local.conftest import Ask, fetch, photo

SMALL: dict[str, Any] = {"width": 360, "height": 640, "seconds": 1.5, "fps": 30}


def digest(output: Output) -> str:
    return hashlib.sha256(output.path.read_bytes()).hexdigest()


class TestImageToVideo:
    def test_writes_the_clip_that_was_asked_for(self, ask: Ask) -> None:
        told: list[float] = []
        (output,) = fetch(ask("image_to_video", "product", motion="push_in", **SMALL), told=told)
        info = probe_clip(output.path)
        assert (info.width, info.height) == (360, 640)
        assert info.duration_s == pytest.approx(1.5, abs=0.02)
        assert output.content_type == "video/mp4"
        assert told == sorted(told)
        assert told[-1] == pytest.approx(1)

    def test_measures_likeness_every_half_second(self, ask: Ask) -> None:
        (output,) = fetch(ask("image_to_video", "product", motion="pan_up", **SMALL))
        assert len(output.note["likeness"]) == 3
        assert min(output.note["likeness"]) > 0.9
        assert output.note["holds_until_s"] == pytest.approx(1.5, abs=0.02)

    def test_parallax_holds_the_likeness_of_a_person(self, ask: Ask) -> None:
        (output,) = fetch(
            ask(
                "image_to_video", "person", motion="parallax", motion_profile="subtle_human",
                **SMALL,
            )
        )  # fmt: skip
        assert (output.note["motion"], "fallback" in output.note) == ("parallax", False)
        assert min(output.note["likeness"]) > 0.85

    def test_parallax_without_a_clear_subject_says_what_it_did_instead(self, ask: Ask) -> None:
        sky = photo("scene")[:190, 470:577]
        (output,) = fetch(ask("image_to_video", sky, motion="parallax", **SMALL))
        assert output.note["motion"] == "push_in"
        assert "pushes in" in output.note["fallback"]

    def test_seeds_differ_and_repeat(self, ask: Ask) -> None:
        one, two = fetch(ask("image_to_video", "product", seeds=(1, 2), motion="push_in", **SMALL))
        (again,) = fetch(
            ask("image_to_video", "product", seeds=(1, 2), motion="push_in", **SMALL),
            have=frozenset({0}),
        )
        assert digest(one) != digest(two)
        assert (again.position, again.note) == (1, two.note)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("motion", "orbit"),
            ("motion_profile", "wild"),
            ("seconds", 900),
            ("seconds", 0),
            ("fps", 1),
            ("fps", 29.97),
            ("width", 361),
            ("height", 10_000),
        ],
    )
    def test_wrong_parameters_name_their_field(self, ask: Ask, field: str, value: Any) -> None:
        with pytest.raises(InvalidRequest) as caught:
            fetch(ask("image_to_video", "product", **{**SMALL, "motion": "push_in", field: value}))
        assert caught.value.field == field
