"""Limits as boxes to type in: everything comes back as it was, and what is wrong is said there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from campaigns.formats import spec_edit, specs

PLACES = [
    (name, spec["id"])
    for name in specs.FILES
    for spec in json.loads((specs.FOLDER / name).read_text(encoding="utf-8"))["specs"]
]


def data_of(name: str = "reels.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((specs.FOLDER / name).read_text(encoding="utf-8"))
    return found


def typed(data: dict[str, Any], spec_id: str, **changes: str) -> dict[str, str]:
    rows = spec_edit.rows(data, spec_edit.placement(data, spec_id))
    return {box.name: box.value for row in rows for box in row.inputs} | changes


def at(data: dict[str, Any], spec_id: str, key: str) -> str:
    limits = spec_edit.placement(data, spec_id)["limits"]
    return f"limit-{next(i for i, one in enumerate(limits) if one['key'] == key)}"


VIDEO = "instagram.reels.video_ad"


@pytest.mark.parametrize(("name", "spec_id"), PLACES)
def test_saving_what_is_shown_changes_nothing(name: str, spec_id: str) -> None:
    data = data_of(name)
    made, errors = spec_edit.apply(data, spec_id, typed(data, spec_id))
    assert errors == {}
    assert made == data
    specs.parse(made, name)


class TestApply:
    def test_a_size_is_typed_in_the_unit_one_thinks_in(self) -> None:
        data = data_of()
        box = at(data, VIDEO, "file_size")
        given = typed(data, VIDEO, **{f"{box}-value": "1.5", f"{box}-unit": "GB"})
        made, errors = spec_edit.apply(data, VIDEO, given)
        assert errors == {}
        limits = spec_edit.placement(made, VIDEO)["limits"]
        assert next(one for one in limits if one["key"] == "file_size")["value"] == 1_500_000_000
        assert spec_edit.placement(data, VIDEO) != spec_edit.placement(made, VIDEO)

    def test_another_day_is_the_same_source_read_again(self) -> None:
        data = data_of()
        box = at(data, VIDEO, "duration")
        given = typed(data, VIDEO, **{f"{box}-date": "2026-12-24"})
        made, _ = spec_edit.apply(data, VIDEO, given)
        limit = spec_edit.placement(made, VIDEO)["limits"][int(box.split("-")[1])]
        source = made["sources"][limit["source"]]
        was = data["sources"][spec_edit.placement(data, VIDEO)["limits"][int(box[6:])]["source"]]
        assert source == {**was, "date": "2026-12-24"}
        assert specs.parse(made, "x")

    def test_a_new_source_is_there_to_be_chosen(self) -> None:
        data = data_of()
        new = {
            "new-title": "Ads guide",
            "new-url": "https://example.com/a",
            "new-date": "2026-12-01",
        }
        made, errors = spec_edit.apply(data, VIDEO, typed(data, VIDEO) | new)
        assert errors == {}
        assert made["sources"]["own_1"]["title"] == "Ads guide"

    @pytest.mark.parametrize(
        ("key", "box", "value", "says"),
        [
            ("fps", "least", "soon", "Enter a number of at least 0, such as 60."),
            ("fps", "least", "9999", "It must not be below the other end."),
            ("file_size", "value", "-4", "Enter a number of at least 0, such as 60."),
            ("fps", "least", "0,5", "Write a point before the fraction, such as 0.5."),
            ("fps", "least", "1,0000", "Write a point before the fraction, such as 0.5."),
            ("file_size", "value", "nan", "Enter a number of at least 0, such as 60."),
            ("file_size", "level", "maybe", "Choose what happens when it is not kept."),
            ("file_size", "source", "hearsay", "Choose where the number was read."),
            ("file_size", "date", "yesterday", "Enter the day it was read, such as 2026-11-30."),
            ("container", "list", " , ", "Enter at least one, several with commas between them."),
        ],
    )
    def test_what_is_wrong_is_said_at_its_box(
        self, key: str, box: str, value: str, says: str
    ) -> None:
        data = data_of()
        name = f"{at(data, VIDEO, key)}-{box}"
        _, errors = spec_edit.apply(data, VIDEO, typed(data, VIDEO, **{name: value}))
        assert says in errors.values()
        shown = spec_edit.rows(
            data, spec_edit.placement(data, VIDEO), given={name: value}, errors=errors
        )
        boxes = {one.name: one for row in shown for one in row.inputs}
        assert boxes[name].value == value

    def test_a_zone_that_leaves_nothing_clear_is_refused(self) -> None:
        data = data_of()
        _, errors = spec_edit.apply(data, VIDEO, typed(data, VIDEO, **{"zone-right": "1080"}))
        assert errors == {"zone-right": "Left and right together leave nothing clear."}

    def test_the_side_for_readers_from_right_to_left_is_its_own(self) -> None:
        data, place = data_of("tiktok.json"), "tiktok.infeed_video.auction"
        made, errors = spec_edit.apply(data, place, typed(data, place, **{"zone-rtl_left": "220"}))
        assert errors == {}
        spec = next(one for one in specs.parse(made, "tiktok.json").specs if one.id == place)
        assert (spec.safe_zone.left, spec.safe_zone.turned().left) == (120, 220)
        _, errors = spec_edit.apply(data, place, typed(data, place, **{"zone-rtl_left": "1000"}))
        assert errors == {"zone-rtl_right": "Left and right together leave nothing clear."}

    @pytest.mark.parametrize(
        ("box", "says"),
        [({"new-url": "https://a.example", "new-date": "2026-12-01"}, "what the page is called"),
         ({"new-title": "x", "new-url": "javascript:1", "new-date": "2026-12-01"}, "https://"),
         ({"new-title": "x", "new-date": "1.12.2026"}, "the day it was read")],
    )  # fmt: skip
    def test_half_a_source_is_none(self, box: dict[str, str], says: str) -> None:
        data = data_of()
        _, errors = spec_edit.apply(data, VIDEO, typed(data, VIDEO) | box)
        assert any(says in text for text in errors.values())
