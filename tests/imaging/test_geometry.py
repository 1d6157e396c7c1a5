"""Boxes, ratios and safe zones: exact numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.geometry import Box, around, fit_ratio, has_ratio, limit_side
from imaging.safezone import SafeZone

SIDES = st.integers(1, 20_000)
TIKTOK = SafeZone(1080, 1920, 240, 660, 120, 120, (840, 300))


class TestBox:
    def test_common_part_of_strangers_is_empty(self) -> None:
        assert Box(0, 0, 10, 10).intersect(Box(20, 20, 30, 30)).is_empty

    def test_union_ignores_an_empty_box(self) -> None:
        assert around([Box(0, 0, 0, 0), Box(5, 6, 7, 8)]) == Box(5, 6, 7, 8)

    def test_share_inside_counts_area(self) -> None:
        assert Box(0, 0, 10, 10).share_inside(Box(5, 0, 20, 20)) == 0.5

    def test_shrinking_below_nothing_stays_a_box(self) -> None:
        assert Box(0, 0, 10, 10).grow(-20).is_empty

    @pytest.mark.parametrize("values", [[1, 2, 3], [5, 0, 4, 9], [0, 9, 4, 8]])
    def test_a_bad_list_is_refused(self, values: list[int]) -> None:
        with pytest.raises(ValueError, match="box"):
            Box.from_list(values)


class TestFitRatio:
    @given(SIDES, SIDES, st.sampled_from([(9, 16), (1, 1), (4, 5), (1200, 628)]))
    def test_result_fits_and_touches_one_side(
        self, width: int, height: int, ratio: tuple[int, int]
    ) -> None:
        wide, tall = fit_ratio(width, height, *ratio)
        assert 1 <= wide <= width
        assert 1 <= tall <= height
        assert wide == width or tall == height
        assert abs(wide * ratio[1] - tall * ratio[0]) <= max(ratio) + 1 or 1 in (wide, tall)

    def test_never_enlarges(self) -> None:
        assert limit_side(300, 100, 900) == (300, 100, 1.0)


class TestHasRatio:
    @pytest.mark.parametrize(
        ("size", "ratio", "same"),
        [((1080, 1920), 9 / 16, True), ((1100, 1920), 9 / 16, True), ((1102, 1920), 9 / 16, False),
         ((1958, 1000), 1.92, True), ((1960, 1000), 1.92, False), ((1000, 1000), 9 / 16, False)],
    )  # fmt: skip
    def test_is_measured_by_share_not_by_difference(
        self, size: tuple[int, int], ratio: float, same: bool
    ) -> None:
        assert has_ratio(*size, ratio) is same


class TestSafeZone:
    def test_clear_box_is_what_the_margins_leave(self) -> None:
        assert TIKTOK.clear_box().as_list() == [120, 240, 960, 1260]

    def test_rail_covers_below_its_line_only(self) -> None:
        assert TIKTOK.covered(Box(800, 300, 900, 400)) == 0.0
        assert TIKTOK.covered(Box(800, 900, 900, 1000)) == 1.0

    def test_covered_parts_never_overlap(self) -> None:
        total = sum(part.area for part in TIKTOK.covering())
        assert TIKTOK.covered(Box.whole(1080, 1920)) == pytest.approx(total / (1080 * 1920))
        assert total < 1080 * 1920

    def test_right_to_left_moves_the_rail(self) -> None:
        assert replace(TIKTOK, rail_side="left").covered(Box(200, 900, 280, 1000)) == 1.0

    def test_scaling_keeps_shares(self) -> None:
        half = TIKTOK.scaled(540, 960)
        assert half.covered(Box(400, 450, 450, 500)) == TIKTOK.covered(Box(800, 900, 900, 1000))

    def test_margins_that_leave_nothing_are_refused(self) -> None:
        spec = {"canvas": [100, 100], "top": 60, "bottom": 60, "left": 0, "right": 0}
        with pytest.raises(ValueError, match="nothing"):
            SafeZone.from_spec(spec)
