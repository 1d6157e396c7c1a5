"""Golden prompts: silent on the same model, loud on a changed one, on real pictures too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imaging import fingerprint
from routing import golden
from routing.golden import Memory, Output, Verdict
from tests.factories import COFFEE

Picture = NDArray[np.uint8]
Change = Callable[[Picture], Picture]


@pytest.fixture(scope="module")
def photo() -> Picture:
    with Image.open(COFFEE) as picture:
        return np.asarray(picture.convert("RGB").resize((300, 200)))


def output(rgb: Picture) -> Output:
    return Output(fingerprint.perceptual_hash(rgb), tuple(fingerprint.numbers(rgb).tolist()))


def varied(photo: Picture, random: np.random.Generator) -> Picture:
    """The photo as another draw of a model would show it: framing, turn, exposure, noise."""
    height, width = photo.shape[:2]
    turn = cv2.getRotationMatrix2D(
        (width / 2, height / 2), random.uniform(-8, 8), random.uniform(1.1, 1.35)
    )
    turn[:, 2] += random.uniform(-0.06, 0.06, 2) * (width, height)
    moved = cv2.warpAffine(photo, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    lit = moved * random.uniform(0.9, 1.1) + random.normal(0, 3, moved.shape)
    return np.clip(lit, 0, 255).astype(np.uint8)


def same(rgb: Picture) -> Picture:
    return rgb


def contrast(rgb: Picture) -> Picture:
    return np.clip((rgb - 128.0) * 1.25 + 128, 0, 255).astype(np.uint8)


def slightly(rgb: Picture) -> Picture:
    return np.clip((rgb - 128.0) * 1.12 + 128, 0, 255).astype(np.uint8)


def blurred(rgb: Picture) -> Picture:
    return np.asarray(cv2.GaussianBlur(rgb, (0, 0), 1.2), dtype=np.uint8)


def warmer(rgb: Picture) -> Picture:
    return np.clip(rgb * np.array([1.1, 1.0, 0.88]), 0, 255).astype(np.uint8)


def mirrored(rgb: Picture) -> Picture:
    return np.ascontiguousarray(rgb[:, ::-1])


def checked(
    photo: Picture, change: Change, *, seed: int, before: int, after: int, repeats: bool
) -> tuple[Memory, list[Verdict]]:
    """`before` checks as ever, then `after` with every output changed."""
    random, memory, said = np.random.default_rng(seed), Memory(), []
    for at in range(before + after):
        if repeats:
            random = np.random.default_rng(seed)
        pictures = [varied(photo, random) for _ in range(golden.OUTPUTS)]
        batch = [
            replace(output(change(one) if at >= before else one), seed=place)
            for place, one in enumerate(pictures)
        ]
        memory, verdict = golden.check(memory, batch)
        said.append(verdict)
    return memory, said


class TestOneThatRepeats:
    def test_stays_the_same(self, photo: Picture) -> None:
        memory, said = checked(photo, same, seed=1, before=6, after=0, repeats=True)
        assert (memory.mode, memory.checks) == ("replay", 6)
        assert [one.outcome for one in said] == ["reference", *["same"] * 5]

    def test_survives_another_compression(self, photo: Picture) -> None:
        def jpeg(rgb: Picture) -> Picture:
            _, data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 70])
            return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)

        _, said = checked(photo, jpeg, seed=1, before=2, after=2, repeats=True)
        assert [one.outcome for one in said[2:]] == ["same", "same"]

    @pytest.mark.parametrize("change", [contrast, warmer, mirrored])
    def test_alarms_at_the_first_other_picture(self, photo: Picture, change: Change) -> None:
        _, said = checked(photo, change, seed=1, before=3, after=1, repeats=True)
        assert said[-1].is_alarm
        assert "the same seeds give another picture" in said[-1].text


class TestOneThatVaries:
    def test_gathers_references_first(self, photo: Picture) -> None:
        memory, said = checked(photo, same, seed=2, before=5, after=0, repeats=False)
        assert memory.mode == "spread"
        assert len(memory.outputs) == golden.REFERENCES
        assert [one.outcome for one in said[:4]] == ["reference"] * 4
        assert said[4].z is not None

    def test_is_quiet_while_nothing_changes(self, photo: Picture) -> None:
        alarms = 0
        for seed in range(6):
            _, said = checked(photo, same, seed=seed, before=28, after=0, repeats=False)
            alarms += any(one.is_alarm for one in said)
        assert alarms <= 1

    @pytest.mark.parametrize("change", [contrast, slightly, blurred, warmer])
    def test_finds_a_change_within_a_few_checks(self, photo: Picture, change: Change) -> None:
        found = 0
        for seed in range(6):
            _, said = checked(photo, change, seed=seed, before=4, after=6, repeats=False)
            found += any(one.is_alarm for one in said[4:])
        assert found >= 5


class TestScore:
    def test_is_small_for_outputs_of_the_pool_and_grows_with_the_shift(self) -> None:
        random = np.random.default_rng(3)
        pool = random.standard_normal((16, 33))
        scores = [
            np.mean([golden.score(pool, random.standard_normal((4, 33)) + shift)
                     for _ in range(20)])
            for shift in (0.0, 0.5, 1.0)
        ]  # fmt: skip
        assert abs(scores[0]) < 1.5
        assert scores[0] < scores[1] < scores[2]

    def test_needs_a_pool_larger_than_the_batch(self) -> None:
        with pytest.raises(ValueError, match="larger than the batch"):
            golden.score(np.zeros((2, 3)), np.zeros((2, 3)))


class TestMemory:
    def test_comes_back_the_same(self, photo: Picture) -> None:
        memory, _ = checked(photo, same, seed=1, before=2, after=0, repeats=True)
        assert golden.stored_memory(memory.as_json()) == memory
        assert golden.stored_memory({}) == Memory()

    def test_is_left_alone_by_what_cannot_be_compared(self, photo: Picture) -> None:
        memory, _ = checked(photo, same, seed=1, before=2, after=0, repeats=True)
        for batch in ([], [replace(output(photo), seed=99)]):
            after, verdict = golden.check(memory, batch)
            assert (after, verdict.outcome) == (memory, "failed")

    def test_compares_outputs_of_one_seed_though_one_is_missing(self, photo: Picture) -> None:
        memory, _ = checked(photo, same, seed=1, before=2, after=0, repeats=True)
        _, verdict = golden.check(memory, memory.outputs[1:])
        assert verdict.outcome == "same"
