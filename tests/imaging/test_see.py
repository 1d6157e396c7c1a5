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

from imaging import see, subject, weights
from imaging.geometry import Box
from imaging.see import Glance, Seen
from imaging.text import TextBox
from tests.imaging.conftest import PHOTOS

SIDE = subject.GLANCE
NOTHING = np.zeros((SIDE, SIDE), np.float32)


def meaning(
    *,
    mask: NDArray[np.float32] = NOTHING,
    people: NDArray[np.float32] = NOTHING,
    texts: tuple[Box, ...] = (),
) -> Seen:
    """A busy picture, so that no ground is plain, ten pixels for one of the mask."""
    rgb = np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    found = [TextBox(box, 0.9) for box in texts]
    return see.weigh(Glance(rgb, [], found, mask, people, "u2netp", ()), 10 * SIDE, 10 * SIDE)


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

    def test_a_line_loses_the_margin_its_finder_adds(self) -> None:
        seen = meaning(texts=(Box(50, 100, 250, 130),))
        assert [item.box for item in seen.texts] == [Box(530, 1030, 2470, 1270)]


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
