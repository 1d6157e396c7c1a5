"""The vendors' own clients talk to the stand-in: what they accept, our adapters may rely on."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path

import fal_client
import httpx
import pytest
import replicate
from fal_client import client as fal_module
from google import genai
from google.genai import errors, types
from PIL import Image
from replicate.exceptions import ReplicateError
from standardwebhooks import Webhook

from tests.factories import COFFEE
from tests.stand_in import StandIn, hooks
from tests.stand_in import replicate as replicate_side


def picture(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.size


def small() -> bytes:
    out = io.BytesIO()
    with Image.open(COFFEE) as photo:
        photo.resize((90, 60)).save(out, "PNG")
    return out.getvalue()


class TestFal:
    @pytest.fixture
    def client(
        self, vendor: StandIn, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[fal_client.SyncClient]:
        for name, path in (("QUEUE_URL_FORMAT", "queue"), ("REST_URL", "rest"), ("CDN_URL", "cdn")):
            kept = getattr(fal_module, name)
            tail = "/" if kept.endswith("/") else ""
            monkeypatch.setattr(fal_module, name, f"{vendor.base}/fal/{path}{tail}")
        opened: list[httpx.Client] = []
        plain = fal_client.SyncClient._get_cdn_client

        def kept(self: fal_client.SyncClient) -> httpx.Client:
            opened.append(plain(self))
            return opened[-1]

        # it leaves the connection of an upload open
        monkeypatch.setattr(fal_client.SyncClient, "_get_cdn_client", kept)
        made = fal_client.SyncClient(key=vendor.secrets["fal"])
        yield made
        for one in (made._client, *opened):
            one.close()

    def test_submits_waits_and_reads_the_result(
        self, vendor: StandIn, client: fal_client.SyncClient
    ) -> None:
        handle = client.submit(
            "fal-ai/flux/dev",
            {"prompt": "A cup", "num_images": 2, "seed": 7, "output_format": "png",
             "image_size": {"width": 640, "height": 480}},
        )  # fmt: skip
        assert isinstance(handle.status(with_logs=False), fal_client.Completed)
        made = handle.get()
        assert [one["width"] for one in made["images"]] == [640, 640]
        assert picture(httpx.get(made["images"][1]["url"]).content) == (640, 480)
        assert (len(vendor.charges("fal")), vendor.billed_micros("fal")) == (1, 50_000)

    def test_a_key_that_is_not_ours_is_refused(
        self, vendor: StandIn, client: fal_client.SyncClient
    ) -> None:
        vendor.secrets["fal"] = "another:one"
        with pytest.raises(fal_client.FalClientHTTPError):
            client.submit("fal-ai/flux/dev", {"prompt": "A cup"})
        assert vendor.charges("fal") == []

    def test_a_failed_job_is_completed_and_free(
        self, vendor: StandIn, client: fal_client.SyncClient
    ) -> None:
        vendor.fault("fal", "job", "fails_500")
        handle = client.submit("fal-ai/flux/dev", {"prompt": "A cup"})
        status = handle.status()
        assert isinstance(status, fal_client.Completed)
        assert status.error
        with pytest.raises(fal_client.FalClientHTTPError):
            handle.get()
        assert vendor.billed_micros("fal") == 0

    def test_stores_a_file_and_cancels(
        self, vendor: StandIn, client: fal_client.SyncClient
    ) -> None:
        address = client.upload(small(), "image/png", "base.png")
        vendor.fault("fal", "job", "never_starts")
        handle = client.submit("fal-ai/bria/background/remove", {"image_url": address})
        assert isinstance(handle.status(), fal_client.Queued)
        handle.cancel()
        assert handle.status().error
        assert vendor.billed_micros("fal") == 0

    def test_a_lost_answer_is_sent_again_by_it(
        self, vendor: StandIn, client: fal_client.SyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The reason why the adapters do not use it: each of these was charged."""
        monkeypatch.setattr(time, "sleep", lambda seconds: None)
        vendor.fault("fal", "submit", "accept_then_drop", times=2)
        client.submit("fal-ai/flux/dev", {"prompt": "A cup"})
        assert len(vendor.charges("fal")) == 3


class TestReplicate:
    @pytest.fixture
    def client(self, vendor: StandIn) -> Iterator[replicate.Client]:
        made = replicate.Client(
            api_token=vendor.secrets["replicate"], base_url=f"{vendor.base}/replicate"
        )
        yield made
        made._client.close()

    def test_makes_finds_and_lists(self, vendor: StandIn, client: replicate.Client) -> None:
        made = client.models.predictions.create(
            "black-forest-labs/flux-schnell",
            input={"prompt": "A cup", "seed": 7, "num_outputs": 2, "aspect_ratio": "1:1"},
        )
        assert made.status == "starting"
        found = client.predictions.get(made.id)
        assert (found.status, len(found.output)) == ("succeeded", 2)
        assert picture(httpx.get(found.output[0]).content) == (1024, 1024)
        listed = client.predictions.list().results
        assert [(one.id, one.input["seed"]) for one in listed] == [(made.id, 7)]

    def test_takes_a_version_and_a_file(self, vendor: StandIn, client: replicate.Client) -> None:
        file = client.files.create(io.BytesIO(small()))
        made = client.predictions.create(
            version="a" * 64, input={"image": file.urls["get"], "seed": 3}
        )
        made.reload()
        assert made.status == "succeeded"

    def test_fails_and_cancels(self, vendor: StandIn, client: replicate.Client) -> None:
        vendor.fault("replicate", "job", "fails_refused")
        made = client.models.predictions.create("a/b", input={"prompt": "A cup"})
        made.reload()
        assert (made.status, "E005" in str(made.error)) == ("failed", True)
        vendor.fault("replicate", "job", "never_done")
        other = client.models.predictions.create("a/b", input={"prompt": "A cup"})
        for _ in range(2):
            other.reload()
        other.cancel()
        assert other.status == "canceled"

    def test_says_why_it_cannot(self, vendor: StandIn, client: replicate.Client) -> None:
        vendor.fault("replicate", "submit", "invalid")
        with pytest.raises(ReplicateError, match="Does not match format"):
            client.models.predictions.create("a/b", input={"image": "x"})
        vendor.fault("replicate", "job", "fails_input")
        made = client.predictions.create(version="f" * 64, input={"prompt": "A cup"})
        made.wait()
        assert (made.status, made.error) == ("failed", "could not read the image")

    def test_its_messages_are_standard(self, vendor: StandIn, client: replicate.Client) -> None:
        made = client.models.predictions.create("a/b", input={"prompt": "A cup"})
        job = vendor.job("replicate", made.id)
        assert job is not None
        headers, body = replicate_side.message(vendor, job, "")
        secret = client.webhooks.default.secret()
        Webhook(secret.key).verify(body, headers)
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(secret.key).verify(body + b" ", headers)


class TestGoogle:
    @pytest.fixture
    def client(self, vendor: StandIn) -> Iterator[genai.Client]:
        with genai.Client(
            api_key=vendor.secrets["google"],
            http_options=types.HttpOptions(base_url=f"{vendor.base}/google"),
        ) as made:
            yield made

    def test_draws_from_words_and_a_picture(self, vendor: StandIn, client: genai.Client) -> None:
        answer = client.models.generate_content(
            model="gemini-2.5-flash-image",
            contents=[types.Part.from_bytes(data=small(), mime_type="image/png"), "On a beach"],
            config=types.GenerateContentConfig(
                response_modalities=["IMAGE"],
                image_config=types.ImageConfig(aspect_ratio="4:5"),
            ),
        )
        parts = answer.candidates[0].content.parts
        data = next(part.inline_data.data for part in parts if part.inline_data)
        width, height = picture(data)
        assert abs(width / height - 0.8) < 0.02
        assert answer.usage_metadata.candidates_token_count == 1290
        assert vendor.billed_micros("google") == 39_000

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [("output_blocked", "IMAGE_SAFETY"), ("no_media", "NO_IMAGE"), ("text_only", "STOP")],
    )
    def test_ends_without_a_picture(
        self, vendor: StandIn, client: genai.Client, fault: str, reason: str
    ) -> None:
        vendor.fault("google", "submit", fault)
        answer = client.models.generate_content(model="gemini-2.5-flash-image", contents="A cup")
        assert answer.candidates[0].finish_reason.value == reason
        assert vendor.billed_micros("google") == 0

    def test_says_what_it_objects_to_and_when_to_come_back(
        self, vendor: StandIn, client: genai.Client
    ) -> None:
        vendor.fault("google", "submit", "refused")
        answer = client.models.generate_content(model="gemini-2.5-flash-image", contents="A cup")
        assert answer.prompt_feedback.block_reason.value == "PROHIBITED_CONTENT"
        vendor.fault("google", "submit", "quota")
        with pytest.raises(errors.ClientError, match="RESOURCE_EXHAUSTED"):
            client.models.generate_content(model="gemini-2.5-flash-image", contents="A cup")
        assert vendor.charges("google") == []


def test_is_the_same_after_it_was_killed(tmp_path: Path) -> None:
    where = tmp_path / "vendors.jsonl"
    with StandIn(state=where) as first:
        key = hooks.public_key(first)
        made = httpx.post(
            f"{first.base}/fal/queue/fal-ai/flux/dev",
            headers={"authorization": f"Key {first.secrets['fal']}"},
            json={"prompt": "A cup", "image_size": {"width": 320, "height": 320}},
        ).json()
        before = httpx.get(f"{first.base}/fal/media/{made['request_id']}/0.png")
    with StandIn(state=where) as second:
        after = httpx.get(f"{second.base}/fal/media/{made['request_id']}/0.png")
        assert after.content == before.content
        assert hooks.public_key(second) == key
        assert len(second.charges("fal")) == 1
