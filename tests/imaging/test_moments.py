"""Clips are looked at from start to end, and what was seen counts wherever it was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging import crop, encode, moments, see
from imaging.geometry import Box, around
from imaging.see import Seen, SeenBox

Pixels = NDArray[np.uint8]
SIZE = (640, 360)


def a_box(left: int, top: int, width: int, height: int, **values: object) -> SeenBox:
    made = SeenBox(Box(left, top, left + width, top + height), 1.0, 0.9, "test")
    return replace(made, **values)


def nothing(**values: object) -> Seen:
    field = ((0.0,) * see.FIELD,) * see.FIELD
    return replace(Seen(*SIZE, (), (), None, field), **values)


class TestUnite:
    def test_what_stays_is_one_and_what_moves_is_each_of_its_places(self) -> None:
        still = [a_box(10, 10, 80, 80), a_box(12, 10, 80, 80, score=0.95), a_box(8, 10, 80, 80)]
        moving = [a_box(100 + 150 * at, 200, 60, 60) for at in range(3)]
        found = moments.unite(
            [nothing(faces=(a, b)) for a, b in zip(still, moving, strict=True)]
        ).faces
        assert [item.box for item in found] == [
            around(item.box for item in still), *(item.box for item in moving)
        ]  # fmt: skip
        assert found[0].score == 0.95

    def test_one_frame_is_as_it_was_seen_and_equal_frames_as_well(
        self, photo: Callable[[str], Pixels]
    ) -> None:
        seen = see.see(photo("coffee"), with_text=False)
        assert moments.unite([seen]) is seen
        assert moments.unite([seen] * 3) == seen

    def test_the_subject_is_around_all_and_the_largest_headline_stays(self) -> None:
        small, large = a_box(0, 0, 50, 20), a_box(300, 300, 200, 40)
        strong = ((1.0,) + (0.0,) * 31,) * see.FIELD
        found = moments.unite([
            nothing(subject=a_box(0, 0, 50, 50), headline=small, missing=("a",)),
            nothing(field=strong),
            nothing(subject=a_box(500, 100, 100, 90), headline=large, missing=("b", "a")),
        ])  # fmt: skip
        assert found.subject is not None
        assert found.subject.box == Box(0, 0, 600, 190)
        assert found.headline == large
        assert found.missing == ("a", "b")
        assert found.field == strong
        assert Seen.from_json(found.as_json()) == found

    def test_of_other_sizes_or_of_nothing_is_refused(self) -> None:
        for parts in ([], [nothing(), nothing(width=360)]):
            with pytest.raises(ValueError, match="one size"):
                moments.unite(parts)

    def test_a_face_that_only_the_last_frame_cuts_is_a_cut_face(self) -> None:
        whole, gone = nothing(faces=(a_box(300, 100, 60, 60),)), a_box(440, 100, 60, 60)
        window = Box(220, 0, 460, 360)
        alone = crop.judge(whole, window, 1080, 1620)
        assert "face_cut" not in {found.code for found in alone.findings}
        united = moments.unite([whole, nothing(faces=(gone,))])
        (cut,) = [
            f for f in crop.judge(united, window, 1080, 1620).findings if f.code == "face_cut"
        ]
        assert cut.verdict == "fail"


@pytest.mark.usefixtures("models")
class TestSeeClip:
    @pytest.mark.parametrize("frames", [range(19, 23), range(38, 40)])
    def test_finds_who_is_there_only_in_the_middle_or_at_the_end(
        self, tmp_path: Path, photo: Callable[[str], Pixels], frames: range
    ) -> None:
        path = tmp_path / "clip.mp4"
        face = photo("astronaut")[:360, 60:420]
        encode.write_clip(made(face, frames, photo("rocket")), path, 20, *SIZE)
        seen = moments.see_clip(path, size=SIZE)
        (found,) = seen.faces
        assert found.box.left > 280
        assert crop.decide(seen, 1080, 1920).box.contains(found.box)

    def test_a_clip_of_one_frame_is_its_picture(
        self, tmp_path: Path, photo: Callable[[str], Pixels]
    ) -> None:
        path = tmp_path / "one.mp4"
        encode.write_clip([photo("astronaut")[:360, :360]], path, 30, 360, 360)
        (frame,) = [rgb for _, rgb in encode.frames_of(path)]
        assert moments.see_clip(path, size=(360, 360)) == see.see(frame)


def made(face: Pixels, frames: range, ground: Pixels) -> list[Pixels]:
    """Forty frames of a picture with somebody on the right in some of them."""
    bare = cv2.resize(ground, SIZE)
    with_face = np.concatenate([bare[:, :280], face], axis=1)
    return [np.asarray(with_face if at in frames else bare, np.uint8) for at in range(40)]
