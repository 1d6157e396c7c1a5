"""What differs is found: every prober over real HTTP against schemas that vendors published."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from routing.providers import comfyui, endpoints, probing, schemas
from routing.providers.probing import Look, Prober
from routing.providers.schemas import Difference, Price
from routing.providers.transport import Transport
from tests.stand_in import schemas as published
from tests.stand_in.schemas import TEXT, one_of
from tests.stand_in.server import StandIn

KLING = "fal-ai/kling-video/v2.6/pro/image-to-video"
ERASER = "fal-ai/bria/eraser"


@pytest.fixture(scope="module")
def server() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture(scope="module")
def probers(server: StandIn) -> dict[str, Prober]:
    given, transport = server.providers(), Transport(bases=[server.base])
    fal, replicate, google = given["fal"], given["replicate"], given["google"]
    return {
        "fal": probing.Fal(transport, fal["secret"], fal["api"], fal["schemas"]),
        "replicate": probing.Replicate(transport, replicate["secret"], replicate["api"]),
        "google": probing.Google(transport, google["secret"], google["api"]),
        "comfyui": probing.ComfyUI(transport, given["comfyui"]["api"]),
    }


@pytest.fixture
def there(server: StandIn) -> StandIn:
    """Everything as it was published."""
    server.heal()
    server.published = published.Published()
    return server


@pytest.fixture
def look(there: StandIn, probers: dict[str, Prober]):
    def asked(provider: str, version: str) -> Look:
        (one,) = probers[provider]([endpoints.of(provider, version)])
        return one

    return asked


def found(one: Look) -> list[tuple[str, str]]:
    assert one.problem == ""
    return [(each.code, each.field) for each in one.differences]


KNOWN = [
    *(("fal", one) for one in published.FAL),
    *(("replicate", one) for one in published.REPLICATE),
    *(("google", one) for one in published.GOOGLE),
    *(("comfyui", f"workflow:{one.stem}") for one in comfyui.FOLDER.glob("*.json")),
]


@pytest.mark.parametrize(("provider", "version"), KNOWN)
def test_what_we_send_fits_what_was_published(look, provider: str, version: str) -> None:
    assert found(look(provider, version)) == []


def test_every_word_of_the_table_is_looked_at() -> None:
    unknown = [
        (row.id, name)
        for row in endpoints.known()
        for name, given in row.input.items()
        if not schemas.would_send(row, given)
    ]
    assert unknown == []


class TestFields:
    def test_that_vanished(self, there, look):
        del there.published.fal[KLING][1]["negative_prompt"]
        one = look("fal", KLING)
        assert found(one) == [("unknown_field", "negative_prompt")]
        assert one.differences[0].text == "we send `negative_prompt`, which it does not know"

    def test_that_became_required(self, there, look):
        there.published.replicate["tencentarc/gfpgan"][1].append("consent")
        there.published.replicate["tencentarc/gfpgan"][2]["consent"] = TEXT
        assert found(look("replicate", "tencentarc/gfpgan")) == [("missing_field", "consent")]

    def test_that_files_come_under_no_more(self, there, look):
        required, optional, _ = there.published.fal[ERASER]
        there.published.fal[ERASER] = (required, optional, "result")
        assert found(look("fal", ERASER)) == [("answer", "image")]

    def test_of_a_document_that_lists_none(self, there, look):
        there.published.fal[ERASER] = ({}, {}, "image")
        assert look("fal", ERASER).problem == "its description lists no fields"


class TestValues:
    def test_that_are_allowed_no_more(self, there, look):
        fields = there.published.fal["fal-ai/veo3.1/fast/image-to-video"][1]
        fields["duration"] = one_of("5s", "8s")
        (one,) = look("fal", "fal-ai/veo3.1/fast/image-to-video").differences
        assert (one.code, one.field) == ("value", "duration")
        assert 'send "4s"' in one.text
        assert 'send "6s"' in one.text
        assert 'send "8s"' not in one.text

    def test_out_of_a_narrower_range(self, there, look):
        there.published.fal["fal-ai/flux/schnell"][1]["num_images"]["maximum"] = 2
        (one,) = look("fal", "fal-ai/flux/schnell").differences
        assert one.text == "`num_images`: we would send 4, it takes at most 2"

    def test_of_another_kind(self, there, look):
        there.published.replicate["google/veo-3.1-fast"][2]["duration"] = one_of("4", "6", "8")
        assert found(look("replicate", "google/veo-3.1-fast")) == [("value", "duration")]

    def test_behind_a_reference(self, there, look):
        there.published.replicate["tencentarc/gfpgan"][2]["version"] = {
            "allOf": [{"$ref": "#/components/schemas/version"}], "enum": ["v1.3"]
        }  # fmt: skip
        assert found(look("replicate", "tencentarc/gfpgan")) == [("value", "version")]

    @pytest.mark.parametrize(
        ("rule", "value", "fits"),
        [
            ({"type": "number"}, True, False),
            ({"type": "integer"}, 4.0, True),
            ({"type": "integer"}, 4.5, False),
            ({"enum": [1, 2]}, True, False),
            ({"enum": [1, 2]}, 1.0, True),
            ({"const": "a"}, "b", False),
            ({"type": "number", "exclusiveMinimum": 0}, 0, False),
            ({"type": "string", "maxLength": 3}, "abcd", False),
            ({"type": "array", "minItems": 2}, ["a"], False),
            ({"type": "array", "items": {"type": "string"}}, ["a", 1], False),
            ({"type": "object", "required": ["b"]}, {"a": 1}, False),
            ({"type": "object", "properties": {"b": {}}}, {"a": 1}, False),
            ({"type": ["string", "null"]}, "a", True),
            ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "a", False),
            ({}, "anything", True),
        ],
    )
    def test_are_compared_as_the_schema_says(self, rule, value, fits):
        assert (schemas.problem({}, rule, value) == "") is fits

    def test_of_a_document_that_goes_round_in_circles_are_told_of(self):
        document = {"a": {"$ref": "#/a"}}
        with pytest.raises(schemas.Unreadable):
            schemas.problem(document, {"$ref": "#/a"}, 1)


class TestModels:
    @pytest.mark.parametrize(
        ("provider", "version"),
        [("fal", ERASER), ("replicate", "tencentarc/gfpgan"), ("google", "gemini-3-pro-image")],
    )
    def test_that_are_gone(self, there, look, provider: str, version: str):
        del getattr(there.published, provider)[version]
        assert found(look(provider, version)) == [("gone", "")]

    def test_that_no_longer_do_what_we_call(self, there, look):
        there.published.google["gemini-2.5-flash-image"] = ["predict"]
        one = look("google", "gemini-2.5-flash-image")
        assert found(one) == [("method", "generateContent")]

    def test_whose_newer_version_is_out_are_looked_at_in_ours(self, there, look):
        _, required, fields = there.published.replicate["stability-ai/sdxl"]
        newer = {name: one for name, one in fields.items() if name != "apply_watermark"}
        there.published.replicate["stability-ai/sdxl"] = ("f" * 64, required, newer)
        one = look("replicate", "stability-ai/sdxl")
        assert found(one) == []
        assert one.notes == ("the newest version is ffffffffffff, ours is 7762fd07cf82",)

    def test_whose_pinned_version_was_taken_away(self, there, look):
        _, required, fields = there.published.replicate["stability-ai/sdxl"]
        there.published.replicate["stability-ai/sdxl"] = ("f" * 64, required, fields)
        del there.published.versions[published.SDXL]
        assert found(look("replicate", "stability-ai/sdxl")) == [("gone", "")]


class TestWorkflows:
    def test_whose_node_the_server_lacks(self, there, look):
        del there.published.nodes["UpscaleModelLoader"]
        assert found(look("comfyui", "workflow:upscale_model")) == [("node", "UpscaleModelLoader")]

    def test_whose_file_the_server_lacks(self, there, look):
        there.published.nodes["CheckpointLoaderSimple"]["ckpt_name"][0].pop(0)
        one = look("comfyui", "workflow:sdxl_t2i")
        assert one.differences == (
            Difference(
                "file",
                "CheckpointLoaderSimple.ckpt_name",
                "the server does not have the file sd_xl_base_1.0.safetensors",
            ),
        )

    def test_whose_node_asks_for_more(self, there, look):
        there.published.nodes["VAEDecode"]["tiles"] = ["INT", {"min": 1}]
        assert found(look("comfyui", "workflow:sdxl_t2i")) == [("missing_field", "VAEDecode.tiles")]

    def test_whose_size_is_out_of_range(self, there, look):
        sides = there.published.nodes["EmptyLatentImage"]
        sides["height"] = ["INT", {"min": 16, "max": 512}]
        assert found(look("comfyui", "workflow:sdxl_t2i")) == [("value", "EmptyLatentImage.height")]


class TestPrices:
    def test_come_from_the_list(self, look):
        assert look("fal", KLING).price == Price(70_000, "seconds", "USD")

    def test_that_are_not_listed_are_named(self, there, look):
        del there.published.prices[KLING]
        one = look("fal", KLING)
        assert (one.price, one.notes) == (None, ("fal lists no price for it",))

    @pytest.mark.parametrize(
        ("unit", "micros", "own", "differs"),
        [
            ("megapixels", 3_000, "megapixel", False),
            ("images", 3_001, "output", True),
            ("Seconds", 3_000, "second", False),
            ("compute seconds", 3_000, "second", None),
            ("images", 3_000, "megapixel", None),
        ],
    )
    def test_differ_only_where_they_count_the_same(self, unit, micros, own, differs):
        seen = Price(micros, unit, "USD")
        assert schemas.price_differs(seen, micros=3_000, unit=own, currency="USD") is differs
        assert schemas.price_differs(seen, micros=None, unit=own, currency="USD") is None
        assert schemas.price_differs(seen, micros=3_000, unit=own, currency="EUR") is None


class TestQuestions:
    def test_that_nobody_answers_are_no_difference(self, there, look):
        there.fault("replicate", "schema", "http_503_nginx")
        one = look("replicate", "google/veo-3.1-fast")
        assert (one.differences, one.problem) == ((), "the answer was 503 and nothing usable")

    def test_that_need_another_key_are_no_difference(self, there, look):
        there.fault("google", "schema", "http_401")
        assert look("google", "gemini-3-pro-image").problem == "the key is not accepted (401)"

    def test_to_a_wrong_address_of_comfyui_are_no_difference(self, there, look):
        there.fault("comfyui", "schema", "http_404")
        one = look("comfyui", "workflow:sdxl_t2i")
        assert (one.differences, one.problem) == ((), "there is no ComfyUI at its address")

    def test_that_find_no_server_are_no_difference(self, server):
        transport = Transport(bases=["http://127.0.0.1:9"])
        row = endpoints.of("google", "gemini-3-pro-image")
        (one,) = probing.Google(transport, "secret", "http://127.0.0.1:9")([row])
        assert "could not be reached" in one.problem

    def test_about_documents_carry_no_key(self, there, look):
        there.secrets["fal"] = "another:key"  # now what needs a key is refused
        try:
            one = look("fal", ERASER)
        finally:
            there.secrets["fal"] = "key-id:key-secret-of-fal"
        assert one.problem == "the price list could not be read: fal answered 401"
        assert one.differences == ()
