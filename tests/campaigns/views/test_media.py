"""Private files over HTTP: parts of them, for the team alone; uploads in."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from campaigns.models import Media, Team
from campaigns.views import ranges
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def media(team: Team, mara: User) -> Media:
    return factories.photo(team, by=mara)


@pytest.fixture
def content(media: Media) -> bytes:
    with media.file.open("rb") as source:
        return source.read()


def url(media: Media, variant: str = "file") -> str:
    return reverse("media", args=[media.team.slug, media.pk, variant])


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


class TestServe:
    def test_whole_with_headers_that_keep_it_private_and_inert(
        self, client: Client, mara: User, media: Media, content: bytes
    ) -> None:
        client.force_login(mara)
        response = client.get(url(media))
        assert response.status_code == 200
        assert body(response) == content
        assert response["Content-Length"] == str(len(content))
        assert response["Content-Type"] == media.content_type
        assert response["ETag"] == f'"{media.sha256}"'
        assert response["Cache-Control"] == "private, max-age=31536000, immutable"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Disposition"].startswith('inline; filename="coffee.')

    @pytest.mark.parametrize(
        ("header", "start", "end"),
        [
            ("bytes=0-9", 0, 10),
            ("bytes=5-", 5, None),
            ("bytes=-7", -7, None),
            ("bytes=10-99999999", 10, None),
        ],
    )
    def test_parts(
        self, client: Client, mara: User, media: Media, content: bytes, header: str, start: int,
        end: int | None,
    ) -> None:  # fmt: skip
        client.force_login(mara)
        response = client.get(url(media), headers={"Range": header})
        part = content[start:end]
        first = start if start >= 0 else len(content) + start
        assert response.status_code == 206
        assert body(response) == part
        shown = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
        assert response["Content-Range"] == shown

    @pytest.mark.parametrize("header", ["bytes=1-0", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6"])
    def test_what_is_no_single_range_is_the_whole(
        self, client: Client, mara: User, media: Media, content: bytes, header: str
    ) -> None:
        client.force_login(mara)
        response = client.get(url(media), headers={"Range": header})
        assert response.status_code == 200
        assert body(response) == content

    @pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=-0"])
    def test_outside_is_416_with_the_size(
        self, client: Client, mara: User, media: Media, content: bytes, header: str
    ) -> None:
        client.force_login(mara)
        response = client.get(url(media), headers={"Range": header})
        assert response.status_code == 416
        assert response["Content-Range"] == f"bytes */{len(content)}"

    def test_a_resume_of_another_version_starts_over(
        self, client: Client, mara: User, media: Media
    ) -> None:
        client.force_login(mara)
        headers = {"Range": "bytes=5-9", "If-Range": '"other"'}
        whole = client.get(url(media), headers=headers)
        assert (whole.status_code, len(body(whole))) == (200, media.size_bytes)
        headers["If-Range"] = f'"{media.sha256}"'
        part = client.get(url(media), headers=headers)
        assert (part.status_code, len(body(part))) == (206, 5)

    def test_head_says_the_same_without_a_body(
        self, client: Client, mara: User, media: Media, content: bytes
    ) -> None:
        client.force_login(mara)
        response = client.head(url(media))
        assert (response["Content-Length"], response.content) == (str(len(content)), b"")
        same = {"If-None-Match": response["ETag"]}
        assert client.get(url(media), headers=same).status_code == 304

    def test_the_original_is_handed_back_as_bytes_only(
        self, client: Client, mara: User, media: Media
    ) -> None:
        client.force_login(mara)
        response = client.get(url(media, "original"))
        assert body(response) == factories.COFFEE.read_bytes()
        assert response["Content-Type"] == "application/octet-stream"
        assert response["Content-Disposition"].startswith("attachment")

    @pytest.mark.parametrize("variant", ["file", "thumb", "poster", "original"])
    def test_another_team_and_strangers_see_nothing(
        self, client: Client, otto: User, media: Media, variant: str
    ) -> None:
        assert client.get(url(media, variant)).status_code == 302  # to sign in
        client.force_login(otto)
        headers = {"Range": "bytes=0-1"}
        assert client.get(url(media, variant), headers=headers).status_code == 404
        own = otto.memberships.first().team.slug
        assert client.get(reverse("media", args=[own, media.pk, variant])).status_code == 404

    def test_what_is_not_there_is_404(self, client: Client, mara: User, media: Media) -> None:
        client.force_login(mara)
        assert client.get(url(media, "poster")).status_code == 404
        assert client.get(url(media, "seen")).status_code == 404
        media.file.storage.delete(media.file.name)
        assert client.get(url(media)).status_code == 404

    def test_from_s3_it_is_a_link_that_lives_a_minute(
        self, client: Client, mara: User, media: Media, settings: Any
    ) -> None:
        # a link is signed here, without asking the store
        boto3.setup_default_session()
        options = {
            "bucket_name": "private", "access_key": "k", "secret_key": "s",
            "region_name": "eu-west-1", "signature_version": "s3v4",
        }  # fmt: skip
        backend = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
        settings.STORAGES = {**settings.STORAGES, "default": backend}
        client.force_login(mara)
        response = client.get(url(media))
        assert response.status_code == 302
        assert "X-Amz-Expires=60" in response["Location"]
        assert "response-content-disposition=inline" in response["Location"]


def test_a_range_reader_is_exact_at_every_edge() -> None:
    assert ranges.wanted("bytes=0-0", 1) == (0, 0)
    assert ranges.wanted("bytes=-5", 3) == (0, 2)
    assert ranges.wanted("", 3) is None
    with pytest.raises(ranges.Unsatisfiable):
        ranges.wanted("bytes=0-", 0)


class TestUpload:
    def send(self, client: Client, team: Team, content: bytes, name: str = "a.png") -> Any:
        file = SimpleUploadedFile(name, content)
        return client.post(reverse("upload", args=[team.slug]), {"file": file})

    def test_a_photo_comes_back_with_its_size_and_thumb(
        self, client: Client, team: Team, mara: User
    ) -> None:
        client.force_login(mara)
        data = self.send(client, team, factories.COFFEE.read_bytes()).json()
        assert (data["kind"], data["width"], data["height"], data["name"]) == (
            "still", 600, 400, "a.png",
        )  # fmt: skip
        thumb = client.get(data["thumb"])
        assert thumb["Content-Type"] == "image/webp"
        assert body(thumb)[8:12] == b"WEBP"

    def test_what_was_odd_about_it_is_said(self, client: Client, team: Team, mara: User) -> None:
        client.force_login(mara)
        cmyk = io.BytesIO()
        Image.new("CMYK", (200, 200), (10, 90, 40, 0)).save(cmyk, "JPEG")
        (note,) = self.send(client, team, cmyk.getvalue(), "print.jpg").json()["notes"]
        assert note.startswith("Converted from CMYK")

    def test_refused_with_words(self, client: Client, team: Team, mara: User) -> None:
        client.force_login(mara)
        response = self.send(client, team, b"<html>", "x.jpg")
        assert response.status_code == 422
        assert response.json()["error"]
        nothing = client.post(reverse("upload", args=[team.slug]), {"file": "text"})
        assert "No file arrived" in nothing.json()["error"]

    def test_no_room_is_said_before_the_body_is_read(
        self, client: Client, team: Team, mara: User, settings: Any
    ) -> None:
        settings.MIN_FREE_BYTES = 10**18
        client.force_login(mara)
        response = self.send(client, team, factories.COFFEE.read_bytes())
        assert response.status_code == 422
        assert "nearly full" in response.json()["error"]

    def test_too_large_is_refused_by_its_length(
        self, client: Client, team: Team, mara: User, settings: Any
    ) -> None:
        settings.MAX_UPLOAD_BYTES = 10
        client.force_login(mara)
        assert self.send(client, team, b"x" * (5 * 1024 * 1024)).status_code == 413

    def test_a_thousand_parts_are_too_many(self, client: Client, team: Team, mara: User) -> None:
        client.force_login(mara)
        files = [SimpleUploadedFile(f"{at}.png", b"x") for at in range(60)]
        response = client.post(reverse("upload", args=[team.slug]), {"file": files})
        assert response.status_code == 400
        assert "one file" in response.json()["error"]

    def test_the_token_of_the_form_is_still_needed(self, team: Team, mara: User) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(mara)
        assert self.send(strict, team, factories.COFFEE.read_bytes()).status_code == 403
        assert not Media.objects.exists()

    def test_a_buyer_may_not_and_another_team_is_not_there(
        self, client: Client, team: Team, ben: User, otto: User
    ) -> None:
        client.force_login(ben)
        assert self.send(client, team, b"x").status_code == 403
        client.force_login(otto)
        assert self.send(client, team, b"x").status_code == 404
