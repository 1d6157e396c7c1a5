"""The measures of `bin/bench crop`: what they count, and what they ask for."""

from __future__ import annotations

import json

import numpy as np
import pytest

from campaigns.formats import specs
from imaging.safezone import SafeZone
from tests.bench.crop import measures, pictures
from tests.bench.crop.pictures import Truth


def truth(
    subject: list[int], faces: list[list[int]] | None = None, texts: list[list[int]] | None = None
) -> Truth:
    """A picture of 1000 x 500."""
    return Truth("one", "photo", "thing", "one.jpg", 1000, 500, subject, faces or [], texts or [])


def at(case: measures.Case, left: int) -> dict[str, float]:
    """The measures of the full-size window that begins at `left`."""
    wide, tall = case.full
    found = measures.measure(case, np.asarray([[left, 0, left + wide, tall]], dtype=np.float64))
    return {name: round(float(values[0]), 3) for name, values in found.items()}


class TestMeasure:
    def test_subject_is_counted_against_what_a_full_size_window_can_keep(self):
        case = measures.case(truth([0, 0, 1000, 500]), "1:1", None)
        found = at(case, 100)
        assert found["subject_kept"] == 1.0  # half of it, and no window keeps more
        assert "subject_whole" not in found

    def test_a_subject_just_cut_is_not_whole(self):
        case = measures.case(truth([100, 0, 300, 500]), "1:1", None)
        assert at(case, 100)["subject_whole"] == 1
        assert at(case, 102) == {"subject_kept": 0.99, "subject_whole": 0}

    def test_faces_that_do_not_fit_together_are_not_asked_for(self):
        faces = [[0, 0, 100, 100], [450, 0, 550, 100], [900, 0, 1000, 100]]
        case = measures.case(truth([400, 0, 600, 500], faces), "1:1", None)
        assert at(case, 250)["faces_whole"] == 1
        assert at(case, 460)["faces_whole"] == 0

    def test_text_may_be_in_or_out_but_not_cut(self):
        case = measures.case(truth([400, 0, 600, 500], [], [[0, 0, 200, 50]]), "1:1", None)
        assert at(case, 0)["text_uncut"] == 1
        assert at(case, 250)["text_uncut"] == 1
        assert at(case, 100)["text_uncut"] == 0

    def test_a_headline_is_asked_for_only_where_the_subject_loses_nothing(self):
        fits = measures.case(truth([300, 0, 500, 500], [], [[0, 0, 200, 50]]), "1:1", None)
        assert at(fits, 0)["headline_in"] == 1
        assert at(fits, 250)["headline_in"] == 0
        too_far = measures.case(truth([600, 0, 800, 500], [], [[0, 0, 200, 50]]), "1:1", None)
        assert "headline_in" not in at(too_far, 300)

    def test_safe_zone_counts_what_lies_under_no_interface(self):
        zone = SafeZone.from_spec(specs.universal().safe_zone.as_dict())
        tall = Truth("one", "photo", "thing", "", 1080, 2400, [200, 300, 700, 800], [], [])
        case = measures.case(tall, "9:16", zone)
        found = measures.measure(
            case, np.asarray([[0, 0, 1080, 1920], [0, 480, 1080, 2400]], dtype=np.float64)
        )
        assert found["safe_zone"].round(3).tolist() == [1.0, 0.064]


class TestBestFullSize:
    def test_is_a_window_that_nothing_beats(self):
        case = measures.case(
            truth([600, 0, 800, 500], [[650, 50, 700, 100]], [[300, 0, 500, 50]]), "1:1", None
        )
        box = measures.best_full_size(case)
        assert measures.is_valid(case, box)
        assert set(at(case, box[0]).values()) == {1.0}


class TestIsValid:
    @pytest.mark.parametrize(
        "box",
        [
            [-1, 0, 499, 500],
            [600, 0, 1001, 401],
            [0, 0, 0, 0],
            [0, 0, 500, 480],
            [0, 0, 500],
            [0.5, 0, 500.5, 500],
        ],
    )
    def test_refuses_what_cannot_be_cut_to_the_target(self, box: list[int]):
        case = measures.case(truth([0, 0, 10, 10]), "1:1", None)
        assert not measures.is_valid(case, box)

    def test_takes_a_zoom(self):
        case = measures.case(truth([0, 0, 10, 10]), "1:1", None)
        assert measures.is_valid(case, [10, 10, 410, 410])


class TestSet:
    def test_is_as_large_and_as_mixed_as_it_says(self):
        data = json.loads((pictures.HERE / "set.json").read_text(encoding="utf-8"))
        count = len(data["photos"]) + len(data["framings"]) + len(data["ads"])
        assert count == 106
        assert len(data["ads"]) >= count / 4
        assert all({"license", "author", "package"} <= set(s) for s in data["sources"].values())
        named = {entry["photo"] for entry in [*data["framings"], *data["ads"]]}
        assert named <= set(data["photos"])
