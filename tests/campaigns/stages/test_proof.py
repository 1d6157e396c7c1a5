"""What the meters of an edit say in words, on files as an edit leaves them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from campaigns.stages import edit, proof
from campaigns.stages.base import Measured, Reading
from imaging.geometry import Box
from imaging.see import Seen, SeenBox
from tests.factories import ASTRONAUT

FACE = Box(182, 58, 270, 178)


def seen(*, faces: tuple[Box, ...] = (FACE,), missing: tuple[str, ...] = ()) -> Seen:
    """What somebody saw in the photograph."""
    boxes = tuple(SeenBox(box, 3.0, 0.9, "centerface") for box in faces)
    return Seen(512, 512, boxes, (), None, ((0.0,),), missing)


def measured(folder: Path, after: Image.Image, **values: object) -> Measured:
    """`after` as the output of an erase in the lower right of the astronaut."""
    path, mask = folder / "after.png", folder / "mask.png"
    after.save(path)
    painted = np.zeros((512, 512), np.uint8)
    painted[300:420, 330:460] = 255
    Image.fromarray(painted).save(mask)
    given = {"operation": "object_erase", "source": ASTRONAUT, "mask": mask, "note": {}}
    given["seen"] = seen()
    return Measured(path=path, is_clip=False, **{**given, **values})  # type: ignore[arg-type]


def read(item: Measured) -> dict[str, Reading]:
    return {reading.name: reading for reading in proof.read(item)}


def photograph() -> Image.Image:
    return Image.open(ASTRONAUT).convert("RGB")


class TestRead:
    def test_an_edit_inside_the_mask_passes_everything(self, tmp_path: Path) -> None:
        after = photograph()
        after.paste((120, 110, 100), (332, 302, 458, 418))
        found = read(measured(tmp_path, after))
        assert {name: row.verdict for name, row in found.items()} == dict.fromkeys(
            ("untouched", "placement", "cast", "protected"), "pass"
        )
        assert found["untouched"].value_text == "100 % unchanged"
        assert found["placement"].value_text == "in place"
        assert found["cast"].value_text == "as before"
        assert found["protected"].value_text == "1 in place, unchanged"

    def test_tells_where_something_else_changed(self, tmp_path: Path) -> None:
        after = photograph()
        after.paste((200, 30, 40), (40, 400, 80, 440))
        row = read(measured(tmp_path, after))["untouched"]
        assert row.verdict == "warn"
        assert 0.99 < (row.value or 0) < 0.995
        assert Box(40, 400, 80, 440).share_inside(Box.from_list(row.detail["largest"])) == 1
        assert row.detail["heat"]
        assert row.detail["inside"]

    def test_tells_a_moved_picture_and_its_face_from_a_changed_one(self, tmp_path: Path) -> None:
        after = photograph().transform((512, 512), Image.Transform.AFFINE, (1, 0, -3, 0, 1, 0))
        found = read(measured(tmp_path, after))
        assert found["untouched"].verdict == "pass"
        assert found["placement"].value_text == "moved 3.0 px"
        assert found["placement"].verdict == "warn"
        assert found["protected"].value_text == "face 1 moved 3 px"

    def test_tells_a_changed_face(self, tmp_path: Path) -> None:
        after = photograph()
        part = (190, 90, 262, 150)
        after.paste(after.crop(part).filter(ImageFilter.GaussianBlur(6)), part[:2])
        row = read(measured(tmp_path, after))["protected"]
        assert (row.value_text, row.verdict) == ("face 1 changed", "warn")

    def test_tells_a_color_cast_and_keeps_it_out_of_the_share(self, tmp_path: Path) -> None:
        warm = np.clip(np.asarray(photograph()) * np.array([1.06, 1, 0.94]), 0, 255)
        found = read(measured(tmp_path, Image.fromarray(warm.astype(np.uint8))))
        assert found["cast"].value_text.startswith("warmer everywhere (ΔE ")
        assert (found["untouched"].value or 0) > 0.97

    def test_measures_in_pixels_of_the_source(self, tmp_path: Path) -> None:
        big = tmp_path / "big.png"
        photograph().resize((3200, 3200)).save(big)
        after = Image.open(big).transform(
            (3200, 3200), Image.Transform.AFFINE, (1, 0, -10, 0, 1, 0)
        )
        found = read(measured(tmp_path, after, source=big, seen=None))
        assert found["placement"].detail["dx"] == pytest.approx(10, abs=0.5)

    def test_a_masked_face_is_not_protected(self, tmp_path: Path) -> None:
        inside = seen(faces=(Box(340, 310, 400, 380),))
        row = read(measured(tmp_path, photograph(), seen=inside))["protected"]
        assert (row.value_text, row.verdict) == ("none to protect", "info")

    def test_says_when_nobody_could_look(self, tmp_path: Path) -> None:
        blind = seen(faces=(), missing=("faces", "text"))
        row = read(measured(tmp_path, photograph(), seen=blind))["protected"]
        assert row.value_text == "faces and text not looked for"

    def test_an_expanded_picture_is_compared_where_the_original_lies(self, tmp_path: Path) -> None:
        after = Image.new("RGB", (512, 912), (90, 90, 90))
        after.paste(photograph(), (0, 200))
        note = {"base_box": [0, 200, 512, 712]}
        found = read(measured(tmp_path, after, operation="outpaint", mask=None, note=note))
        assert found["untouched"].value_text == "100 % unchanged"
        assert found["untouched"].label == "Original part"
        assert found["protected"].verdict == "pass"

    def test_a_cut_out_is_compared_where_it_is_solid(self, tmp_path: Path) -> None:
        after = photograph().convert("RGBA")
        alpha = Image.new("L", after.size)
        alpha.paste(255, (120, 40, 400, 500))
        after.putalpha(alpha)
        found = read(measured(tmp_path, after, operation="background_remove", mask=None))
        assert found["untouched"].label == "Subject"
        assert found["untouched"].verdict == "pass"

    def test_what_a_person_marked_as_the_subject_is_not_what_may_change(
        self, tmp_path: Path
    ) -> None:
        after = photograph().convert("RGBA")
        alpha = Image.new("L", after.size)
        alpha.paste(255, (120, 40, 400, 500))
        after.putalpha(alpha)
        found = read(measured(tmp_path, after, operation="background_remove"))
        assert found["untouched"].label == "Subject"
        assert found["untouched"].verdict == "pass"

    def test_a_new_background_leaves_only_faces_and_words_to_prove(self, tmp_path: Path) -> None:
        after = Image.new("RGB", (512, 512), (20, 90, 90))
        after.paste(photograph().crop((120, 20, 340, 512)), (120, 20))
        item = measured(tmp_path, after, operation="background_replace", mask=None)
        assert [(row.name, row.verdict) for row in proof.read(item)] == [("protected", "pass")]

    def test_without_a_source_there_is_nothing_to_prove(self, tmp_path: Path) -> None:
        assert proof.read(measured(tmp_path, photograph(), source=None)) == []


class TestEdit:
    def test_a_meter_that_warns_leaves_the_criterion_open(self) -> None:
        (rest,) = [one for one in edit.CRITERIA if one.key == "rest"]
        assert set(rest.meters) == {"untouched", "placement", "cast", "protected"}
