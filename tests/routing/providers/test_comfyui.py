"""A ComfyUI of one's own: what is queued, what is found again, what each answer means."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from routing.providers import comfyui, endpoints
from routing.providers.base import (
    AccountProblem,
    BadNotice,
    InvalidRequest,
    Kind,
    OutcomeUnknown,
    Progress,
    ProviderError,
    RateLimited,
    Request,
    Trace,
    Unavailable,
)
from routing.providers.comfyui import ComfyUI
from routing.providers.transport import Transport
from tests.routing.providers.desk import Desk, said
from tests.stand_in import StandIn

SDXL, UPSCALE = "workflow:sdxl_t2i", "workflow:upscale_model"


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


def made(api: str, headers: dict[str, str] | None = None) -> ComfyUI:
    return ComfyUI(transport=Transport(bases=[api]), api=api, headers=headers)


@pytest.fixture
def provider(vendor: StandIn) -> ComfyUI:
    return made(f"{vendor.base}/comfyui")


def fetched(provider: ComfyUI, request: Request, ref: str) -> list[Any]:
    return list(provider.fetch(request, ref, on_progress=lambda share: None, have=frozenset()))


def test_puts_what_is_asked_into_its_own_graph(asked: Callable[..., Request]) -> None:
    request = asked(SDXL, "compose_type", seeds=(77,))
    graph = comfyui.graph(endpoints.of("comfyui", SDXL), request, {})
    sampler = next(one for one in graph.values() if one["class_type"] == "KSampler")
    latent = next(one for one in graph.values() if "Latent" in one["class_type"])
    assert sampler["inputs"]["seed"] == 77
    assert (latent["inputs"]["width"], latent["inputs"]["height"]) == (1080, 1920)
    assert "A red shoe." in graph["2"]["inputs"]["text"]
    again = comfyui.graph(endpoints.of("comfyui", SDXL), asked(SDXL, "compose_type"), {})
    assert again["5"]["inputs"]["seed"] == 11, "the template is left as it is"


@pytest.mark.parametrize(
    "row", [one for one in endpoints.known() if one.provider == "comfyui"], ids=lambda one: one.id
)
def test_every_field_has_a_node(row: endpoints.Endpoint) -> None:
    assert set(row.input) == set(row.nodes)
    template = comfyui.workflow(row.id)
    for where in row.nodes.values():
        node, _, name = where.partition(".")
        assert name in template[node]["inputs"]


def test_its_id_is_a_canonical_uuid_of_the_attempt() -> None:
    assert comfyui.own_id("a") == str(uuid.UUID(comfyui.own_id("a"))) != comfyui.own_id("b")


def test_draws_and_is_not_queued_twice(
    vendor: StandIn, provider: ComfyUI, asked: Callable[..., Request]
) -> None:
    request = asked(SDXL, "compose_type")
    first, second = provider.submit(request), provider.submit(request)
    assert first.ref == second.ref
    assert len(vendor.posts("comfyui")) == 1
    assert provider.look_up(request, first.ref).progress is Progress.READY
    (output,) = fetched(provider, request, first.ref)
    with Image.open(output.path) as picture:
        assert picture.size == (1080, 1920)
    assert provider.search(request).trace is Trace.FOUND
    other = asked(SDXL, "compose_type", attempt_key="x" * 24)
    assert provider.search(other).trace is Trace.NOT_ACCEPTED


def test_brings_pictures_in_and_sends_its_header(
    vendor: StandIn, asked: Callable[..., Request]
) -> None:
    vendor.secrets["comfyui"] = "proxy-key"
    api = f"{vendor.base}/comfyui"
    with pytest.raises(ProviderError):
        made(api).submit(asked(UPSCALE, "upscale"))
    provider = made(api, {"authorization": "Bearer proxy-key"})
    request = asked(UPSCALE, "upscale")
    ref = provider.submit(request).ref
    graph = vendor.posts("comfyui")[-1].body["prompt"]
    assert graph["1"]["inputs"]["image"].endswith("/base.png")
    assert len(fetched(provider, request, ref)) == 1
    assert provider.check().works
    assert not made(api).check().works


def test_cancels_what_waits_and_what_runs(
    vendor: StandIn, provider: ComfyUI, asked: Callable[..., Request]
) -> None:
    for fault in ("never_starts", "never_done"):
        vendor.fault("comfyui", "job", fault)
        request = asked(SDXL, "compose_type", attempt_key=fault.ljust(24, "k"))
        ref = provider.submit(request).ref
        assert provider.look_up(request, ref).progress is Progress.WAITING
        assert provider.cancel(ref, request)
        assert provider.look_up(request, ref).progress is Progress.FAILED


@pytest.mark.parametrize(
    ("fault", "kind", "again"),
    [("out_of_memory", Kind.FAILED, False), ("interrupted", Kind.CANCELLED, False),
     ("forgotten", Kind.FAILED, True)],
)  # fmt: skip
def test_says_how_it_failed_and_that_it_cost_nothing(
    vendor: StandIn, provider: ComfyUI, asked: Callable[..., Request], fault: str, kind: Kind,
    again: bool,
) -> None:  # fmt: skip
    vendor.fault("comfyui", "job", fault)
    request = asked(SDXL, "compose_type")
    outcome = provider.look_up(request, provider.submit(request).ref)
    assert (outcome.progress, outcome.kind, outcome.again) == (Progress.FAILED, kind, again)
    assert not outcome.billed


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {}, AccountProblem),
        (429, {}, RateLimited),
        (500, {}, OutcomeUnknown),
        (200, {}, OutcomeUnknown),
        (400, {"error": {"type": "missing_node_type", "message": "No such node"}}, Unavailable),
        (400, {"error": {"type": "prompt_no_outputs", "message": "No outputs"}}, InvalidRequest),
        (400, {"node_errors": {"4": {"errors": [{"type": "value_not_in_list"}]}}}, Unavailable),
    ],
)
def test_knows_what_an_answer_means(
    desk: Desk,
    asked: Callable[..., Request],
    status: int,
    body: dict[str, Any],
    error: type[ProviderError],
) -> None:
    desk.answers = {
        "GET /history/": said({}),
        "GET /queue": said({"queue_running": [], "queue_pending": []}),
        "POST /prompt": said(body, status),
    }
    with pytest.raises(error):
        made(desk.url).submit(asked(SDXL, "compose_type", inputs=()))


def test_sends_no_messages(provider: ComfyUI) -> None:
    with pytest.raises(BadNotice):
        provider.notice({}, b"", 0)


@pytest.mark.skipif("COMFYUI_URL" not in os.environ, reason="needs a ComfyUI in COMFYUI_URL")
def test_a_real_server_answers(tmp_path: Path) -> None:
    provider = made(os.environ["COMFYUI_URL"])
    assert provider.check().works
