"""Replicate as its documents say, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from routing.providers.base import (
    AccountProblem,
    BadNotice,
    InvalidRequest,
    Kind,
    NoResult,
    OutcomeUnknown,
    Progress,
    ProviderError,
    RateLimited,
    Refused,
    Request,
    ResultLost,
    Trace,
    Unavailable,
)
from routing.providers.replicate import Replicate
from routing.providers.transport import Transport
from tests.routing.providers.desk import Desk, file, said

NOW = 1_764_000_000
SEEDANCE = "bytedance/seedance-2.0"
SDXL = "stability-ai/sdxl"


@pytest.fixture
def provider(desk: Desk) -> Replicate:
    line = Transport(bases=[desk.url], secrets=["r8_secret"])
    return Replicate(transport=line, secret="r8_secret", api=desk.url)


def prediction(status: str = "succeeded", **values: Any) -> dict[str, Any]:
    return {"id": "p1", "status": status, "output": None, "error": None, "metrics": {}, **values}


class TestSubmit:
    def test_sends_one_post_to_the_model(
        self, desk: Desk, provider: Replicate, asked: Callable[..., Request]
    ) -> None:
        desk.answers["POST /v1/models/bytedance/seedance-2.0/predictions"] = said(
            prediction("starting"), 201
        )
        request = asked(
            SEEDANCE,
            "image_to_video",
            params={"width": 1080, "height": 1920, "seconds": 6, "motion": "push_in"},
            hook_url="https://a/b",
        )
        assert provider.submit(request).ref == "p1"
        (post,) = desk.asked
        sent = post.json["input"]
        assert (sent["duration"], sent["aspect_ratio"]) == (6, "9:16")
        assert sent["generate_audio"] is False
        assert sent["image"].startswith("data:image/png;base64,")
        assert post.json["webhook"] == "https://a/b"
        assert post.headers["cancel-after"] == "30m"
        assert "prefer" not in post.headers

    def test_pins_the_version_of_a_communitys_model(
        self, desk: Desk, provider: Replicate, asked: Callable[..., Request]
    ) -> None:
        desk.answers["POST /v1/predictions"] = said(prediction("starting"), 201)
        provider.submit(asked(SDXL, "compose_type", inputs=(), seeds=(5, 6)))
        assert len(desk.asked[0].json["version"]) == 64
        assert desk.asked[0].json["input"]["num_outputs"] == 2

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (said({}, 401), AccountProblem),
            (said({"detail": "no credit"}, 402), AccountProblem),
            (said({}, 404), Unavailable),
            (said({"detail": "Your rate limit resets in ~30s."}, 429), RateLimited),
            (said({"detail": "- input.prompt is required"}, 422), InvalidRequest),
            (said({}, 500), OutcomeUnknown),
            (said({"status": "starting"}, 201), OutcomeUnknown),
            (lambda asked: None, OutcomeUnknown),
        ],
    )
    def test_says_what_an_answer_means(
        self,
        desk: Desk,
        provider: Replicate,
        asked: Callable[..., Request],
        reply: Any,
        error: type[ProviderError],
    ) -> None:
        desk.answers["POST /v1/predictions"] = reply
        with pytest.raises(error) as caught:
            provider.submit(asked(SDXL, "compose_type", inputs=()))
        assert desk.count("POST") == 1
        if error is RateLimited:
            assert caught.value.retry_after_s == 30


class TestLookUp:
    @pytest.mark.parametrize(
        ("values", "progress", "kind", "billed"),
        [
            ({"status": "starting"}, Progress.WAITING, Kind.FAILED, True),
            ({"status": "a_new_word"}, Progress.WAITING, Kind.FAILED, True),
            ({"status": "succeeded"}, Progress.READY, Kind.FAILED, True),
            ({"status": "aborted"}, Progress.FAILED, Kind.FAILED, False),
            ({"status": "failed", "error": "flagged as sensitive (E005)", "started_at": "x"},
             Progress.FAILED, Kind.REFUSED, True),
            ({"status": "failed", "error": "CUDA"}, Progress.FAILED, Kind.FAILED, False),
            ({"status": "canceled"}, Progress.FAILED, Kind.CANCELLED, False),
            ({"status": "succeeded", "data_removed": True},
             Progress.FAILED, Kind.RESULT_LOST, True),
        ],
    )  # fmt: skip
    def test_reads_the_state(
        self,
        desk: Desk,
        provider: Replicate,
        asked: Callable[..., Request],
        values: dict[str, Any],
        progress: Progress,
        kind: Kind,
        billed: bool,
    ) -> None:
        desk.answers["GET /v1/predictions/p1"] = said(prediction(**values))
        outcome = provider.look_up(asked(SDXL, "compose_type"), "p1")
        assert (outcome.progress, outcome.kind, outcome.billed) == (progress, kind, billed)


class TestFetch:
    @pytest.mark.parametrize("shape", [str, list, dict])
    def test_takes_any_shape_of_output(
        self,
        desk: Desk,
        provider: Replicate,
        asked: Callable[..., Request],
        png: bytes,
        shape: type,
    ) -> None:
        url = f"{desk.url}/d/0"
        value: Any = {str: url, list: [url], dict: {"image": url}}[shape]
        desk.answers["GET /v1/predictions/p1"] = said(
            prediction(output=value, metrics={"image_output_count": 1}, version="v1")
        )
        desk.answers["GET /d/0"] = file(png)
        (output,) = provider.fetch(
            asked(SDXL, "compose_type"), "p1", on_progress=lambda share: None, have=frozenset()
        )
        assert (output.usage.count, output.usage.version) == (1, "v1")
        assert output.path.read_bytes() == png

    @pytest.mark.parametrize(
        ("values", "error"),
        [({"output": []}, NoResult), ({"output": None, "data_removed": True}, ResultLost)],
    )
    def test_says_why_nothing_came(
        self,
        desk: Desk,
        provider: Replicate,
        asked: Callable[..., Request],
        values: dict[str, Any],
        error: type[ProviderError],
    ) -> None:
        desk.answers["GET /v1/predictions/p1"] = said(prediction(**values))
        with pytest.raises(error):
            list(
                provider.fetch(
                    asked(SDXL, "compose_type"),
                    "p1",
                    on_progress=lambda share: None,
                    have=frozenset(),
                )
            )


class TestSearch:
    def listed(self, *seeds: int) -> dict[str, Any]:
        return {
            "results": [
                prediction("starting", id=f"p{seed}", model=SDXL, input={"seed": seed})
                for seed in seeds
            ],
            "next": None,
        }

    @pytest.mark.parametrize(
        ("seeds", "trace"),
        [((11, 12), Trace.FOUND), ((12,), Trace.NOT_YET), ((11, 11), Trace.CANNOT_TELL)],
    )
    def test_finds_the_one_with_its_seed(
        self,
        desk: Desk,
        provider: Replicate,
        asked: Callable[..., Request],
        seeds: tuple[int, ...],
        trace: Trace,
    ) -> None:
        desk.answers["GET /v1/predictions?created_after="] = said(self.listed(*seeds))
        found = provider.search(asked(SDXL, "compose_type", seeds=(11,)))
        assert found.trace is trace
        if trace is Trace.FOUND:
            assert found.submission.ref == "p11"
        assert desk.count("POST") == 0

    @pytest.mark.parametrize("status", [401, 429, 500])
    def test_an_error_is_no_empty_list(
        self, desk: Desk, provider: Replicate, asked: Callable[..., Request], status: int
    ) -> None:
        desk.answers["GET /v1/predictions?created_after="] = said({"detail": "No."}, status)
        with pytest.raises(ProviderError):
            provider.search(asked(SDXL, "compose_type", seeds=(11,)))

    @pytest.mark.parametrize(
        "page",
        [
            {"results": [], "next": "https://elsewhere.example/v1/predictions?cursor=2"},
            {"results": [{"id": "p1", "input": {}, "data_removed": True}], "next": None},
        ],
        ids=["more to come", "inputs gone"],
    )
    def test_a_list_that_is_not_whole_cannot_tell(
        self, desk: Desk, provider: Replicate, asked: Callable[..., Request], page: Any
    ) -> None:
        desk.answers["GET /v1/predictions?created_after="] = said(page)
        found = provider.search(asked(SDXL, "compose_type", seeds=(11,)))
        assert found.trace is Trace.CANNOT_TELL

    def test_cannot_tell_two_calls_of_a_model_without_a_seed_apart(
        self, provider: Replicate, asked: Callable[..., Request]
    ) -> None:
        request = asked("851-labs/background-remover", "background_remove")
        assert provider.search(request).trace is Trace.CANNOT_TELL


class TestNotice:
    KEY = b"0123456789abcdef01234567"

    def signed(self, desk: Desk, body: bytes, stamp: int = NOW) -> dict[str, str]:
        desk.answers["GET /v1/webhooks/default/secret"] = said(
            {"key": "whsec_" + base64.b64encode(self.KEY).decode()}
        )
        text = f"msg_1.{stamp}.".encode() + body
        mark = base64.b64encode(hmac.new(self.KEY, text, hashlib.sha256).digest()).decode()
        return {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(stamp),
            "webhook-signature": f"v1,AAAA v1,{mark}",
        }

    def test_takes_what_replicate_signed(self, desk: Desk, provider: Replicate) -> None:
        body = b'{"id": "abcdefgh12", "status": "succeeded"}'
        assert provider.notice(self.signed(desk, body), body, NOW).ref == "abcdefgh12"

    def test_refuses_a_changed_body_and_an_old_message(
        self, desk: Desk, provider: Replicate
    ) -> None:
        body = b'{"id": "abcdefgh12"}'
        with pytest.raises(BadNotice):
            provider.notice(self.signed(desk, body), body + b" ", NOW)
        with pytest.raises(BadNotice):
            provider.notice(self.signed(desk, body, stamp=0), body, NOW)


def test_a_refusal_of_the_words_is_a_refusal(
    desk: Desk, provider: Replicate, asked: Callable[..., Request]
) -> None:
    desk.answers["POST /v1/predictions"] = said({"detail": "NSFW content detected"}, 422)
    with pytest.raises(Refused):
        provider.submit(asked(SDXL, "compose_type", inputs=()))
