"""Taking files in: what is refused says why, and nothing is left half done."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.actions import stored
from campaigns.models import Media, Team
from campaigns.permissions import NotAllowed
from tests import factories

pytestmark = pytest.mark.django_db


def give(team: Team, by: User, content: bytes, name: str = "photo.jpg") -> Media:
    return stored.upload(team=team, file=SimpleUploadedFile(name, content), by=by)


class TestUpload:
    def test_a_photo_is_kept_clean_and_as_it_came(self, team: Team, mara: User) -> None:
        content = factories.COFFEE.read_bytes()
        media = give(team, mara, content, '../../"><img onerror=x>.png')
        assert (media.kind, media.width, media.height) == ("still", 600, 400)
        with media.original.open("rb") as original:
            assert original.read() == content
        assert stored.sha256_of(Path(media.file.path)) == media.sha256
        assert "/" not in media.name
        assert media.thumb.name != media.file.name

    @pytest.mark.parametrize(
        "content", [b"", b"<html><script>1</script></html>", b"\xff\xd8\xff\xe0 broken", b"GIF89a"]
    )
    def test_what_cannot_be_used_is_refused_with_words_and_leaves_nothing(
        self, team: Team, mara: User, content: bytes, tmp_path: Path
    ) -> None:
        with pytest.raises(stored.UploadRefused) as refused:
            give(team, mara, content)
        assert refused.value.text.endswith(".")
        assert not Media.objects.exists()
        assert not [path for path in (tmp_path / "media").rglob("*") if path.is_file()]

    def test_too_large_names_the_limit(self, team: Team, mara: User, settings: Any) -> None:
        settings.MAX_UPLOAD_BYTES = 1024 * 1024
        with pytest.raises(stored.UploadRefused, match="larger than 1 MB"):
            give(team, mara, b"x" * (1024 * 1024 + 1))

    def test_a_full_disk_takes_nothing(self, team: Team, mara: User, settings: Any) -> None:
        settings.MIN_FREE_BYTES = 10**18
        with pytest.raises(stored.UploadRefused, match="nearly full"):
            give(team, mara, factories.COFFEE.read_bytes())

    def test_a_buyer_may_not(self, team: Team, ben: User) -> None:
        with pytest.raises(NotAllowed):
            give(team, ben, factories.COFFEE.read_bytes())


class TestSweepScratch:
    def test_takes_only_what_a_killed_process_left_a_day_ago(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        queue = tmp_path / "switchyard-1000-abc"  # where the queue server listens
        old = tmp_path / f"{stored.SCRATCH}old"
        for folder in (queue, old):
            folder.mkdir()
            (folder / "file").write_bytes(b"x")
            os.utime(folder, (0, 0))
        with stored.scratch() as mine:
            assert stored.sweep_scratch() == 1
            assert mine.is_dir()
        assert queue.is_dir()
        assert not old.exists()
