"""How each model is asked: every model in use has a row, and only declared fields are sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from routing import catalog
from routing.providers import endpoints, prompts
from routing.providers.base import InvalidRequest, Request

ROWS = endpoints.known()


HOSTED = [card for card in catalog.shipped() if card.provider in ("fal", "google", "replicate")]


@pytest.mark.parametrize("card", HOSTED, ids=lambda card: card.key)
def test_every_model_that_can_be_chosen_can_be_asked(card: catalog.ModelCard) -> None:
    if card.operations and card.is_enabled:
        assert endpoints.find(card.provider, card.version)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.provider}:{row.id}")
def test_every_row_can_be_filled(row: endpoints.Endpoint, asked: Callable[..., Request]) -> None:
    files = {"base": "B", "mask": "M", "face": "F"}
    sent = endpoints.body(row, asked(row.id, "compose", seeds=(5,)), files)
    assert set(sent) == set(row.input)
    assert not any(isinstance(value, str) and value.startswith("$") for value in sent.values())


def test_a_missing_mask_is_named(asked: Callable[..., Request]) -> None:
    row = endpoints.of("fal", "fal-ai/bria/eraser")
    with pytest.raises(InvalidRequest, match="painted area"):
        endpoints.body(row, asked(row.id, "object_erase"), {"base": "B"})


@pytest.mark.parametrize(("wanted", "made"), [(2, 5), (5, 5), (6, 10), (15, 10)])
def test_seconds_are_the_next_that_is_offered(wanted: int, made: int) -> None:
    version = "fal-ai/kling-video/v2.6/pro/image-to-video"
    assert endpoints.seconds_of("fal", version, wanted) == made


def test_a_wide_picture_is_placed_whole_on_a_tall_canvas(asked: Callable[..., Request]) -> None:
    row = endpoints.of("fal", "fal-ai/bria/expand")
    sent = endpoints.body(row, asked(row.id, "outpaint"), {"base": "B"})
    assert sent["canvas_size"] == [1080, 1920]
    assert sent["original_image_size"] == [1080, 720]
    assert sent["original_image_location"] == [0, 600]


@pytest.mark.parametrize(
    "operation", ["compose_type", "compose", "background_replace", "image_to_video"]
)
def test_words_stay_within_the_shortest_limit(operation: str) -> None:
    assert 0 < len(prompts.text(operation, {"prompt": "shoe " * 900})) <= prompts.MOST
