"""What was paid for and cannot be used is kept aside, once, for those who settle with providers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from campaigns.actions import quarantine, stored
from campaigns.models import AdSet, Attempt, Quarantine
from tests import factories
from tests.campaigns import object_storage

RAW = b"<html><script>alert(1)</script></html>"
REASON = "What came is neither a picture nor a clip."


@pytest.fixture
def attempt(ad_set: AdSet, mara: User) -> Attempt:
    made = factories.open_run(factories.asset(ad_set, by=mara)).attempts.get()
    return Attempt.objects.select_related("run__team").get(pk=made.pk)


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "raw-0"
    path.write_bytes(RAW)
    return path


@pytest.fixture
def row(attempt: Attempt, raw: Path) -> Quarantine:
    kept = quarantine.keep(attempt=attempt, position=0, path=raw, reason=REASON)
    assert kept is not None
    return kept


def files() -> list[str]:
    """Names of everything kept aside."""
    _, team_files = [], []
    for team in default_storage.listdir("teams")[0] if default_storage.exists("teams") else ():
        root = f"teams/{team}/aside"
        if default_storage.exists(root):
            for folder in default_storage.listdir(root)[0]:
                team_files += default_storage.listdir(f"{root}/{folder}")[1]
    return team_files


class TestKeep:
    def test_stores_the_bytes_as_they_came_under_a_name_that_says_nothing(
        self, row: Quarantine
    ) -> None:
        with row.file.open("rb") as source:
            assert source.read() == RAW
        assert (row.size_bytes, row.sha256) == (len(RAW), hashlib.sha256(RAW).hexdigest())
        assert row.reason == REASON
        assert Path(row.file.name).suffix == ".bin"

    def test_twice_changes_nothing(self, row: Quarantine, attempt: Attempt, raw: Path) -> None:
        assert quarantine.keep(attempt=attempt, position=0, path=raw, reason="again") is None
        assert Quarantine.objects.get().reason == REASON
        assert len(files()) == 1

    def test_in_two_workers_at_once_leaves_one_row_and_one_file(
        self, row: Quarantine, attempt: Attempt, raw: Path, monkeypatch: Any
    ) -> None:
        class Unseen:
            def exists(self) -> bool:
                return False

        # the moment between looking and writing, in which the other worker was quicker
        monkeypatch.setattr(Quarantine.objects, "filter", lambda **_: Unseen())
        assert quarantine.keep(attempt=attempt, position=0, path=raw, reason="again") is None
        monkeypatch.undo()
        assert Quarantine.objects.count() == 1
        assert len(files()) == 1

    def test_of_a_file_above_the_limit_keeps_its_beginning_and_says_so(
        self, attempt: Attempt, raw: Path, monkeypatch: Any
    ) -> None:
        raw.write_bytes(b"x" * (2 * 1024 * 1024))
        monkeypatch.setattr(quarantine, "MOST_BYTES", 1024 * 1024)
        kept = quarantine.keep(attempt=attempt, position=1, path=raw, reason=REASON)
        assert kept is not None
        assert kept.size_bytes == kept.file.size == 1024 * 1024
        assert kept.reason == f"{REASON} Only its first 1 MB are here."

    def test_of_nothing_keeps_nothing(self, attempt: Attempt, raw: Path) -> None:
        raw.write_bytes(b"")
        assert quarantine.keep(attempt=attempt, position=0, path=raw, reason=REASON) is None
        assert not Quarantine.objects.exists()

    def test_on_a_full_disk_waits_and_leaves_nothing(
        self, attempt: Attempt, raw: Path, settings: Any
    ) -> None:
        settings.MIN_FREE_BYTES = 2**62
        with pytest.raises(stored.StorageAway):
            quarantine.keep(attempt=attempt, position=0, path=raw, reason=REASON)
        assert files() == []

    def test_waits_while_the_storage_does_not_answer(
        self, attempt: Attempt, raw: Path, settings: Any
    ) -> None:
        usual = settings.STORAGES
        settings.STORAGES = object_storage.storages(usual, address=object_storage.AWAY)
        with pytest.raises(stored.StorageAway):
            quarantine.keep(attempt=attempt, position=0, path=raw, reason=REASON)
        settings.STORAGES = usual
        assert not Quarantine.objects.exists()
        assert quarantine.keep(attempt=attempt, position=0, path=raw, reason=REASON) is not None

    def test_one_row_per_attempt_and_position_is_the_databases_rule(self, row: Quarantine) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            Quarantine.objects.create(
                team=row.team, attempt=row.attempt, position=0, size_bytes=1, sha256="", reason=""
            )


class TestDownload:
    @pytest.mark.parametrize("who", ["dana", "ada"])
    def test_managers_and_admins_get_bytes_that_no_browser_opens(
        self, client: Client, row: Quarantine, request: Any, who: str
    ) -> None:
        client.force_login(request.getfixturevalue(who))
        answer: Any = client.get(reverse("quarantine", args=[row.team.slug, row.pk]))
        assert b"".join(answer.streaming_content) == RAW
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"] == f'attachment; filename="kept-aside-{row.pk}.bin"'
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"

    @pytest.mark.parametrize("who", ["mara", "cleo", "ben", "otto"])
    def test_nobody_else_finds_it(
        self, client: Client, row: Quarantine, request: Any, who: str
    ) -> None:
        client.force_login(request.getfixturevalue(who))
        address = reverse("quarantine", args=[row.team.slug, row.pk])
        assert client.get(address).status_code == 404

    def test_it_is_no_stored_file_with_a_thumbnail(
        self, client: Client, row: Quarantine, dana: User
    ) -> None:
        client.force_login(dana)
        for variant in ("file", "thumb", "original"):
            address = reverse("media", args=[row.team.slug, row.pk + 10_000, variant])
            assert client.get(address).status_code == 404


class TestAssetPage:
    def page(self, client: Client, row: Quarantine, who: User) -> str:
        client.force_login(who)
        address = reverse("asset", args=[row.team.slug, row.attempt.run.asset_id])
        return client.get(address).content.decode()

    def test_a_manager_reads_why_and_how_large_and_takes_it(
        self, client: Client, row: Quarantine, dana: User
    ) -> None:
        page = self.page(client, row, dana)
        assert "1 file kept aside" in page
        assert f"{REASON} 38 B" in page
        assert reverse("quarantine", args=[row.team.slug, row.pk]) in page
        assert "alert(1)" not in page

    def test_others_read_whom_to_ask(self, client: Client, row: Quarantine, mara: User) -> None:
        page = self.page(client, row, mara)
        assert "1 file kept aside" in page
        assert "a manager or admin may take it to the provider" in page
        assert reverse("quarantine", args=[row.team.slug, row.pk]) not in page
