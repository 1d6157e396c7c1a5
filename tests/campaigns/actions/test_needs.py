"""What a frame needs follows from brief, operation and parameters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from campaigns.actions import needs
from campaigns.stages.base import Brief
from routing import pricing
from routing.catalog import PriceRule
from routing.need import Need
from routing.providers.base import Usage
from tests.routing.made import card

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def need(operation: str, stage: str, brief: Brief | None = None, **params: object) -> Need:
    return needs.need_of(
        brief=brief or Brief(has_base=True, wants_clip=False, purpose="primary"),
        stage=stage,
        operation=operation,
        params=params,
        count=4,
        ceiling="low",
        has_base=True,
        pinned_model="",
        now=NOW,
    )


class TestNeedOf:
    def test_primary_spend_asks_more_than_a_brainstorm(self) -> None:
        draft = need("compose", "generation", Brief(True, False, purpose="brainstorm"))
        assert need("compose", "generation").fidelity == 0.9
        assert draft.fidelity == 0.2

    def test_a_painted_change_is_surgical_and_a_scene_is_not(self) -> None:
        erase = need("object_erase", "edit")
        assert (erase.surgicality, erase.wants_mask) == (0.9, True)
        assert need("compose", "generation").surgicality == 0.0

    def test_a_face_in_motion_asks_for_consistency_and_a_still_does_not(self) -> None:
        clip = need("image_to_video", "animate", motion_profile="subtle_human", seconds=6)
        assert (clip.temporal_consistency, clip.seconds) == (0.9, 6.0)
        assert need("upscale", "polish").temporal_consistency == 0.0

    @pytest.mark.parametrize(
        ("operation", "stage", "params", "megapixels"),
        [
            ("upscale", "polish", {"factor": 4.0}, 4 * 4 * 1.08 * 1.92),
            ("upscale", "polish", {"factor": 1.5}, 1.5 * 1.5 * 1.08 * 1.92),
            ("background_remove", "edit", {}, 1.08 * 1.92),
            ("outpaint", "edit", {"width": 16, "height": 9}, 1.92 * 1.92 * 16 / 9),
            ("compose", "generation", {}, 0.0),
        ],
    )
    def test_says_how_large_the_output_will_be(
        self, operation: str, stage: str, params: dict[str, Any], megapixels: float
    ) -> None:
        brief = Brief(True, False, width=1080, height=1920)
        assert need(operation, stage, brief, **params).megapixels == pytest.approx(megapixels)
        assert need(operation, stage, Brief(True, False), **params).megapixels == 0

    def test_a_hold_covers_what_a_provider_counts(self) -> None:
        """Four times as large a side is sixteen times the megapixels, and the price."""
        brief = Brief(True, False, width=1080, height=1920)
        by_size = card(price_unit="megapixel", price_micros=10_000)
        small, large = (
            pricing.quote(by_size, need("upscale", "polish", brief, factor=factor)).maximum_micros
            for factor in (1.5, 4.0)
        )
        ran = Usage(count=1, width=4320, height=7680)
        bill = pricing.bill(PriceRule(10_000, "megapixel", date.min, ""), ran)
        assert bill is not None
        assert bill.micros <= large
        assert small < large / 6

    def test_qa_asks_nothing_of_a_model(self) -> None:
        assert need("check", "qa").fidelity == 0.0

    @pytest.mark.parametrize(
        ("left", "seconds"),
        [
            (timedelta(hours=5, minutes=20), 5 * 3600.0),
            (timedelta(minutes=3), 3600.0),
            (timedelta(minutes=-3), None),
            (None, None),
        ],
    )
    def test_a_deadline_counts_in_whole_hours(
        self, left: timedelta | None, seconds: float | None
    ) -> None:
        until = NOW + left if left is not None else None
        found = need("compose", "generation", Brief(True, False, deadline_at=until))
        assert found.deadline_s == seconds
