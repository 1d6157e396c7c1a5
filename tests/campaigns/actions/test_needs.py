"""What a frame needs follows from brief, operation and parameters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.actions import needs
from campaigns.stages.base import Brief
from routing.need import Need

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
