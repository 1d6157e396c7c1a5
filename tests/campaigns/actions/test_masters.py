"""One decoded master for all files of it, without one file's end being another's."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
from django.contrib.auth.models import User
from django.utils import timezone
from PIL import Image

from campaigns import jobs
from campaigns.actions import cutting, file_making, masters, platform_files, stored
from campaigns.models import AdSet, Asset, Media, PlatformFile
from campaigns.models.choices import FileKind
from imaging import encode, see, weights
from imaging.geometry import Box
from imaging.see import Seen
from tests.campaigns import ready

pytestmark = pytest.mark.django_db

ASTRONAUT = Path(skimage.__file__).parent / "data" / "astronaut.png"


@pytest.fixture
def rows(ad_set: AdSet, mara: User) -> list[PlatformFile]:
    """Three files of one still, all to be made again."""
    asset: Asset = ready.in_qa(ad_set, by=mara)
    PlatformFile.objects.update(due_at=timezone.now(), tries=0)
    return platform_files.of_asset(asset)


def waiting() -> list[int]:
    due = PlatformFile.objects.filter(due_at__isnull=False)
    return list(due.order_by("pk").values_list("pk", flat=True))


class TestMakeBeside:
    def test_one_job_makes_all_files_of_a_still_as_each_alone_would(
        self, rows: list[PlatformFile]
    ) -> None:
        jobs.make_file(rows[1].pk)
        assert waiting() == []
        for row in rows:
            now = PlatformFile.objects.get(pk=row.pk)
            assert now.media_id != row.media_id
            assert now.media.sha256 == row.media.sha256

    def test_a_worker_that_dies_on_the_second_leaves_the_third_free(
        self, rows: list[PlatformFile], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second, third = rows
        real = cutting.cut

        def cut_or_die(*, row: PlatformFile, folder: Path) -> cutting.Cut:
            if row.pk == second.pk:
                raise MemoryError
            return real(row=row, folder=folder)

        monkeypatch.setattr(cutting, "cut", cut_or_die)
        with pytest.raises(MemoryError):
            jobs.make_file(first.pk)
        assert waiting() == [second.pk, third.pk]
        left = PlatformFile.objects.get(pk=third.pk)
        assert (left.lease_until, left.tries) == (None, 0)
        jobs.make_file(third.pk)
        assert waiting() == [second.pk]

    def test_one_that_cannot_be_made_does_not_stop_the_others(
        self, rows: list[PlatformFile]
    ) -> None:
        first, second, third = rows
        PlatformFile.objects.filter(pk=second.pk).update(tries=9)
        PlatformFile.objects.filter(pk=third.pk).update(
            due_at=timezone.now() + file_making.AWAY  # put off: not its turn yet
        )
        jobs.make_file(first.pk)
        assert waiting() == [third.pk]
        assert PlatformFile.objects.get(pk=second.pk).verdict == "fail"


class TestWriteOnce:
    @pytest.fixture
    def media(self, rows: list[PlatformFile]) -> Media:
        return rows[0].source.media

    def test_the_same_cut_for_another_platform_is_written_from_what_was_made(
        self, media: Media, tmp_path: Path
    ) -> None:
        made: list[str] = []

        def write(name: str, most_bytes: int | None, how: str = "cut", left: float = 1.0) -> float:
            path = tmp_path / name

            def save() -> float:
                made.append(name)
                path.write_bytes(name.encode())
                return left

            return masters.write_once(media, path, how, most_bytes, save)

        with masters.kept():
            assert write("first", 9) == write("same", 5) == 1.0
            assert (tmp_path / "same").read_bytes() == b"first"
            write("small", 4)  # "first" would be too large
            write("other", None, how="elsewhere")
            write("pressed", 9, how="pressed", left=0.9)
            assert write("fine", 99, how="pressed") == 1.0
        write("later", 9)
        assert made == ["first", "small", "other", "pressed", "fine", "later"]


class TestPart:
    @pytest.fixture
    def still(self, tmp_path: Path) -> Path:
        ramp = np.linspace(0, 255, 1600, dtype=np.uint8)
        rgb = np.repeat(np.repeat(ramp[None, :, None], 1200, axis=0), 3, axis=2)
        path = tmp_path / "ramp.jpg"
        Image.fromarray(rgb).save(path, quality=95)
        return path

    @pytest.mark.parametrize(
        ("box", "size", "step"),
        [
            (Box(400, 200, 1200, 1000), (400, 400), 2),
            (Box(400, 200, 1200, 1000), (401, 401), 1),
            (Box(0, 0, 1600, 1200), (200, 150), 8),
        ],
    )
    def test_the_picture_is_shrunk_while_decoding_as_far_as_the_file_allows(
        self, still: Path, box: Box, size: tuple[int, int], step: int
    ) -> None:
        found = masters.part(Media(pk=1, width=1600, height=1200), still, box, *size)
        assert found.rgb.shape[:2] == (1200 // step, 1600 // step)
        assert found.box == box.scale(1 / step)
        x, y = (int(value) for value in found.box.center)
        middle = found.rgb[y, x, 0]
        assert abs(int(middle) - 255 * box.center[0] / 1600) < 3

    def test_it_is_decoded_once_within_the_block_and_not_kept_behind_it(self, still: Path) -> None:
        media = Media(pk=1, width=1600, height=1200)
        with masters.kept():
            first = masters.part(media, still, Box(0, 0, 800, 800), 500, 500)
            assert masters.part(media, still, Box(90, 0, 900, 810), 500, 500).rgb is first.rgb
        assert masters.part(media, still, Box(0, 0, 800, 800), 500, 500).rgb is not first.rgb


class TestClips:
    @pytest.fixture
    def asset(self, ad_set: AdSet, mara: User) -> Asset:
        if not weights.is_present("centerface"):
            pytest.skip("The model files are not installed: run bin/start once.")
        return ready.in_qa(ad_set, by=mara)

    def test_a_clip_is_cut_around_who_comes_in_at_its_end_and_looked_at_once(
        self, asset: Asset, mara: User, tmp_path: Path
    ) -> None:
        rng = np.random.default_rng(1)
        ground = cv2.resize(rng.integers(90, 130, (36, 64, 3), dtype=np.uint8), (640, 360))
        with Image.open(ASTRONAUT) as picture:
            face = np.asarray(picture.convert("RGB"))[:360, 60:420]
        last = np.concatenate([ground[:, :280], face], axis=1)
        path = tmp_path / "clip.mp4"
        encode.write_clip([ground] * 15 + [last] * 5, path, 20, 640, 360)
        folder = tmp_path / "store"
        folder.mkdir()
        clip = stored.store(
            team=asset.team, path=path, origin=Media.Origin.OUTPUT, folder=folder, by=mara
        )
        # what an earlier version kept, which looked at the poster alone
        with clip.poster.open("rb") as reader, Image.open(reader) as poster:
            first = see.see(np.asarray(poster.convert("RGB")))
        assert not first.faces
        Media.objects.filter(pk=clip.pk).update(seen=first.as_json())
        clip.refresh_from_db()
        row = platform_files.of_asset(asset)[0]
        row.source.media, row.kind = clip, FileKind.CLIP
        made = cutting.cut(row=row, folder=folder)
        clip.refresh_from_db()
        (found,) = Seen.from_json(clip.seen).faces
        assert Box.from_list(made.box).contains(found.box)
        assert "face_whole" in {one["code"] for one in made.crop_findings}
        kept = clip.seen
        assert masters.seen_of(clip, tmp_path / "not there") == Seen.from_json(kept)
