"""The people of every story: Mara, Cleo, Dana, Ben and Ada of one team, Otto of another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User

from campaigns import dispatch, wiring
from campaigns.models import AdSet, Team
from campaigns.models.choices import Role
from routing.providers.local import LocalEngine
from tests import factories
from tests.campaigns import queue_server
from tests.campaigns.scripted import Scripted, priced_type


@pytest.fixture(autouse=True)
def own_media_folder(settings: Any, tmp_path: Path) -> None:
    """Stored files go to a folder of the test."""
    folder = tmp_path / "media"
    folder.mkdir()
    settings.MEDIA_ROOT = folder
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder)},
        },
    }


@pytest.fixture
def team(db: None) -> Team:
    return factories.team()


@pytest.fixture
def mara(team: Team) -> User:
    return factories.member(team, "Mara", Role.MARKETER)


@pytest.fixture
def cleo(team: Team) -> User:
    return factories.member(team, "Cleo", Role.CURATOR)


@pytest.fixture
def dana(team: Team) -> User:
    return factories.member(team, "Dana", Role.MANAGER)


@pytest.fixture
def ben(team: Team) -> User:
    return factories.member(team, "Ben", Role.BUYER)


@pytest.fixture
def ada(team: Team) -> User:
    return factories.member(team, "Ada", Role.ADMIN)


@pytest.fixture
def otto(db: None) -> User:
    """The admin of another team; he must see nothing of ours."""
    return factories.team("Contoso", founder=factories.person("Otto")).memberships.first().user


@pytest.fixture
def ad_set(team: Team, mara: User) -> AdSet:
    return factories.ad_set(team, by=mara)


@pytest.fixture
def hosted(team: Team, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """A priced provider is connected, and only it sets type."""
    provider = Scripted()
    connected = {"local": LocalEngine(), "fal": provider}
    monkeypatch.setattr(wiring, "_providers", lambda: connected)
    priced_type()
    return provider


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The wake-ups that were sent, in order; no queue is needed."""
    sent: list[tuple[str, int]] = []

    def note(name: str, pk: int, tries: int = 0) -> bool:
        sent.append((name, pk))
        return True

    monkeypatch.setattr(dispatch, "now", note)
    return sent


@pytest.fixture
def queue(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """A real queue server that our own dispatch talks to."""
    with (
        tempfile.TemporaryDirectory(prefix="sy-q-") as folder,
        queue_server.running(Path(folder)) as url,
        redis.Redis.from_url(url) as client,
    ):
        queues = {
            name: {"URL": url, "SERIALIZER": settings.RQ_QUEUES[name]["SERIALIZER"]}
            for name in settings.RQ_QUEUES
        }
        monkeypatch.setattr("django_rq.settings.QUEUES", queues)
        yield client
