"""`manage.py probe_models` against the stand-in: what it prints and how it ends.

What counts as a difference is tests/routing/providers/test_probing.py's matter. The catalog is cut
down to the models that the stand-in has written down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from campaigns import wiring
from campaigns.models import CatalogModel
from routing import catalog
from tests.stand_in import schemas
from tests.stand_in.server import StandIn

KNOWN = {*schemas.FAL, *schemas.REPLICATE, *schemas.GOOGLE, "workflow:sdxl_t2i",
         "workflow:flux_schnell_t2i"}  # fmt: skip
KLING = "fal-ai/kling-video/v2.6/pro/image-to-video"


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture
def there(server: StandIn, db: None) -> Iterator[StandIn]:
    """All four connected, the shipped rows of what is published, all of it as published."""
    server.heal()
    server.published = schemas.Published()
    with connection.cursor() as cursor:  # what a set-up put there; prices are only ever added
        cursor.execute("DELETE FROM campaigns_modelprice")
    CatalogModel.objects.all().delete()
    CatalogModel.objects.bulk_create(
        CatalogModel(
            key=card.key, label=card.label, provider=card.provider, version=card.version,
            tier=card.tier, price_micros=card.price_micros, price_unit=card.price_unit,
            is_enabled=card.is_enabled, source=card.source,
        )
        for card in catalog.shipped()
        if card.version in KNOWN
    )  # fmt: skip
    with override_settings(PROVIDERS=server.providers()):
        yield server


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    out = StringIO()
    try:
        call_command("probe_models", *arguments, stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


class TestAllFits:
    def test_ends_with_0_asks_every_provider_and_buys_nothing(self, there):
        code, out = run("--json")
        answer = json.loads(out)
        assert [row for row in answer["models"] if row["differences"] or row["problem"]] == []
        assert (code, answer["state"], answer["not_connected"]) == (0, "fits", [])
        assert {row["version"] for row in answer["models"]} == KNOWN
        assert [there.posts(key) for key in wiring.HOSTED] == [[], [], [], []]

    def test_says_so_in_words_with_the_price_beside(self, there):
        code, out = run("--provider", "fal")
        assert code == 0
        assert "note: price: 0.003 USD per megapixel, as in the catalog" in out
        assert "4 models: 4 fit, 0 differ, 0 not asked. Asking cost nothing." in out
        assert "replicate" not in out.lower()


class TestDifferences:
    def test_end_with_1_and_are_told_under_their_model(self, there):
        del there.published.fal[KLING][1]["negative_prompt"]
        there.published.fal["fal-ai/bria/eraser"][0]["consent"] = schemas.TEXT
        del there.published.fal["fal-ai/flux/schnell"]
        code, out = run("--provider", "fal")
        assert code == 1
        assert f"(fal {KLING}" in out
        assert "we send `negative_prompt`, which it does not know" in out
        assert "it requires `consent`, which we do not send" in out
        assert "it is not offered any more (404)" in out
        assert "4 models: 1 fit, 3 differ, 0 not asked" in out

    def test_of_a_price_name_both(self, there):
        there.published.prices[KLING] = (0.09, "seconds")
        code, out = run("--provider", "fal")
        assert code == 1
        assert "price: 0.09 USD per unit (seconds) there, 0.07 USD per second in the catalog" in out

    def test_of_a_price_that_counts_otherwise_are_only_shown(self, there):
        there.published.prices["fal-ai/bria/eraser"] = (0.0011, "compute seconds")
        code, out = run("--provider", "fal")
        assert code == 0
        assert "they count differently, so compare them" in out

    def test_for_machines_name_code_and_field(self, there):
        there.published.google["gemini-2.5-flash-image"] = ["predict"]
        code, out = run("--json", "--provider", "google")
        rows = {row["version"]: row for row in json.loads(out)["models"]}
        (one,) = rows["gemini-2.5-flash-image"]["differences"]
        assert (code, one["code"], one["field"]) == (1, "method", "generateContent")

    def test_an_enabled_model_that_nobody_wrote_down_is_one(self, there):
        CatalogModel.objects.filter(version="gemini-2.5-flash-image").update(version="gemini-9")
        code, out = run("--provider", "google")
        assert code == 1
        assert "nobody has written down how it is asked" in out


class TestNotAsked:
    def test_a_provider_without_a_key_is_named_and_left_out(self, there):
        with override_settings(PROVIDERS=there.providers("fal")):
            code, out = run()
        assert code == 0
        assert "Replicate is not connected (set REPLICATE_API_TOKEN), so it was not asked." in out

    def test_no_key_at_all_ends_with_2(self, there):
        with override_settings(PROVIDERS=there.providers("none")):
            code, out = run()
        assert code == 2
        assert "0 models" in out

    def test_a_provider_that_is_down_ends_with_2_and_the_others_are_asked(self, there):
        there.fault("replicate", "schema", "http_503_nginx", times=9)
        code, out = run("--json")
        states = {row["provider"]: row["state"] for row in json.loads(out)["models"]}
        assert code == 2
        assert states == {"fal": "fits", "replicate": "not asked", "google": "fits",
                          "comfyui": "fits"}  # fmt: skip
