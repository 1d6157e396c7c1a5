"""Packages: what is in them, to what they are bound, and that their bytes repeat."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from campaigns import jobs
from campaigns.actions import exports, platform_files
from campaigns.models import AdSet, Asset, Export, PlatformFile
from campaigns.permissions import NotAllowed
from tests import factories
from tests.campaigns import ready

pytestmark = pytest.mark.django_db
ALL = ("tiktok", "reels", "shorts")


def begin_module(ad_set: AdSet, *, by: User) -> Asset:
    return ready.ready(ad_set, by=by, path=factories.ASTRONAUT)


@pytest.fixture
def asset(begun: Asset) -> Asset:
    return ready.fresh(begun)


def package(asset: Asset, by: User, click: str = "one", platforms: tuple[str, ...] = ALL) -> Export:
    made = exports.request(team=asset.team, assets=[asset], platforms=platforms, token=click, by=by)
    jobs.build_export(made.pk)
    return Export.objects.get(pk=made.pk)


class TestRequest:
    def test_a_double_click_is_one_package(self, asset: Asset, ben: User) -> None:
        first = package(asset, ben)
        assert package(asset, ben).pk == first.pk
        assert Export.objects.count() == 1

    def test_nothing_says_what_to_do(self, asset: Asset, ben: User) -> None:
        ask = {"team": asset.team, "token": "t", "by": ben}
        with pytest.raises(exports.NothingToPack, match="Select at least one"):
            exports.request(assets=[], platforms=ALL, **ask)
        with pytest.raises(exports.NothingToPack, match="Tick at least one platform"):
            exports.request(assets=[asset], platforms=["myspace"], **ask)
        assert not Export.objects.exists()

    def test_an_asset_that_is_not_ready_is_named(self, asset: Asset, mara: User, ben: User) -> None:
        row = platform_files.of_asset(asset)[0]
        platform_files.move_crop(row=row, box=[0, 0, 90, 160], by=mara)
        with pytest.raises(exports.NothingToPack, match="Pour-over is not ready"):
            package(ready.fresh(asset), ben)

    def test_platforms_nobody_was_made_for(self, ad_set: AdSet, mara: User, ben: User) -> None:
        asset = ready.ready(ad_set, by=mara, platforms=("tiktok",))
        with pytest.raises(exports.NothingToPack, match="Tick another platform"):
            package(asset, ben, platforms=("reels",))

    def test_a_curator_may_not(self, asset: Asset, cleo: User) -> None:
        with pytest.raises(NotAllowed):
            package(asset, cleo)


class TestBuild:
    def test_the_same_assets_give_the_same_bytes(self, asset: Asset, ben: User, mara: User) -> None:
        one, two = package(asset, ben), package(asset, mara, click="two")
        Export.objects.filter(pk=two.pk).update(name="another_2031-01-01.zip")
        assert (one.state, two.state) == ("ready", "ready")
        assert one.sha256 == two.sha256
        with one.file.open("rb") as source:
            content = source.read()
        assert hashlib.sha256(content).hexdigest() == one.sha256
        assert len(content) == one.size_bytes

    def test_a_master_that_changed_since_is_refused(
        self, asset: Asset, mara: User, ben: User
    ) -> None:
        made = exports.request(team=asset.team, assets=[asset], platforms=ALL, token="t", by=ben)
        row = platform_files.of_asset(asset)[0]
        platform_files.move_crop(row=row, box=[0, 0, 90, 160], by=mara)
        jobs.build_export(made.pk)
        made.refresh_from_db()
        assert made.state == "failed"
        assert "Approve it in QA and package again" in made.error

    def test_bytes_that_changed_on_disk_are_not_packed_and_may_be_built_again(
        self, asset: Asset, ben: User
    ) -> None:
        media = platform_files.of_asset(asset)[0].media
        path = Path(media.file.path)
        good = path.read_bytes()
        path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        made = package(asset, ben)
        assert made.state == "failed"
        assert "not the one that was approved" in made.error
        path.write_bytes(good)
        exports.retry(export=made, by=ben)
        jobs.build_export(made.pk)
        made.refresh_from_db()
        assert made.state == "ready"

    def test_a_file_that_is_not_the_one_that_was_looked_at_is_refused(
        self, asset: Asset, ben: User
    ) -> None:
        """Sound bytes with a row of their own, and yet nobody approved them."""
        tiktok, reels = platform_files.of_asset(asset)[:2]
        PlatformFile.objects.filter(pk=tiktok.pk).update(media=reels.media)
        made = package(asset, ben)
        assert made.state == "failed"
        assert "the TikTok still is not the file that was approved" in made.error
        assert not made.file

    def test_a_second_worker_finds_nothing_to_do(self, asset: Asset, ben: User) -> None:
        made = package(asset, ben)
        jobs.build_export(made.pk)
        made.refresh_from_db()
        assert made.tries == 1
