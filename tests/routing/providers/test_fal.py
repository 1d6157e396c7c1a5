"""fal's queue as its documents say, over real HTTP."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

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
    Unavailable,
    WorkFailed,
)
from routing.providers.delivery import Missing
from routing.providers.fal import Fal
from routing.providers.transport import Transport
from tests.routing.providers.desk import Desk, file, said

SCHNELL = "fal-ai/flux/schnell"
NOW = 1_764_000_000


@pytest.fixture
def provider(desk: Desk) -> Fal:
    line = Transport(bases=[desk.url], secrets=["id:secret"])
    return Fal(
        transport=line,
        secret="id:secret",
        queue=f"{desk.url}/queue",
        rest=f"{desk.url}/rest",
        api=f"{desk.url}/api",
        account="me",
    )


def outputs(provider: Fal, request: Request, have: frozenset[int] = frozenset()) -> list[Any]:
    return list(provider.fetch(request, "r1", on_progress=lambda share: None, have=have))


class TestSubmit:
    def test_sends_one_post_with_everything_explicit(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request]
    ) -> None:
        desk.answers["POST /queue/fal-ai/flux/schnell"] = said(
            {"request_id": "r1", "status_url": f"{desk.url}/queue/fal-ai/flux/requests/r1/status"}
        )
        sent = provider.submit(
            asked(SCHNELL, "compose_type", inputs=(), seeds=(7, 8), hook_url="https://a/b")
        )
        (post,) = desk.asked
        assert sent.ref == "r1"
        assert post.path.endswith("?fal_webhook=https%3A%2F%2Fa%2Fb")
        assert post.headers["authorization"] == "Key id:secret"
        assert post.headers["x-fal-no-retry"] == "1"
        assert (post.json["num_images"], post.json["seed"]) == (2, 7)
        assert post.json["image_size"] == {"width": 1080, "height": 1920}

    def test_stores_a_large_picture_first(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request], png: bytes
    ) -> None:
        desk.answers["POST /rest/storage/auth/token"] = said(
            {"token": "t", "base_url": f"{desk.url}/cdn"}
        )
        desk.answers["POST /cdn/files/upload"] = said({"access_url": "https://v3.fal.media/f/1"})
        desk.answers["POST /queue"] = said({"request_id": "r1"})
        provider.submit(asked("fal-ai/bria/background/remove", "background_remove",
                              base=png + b"0" * 300_000))  # fmt: skip
        assert desk.asked[-1].json == {"image_url": "https://v3.fal.media/f/1"}
        assert desk.count("POST /queue") == 1

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (said({"detail": "no"}, 401), AccountProblem),
            (said({"detail": "locked"}, 403), AccountProblem),
            (said({}, 404), Unavailable),
            (said({"detail": "slow down"}, 429, retry_after="7"), RateLimited),
            (said({}, 500), OutcomeUnknown),
            ((503, {}, b"<html>nginx</html>"), OutcomeUnknown),
            (said({}, 408), OutcomeUnknown),
            (said({"status": "IN_QUEUE"}), OutcomeUnknown),
            ((200, {}, b"{broken"), OutcomeUnknown),
            (lambda asked: None, OutcomeUnknown),
            (
                said({"detail": [{"type": "content_policy_violation", "msg": "no"}]}, 422),
                Refused,
            ),
            (
                said({"detail": [{"type": "missing", "msg": "m", "loc": ["body", "prompt"]}]}, 422),
                InvalidRequest,
            ),
        ],
    )
    def test_says_what_an_answer_means(
        self,
        desk: Desk,
        provider: Fal,
        asked: Callable[..., Request],
        reply: Any,
        error: type[ProviderError],
    ) -> None:
        desk.answers["POST /queue"] = reply
        with pytest.raises(error):
            provider.submit(asked(SCHNELL, "compose_type", inputs=()))
        assert desk.count("POST /queue") == 1


class TestLookUp:
    @pytest.mark.parametrize(
        ("reply", "progress"),
        [
            (said({"status": "IN_QUEUE"}, 202), Progress.WAITING),
            (said({"status": "IN_PROGRESS", "logs": None}, 202), Progress.WAITING),
            (said({"status": "A_NEW_WORD"}, 202), Progress.WAITING),
            (said({"status": "COMPLETED"}), Progress.READY),
            (said({"status": "COMPLETED", "error": "boom", "error_type": "runner_disconnected"}),
             Progress.FAILED),
        ],
    )  # fmt: skip
    def test_reads_the_state(
        self,
        desk: Desk,
        provider: Fal,
        asked: Callable[..., Request],
        reply: Any,
        progress: Progress,
    ) -> None:
        desk.answers["GET /queue/fal-ai/flux/requests/r1/status"] = reply
        assert provider.look_up(asked(SCHNELL, "compose_type"), "r1").progress is progress

    def test_work_that_is_not_shown_is_not_called_lost_yet(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request]
    ) -> None:
        with pytest.raises(Missing):  # also right after it was taken
            provider.look_up(asked(SCHNELL, "compose_type"), "r1")

    def test_a_failure_of_the_runner_is_free_and_may_be_tried_again(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request]
    ) -> None:
        desk.answers["GET /queue/fal-ai/flux/requests/r1/status"] = said(
            {"status": "COMPLETED", "error": "boom", "error_type": "runner_disconnected"}
        )
        outcome = provider.look_up(asked(SCHNELL, "compose_type"), "r1")
        assert (outcome.billed, outcome.again, outcome.kind) == (False, True, Kind.FAILED)

    @pytest.mark.parametrize(
        ("word", "status", "units", "kind", "billed", "again"),
        [
            ("image_too_small", 422, "", Kind.INVALID, False, False),
            ("value_error", 422, "1", Kind.INVALID, True, False),
            ("content_policy_violation", 422, "", Kind.REFUSED, False, False),
            ("content_policy_violation", 422, "2.5", Kind.REFUSED, True, False),
            ("face_detection_error", 422, "0", Kind.FAILED, False, False),
            ("no_media_generated", 422, "", Kind.NO_RESULT, False, True),
            ("internal_server_error", 500, "1", Kind.FAILED, False, True),
            ("generation_timeout", 504, "", Kind.FAILED, False, False),
            ("client_cancelled", 499, "", Kind.CANCELLED, False, False),
            ("a_new_word", 400, "", Kind.INVALID, False, False),
            ("image_load_error_in_progress", 400, "", Kind.INVALID, False, False),
            ("content_policy_violation", 403, "", Kind.REFUSED, False, False),
            ("downstream_service_error", 401, "", Kind.FAILED, False, False),
        ],
    )
    def test_of_a_failure_its_result_says_whose_fault_it_was_and_whether_it_costs(
        self,
        desk: Desk,
        provider: Fal,
        asked: Callable[..., Request],
        word: str,
        status: int,
        units: str,
        kind: Kind,
        billed: bool,
        again: bool,
    ) -> None:
        # the state alone says neither
        desk.answers["GET /queue/fal-ai/flux/requests/r1/status"] = said(
            {"status": "COMPLETED", "error": "boom"}
        )
        desk.answers["GET /queue/fal-ai/flux/requests/r1"] = said(
            {"detail": [{"type": word, "msg": "so it is", "loc": ["body"]}]},
            status,
            **({"x_fal_billable_units": units} if units else {}),
        )
        outcome = provider.look_up(asked(SCHNELL, "compose_type"), "r1")
        assert (outcome.progress, outcome.kind) == (Progress.FAILED, kind)
        assert (outcome.billed, outcome.again) == (billed, again)
        assert outcome.usage is not None
        assert outcome.usage.units_micros == (round(float(units) * 1e6) if units else None)

    @pytest.mark.parametrize(
        ("error", "word", "kind", "billed"),
        [
            ("too small", "image_too_small", Kind.INVALID, False),
            ("Invalid status code: 422", "", Kind.INVALID, False),
            ("Invalid status code: 500", "", Kind.FAILED, False),
            ("boom", "", Kind.FAILED, True),
        ],
    )
    def test_a_failure_whose_result_is_gone_is_read_from_its_state(
        self,
        desk: Desk,
        provider: Fal,
        asked: Callable[..., Request],
        error: str,
        word: str,
        kind: Kind,
        billed: bool,
    ) -> None:
        desk.answers["GET /queue/fal-ai/flux/requests/r1/status"] = said(
            {"status": "COMPLETED", "error": error, "error_type": word}
        )
        outcome = provider.look_up(asked(SCHNELL, "compose_type"), "r1")
        assert (outcome.kind, outcome.billed) == (kind, billed)

    def test_a_failure_in_plain_words_is_not_taken_for_work_that_goes_on(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request]
    ) -> None:
        desk.answers["GET /queue/fal-ai/flux/requests/r1/status"] = said(
            {"status": "COMPLETED", "error": "boom"}
        )
        desk.answers["GET /queue/fal-ai/flux/requests/r1"] = said(
            {"detail": "Could not decode progressive JPEG"}, 400
        )
        outcome = provider.look_up(asked(SCHNELL, "compose_type"), "r1")
        assert (outcome.progress, outcome.billed) == (Progress.FAILED, False)

    def test_a_refusal_without_a_name_is_of_the_account(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request]
    ) -> None:
        desk.answers["GET /queue/fal-ai/flux/requests/r1/status"] = said(
            {"status": "COMPLETED", "error": "boom"}
        )
        desk.answers["GET /queue/fal-ai/flux/requests/r1"] = said({"detail": "Forbidden"}, 403)
        with pytest.raises(AccountProblem):
            provider.look_up(asked(SCHNELL, "compose_type"), "r1")

    def test_a_result_that_is_there_after_all_is_fetched(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request]
    ) -> None:
        desk.answers["GET /queue/fal-ai/flux/requests/r1/status"] = said(
            {"status": "COMPLETED", "error": "boom"}
        )
        desk.answers["GET /queue/fal-ai/flux/requests/r1"] = [
            (503, {}, b"<html>nginx</html>"), said({"images": []}),
        ]  # fmt: skip
        with pytest.raises(OutcomeUnknown):
            provider.look_up(asked(SCHNELL, "compose_type"), "r1")
        outcome = provider.look_up(asked(SCHNELL, "compose_type"), "r1")
        assert outcome.progress is Progress.READY

    def test_sends_the_key_to_no_address_that_is_not_fals(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request]
    ) -> None:
        desk.answers["GET /queue/fal-ai/flux/requests/r1/status"] = said({"status": "COMPLETED"})
        request = asked(SCHNELL, "compose_type", details={"status_url": f"{desk.url}/elsewhere"})
        provider.look_up(request, "r1")
        assert desk.count("GET /elsewhere") == 0


class TestFetch:
    def result(self, desk: Desk, value: Any, status: int = 200, **headers: str) -> None:
        desk.answers["GET /queue/fal-ai/flux/requests/r1"] = said(value, status, **headers)

    def test_brings_every_picture_and_its_units(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request], png: bytes
    ) -> None:
        self.result(
            desk,
            {"images": [{"url": f"{desk.url}/m/{n}"} for n in range(2)]},
            x_fal_billable_units="4.2",
        )
        desk.answers["GET /m/"] = file(png)
        first, second = outputs(provider, asked(SCHNELL, "compose_type", seeds=(7, 8)))
        assert (first.content_type, second.seed) == ("image/png", 8)
        assert first.usage.units_micros == 4_200_000
        assert second.path.read_bytes() == png

    def test_brings_what_is_there_of_one_that_is_not_shown_and_more_than_asked_for(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request], png: bytes
    ) -> None:
        self.result(desk, {"images": [{"url": f"{desk.url}/m/{n}"} for n in range(3)]})
        desk.answers["GET /m/"] = file(png)
        desk.answers["GET /m/1"] = (404, {}, b"")
        found = provider.fetch(
            asked(SCHNELL, "compose_type", seeds=(7, 8)), "r1",
            on_progress=lambda share: None, have=frozenset(),
        )  # fmt: skip
        got = [next(found), next(found)]
        assert [(one.position, one.seed) for one in got] == [(0, 7), (2, 9)]
        assert got[0].usage is not None
        assert got[0].usage.count == 3  # each is billed
        with pytest.raises(Missing):
            next(found)

    def test_leaves_out_what_is_there_and_what_was_held_back(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request], png: bytes
    ) -> None:
        self.result(
            desk,
            {"images": [{"url": f"{desk.url}/m/{n}"} for n in range(3)],
             "has_nsfw_concepts": [False, True, False]},
        )  # fmt: skip
        desk.answers["GET /m/"] = file(png)
        request = asked(SCHNELL, "compose_type", seeds=(1, 2, 3))
        found = provider.fetch(request, "r1", on_progress=lambda share: None, have=frozenset({0}))
        assert next(found).position == 2
        with pytest.raises(Refused, match="held back 1 of 3"):
            next(found)

    @pytest.mark.parametrize(
        ("value", "status", "error"),
        [
            ({"images": []}, 200, NoResult),
            ({"images": [{"url": "x"}], "has_nsfw_concepts": [True]}, 200, Refused),
            ({"detail": [{"type": "no_media_generated", "msg": ""}]}, 422, NoResult),
            ({"detail": [{"type": "content_policy_violation", "msg": ""}]}, 422, Refused),
            ({}, 404, Missing),
        ],
    )
    def test_says_why_nothing_came(
        self,
        desk: Desk,
        provider: Fal,
        asked: Callable[..., Request],
        value: Any,
        status: int,
        error: type[ProviderError],
    ) -> None:
        self.result(desk, value, status)
        with pytest.raises(error):
            outputs(provider, asked(SCHNELL, "compose_type"))

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            ((404, {}, b""), Missing),
            ((403, {}, b""), Missing),
            ((410, {}, b""), Missing),
            ((503, {}, b""), ProviderError),
            (file(b"<html><body>hello</body></html>"), WorkFailed),
            (file(b"<svg xmlns='x'/>", "image/png"), WorkFailed),
            ((302, {"location": "http://127.0.0.1:1/x"}, b""), WorkFailed),
        ],
    )
    def test_believes_no_file(
        self,
        desk: Desk,
        provider: Fal,
        asked: Callable[..., Request],
        reply: Any,
        error: type[ProviderError],
    ) -> None:
        self.result(desk, {"images": [{"url": f"{desk.url}/m/0"}]})
        desk.answers["GET /m/"] = reply
        with pytest.raises(error):
            outputs(provider, asked(SCHNELL, "compose_type"))


class TestNotice:
    def signed(self, desk: Desk, **changed: str) -> tuple[dict[str, str], bytes]:
        key = Ed25519PrivateKey.generate()
        x = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode()
        desk.answers["GET /rest/.well-known/jwks.json"] = said({"keys": [{"kty": "OKP", "x": x}]})
        body = b'{"request_id": "r1", "status": "OK"}'
        parts = {"request-id": "r1", "user-id": "me", "timestamp": str(NOW), **changed}
        text = "\n".join((*parts.values(), hashlib.sha256(body).hexdigest()))
        headers = {f"X-Fal-Webhook-{name}": value for name, value in parts.items()}
        return {**headers, "X-Fal-Webhook-Signature": key.sign(text.encode()).hex()}, body

    def test_takes_what_fal_signed(self, desk: Desk, provider: Fal) -> None:
        headers, body = self.signed(desk)
        assert provider.notice(headers, body, NOW + 20).ref == "r1"
        provider.notice(headers, body, NOW + 30)
        assert desk.count("GET /rest") == 1  # the keys are kept

    def test_asks_for_a_new_key_at_most_once_a_minute(self, desk: Desk, provider: Fal) -> None:
        headers, body = self.signed(desk)
        provider.notice(headers, body, NOW)
        headers, body = self.signed(desk)  # by another key than was read
        with pytest.raises(BadNotice):
            provider.notice(headers, body, NOW + 59)
        assert desk.count("GET /rest") == 1
        assert provider.notice(headers, body, NOW + 61).ref == "r1"
        for second in range(62, 100):
            with pytest.raises(BadNotice):
                provider.notice(headers, body + b" ", NOW + second)
        assert desk.count("GET /rest") == 2

    def test_asks_a_key_list_that_is_away_at_most_once_a_minute(
        self, desk: Desk, provider: Fal
    ) -> None:
        headers, body = self.signed(desk)
        there = desk.answers.pop("GET /rest/.well-known/jwks.json")
        for second in range(3):
            with pytest.raises((BadNotice, OutcomeUnknown)):
                provider.notice(headers, body, NOW + second)
        assert desk.count("GET /rest") == 1
        desk.answers["GET /rest/.well-known/jwks.json"] = there
        assert provider.notice(headers, body, NOW + 61).ref == "r1"

    @pytest.mark.parametrize(
        ("changed", "later"),
        [({"user-id": "somebody"}, 0), ({}, 400), ({}, -400), ({"timestamp": "soon"}, 0)],
    )
    def test_refuses_another_account_and_another_time(
        self, desk: Desk, provider: Fal, changed: dict[str, str], later: int
    ) -> None:
        headers, body = self.signed(desk, **changed)
        with pytest.raises(BadNotice):
            provider.notice(headers, body, NOW + later)

    def test_refuses_a_changed_body_and_a_signature_of_nobody(
        self, desk: Desk, provider: Fal
    ) -> None:
        headers, body = self.signed(desk)
        with pytest.raises(BadNotice):
            provider.notice(headers, body + b" ", NOW)
        with pytest.raises(BadNotice):
            provider.notice({**headers, "X-Fal-Webhook-Signature": "zz"}, body, NOW)


class TestCancel:
    @pytest.mark.parametrize(
        ("status", "word"),
        [(200, "OK"), (202, "CANCELLATION_REQUESTED"), (400, "ALREADY_COMPLETED"),
         (404, "NOT_FOUND")],
    )  # fmt: skip
    def test_never_says_by_itself_that_nothing_is_billed(
        self, desk: Desk, provider: Fal, asked: Callable[..., Request], status: int, word: str
    ) -> None:
        desk.answers["PUT /queue/fal-ai/flux/requests/r1/cancel"] = said({"status": word}, status)
        assert not provider.cancel("r1", asked(SCHNELL, "compose_type"))
        assert desk.count("PUT /queue") == 1


class TestCheck:
    def test_tells_whether_the_key_works(self, desk: Desk, provider: Fal) -> None:
        desk.answers["GET /api/v1/models/pricing"] = [said({}, 401), said({"prices": []})]
        assert not provider.check().works
        assert provider.check().works
