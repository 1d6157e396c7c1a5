"""The people of every story: Mara, Cleo, Dana, Ben and Ada of one team, Otto of another."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.test import override_settings

from campaigns import dispatch, wiring
from campaigns.models import AdSet, Asset, Team
from campaigns.models.choices import Role
from routing.providers.local import LocalEngine
from tests import factories
from tests.campaigns import queue_server
from tests.campaigns.scripted import Scripted, priced_type
from tests.conftest import QUICK_HASH


def _stored_in(folder: Path) -> dict[str, Any]:
    """Settings under which stored files go to `folder`."""
    storage = "django.core.files.storage.FileSystemStorage"
    default = {"BACKEND": storage, "OPTIONS": {"location": str(folder)}}
    return {"MEDIA_ROOT": folder, "STORAGES": {**settings.STORAGES, "default": default}}


@pytest.fixture(autouse=True)
def own_media_folder(settings: Any, tmp_path: Path) -> None:
    """Stored files go to a folder of the test."""
    folder = tmp_path / "media"
    folder.mkdir()
    for name, value in _stored_in(folder).items():
        setattr(settings, name, value)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a module's tests find: the keys of its rows, and its stored files."""

    ad_set: int
    mara: int
    asset: int
    files: Path


@pytest.fixture(scope="module", autouse=True)
def beginning(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Beginning | None]:
    """A module with a function `begin_module(ad_set, *, by)` has its asset made once for all tests.

    Its rows stand in a transaction around the one of each test, so none sees what another did.
    Not for modules with tests that commit.
    """
    begin = getattr(request.module, "begin_module", None)
    if begin is None:
        yield None
        return
    request.getfixturevalue("django_db_setup")
    blocker = request.getfixturevalue("django_db_blocker")
    files = tmp_path_factory.mktemp("begin")
    around = transaction.atomic()
    around._from_testcase = True  # as Django's own tests mark it
    with blocker.unblock():
        around.__enter__()
    try:
        with (
            blocker.unblock(),
            override_settings(**_stored_in(files), PASSWORD_HASHERS=[QUICK_HASH]),
        ):
            team = factories.team()
            mara = factories.member(team, "Mara", Role.MARKETER)
            ad_set = factories.ad_set(team, by=mara)
            asset = begin(ad_set, by=mara)
        yield Beginning(ad_set.pk, mara.pk, asset.pk, files)
    finally:  # also where the asset could not be made: the next module must find nothing of it
        with blocker.unblock():
            transaction.set_rollback(True)
            around.__exit__(None, None, None)


@pytest.fixture
def begun(beginning: Beginning | None, db: None) -> Asset:
    """The asset that the module begins with, and files of its own."""
    assert beginning is not None
    shutil.copytree(beginning.files, settings.MEDIA_ROOT, dirs_exist_ok=True)
    return Asset.objects.get(pk=beginning.asset)


@pytest.fixture
def team(beginning: Beginning | None, db: None) -> Team:
    if beginning is not None:
        return AdSet.objects.get(pk=beginning.ad_set).campaign.team
    return factories.team()


@pytest.fixture
def mara(beginning: Beginning | None, team: Team) -> User:
    if beginning is not None:
        return User.objects.get(pk=beginning.mara)
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
def ad_set(beginning: Beginning | None, team: Team, mara: User) -> AdSet:
    if beginning is not None:
        return AdSet.objects.select_related("campaign").get(pk=beginning.ad_set)
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
