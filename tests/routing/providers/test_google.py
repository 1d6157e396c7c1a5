"""Google's picture models as their documents say, over real HTTP."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from routing.providers.base import (
    AccountProblem,
    InvalidRequest,
    NoResult,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Refused,
    Request,
    ResultLost,
    Trace,
    Unavailable,
)
from routing.providers.google import Google
from routing.providers.transport import Transport
from tests.routing.providers.desk import Desk, said

BANANA = "gemini-2.5-flash-image"
CALL = f"POST /v1/models/{BANANA}:generateContent"


@pytest.fixture
def provider(desk: Desk) -> Google:
    line = Transport(bases=[desk.url], secrets=["AIza-secret"])
    return Google(transport=line, secret="AIza-secret", api=desk.url)


def answer(png: bytes) -> dict[str, Any]:
    data = {"mimeType": "image/png", "data": base64.b64encode(png).decode()}
    return {
        "candidates": [
            {"content": {"parts": [{"text": "Here."}, {"inlineData": data}]},
             "finishReason": "STOP"}
        ],
        "responseId": "resp-1",
        "modelVersion": BANANA,
    }  # fmt: skip


def test_sends_words_and_picture_and_brings_the_picture(
    desk: Desk, provider: Google, asked: Callable[..., Request], png: bytes
) -> None:
    desk.answers[CALL] = said(answer(png))
    sent = provider.submit(asked(BANANA, "compose"))
    (output,) = sent.outputs
    (post,) = desk.asked
    picture, words = post.json["contents"][0]["parts"]
    assert base64.b64decode(picture["inlineData"]["data"]) == png
    assert words["text"].startswith("A red shoe.")
    assert post.json["generationConfig"]["imageConfig"] == {"aspectRatio": "9:16"}
    assert post.headers["x-goog-api-key"] == "AIza-secret"
    assert (sent.ref, output.path.read_bytes(), output.usage.count) == ("resp-1", png, 1)


def test_brings_every_picture_of_an_answer_but_no_draft(
    desk: Desk, provider: Google, asked: Callable[..., Request], png: bytes
) -> None:
    given = answer(png)
    parts = given["candidates"][0]["content"]["parts"]
    parts.insert(0, {**parts[1], "thought": True})
    parts += [{"inlineData": {"mimeType": "image/png", "data": "!!!"}}, dict(parts[-1])]
    desk.answers[CALL] = said(given)
    sent = provider.submit(asked(BANANA, "compose", seeds=(11,)))
    assert [(one.position, one.seed) for one in sent.outputs] == [(0, 11), (2, 13)]
    assert {one.path.read_bytes() for one in sent.outputs} == {png}
    assert {one.usage.count for one in sent.outputs if one.usage} == {3}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (said({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), Refused),
        (said({"candidates": [{"finishReason": "IMAGE_SAFETY"}]}), Refused),
        (said({"candidates": [{"finishReason": "NO_IMAGE"}]}), NoResult),
        (said({"candidates": [{"content": {"parts": [{"text": "No."}]}}]}), NoResult),
        (said({"error": {"message": "API key not valid"}}, 400), AccountProblem),
        (said({"error": {"message": "bad"}}, 400), InvalidRequest),
        (said({}, 403), AccountProblem),
        (said({}, 404), Unavailable),
        (said({"error": {"details": [{"retryDelay": "31s"}]}}, 429), RateLimited),
        (said({}, 503), OutcomeUnknown),
        ((200, {}, b"{half"), OutcomeUnknown),
        (lambda asked: None, OutcomeUnknown),
    ],
)
def test_says_what_an_answer_means(
    desk: Desk,
    provider: Google,
    asked: Callable[..., Request],
    reply: Any,
    error: type[ProviderError],
) -> None:
    desk.answers[CALL] = reply
    with pytest.raises(error) as caught:
        provider.submit(asked(BANANA, "compose"))
    assert desk.count("POST") == 1
    if error is RateLimited:
        assert caught.value.retry_after_s == 31


def test_a_lost_answer_cannot_be_looked_up(provider: Google, asked: Callable[..., Request]) -> None:
    assert provider.search(asked(BANANA, "compose")).trace is Trace.CANNOT_TELL
    with pytest.raises(ResultLost):
        list(
            provider.fetch(
                asked(BANANA, "compose"), "r", on_progress=lambda share: None, have=frozenset()
            )
        )


def test_the_list_of_models_tells_whether_the_key_works(desk: Desk, provider: Google) -> None:
    desk.answers["GET /v1/models"] = [said({}, 403), said({"models": []})]
    assert not provider.check().works
    assert provider.check().works
