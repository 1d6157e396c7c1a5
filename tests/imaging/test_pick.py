"""Click on an object: outlines of what lies at a point of a photograph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging import pick, sandbox, weights
from imaging.formats import Unreadable
from imaging.pixels import shrink
from imaging.sandbox import Cage
from tests.imaging.conftest import PHOTOS

Pixels = NDArray[np.uint8]
Photo = Callable[[str], Pixels]


def small(rgb: Pixels) -> Pixels:
    width = 480
    return shrink(rgb, width, round(rgb.shape[0] * width / rgb.shape[1]))


def filled(lines: list[list[float]], shape: tuple[int, int]) -> Pixels:
    mask = np.zeros(shape, np.uint8)
    size = np.array([shape[1], shape[0]])
    for flat in lines:
        points = np.round(np.array(flat).reshape(-1, 2) * size - 0.5).astype(np.int32)
        cv2.fillPoly(mask, [points], (255,))
    return mask


@pytest.mark.usefixtures("models")
class TestObjectAt:
    def test_a_click_on_the_subject_gives_the_subject(self, photo: Photo) -> None:
        rgb = small(photo("coffee"))
        mask, origin = pick.object_at(rgb, 0.5, 0.45)
        assert origin == "cut-out"
        assert 0.35 < (mask > 0).mean() < 0.6
        assert mask[int(0.9 * mask.shape[0]), int(0.03 * mask.shape[1])] == 0

    def test_a_click_beside_the_subject_leaves_the_subject_out(self, photo: Photo) -> None:
        rgb = small(photo("astronaut"))
        mask, origin = pick.object_at(rgb, 0.82, 0.6)
        assert origin == "grabcut"
        assert mask[int(0.6 * mask.shape[0]), int(0.82 * mask.shape[1])] == 255
        assert mask[int(0.25 * mask.shape[0]), int(0.45 * mask.shape[1])] == 0

    def test_outlines_say_the_same_as_the_mask(self, photo: Photo) -> None:
        mask, _ = pick.object_at(small(photo("rocket")), 0.49, 0.5)
        again = filled(pick.outlines(mask), (mask.shape[0], mask.shape[1]))
        both = np.count_nonzero((mask > 0) & (again > 0))
        assert both / np.count_nonzero((mask > 0) | (again > 0)) > 0.93


class TestWithoutNetworks:
    def test_a_clear_thing_is_found_by_its_color(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
        rng = np.random.default_rng(3)
        rgb = np.full((240, 320, 3), (90, 120, 80), np.uint8)
        cv2.circle(rgb, (200, 100), 40, (200, 60, 50), -1)
        noisy = np.clip(rgb + rng.normal(0, 4, rgb.shape), 0, 255).astype(np.uint8)
        mask, origin = pick.object_at(noisy, 200 / 320, 100 / 240)
        assert origin == "grabcut"
        disc = np.zeros(mask.shape, np.uint8)
        cv2.circle(disc, (200, 100), 40, 255, -1)
        both = np.count_nonzero((mask > 0) & (disc > 0))
        assert both / np.count_nonzero((mask > 0) | (disc > 0)) > 0.85

    def test_nothing_on_a_plain_ground(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
        plain = np.full((120, 160, 3), 140, np.uint8)
        mask, _ = pick.object_at(plain, 0.5, 0.5)
        assert pick.outlines(mask) == []


class TestChild:
    def test_runs_in_a_child_with_its_limits(self, tmp_path: Path) -> None:
        found = sandbox.run("object_at", {"path": str(PHOTOS["coffee"]), "x": 0.5, "y": 0.45})
        assert found["outlines"]
        broken = tmp_path / "broken.png"
        broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 200)
        with pytest.raises(Unreadable):
            sandbox.run("object_at", {"path": str(broken), "x": 0.5, "y": 0.5})

    def test_is_stopped_when_it_takes_too_long(self) -> None:
        with pytest.raises(Unreadable) as caught:
            sandbox.run("find_objects", {"path": str(PHOTOS["coffee"])}, cage=Cage(wall_s=0.05))
        assert caught.value.code == "time_out"
