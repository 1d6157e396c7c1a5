"""The two addresses a balancer asks: alive, and able to work."""

from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from campaigns.models import Heartbeat
from campaigns.queries import readiness
from tests.campaigns import queue_server


@pytest.fixture
def all_well(db, settings, tmp_path_factory):
    settings.MIN_FREE_BYTES = 0
    for kind in ("worker:models", "worker:media", "scheduler"):
        Heartbeat.objects.create(name=kind, kind=kind, seen_at=timezone.now())
    folder: Path = tmp_path_factory.mktemp("q")
    with queue_server.running(folder) as url:
        settings.REDIS_URL = url
        yield settings


def wrong(client) -> list[str]:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    return answer.json()["wrong"]


class TestHealthz:
    def test_answers_without_asking_the_database(self, client):
        answer = client.get("/healthz")  # the database is closed to this test
        assert (answer.status_code, answer.content) == (200, b"ok\n")

    def test_is_only_read(self, client):
        assert client.post("/healthz").status_code == 405


class TestReadyz:
    def test_is_200_when_work_can_be_done(self, all_well, client):
        answer = client.get("/readyz")
        assert answer.status_code == 200, answer.json()
        assert set(answer.json()["parts"]) == {
            "database", "queue", "workers_models", "workers_media", "scheduler", "storage", "disk",
        }  # fmt: skip
        assert "no-store" in answer["Cache-Control"]

    def test_leaves_nothing_in_the_storage(self, all_well, client):
        client.get("/readyz")
        assert default_storage.listdir("readiness")[1] == []

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            ("worker:models", "no worker of the queue models"),
            ("worker:media", "no worker of the queue media"),
            ("scheduler", "no scheduler"),
        ],
    )
    def test_names_a_process_that_is_gone(self, all_well, client, kind, words):
        Heartbeat.objects.filter(kind=kind).update(
            seen_at=timezone.now() - readiness.FRESH_FOR * 1.1
        )
        (sentence,) = wrong(client)
        assert words in sentence

    def test_names_a_queue_that_is_away(self, all_well, client, tmp_path):
        all_well.REDIS_URL = f"unix://{tmp_path}/none.sock"
        (sentence,) = wrong(client)
        assert sentence.startswith("queue: ")

    def test_names_a_full_disk(self, all_well, client):
        all_well.MIN_FREE_BYTES = 2**60
        (sentence,) = wrong(client)
        assert sentence.startswith("disk: only ")

    def test_names_a_storage_that_takes_nothing(self, all_well, client, tmp_path):
        (tmp_path / "file").write_text("", encoding="utf-8")
        all_well.STORAGES = {
            **all_well.STORAGES,
            "default": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": str(tmp_path / "file" / "media")},
            },
        }
        (sentence,) = wrong(client)
        assert "media cannot be stored" in sentence


class TestUploadLimit:
    def test_refuses_a_body_that_is_too_large_before_reading_it(self, client, settings):
        settings.MAX_UPLOAD_BYTES = 1024 * 1024
        answer = client.post("/healthz", CONTENT_LENGTH=str(3 * 1024**3))
        assert answer.status_code == 413
        assert "the limit is 1 MB. Nothing was stored" in answer.content.decode()
