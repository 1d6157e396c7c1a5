"""What the detectors' answers are taken to mean, on made-up answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging import salience, see, subject, weights
from imaging.geometry import Box
from imaging.see import Glance, Seen
from imaging.wording import Line
from tests.imaging.conftest import PHOTOS

SIDE = subject.GLANCE
NOTHING = np.zeros((SIDE, SIDE), np.float32)


def meaning(
    *,
    mask: NDArray[np.float32] = NOTHING,
    people: NDArray[np.float32] = NOTHING,
    texts: tuple[Box, ...] = (),
) -> Seen:
    """A picture of noise, ten pixels for one of the mask."""
    rgb = np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    found = [Line(box, 0.9, "headline") for box in texts]
    return see.weigh(Glance(rgb, [], found, mask, people, "u2netp", ()), 10 * SIDE, 10 * SIDE)


def marked(*boxes: Box, level: float = 0.9) -> NDArray[np.float32]:
    mask = NOTHING.copy()
    for box in boxes:
        mask[box.top : box.bottom, box.left : box.right] = level
    return mask


class TestWeigh:
    def test_a_faint_arm_belongs_to_the_thing_it_hangs_on_to(self) -> None:
        mask = NOTHING.copy()
        mask[100:200, 100:150] = 0.9
        mask[100:110, 150:220] = 0.3
        mask[250:260, 20:40] = 0.3  # faint and alone: nothing
        seen = meaning(mask=mask)
        assert [item.box for item in seen.products] == [Box(1000, 1000, 2200, 2000)]

    def test_a_persons_faint_halo_does_not(self) -> None:
        people = NOTHING.copy()
        people[80:240, 60:200] = 0.3
        people[100:220, 100:160] = 0.95
        seen = meaning(people=people)
        assert [item.box for item in seen.people] == [Box(1000, 1000, 1600, 2200)]

    def test_what_reaches_in_from_beyond_the_rim_yields_to_a_larger_whole_thing(self) -> None:
        leaf, book = Box(250, 0, SIDE, 60), Box(80, 150, 200, 250)
        assert [item.box for item in meaning(mask=marked(leaf, book)).products] == [book.scale(10)]
        larger = Box(200, 0, SIDE, 140)
        assert len(meaning(mask=marked(larger, book)).products) == 2
        assert [item.box for item in meaning(mask=marked(leaf)).products] == [leaf.scale(10)]

    def test_where_all_is_faint_nothing_stands_out(self) -> None:
        mist = marked(Box(100, 100, 200, 200), level=0.3)
        mist[150:155, 150:155] = 0.9
        assert meaning(mask=mist).subject is None

    def test_a_line_loses_the_margin_its_finder_adds(self) -> None:
        seen = meaning(texts=(Box(50, 100, 250, 130),))
        assert [item.box for item in seen.texts] == [Box(530, 1030, 2470, 1270)]


class TestWithoutCopy:
    def test_type_and_its_plate_are_painted_over_and_a_label_is_not(self) -> None:
        rgb = np.full((640, 640, 3), 200, np.uint8)
        headline, plate, label = (
            Box(40, 40, 300, 100),
            Box(40, 200, 240, 260),
            Box(400, 400, 500, 420),
        )
        for box in (headline, plate, label):
            rgb[box.top : box.bottom, box.left : box.right] = 0
        bare = salience.without_copy(
            rgb,
            [
                Line(headline, 0.9, "headline"),
                Line(Box(60, 220, 220, 240), 0.9, "button", plate),
                Line(label, 0.9, "label"),
            ],
        )
        assert bare.shape == (SIDE, SIDE, 3)
        assert bare[:180].min() > 195
        assert bare[200:210, 200:250].max() == 0


LOADED_THEN_FORKED = """
import json, os, sys
import numpy as np
from PIL import Image
from imaging import see
see.load()
rgb = np.asarray(Image.open(sys.argv[1]).convert("RGB"))
into, out = os.pipe()
if not os.fork():
    os.write(out, json.dumps(see.see(rgb).as_json()).encode())
    os._exit(0)
os.close(out)
with os.fdopen(into) as said:
    print(said.read())
"""


@pytest.mark.usefixtures("models")
class TestLook:
    def test_type_set_over_a_picture_does_not_hide_its_subject(
        self, photo: Callable[[str], NDArray[np.uint8]]
    ) -> None:
        plain = photo("coffee")
        wide = np.concatenate([np.full_like(plain, 235), plain], axis=1)
        image = Image.fromarray(wide)
        pen = ImageDraw.Draw(image)
        pen.rectangle((30, 60, plain.shape[1] - 60, 330), fill="#101830")
        pen.text((60, 80), "Slow", fill="white", font_size=90)
        pen.text((60, 190), "mornings", fill="white", font_size=90)
        seen = see.see(np.asarray(image))
        assert seen.headline is not None
        assert seen.subject is not None
        assert seen.subject.box.left > 0.9 * plain.shape[1]

    def test_half_of_the_network_says_what_the_whole_says(
        self, photo: Callable[[str], NDArray[np.uint8]]
    ) -> None:
        rgb = photo("coffee")
        half, whole = subject.glance(rgb) > 0.5, subject.coarse(rgb, faces=[]) > 0.5
        assert (half & whole).sum() / (half | whole).sum() > 0.95


@pytest.mark.usefixtures("models")
class TestLoad:
    def test_a_fork_of_who_loaded_sees_the_same(
        self, photo: Callable[[str], NDArray[np.uint8]]
    ) -> None:
        done = subprocess.run(
            [sys.executable, "-c", LOADED_THEN_FORKED, str(PHOTOS["astronaut"])],
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        assert json.loads(done.stdout) == see.see(photo("astronaut")).as_json()

    def test_without_the_files_there_is_nothing_to_load(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv(weights.ENVIRONMENT, str(tmp_path))
        see.load()
